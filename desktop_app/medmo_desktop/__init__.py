"""The desktop viewer (not written yet)."""
