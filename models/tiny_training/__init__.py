"""Trains the embedded model medmo-tiny from scratch: ``python -m tiny_training`` in ``models/``."""
