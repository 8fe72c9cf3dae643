"""Model specs, artifacts, images and prompts: the layer that every other part of MedMO Edge stands on."""

from importlib.metadata import version

__version__ = version("medmo-edge")
