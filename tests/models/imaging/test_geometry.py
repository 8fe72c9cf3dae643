"""Pixels that are not square, and pictures that are not upright."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from medmo_models.errors import InputError
from medmo_models.imaging import load_image


def bright_box(pixels):
    """Return x1, y1, x2, y2 of the bright rectangle."""
    rows, columns = (np.flatnonzero((pixels[:, :, 0] > 127).any(axis=axis)) for axis in (1, 0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


@pytest.fixture
def rectangle():
    pixels = np.zeros((60, 80), dtype=np.uint8)
    pixels[10:30, 20:60] = 255
    return pixels


@pytest.mark.parametrize(
    ("elements", "size", "box", "note"),
    [
        # All of these are vertical, then horizontal: pixels twice as high as wide need twice the rows.
        ({"PixelSpacing": [0.4, 0.2]}, (80, 120), (20, 20, 60, 60), "resampled rows x2 for the pixel aspect ratio"),
        ({"ImagerPixelSpacing": [0.3, 0.2]}, (80, 90), (20, 15, 60, 45), "resampled rows x1.5 for the pixel aspect"),
        ({"PixelSpacing": [0.2, 0.4]}, (160, 60), (40, 10, 120, 30), "resampled columns x2 for the pixel aspect"),
        ({"PixelAspectRatio": [4, 3]}, (80, 80), (20, 13, 60, 40), "resampled rows x1.333 for the pixel aspect ratio"),
    ],
)
def test_shapes_keep_their_proportions(write_dicom, rectangle, elements, size, box, note):
    image = load_image(write_dicom(rectangle, **elements))
    assert (image.width, image.height) == size == image.pixels.shape[1::-1]
    np.testing.assert_allclose(bright_box(image.pixels), box, atol=1)
    assert image.notes[-1].startswith(note)


@pytest.mark.parametrize(
    "elements",
    [
        {"PixelSpacing": [0.25, 0.25]},
        {"PixelSpacing": [0.0, 0.0]},
        {"PixelAspectRatio": [1, 1]},
        {"PixelSpacing": [0.25, 0.25], "PixelAspectRatio": [2, 1]},  # the spacing counts
        {"PixelSpacing": [0.250001, 0.25]},
    ],
)
def test_square_pixels_are_left_alone(write_dicom, rectangle, elements):
    image = load_image(write_dicom(rectangle, **elements))
    np.testing.assert_array_equal(image.pixels[:, :, 0], rectangle)
    assert not any("resampled" in note for note in image.notes)


def test_real_colour_image_with_an_aspect_ratio(real_file):
    image = load_image(real_file("color-px.dcm"))  # 256 x 120 stored, 4:3
    assert (image.width, image.height) == (256, 160)


def test_absurd_aspect_ratio_is_not_followed_into_memory(write_dicom, rectangle):
    with pytest.raises(InputError, match="more than the limit of 178 million"):
        load_image(write_dicom(rectangle, PixelSpacing=[1000000, 0.01]))


@pytest.fixture
def asymmetric():
    return np.random.default_rng(5).integers(0, 256, (6, 9, 3)).astype(np.uint8)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path, asymmetric, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name, options in (("picture.png", {}), ("picture.jpg", {"quality": 95})):
        Image.fromarray(asymmetric).save(tmp_path / name, exif=exif, **options)
        expected = ImageOps.exif_transpose(Image.open(tmp_path / name)).convert("RGB")
        image = load_image(tmp_path / name)
        np.testing.assert_array_equal(image.pixels, np.asarray(expected))
        assert (image.width, image.height) == expected.size
        assert image.notes == (() if orientation == 1 else (f"turned upright: EXIF orientation {orientation}",))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_tiff_orientation(tmp_path, asymmetric, orientation):
    tifffile.imwrite(
        tmp_path / "picture.tif", asymmetric, photometric="rgb", extratags=[(274, "H", 1, orientation, True)]
    )
    expected = ImageOps.exif_transpose(Image.open(tmp_path / "picture.tif"))
    np.testing.assert_array_equal(load_image(tmp_path / "picture.tif").pixels, np.asarray(expected))
