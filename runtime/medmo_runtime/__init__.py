"""Chooses a backend for this machine, answers about images and reads the boxes in the answer."""
