"""Image loading: one file in, the RGB pixels for the model out, with a note of everything that was done."""

from medmo_models.imaging.array import image_from_pixels
from medmo_models.imaging.image_file import ImageFile
from medmo_models.imaging.load import load_image
from medmo_models.imaging.loaded import GreyValues, ImageSource, LoadedImage

__all__ = ["GreyValues", "ImageFile", "ImageSource", "LoadedImage", "image_from_pixels", "load_image"]
