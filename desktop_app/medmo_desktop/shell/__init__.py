"""The main window around the parts, its settings and its start."""
