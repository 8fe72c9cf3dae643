"""Files with several frames or pages: which one is shown, and with its own settings."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from pydicom.dataset import Dataset

from medmo_models.errors import InputError
from medmo_models.imaging import load_image


def test_dicom_frames(write_dicom):
    pixels = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
    path = write_dicom(pixels)
    first = load_image(path)
    assert (first.frame, first.frame_count) == (0, 3)
    np.testing.assert_array_equal(first.pixels[:, :, 0], pixels[0])
    assert first.notes[0] == "frame 0 of 3 (numbered 0 to 2)"
    last = load_image(path, frame=2)
    assert last.frame == 2
    np.testing.assert_array_equal(last.pixels[:, :, 1], pixels[2])


def test_compressed_and_bit_packed_frames(real_file):
    for name in ("examples_ybr_color.dcm", "liver.dcm", "emri_small_RLE.dcm"):
        first, second = load_image(real_file(name)), load_image(real_file(name), frame=1)
        assert first.frame_count == second.frame_count > 1
        assert (first.pixels != second.pixels).any()


@pytest.mark.parametrize("frame", [3, -1])
def test_frame_out_of_range_says_how_many_there_are(write_dicom, frame):
    path = write_dicom(np.zeros((3, 4, 5), dtype=np.uint8))
    with pytest.raises(InputError, match=f"there is no frame {frame}: the file has 3 frames, numbered 0 to 2"):
        load_image(path, frame=frame)


def test_single_image_has_frame_0_only(write_dicom):
    path = write_dicom(np.zeros((4, 5), dtype=np.uint8))
    assert load_image(path, frame=0).frame_count == 1
    with pytest.raises(InputError, match="there is no frame 1: the file has one frame, number 0"):
        load_image(path, frame=1)


def test_tiff_pages(tmp_path):
    pages = [np.full((4, 5), 10, np.uint8), np.full((6, 7, 3), (1, 2, 3), np.uint8)]
    with tifffile.TiffWriter(tmp_path / "pages.tif") as writer:
        for page in pages:
            writer.write(page, photometric="rgb" if page.ndim == 3 else "minisblack")
    first, second = (load_image(tmp_path / "pages.tif", frame=frame) for frame in (0, 1))
    assert (first.width, first.height, first.frame_count) == (5, 4, 2)
    assert (second.width, second.height, second.frame) == (7, 6, 1)
    assert second.pixels[0, 0].tolist() == [1, 2, 3]
    with pytest.raises(InputError, match="there is no frame 2: the file has 2 frames"):
        load_image(tmp_path / "pages.tif", frame=2)


def sequence(keyword, **elements):
    item, group = Dataset(), Dataset()
    for name, value in elements.items():
        setattr(item, name, value)
    setattr(group, keyword, [item])
    return group


def test_enhanced_frames_use_their_own_window_and_the_shared_rescale(write_dicom):
    pixels = np.array([[[0, 100, 200]], [[0, 100, 200]]], dtype=np.uint16)
    shared = sequence("PixelValueTransformationSequence", RescaleSlope=1, RescaleIntercept=-100, RescaleType="HU")
    shared.update(sequence("PixelMeasuresSequence", PixelSpacing=[2, 1]))
    per_frame = [
        sequence("FrameVOILUTSequence", WindowCenter=0.5, WindowWidth=201),
        sequence("FrameVOILUTSequence", WindowCenter=100.5, WindowWidth=201),
    ]
    path = write_dicom(
        pixels,
        bits=12,
        WindowCenter=5000,
        WindowWidth=10,
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=per_frame,
    )
    assert load_image(path, frame=0).pixels[0, :, 0].tolist() == [0, 128, 255]
    assert load_image(path, frame=1).pixels[0, :, 0].tolist() == [0, 0, 128]
    assert load_image(path, frame=1).height == 2
