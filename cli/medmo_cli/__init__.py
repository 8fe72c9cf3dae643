"""The ``medmo`` command."""
