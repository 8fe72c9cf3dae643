"""The tag browser's rows."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image
from pydicom.dataset import Dataset

from medmo_desktop.study.tags import read_tags, search
from medmo_models.errors import InputError
from support.dicom_files import real_file


def row(tags, keyword):
    (found,) = [tag for tag in tags if tag.keyword == keyword]
    return (found.depth, found.tag, found.vr, found.value)


def test_elements_with_the_file_meta_information_first():
    tags = read_tags(real_file("CT_small.dcm"))
    assert tags[0].tag.startswith("(0002,")
    assert row(tags, "Modality") == (0, "(0008,0060)", "CS", "CT")
    assert row(tags, "PixelData") == (0, "(7FE0,0010)", "OW", "32,768 bytes")
    assert row(tags, "ImageOrientationPatient")[3].startswith("1.000000 \\ 0.000000 \\ ")


def test_sequences_are_nested_and_found_with_what_they_are_in(write_dicom):
    inner, outer = Dataset(), Dataset()
    inner.CodeMeaning = "Chest wall"
    outer.ConceptNameCodeSequence = [inner]
    path = write_dicom("a.dcm", np.zeros((4, 4), np.uint8), ContentSequence=[outer])
    tags = read_tags(path)
    assert row(tags, "ContentSequence")[3] == "1 item"
    found = search(tags, "WALL chest")
    assert [(tag.depth, tag.keyword) for tag in found] == [
        (0, "ContentSequence"),
        (1, "ConceptNameCodeSequence"),
        (2, "CodeMeaning"),
    ]
    assert search(tags, "no such words") == ()
    assert search(tags, "") == tags
    assert [tag.value for tag in search(tags, "patient name")] == ["Secret^Person"]


def test_a_sequence_of_a_found_child_is_listed_once(write_dicom):
    item = Dataset()
    item.CodeMeaning, item.CodeValue = "wall", "wall"
    tags = read_tags(write_dicom("a.dcm", np.zeros((4, 4), np.uint8), ConceptNameCodeSequence=[item]))
    assert [tag.keyword for tag in search(tags, "wall")] == ["ConceptNameCodeSequence", "CodeValue", "CodeMeaning"]


def test_a_damaged_value_is_a_row_like_the_others(write_dicom):
    path = write_dicom("a.dcm", np.zeros((4, 4), np.uint16), SliceThickness="5")
    content = path.read_bytes()
    position = content.index(b"\x18\x00\x50\x00DS")
    path.write_bytes(content[: position + 4] + b"FD" + content[position + 6 :])  # a float of two bytes
    assert row(read_tags(path), "SliceThickness")[3] == "(damaged: cannot be read)"


def test_objects_without_an_image_can_be_looked_into():
    assert any(tag.depth > 1 for tag in read_tags(real_file("test-SR.dcm")))


def test_tiff_pages_exif_and_nifti_headers(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((2, 8, 9), np.uint16), photometric="minisblack", metadata=None)
    tiff = read_tags(tmp_path / "a.tif")
    assert [(tag.depth, tag.keyword) for tag in tiff if tag.keyword.startswith("Page")] == [
        (0, "Page 0"),
        (0, "Page 1"),
    ]
    assert {tag.value for tag in tiff if tag.keyword == "ImageWidth"} == {"9"}

    exif = Image.Exif()
    exif[271] = "Maker"
    exif[0x8769] = {36867: "2024:01:31 08:15:00"}
    Image.new("L", (8, 9)).save(tmp_path / "a.jpg", exif=exif)
    jpeg = read_tags(tmp_path / "a.jpg")
    assert row(jpeg, "Make") == (0, "271", "", "Maker")
    assert row(jpeg, "DateTimeOriginal") == (1, "36867", "", "2024:01:31 08:15:00")

    nibabel.save(nibabel.Nifti1Image(np.zeros((2, 3, 4), np.int16), np.eye(4)), tmp_path / "a.nii.gz")
    assert row(read_tags(tmp_path / "a.nii.gz"), "dim")[3] == "3, 2, 3, 4, 1, 1, 1, 1"


def test_other_files_are_refused_in_a_sentence(tmp_path):
    (tmp_path / "note.txt").write_text("nothing")
    with pytest.raises(InputError, match=r"note\.txt: the content is not a DICOM"):
        read_tags(tmp_path / "note.txt")
