"""PNG and JPEG files of every pixel type."""

from __future__ import annotations

import hashlib

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from medmo_models.errors import InputError
from medmo_models.imaging import load_image

RNG = np.random.default_rng(3)
GREY = RNG.integers(40, 90, (7, 11)).astype(np.uint8)
COLOUR = RNG.integers(0, 256, (7, 11, 3)).astype(np.uint8)
ALPHA = RNG.integers(0, 256, (7, 11)).astype(np.uint8)
SIXTEEN = np.linspace(1000, 5000, 77).astype(np.uint16).reshape(7, 11)


def save(image, path, **options):
    image.save(path, **options)
    return load_image(path)


def test_8_bit_values_are_not_stretched(tmp_path):
    grey = save(Image.fromarray(GREY), tmp_path / "grey.png")
    np.testing.assert_array_equal(grey.pixels, np.stack([GREY] * 3, axis=2))
    colour = save(Image.fromarray(COLOUR), tmp_path / "colour.png")
    np.testing.assert_array_equal(colour.pixels, COLOUR)
    assert (colour.width, colour.height, colour.frame, colour.frame_count) == (11, 7, 0, 1)
    assert colour.source_format == "PNG"
    assert colour.notes == ()
    assert colour.pixels.flags.c_contiguous
    assert colour.sha256 == hashlib.sha256((tmp_path / "colour.png").read_bytes()).hexdigest()


def test_jpeg_is_what_pillow_decodes(tmp_path):
    for name, array in (("grey.jpg", GREY), ("colour.jpg", COLOUR)):
        image = save(Image.fromarray(array), tmp_path / name, quality=90)
        assert image.source_format == "JPEG"
        np.testing.assert_array_equal(image.pixels, np.asarray(Image.open(tmp_path / name).convert("RGB")))


def test_cmyk_jpeg(tmp_path):
    cmyk = np.zeros((16, 32, 4), dtype=np.uint8)
    cmyk[:, :16] = (0, 255, 255, 0)  # red ink
    image = save(Image.fromarray(cmyk, "CMYK"), tmp_path / "cmyk.jpg", quality=100)
    assert image.notes == ("CMYK converted to RGB",)
    np.testing.assert_allclose(image.pixels[8, 4], (255, 0, 0), atol=3)
    np.testing.assert_allclose(image.pixels[8, 28], (255, 255, 255), atol=3)


def test_16_bit_grey_png_is_shown_over_the_range_it_spans(tmp_path):
    image = save(Image.fromarray(SIXTEEN), tmp_path / "deep.png")
    np.testing.assert_allclose(image.pixels[:, :, 0], (SIXTEEN - 1000.0) / 4000 * 255, atol=0.5)
    assert image.notes == ("16-bit grey: the full range is shown (1000 to 5000)",)


@pytest.mark.parametrize(("array", "window"), [(SIXTEEN, (3000.5, 1001)), (GREY, (60.5, 31))])
def test_window_on_grey_png(tmp_path, array, window):
    Image.fromarray(array).save(tmp_path / "grey.png")
    image = load_image(tmp_path / "grey.png", window=window)
    low, span = window[0] - 0.5 - (window[1] - 1) / 2, window[1] - 1
    np.testing.assert_allclose(image.pixels[:, :, 0], np.clip((array - low) / span, 0, 1) * 255, atol=0.5 + 1e-6)
    assert image.notes == (f"window {window[0]:g}/{window[1]:g} as asked",)


def test_window_on_colour_png_is_refused(tmp_path):
    Image.fromarray(COLOUR).save(tmp_path / "colour.png")
    with pytest.raises(InputError, match="a window applies to grey images only"):
        load_image(tmp_path / "colour.png", window=(100, 50))


def test_transparency_is_composited_over_black(tmp_path):
    rgba = save(Image.fromarray(np.dstack([COLOUR, ALPHA])), tmp_path / "rgba.png")
    np.testing.assert_allclose(rgba.pixels, COLOUR * (ALPHA[:, :, None] / 255), atol=0.5)
    assert rgba.notes == ("transparency composited over black",)
    grey = save(Image.fromarray(np.dstack([GREY, ALPHA]), "LA"), tmp_path / "la.png")
    np.testing.assert_allclose(grey.pixels[:, :, 2], GREY * (ALPHA / 255), atol=0.5)


def test_16_bit_grey_with_transparency_keeps_its_depth(tmp_path):
    alpha = np.where(np.arange(11) < 5, 0, 65535).astype(np.uint16) + np.zeros_like(SIXTEEN)
    (tmp_path / "deep.png").write_bytes(imagecodecs.png_encode(np.dstack([SIXTEEN, alpha])))
    image = load_image(tmp_path / "deep.png")
    expected = (SIXTEEN - 1000.0) / 4000 * 255 * (alpha / 65535)
    np.testing.assert_allclose(image.pixels[:, :, 0], expected, atol=0.5)
    assert len(image.notes) == 2


def test_16_bit_grey_with_a_transparent_value(tmp_path):
    image = save(Image.fromarray(SIXTEEN), tmp_path / "deep.png", transparency=5000)
    assert image.pixels[-1, -1, 0] == 0
    assert image.pixels[-1, -2, 0] > 250


def test_16_bit_colour_png(tmp_path):
    deep = COLOUR.astype(np.uint16) * 257
    (tmp_path / "deep.png").write_bytes(imagecodecs.png_encode(deep))
    image = load_image(tmp_path / "deep.png")
    np.testing.assert_array_equal(image.pixels, COLOUR)
    assert image.notes == ("16-bit colour reduced to 8 bits",)


def test_palette(tmp_path):
    palette = Image.fromarray(np.array([[0, 1, 2]], dtype=np.uint8), "P")
    palette.putpalette([255, 0, 0, 0, 200, 0, 10, 20, 30])
    assert save(palette, tmp_path / "plain.png").pixels.tolist() == [[[255, 0, 0], [0, 200, 0], [10, 20, 30]]]
    transparent = save(palette, tmp_path / "transparent.png", transparency=1)
    assert transparent.pixels.tolist() == [[[255, 0, 0], [0, 0, 0], [10, 20, 30]]]


def test_one_bit_png(tmp_path):
    bits = Image.fromarray(np.array([[True, False, True]]))
    assert save(bits, tmp_path / "bits.png").pixels[0, :, 0].tolist() == [255, 0, 255]
