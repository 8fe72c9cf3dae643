"""What the user names, to series in the right order."""

from __future__ import annotations

import shutil

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image

from medmo_desktop.study.model import FrameReference
from medmo_desktop.study.opening import open_paths
from support.dicom_files import real_file

PIXELS = np.zeros((4, 4), np.uint16)


def names(series):
    return [frame.path.name for frame in series.frames]


def write_slice(write_dicom, name, z, instance, series="1.2.3", **elements):
    return write_dicom(
        name,
        PIXELS,
        SeriesInstanceUID=series,
        StudyInstanceUID="1.2",
        InstanceNumber=str(instance),
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        ImagePositionPatient=[0, 0, z],
        **elements,
    )


def test_a_series_is_sorted_in_space_whatever_its_numbers_and_names(write_dicom, tmp_path):
    for name, z, instance in (("c.dcm", -5.0, 1), ("a.dcm", 10.5, 2), ("b.dcm", 2.25, 3)):
        write_slice(write_dicom, name, z, instance, SeriesDescription="Axial", Modality="CT")
    (series,) = open_paths([tmp_path]).series
    assert names(series) == ["c.dcm", "b.dcm", "a.dcm"]
    assert (series.title, series.modality) == ("Axial", "CT")


def test_sagittal_slices_are_sorted_along_their_own_normal(write_dicom, tmp_path):
    for name, x in (("a.dcm", 30), ("b.dcm", -10), ("c.dcm", 5)):
        write_dicom(
            name,
            PIXELS,
            SeriesInstanceUID="1.2.3",
            ImageOrientationPatient=[0, 1, 0, 0, 0, -1],
            ImagePositionPatient=[x, 0, 0],
        )
    (series,) = open_paths([tmp_path]).series
    assert names(series) == ["a.dcm", "c.dcm", "b.dcm"]  # the normal of these cosines points to the patient's right


def test_slices_that_face_different_ways_go_by_instance_number(write_dicom, tmp_path):
    write_slice(write_dicom, "a.dcm", 0, 2)
    path = write_slice(write_dicom, "b.dcm", 50, 1)
    other = write_dicom(
        "c.dcm",
        PIXELS,
        SeriesInstanceUID="1.2.3",
        InstanceNumber="10",
        ImageOrientationPatient=[0, 1, 0, 0, 0, -1],
        ImagePositionPatient=[0, 0, -90],
    )
    (series,) = open_paths([other, path, tmp_path / "a.dcm"]).series
    assert names(series) == ["b.dcm", "a.dcm", "c.dcm"]


def test_without_position_and_number_names_count_naturally(write_dicom, tmp_path):
    for name in ("slice10.dcm", "slice2.dcm", "slice1.dcm"):
        write_dicom(name, PIXELS, SeriesInstanceUID="1.2.3")
    (series,) = open_paths([tmp_path]).series
    assert names(series) == ["slice1.dcm", "slice2.dcm", "slice10.dcm"]


def test_series_of_one_study_come_by_their_numbers_under_ids_that_stay(write_dicom, tmp_path):
    write_slice(write_dicom, "a.dcm", 0, 1, series="1.2.9", SeriesNumber="7")
    write_slice(write_dicom, "b.dcm", 0, 1, series="1.2.8", SeriesNumber="3")
    first, second = open_paths([tmp_path]).series
    assert (first.title, second.title) == ("Series 3", "Series 7")
    again = open_paths([tmp_path / "b.dcm"]).series
    assert [series.id for series in again] == [first.id]
    assert "1.2.8" not in first.id


def test_frames_of_one_file_and_pages_of_one_tiff_are_stacks(tmp_path):
    dose = real_file("rtdose.dcm")
    tifffile.imwrite(tmp_path / "pages.tif", np.zeros((3, 8, 8), np.uint8), photometric="minisblack")
    doses, pages = open_paths([dose, tmp_path / "pages.tif"]).series
    assert doses.frames == tuple(FrameReference(dose, number) for number in range(15))
    assert pages.frames == tuple(FrameReference(tmp_path / "pages.tif", number) for number in range(3))
    assert (doses.modality, pages.title) == ("RTDOSE", "pages.tif")


def test_pictures_of_a_folder_are_one_stack_and_named_ones_are_series_each(tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    for name in ("p10.png", "p9.jpg"):
        Image.new("L", (8, 8)).save(folder / name)
    (stack,) = open_paths([folder]).series
    assert (stack.title, names(stack)) == ("films", ["p9.jpg", "p10.png"])
    named = open_paths([folder / "p10.png", folder / "p9.jpg"]).series
    assert [series.title for series in named] == ["p10.png", "p9.jpg"]


def test_what_is_no_image_is_a_problem_only_if_it_was_named(tmp_path):
    text, plan = tmp_path / "note.txt", tmp_path / "plan.dcm"
    text.write_text("no image")
    shutil.copy(real_file("rtplan.dcm"), plan)
    in_folder = open_paths([tmp_path])
    assert (in_folder.series, in_folder.problems, in_folder.skipped) == ((), (), 2)
    named = open_paths([text, plan, tmp_path / "gone.png"])
    assert named.skipped == 0
    assert sorted(problem.rpartition(": ")[2] for problem in named.problems) == [
        "the content is not a DICOM, PNG, JPEG or TIFF image; convert it to one of these",
        "there is no such file or folder",
        "this DICOM object (RT Plan) holds no image",
    ]


def test_a_damaged_image_in_a_folder_is_told(tmp_path):
    (tmp_path / "cut.tif").write_bytes(b"II*\0\xff\xff")
    opened = open_paths([tmp_path])
    assert opened.problems == (f"{tmp_path / 'cut.tif'}: the TIFF file is damaged or cut short",)


def test_a_volume_without_slices_is_a_problem(tmp_path):
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 4, 2), np.int16), np.eye(4)), tmp_path / "none.nii")
    content = bytearray((tmp_path / "none.nii").read_bytes())
    content[46:48] = b"\0\0"  # dim[3]
    (tmp_path / "none.nii").write_bytes(bytes(content))
    opened = open_paths([tmp_path])
    assert opened.series == ()
    assert opened.problems[0].endswith("none.nii: the header states no frames: the file is damaged")


def test_hidden_files_and_what_macs_leave_are_passed_over(tmp_path):
    for name in (".hidden.png", "__MACOSX/a.png", ".trash/b.png", "c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (8, 8)).save(tmp_path / name)
    opened = open_paths([tmp_path])
    assert [names(series) for series in opened.series] == [["c.png"]]
    assert opened.skipped == 0


def test_links_in_a_circle_and_files_named_twice_count_once(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    Image.new("L", (8, 8)).save(inner / "a.png")
    (inner / "back").symlink_to(tmp_path)
    opened = open_paths([tmp_path, inner / "a.png"])
    assert [names(series) for series in opened.series] == [["a.png"]]


@pytest.mark.parametrize("index", ["DICOMDIR", "DICOMDIR-bigEnd"])
def test_a_dicomdir_stands_for_the_files_it_names(index):
    opened = open_paths([real_file("DICOMDIR").parent / index])
    assert sum(len(series.frames) for series in opened.series) == 31
    assert opened.problems == ()


def test_a_dicomdir_without_its_files_says_so(tmp_path):
    shutil.copy(real_file("DICOMDIR"), tmp_path / "DICOMDIR")
    opened = open_paths([tmp_path / "DICOMDIR"])
    assert opened.series == ()
    assert "none of the files" in opened.problems[0]


def test_progress_and_cancelling(tmp_path):
    for number in range(4):
        Image.new("L", (8, 8)).save(tmp_path / f"{number}.png")
    seen = []
    opened = open_paths([tmp_path], lambda done, total: seen.append((done, total)), lambda: len(seen) == 2)
    assert seen == [(1, 4), (2, 4)]
    assert opened.cancelled
    assert [names(series) for series in opened.series] == [["0.png", "1.png"]]


def test_a_cut_file_with_a_whole_header_opens_because_pixels_are_not_read():
    opened = open_paths([real_file("MR_truncated.dcm")])
    assert len(opened.series) == 1
