"""A real chest radiograph (computed radiography, MONOCHROME1, 1841 x 1955): air dark, bone and abdomen bright."""

from __future__ import annotations

import numpy as np
from pydicom import dcmread

from medmo_models.imaging import load_image


def brightness(pixels, x, y):
    return pixels[y - 20 : y + 20, x - 20 : x + 20].mean()


def test_lungs_are_dark_and_bones_bright(real_file):
    image = load_image(real_file("RG1_UNCR.dcm"))
    assert (image.width, image.height) == (1841, 1955)
    assert image.notes == ("window 15000/30000 from the file", "inverted: MONOCHROME1")
    outside_air = brightness(image.pixels, 60, 150)
    right_lung, left_lung = brightness(image.pixels, 560, 620), brightness(image.pixels, 1280, 600)
    mediastinum, liver = brightness(image.pixels, 900, 1100), brightness(image.pixels, 500, 1600)
    assert outside_air < min(right_lung, left_lung)
    assert max(right_lung, left_lung) + 80 < min(mediastinum, liver)


def test_every_pixel_follows_the_formula(real_file):
    stored = dcmread(real_file("RG1_UNCR.dcm")).pixel_array.astype(float)
    expected = 255 - np.clip((stored - 14999.5) / 29999 + 0.5, 0, 1) * 255
    shown = load_image(real_file("RG1_UNCR.dcm")).pixels[:, :, 0]
    np.testing.assert_allclose(shown, expected, atol=0.5 + 1e-6)


def test_lossy_twin_looks_the_same(real_file):
    plain, lossy = load_image(real_file("RG1_UNCR.dcm")), load_image(real_file("RG1_J2KI.dcm"))
    assert plain.sha256 != lossy.sha256
    assert np.abs(plain.pixels.astype(int) - lossy.pixels).max() <= 3
