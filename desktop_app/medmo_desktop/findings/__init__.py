"""Boxes as the viewer shows and edits them."""
