"""Model specs, artifacts, images and prompts: the layer that every other part of MedMO Edge stands on."""
