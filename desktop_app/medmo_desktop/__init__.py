"""The desktop viewer: read an image, ask, and see the boxes."""
