"""The image on screen: painting, tools and the stack."""
