"""Two artifacts on one image, side by side."""
