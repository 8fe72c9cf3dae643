"""A frame as it is read: its default pixels are those that the model is given, its facts those of the file."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile
from PIL import Image
from pydicom.dataset import Dataset

from medmo_desktop.study.model import FrameReference
from medmo_desktop.study.reading import read_frame
from medmo_desktop.study.rendering import frame_image, render_grey
from medmo_models.errors import InputError
from medmo_models.imaging import load_image
from support.dicom_files import real_file

REAL_FILES = [
    ("RG1_UNCR.dcm", 0),  # MONOCHROME1, a radiograph
    ("CT_small.dcm", 0),  # signed, rescaled
    ("JPEG2000.dcm", 0),
    ("J2K_pixelrep_mismatch.dcm", 0),
    ("MR_small_jpeg_ls_lossless.dcm", 0),
    ("MR_small_RLE.dcm", 0),
    ("MR_small_bigendian.dcm", 0),
    ("JPGExtended.dcm", 0),
    ("examples_palette.dcm", 0),
    ("examples_rgb_color.dcm", 0),
    ("examples_ybr_color.dcm", 3),  # multi-frame colour
    ("SC_rgb_rle_16bit.dcm", 0),
    ("rtdose.dcm", 7),  # 32-bit multi-frame
    ("vlut_04.dcm", 0),  # VOI lookup table
    ("mlut_18.dcm", 0),  # modality lookup table
    ("emri_small.dcm", 5),  # enhanced multi-frame
    ("eCT_Supplemental.dcm", 1),
    ("OT-PAL-8-face.dcm", 0),
    ("liver_1frame.dcm", 0),  # one bit
]


@pytest.mark.parametrize(("name", "number"), REAL_FILES)
def test_default_pixels_are_what_the_model_is_given(name, number):
    reference = FrameReference(real_file(name), number)
    frame = read_frame(reference)
    image = load_image(reference.path, frame=number)
    assert np.array_equal(frame.shown_by_default, image.pixels)
    assert (frame.width, frame.height, frame.sha256) == (image.width, image.height, image.sha256)
    assert (frame.frame_count, frame.source_format, frame.notes) == (image.frame_count, "DICOM", image.notes)
    assert frame.is_grey == (frame.values.ndim == 2)


@pytest.mark.parametrize("name", ["RG1_UNCR.dcm", "CT_small.dcm", "MR_small_RLE.dcm", "mlut_18.dcm", "rtdose.dcm"])
@pytest.mark.parametrize("window", [(40.0, 400.0), (300.5, 1.0)])
def test_values_through_a_window_are_what_the_model_is_given_through_it(name, window):
    frame = read_frame(FrameReference(real_file(name)))
    image = load_image(frame.reference.path, frame=0, window=window)
    assert np.array_equal(render_grey(frame.values, *window, frame.inverted), image.pixels[:, :, 0])
    assert np.array_equal(frame_image(frame, window).pixels, image.pixels)


def test_ct_values_are_whole_hounsfield_units_in_a_small_type():
    frame = read_frame(FrameReference(real_file("CT_small.dcm")))
    assert (frame.unit, frame.values.dtype) == ("HU", np.int16)
    assert (frame.values.min(), frame.values.max()) == (-896, 1167)
    assert frame.orientation == ("R", "L", "A", "P")
    assert frame.spacing is not None
    assert frame.spacing.calibrated
    assert frame.spacing.row_mm == pytest.approx(0.661468)


def test_fractions_of_a_rescale_are_kept(write_dicom):
    path = write_dicom(
        "pet.dcm", np.array([[1, 2]], np.uint16), RescaleSlope="0.25", RescaleIntercept="0", Units="BQML"
    )
    frame = read_frame(FrameReference(path))
    assert frame.values.tolist() == [[0.25, 0.5]]
    assert frame.unit == "Bq/ml"


def test_every_window_of_the_file_with_its_explanation(write_dicom):
    path = write_dicom(
        "two.dcm",
        np.arange(256, dtype=np.uint16).reshape(16, 16),
        WindowCenter=[100, 50],
        WindowWidth=[80, 20],
        WindowCenterWidthExplanation=["NORMAL", "HARDER"],
        VOILUTFunction="SIGMOID",
    )
    frame = read_frame(FrameReference(path))
    assert [(w.center, w.width, w.name, w.function) for w in frame.windows] == [
        (100, 80, "NORMAL", "SIGMOID"),
        (50, 20, "HARDER", "SIGMOID"),
    ]
    assert np.array_equal(frame_image(frame, frame.windows[0]).pixels, frame.shown_by_default)


def test_pixels_that_are_not_square_have_the_spacing_of_the_image_as_shown(write_dicom):
    path = write_dicom("flat.dcm", np.arange(200, dtype=np.uint16).reshape(10, 20), PixelSpacing=["2", "0.5"])
    frame = read_frame(FrameReference(path))
    assert frame.values.shape == (10, 20)
    assert (frame.height, frame.width) == (40, 20)
    assert frame.spacing is not None
    assert (frame.spacing.row_mm, frame.spacing.column_mm) == (0.5, 0.5)


def test_colour_pixels_that_are_not_square_have_the_spacing_of_the_image_as_shown(write_dicom):
    colour = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0, "Columns": 4}
    path = write_dicom("colour.dcm", np.zeros((4, 12), np.uint8), PixelSpacing=["2", "0.5"], **colour)
    frame = read_frame(FrameReference(path))
    assert (frame.height, frame.width, frame.is_grey) == (16, 4, False)
    assert frame.spacing is not None
    assert (frame.spacing.row_mm, frame.spacing.column_mm) == (0.5, 0.5)


def test_corner_text_is_for_people_and_notes_hold_no_patient(write_dicom):
    path = write_dicom(
        "corner.dcm",
        np.zeros((2, 4, 4), np.uint16),
        PatientAge="045Y",
        PatientSex="F",
        StudyDate="20240131",
        StudyTime="081500",
        Modality="MR",
        SeriesDescription="T1  axial",
        SliceThickness="5",
        SliceLocation="-12.25",
    )
    frame = read_frame(FrameReference(path, 1))
    assert frame.corner_text == {
        "top-left": ("Secret, Person", "ID-4711", "F 45 y"),
        "top-right": ("2024-01-31 08:15",),
        "bottom-left": ("MR T1 axial", "Frame 2 of 2"),
        "bottom-right": ("Position -12.2 mm", "Thickness 5 mm"),
    }
    assert not any(secret in note for note in frame.notes for secret in ("Secret", "4711"))


def test_an_element_that_cannot_be_read_is_left_out_with_a_note(write_dicom):
    path = write_dicom("bad.dcm", np.zeros((4, 4), np.uint16), SliceThickness="5")
    content = path.read_bytes()
    position = content.index(b"\x18\x00\x50\x00DS")
    path.write_bytes(content[: position + 8] + b"x " + content[position + 10 :])
    frame = read_frame(FrameReference(path))
    assert frame.corner_text == {}
    assert frame.notes[-1] == "the corner text in the file cannot be read and is left out"


def test_frames_of_an_enhanced_object_have_positions_of_their_own(write_dicom):
    frames = []
    for z in (10, 20):
        position, group = Dataset(), Dataset()
        position.ImagePositionPatient = [0, 0, z]
        group.PlanePositionSequence = [position]
        frames.append(group)
    orientation, shared = Dataset(), Dataset()
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PlaneOrientationSequence = [orientation]
    path = write_dicom(
        "enhanced.dcm",
        np.zeros((2, 4, 4), np.uint16),
        PerFrameFunctionalGroupsSequence=frames,
        SharedFunctionalGroupsSequence=[shared],
    )
    second = read_frame(FrameReference(path, 1))
    assert second.corner_text["bottom-right"] == ("Position 20.0 mm",)
    assert second.orientation == ("R", "L", "A", "P")


def test_16_bit_png_and_tiff_pages_keep_their_values(tmp_path):
    grey = (np.arange(600, dtype=np.uint16) * 100).reshape(20, 30)
    Image.fromarray(grey).save(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "a.tif", np.stack([grey, grey + 7]), photometric="minisblack")
    png, page = (read_frame(FrameReference(tmp_path / name, n)) for name, n in (("a.png", 0), ("a.tif", 1)))
    assert np.array_equal(png.values, grey)
    assert np.array_equal(page.values, grey + 7)
    for frame in (png, page):
        image = load_image(frame.reference.path, frame=frame.reference.frame)
        assert np.array_equal(frame.shown_by_default, image.pixels)


def test_a_tiff_whose_white_is_zero_is_inverted(tmp_path):
    grey = np.arange(600, dtype=np.uint16).reshape(20, 30)
    tifffile.imwrite(tmp_path / "white.tif", grey, photometric="miniswhite")
    frame = read_frame(FrameReference(tmp_path / "white.tif"))
    assert frame.inverted
    window = (300.0, 200.0)
    assert np.array_equal(
        render_grey(frame.values, *window, frame.inverted), frame_image(frame, window).pixels[:, :, 0]
    )


def test_values_are_turned_upright_with_the_picture(tmp_path):
    grey = np.arange(200, dtype=np.uint8).reshape(10, 20)
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(grey).save(tmp_path / "turned.png", exif=exif)
    frame = read_frame(FrameReference(tmp_path / "turned.png"))
    assert (frame.width, frame.height) == (10, 20)
    assert np.array_equal(frame.values, np.rot90(grey, -1))
    assert np.array_equal(frame.shown_by_default[:, :, 0], frame.values)


def test_a_frame_in_memory_does_not_change():
    frame = read_frame(FrameReference(real_file("CT_small.dcm")))
    with pytest.raises(ValueError, match="read-only"):
        frame.values[0, 0] = 0


def test_errors_are_one_sentence_with_the_path(tmp_path):
    with pytest.raises(InputError, match=r"gone\.dcm: there is no such file$"):
        read_frame(FrameReference(tmp_path / "gone.dcm"))
    with pytest.raises(InputError, match="there is no frame 9"):
        read_frame(FrameReference(real_file("CT_small.dcm"), 9))


def test_a_multi_frame_file_that_changed_is_read_again(write_dicom):
    before = read_frame(FrameReference(write_dicom("many.dcm", np.zeros((2, 4, 4), np.uint16)), 1))
    after = read_frame(FrameReference(write_dicom("many.dcm", np.ones((3, 4, 4), np.uint16)), 1))
    assert (before.values.max(), after.values.min(), after.frame_count) == (0, 1, 3)
    assert before.sha256 != after.sha256


def test_a_frame_does_not_keep_the_other_frames_in_memory():
    frame = read_frame(FrameReference(real_file("SC_rgb_rle_2frame.dcm"), 1))
    assert frame.values.base is None
    assert read_frame(FrameReference(real_file("emri_small.dcm"), 5)).values.base is None


def test_frames_of_one_file_may_be_read_by_several_threads_at_once():
    references = [FrameReference(real_file("examples_ybr_color.dcm"), number) for number in range(12)]
    expected = [load_image(reference.path, frame=reference.frame).pixels for reference in references]
    with ThreadPoolExecutor(4) as pool:
        frames = list(pool.map(read_frame, references))
    for frame, pixels in zip(frames, expected, strict=True):
        assert np.array_equal(frame.shown_by_default, pixels)
