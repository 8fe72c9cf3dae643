"""TIFF files of every sample type, layout and compression that labs and scanners write."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from medmo_models.errors import InputError
from medmo_models.imaging import load_image

RNG = np.random.default_rng(4)
GREY = RNG.integers(40, 90, (70, 50)).astype(np.uint8)
COLOUR = RNG.integers(0, 256, (70, 50, 3)).astype(np.uint8)
SIXTEEN = np.linspace(1000, 5000, 3500).astype(np.uint16).reshape(70, 50)


def save(path, array, **options):
    tifffile.imwrite(path, array, **options)
    return load_image(path)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "image.tif"


def test_8_bit_values_are_not_stretched(path):
    image = save(path, GREY)
    np.testing.assert_array_equal(image.pixels, np.stack([GREY] * 3, axis=2))
    assert (image.source_format, image.notes, image.frame_count) == ("TIFF", (), 1)
    np.testing.assert_array_equal(save(path, COLOUR, photometric="rgb").pixels, COLOUR)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "lzw"},
        {"compression": "zlib", "predictor": True},
        {"compression": "zstd"},
        {"compression": "packbits"},
        {"compression": "jpeg2000"},
        {"tile": (32, 32), "compression": "deflate"},
        {"bigtiff": True},
        {"byteorder": ">"},
        {"rowsperstrip": 16},
    ],
    ids=str,
)
def test_compressions_and_layouts(path, options):
    np.testing.assert_array_equal(save(path, SIXTEEN, **options).pixels, save(path, SIXTEEN).pixels)
    np.testing.assert_array_equal(save(path, COLOUR, photometric="rgb", **options).pixels, COLOUR)


def test_jpeg_in_tiff_is_rgb(path):
    smooth = np.full((64, 64, 3), (200, 40, 90), dtype=np.uint8)
    np.testing.assert_allclose(save(path, smooth, photometric="rgb", compression="jpeg").pixels, smooth, atol=3)


def test_16_bit_grey_is_shown_over_the_range_it_spans(path):
    image = save(path, SIXTEEN)
    np.testing.assert_allclose(image.pixels[:, :, 0], (SIXTEEN - 1000.0) / 4000 * 255, atol=0.5 + 1e-6)
    assert image.notes == ("16-bit grey: the full range is shown (1000 to 5000)",)


def test_16_bit_grey_through_a_window(path):
    tifffile.imwrite(path, SIXTEEN)
    image = load_image(path, window=(2000.5, 1001))
    expected = np.clip((SIXTEEN - 1500.0) / 1000, 0, 1) * 255
    np.testing.assert_allclose(image.pixels[:, :, 0], expected, atol=0.5 + 1e-6)
    assert image.notes == ("window 2000.5/1001 as asked",)


def test_signed_and_float_grey(path):
    signed = save(path, np.array([[-100, 0, 100]], dtype=np.int16))
    assert signed.pixels[0, :, 0].tolist() == [0, 128, 255]
    values = np.array([[np.nan, -np.inf, 0.25, 0.5, 0.75, np.inf]], dtype=np.float32)
    assert save(path, values).pixels[0, :, 0].tolist() == [0, 0, 0, 128, 255, 255]
    with pytest.raises(InputError, match="the image holds no usable pixel values"):
        save(path, np.full((2, 2), np.nan, dtype=np.float32))


def test_one_bit(path):
    assert save(path, np.array([[True, False] * 8]), photometric="minisblack").pixels[0, :2, 0].tolist() == [255, 0]


def test_planes_and_16_bit_colour(path):
    planes = save(path, np.moveaxis(COLOUR, 2, 0), photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(planes.pixels, COLOUR)
    deep = save(path, COLOUR.astype(np.uint16) * 257, photometric="rgb")
    np.testing.assert_array_equal(deep.pixels, COLOUR)
    assert deep.notes == ("16-bit colour reduced to 8 bits",)


def test_palette(path):
    colours = RNG.integers(0, 256, (3, 256))
    image = save(path, GREY, photometric="palette", colormap=(colours * 257).astype(np.uint16))
    np.testing.assert_array_equal(image.pixels, colours.T[GREY])


def test_alpha_is_composited_over_black(path):
    alpha = RNG.integers(0, 256, GREY.shape).astype(np.uint8)
    rgba = np.dstack([COLOUR, alpha])
    separate = save(path, rgba, photometric="rgb", extrasamples=["unassalpha"])
    np.testing.assert_allclose(separate.pixels, COLOUR * (alpha[:, :, None] / 255), atol=0.5)
    multiplied = save(path, rgba, photometric="rgb", extrasamples=["assocalpha"])
    np.testing.assert_array_equal(multiplied.pixels, COLOUR)
    grey = save(path, np.dstack([GREY, alpha]), photometric="minisblack", extrasamples=["unassalpha"])
    np.testing.assert_allclose(grey.pixels[:, :, 0], GREY * (alpha / 255), atol=0.5)


@pytest.mark.parametrize(
    ("array", "options", "message"),
    [
        (np.zeros((8, 8, 4), np.uint8), {"photometric": "separated"}, "colour space SEPARATED is not supported"),
        (np.zeros((16, 16, 16), np.uint8), {"volumetric": True, "tile": (16, 16, 16)}, "is a volume, not a picture"),
        (np.zeros((8, 8), np.complex64), {}, "holds complex numbers"),
        (np.zeros((8, 8, 3), np.float32), {"photometric": "rgb"}, "colours that are not unsigned integers"),
    ],
)
def test_what_is_not_a_grey_or_rgb_picture_is_refused(path, array, options, message):
    tifffile.imwrite(path, array, **options)
    with pytest.raises(InputError, match=message):
        load_image(path)
