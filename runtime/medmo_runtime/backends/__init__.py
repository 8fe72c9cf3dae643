"""The backends, each a module with one class behind one contract."""
