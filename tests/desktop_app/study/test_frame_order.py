"""Enhanced multi-frame objects: frames in the order of space, each with its own window and rescaling."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from medmo_desktop.study.opening import open_paths
from medmo_desktop.study.reading import read_frame
from support.dicom_files import real_file

AXIAL, SAGITTAL = [1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, -1]


def item(**elements: Any) -> Dataset:
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def group(
    position: tuple[float, ...] | None = None,
    orientation: list[float] | None = None,
    content: dict[str, Any] | None = None,
    **macros: Dataset,
) -> Dataset:
    """Return one frame's functional groups."""
    made = item(FrameContentSequence=[item(**(content or {}))])
    if position is not None:
        made.PlanePositionSequence = [item(ImagePositionPatient=list(position))]
    if orientation is not None:
        made.PlaneOrientationSequence = [item(ImageOrientationPatient=orientation)]
    for keyword, macro in macros.items():
        setattr(made, keyword, [macro])
    return made


def dimensions(*keywords: str) -> list[Dataset]:
    return [item(DimensionIndexPointer=Tag(keyword)) for keyword in keywords]


def write_enhanced(write_dicom, groups, *, shared=None, **elements):
    """Write frames whose pixels are their number as stored, times 10."""
    pixels = np.repeat(np.arange(len(groups), dtype=np.uint16) * 10, 16).reshape(-1, 4, 4)
    return write_dicom(
        "enhanced.dcm",
        pixels,
        SOPClassUID=uid.EnhancedMRImageStorage,
        SharedFunctionalGroupsSequence=[shared or group(orientation=AXIAL)],
        PerFrameFunctionalGroupsSequence=groups,
        **elements,
    )


def orders(path) -> list[list[int]]:
    opened = open_paths([path])
    assert opened.problems == ()
    return [[reference.frame for reference in series.frames] for series in opened.series]


def test_frames_are_sorted_along_the_normal_and_keep_their_stored_numbers(write_dicom):
    path = write_enhanced(write_dicom, [group((0, 0, z)) for z in (5.0, -10.0, 20.0, 0.0)])
    assert orders(path) == [[1, 3, 0, 2]]
    shown = [read_frame(reference) for reference in open_paths([path]).series[0].frames]
    assert [int(frame.values[0, 0]) for frame in shown] == [10, 30, 0, 20]
    assert [frame.corner_text["bottom-right"][0] for frame in shown] == [
        f"Position {z} mm" for z in ("-10.0", "0.0", "5.0", "20.0")
    ]


def test_of_oblique_slices_the_way_along_their_own_normal_counts(write_dicom):
    tilted = [0.8, 0, -0.6, 0, 1, 0]  # normal (0.6, 0, 0.8)
    groups = [group((x, 0, z)) for x, z in ((0.0, 0.0), (-12.0, 3.0), (6.0, -1.0))]
    path = write_enhanced(write_dicom, groups, shared=group(orientation=tilted))
    assert orders(path) == [[1, 0, 2]]  # at -4.8, 0 and 2.8 mm; sorted by z it would be 2, 0, 1


def test_each_time_is_one_pass_through_space(write_dicom):
    groups = [
        group((0, 0, z), content={"DimensionIndexValues": [1, place, time], "StackID": "1"})
        for place, z, time in ((2, 5.0, 2), (1, 0.0, 1), (2, 5.0, 1), (1, 0.0, 2))
    ]
    pointers = dimensions("StackID", "InStackPositionNumber", "TemporalPositionIndex")
    assert orders(write_enhanced(write_dicom, groups, DimensionIndexSequence=pointers)) == [[1, 2, 3, 0]]
    for one in groups:
        one.FrameContentSequence[0].TemporalPositionIndex = one.FrameContentSequence[0].DimensionIndexValues[2]
        del one.FrameContentSequence[0].DimensionIndexValues
    assert orders(write_enhanced(write_dicom, groups)) == [[1, 2, 3, 0]]


def test_each_stack_is_a_series(write_dicom):
    groups = [
        group((0, 0, 3.0), AXIAL, {"StackID": "axial"}),
        group((7.0, 0, 0), SAGITTAL, {"StackID": "sagittal"}),
        group((0, 0, 1.0), AXIAL, {"StackID": "axial"}),
        group((9.0, 0, 0), SAGITTAL, {"StackID": "sagittal"}),
    ]
    path = write_enhanced(write_dicom, groups, shared=group(), SeriesDescription="Knee", Modality="MR")
    # The normal of these sagittal slices points to the patient's right.
    assert orders(path) == [[2, 0], [3, 1]]
    series = open_paths([path]).series
    assert [one.title for one in series] == ["Knee, stack 1 of 2", "Knee, stack 2 of 2"]
    assert len({one.id for one in series}) == 2
    assert {one.modality for one in series} == {"MR"}


def test_without_positions_the_files_own_indices_count(write_dicom):
    groups = [group(content={"StackID": "1", "InStackPositionNumber": number}) for number in (3, 1, 2)]
    assert orders(write_enhanced(write_dicom, groups)) == [[1, 2, 0]]


@pytest.mark.parametrize(
    "groups",
    [
        [group((0, 0, 9.0)), group((0, 0, 1.0), SAGITTAL)],  # facing different ways, and no stack stated
        [group((0, 0, 9.0)), group()],  # one without a place
        [group((0, 0, 9.0))] * 2,  # the same place
    ],
)
def test_what_is_no_stack_stays_as_stored(write_dicom, groups):
    assert orders(write_enhanced(write_dicom, groups)) == [[0, 1]]


def test_too_few_or_damaged_groups_do_not_keep_a_file_from_opening(write_dicom):
    path = write_enhanced(write_dicom, [group((0, 0, 2.0)), group((0, 0, 1.0))], NumberOfFrames=2)
    assert orders(path) == [[1, 0]]
    damaged = [group((0, 0, 2.0)), group((0, 0, 1.0), content={"DimensionIndexValues": [1]})]
    pointers = [item()]
    assert orders(write_enhanced(write_dicom, damaged, DimensionIndexSequence=pointers)) == [[1, 0]]
    assert orders(
        write_dicom("few.dcm", np.zeros((2, 4, 4), np.uint16), PerFrameFunctionalGroupsSequence=[group()])
    ) == [[0, 1]]


def test_tiles_of_one_plane_stay_as_stored(write_dicom):
    groups = [group((0, 0, 9.0)), group((0, 0, 1.0))]
    assert orders(write_enhanced(write_dicom, groups, DimensionOrganizationType="TILED_SPARSE")) == [[0, 1]]


def test_each_frame_has_its_own_window_and_rescaling_before_the_shared_ones(write_dicom):
    def transformed(slope: float, center: float) -> dict[str, Dataset]:
        return {
            "PixelValueTransformationSequence": item(RescaleSlope=slope, RescaleIntercept=-5, RescaleType="HU"),
            "FrameVOILUTSequence": item(
                WindowCenter=center, WindowWidth=80, WindowCenterWidthExplanation=f"at {center:g}"
            ),
        }

    shared = group(orientation=AXIAL, **transformed(1, 40))
    groups = [group((0, 0, 2.0)), group((0, 0, 1.0), **transformed(3, 60))]
    frames = [
        read_frame(one) for one in open_paths([write_enhanced(write_dicom, groups, shared=shared)]).series[0].frames
    ]
    assert [int(frame.values[0, 0]) for frame in frames] == [10 * 3 - 5, -5]
    assert [(frame.windows[0].center, frame.windows[0].name) for frame in frames] == [(60, "at 60"), (40, "at 40")]
    assert {frame.unit for frame in frames} == {"HU"}


def test_a_real_enhanced_ct_opens_in_the_order_of_its_stack():
    # Its rows run to the patient's right, so the normal points to the feet, as do its own positions in the stack.
    series = open_paths([real_file("eCT_Supplemental.dcm")]).series
    places = [read_frame(one).corner_text["bottom-right"][0] for one in series[0].frames]
    assert places == ["Position -149.0 mm", "Position -159.0 mm"]
    assert [one.frame for one in series[0].frames] == [1, 0]
