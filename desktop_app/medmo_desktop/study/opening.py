"""Files and folders to series of frames, from headers alone."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from medmo_desktop.study.finding_files import FoundFile, find_files, natural_key
from medmo_desktop.study.frame_order import SAME_DIRECTION
from medmo_desktop.study.headers import DicomPlace, FileHeader, NotAnImageError, read_header
from medmo_desktop.study.model import FrameReference, Series
from medmo_models.errors import InputError

_LAST = 1 << 31


@dataclass(frozen=True)
class OpenedPaths:
    """What was found.

    Attributes
    ----------
    series : tuple of Series
        In the order in which they were found, the DICOM series of one study by their numbers.
    problems : tuple of str
        One sentence, starting with the path, for each named path that is no image and each image that is damaged.
    skipped : int
        Files in folders that are no images.
    cancelled : bool
        Whether the search was stopped; the rest holds what was found until then.
    """

    series: tuple[Series, ...]
    problems: tuple[str, ...] = ()
    skipped: int = 0
    cancelled: bool = False


def open_paths(
    paths: Sequence[Path],
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> OpenedPaths:
    """Find the series in files and folders; only headers are read.

    Parameters
    ----------
    paths : sequence of Path
        Files, folders (with all below them), or a DICOMDIR, which stands for the files that it names.
    progress : callable, optional
        Called with the number of files read and of all files.
    cancelled : callable
        Asked before every file.

    Returns
    -------
    OpenedPaths
        A DICOM series is sorted by position along its normal, else by Instance Number, else by name. A file with
        several frames is a series of its own, in the order of `frame_order.frame_stacks`, or one per stack. Single
        PNG, JPEG and TIFF images in a folder form one series of the folder; those named one by one are a series each.
        A NIfTI file is a series per volume.
    """
    found, problems = find_files(paths, cancelled)
    headers: list[tuple[FoundFile, FileHeader]] = []
    skipped = 0
    for done, file in enumerate(found):
        if cancelled():
            return OpenedPaths(_series_of(headers), tuple(problems), skipped, cancelled=True)
        try:
            headers.append((file, read_header(file.path)))
        except NotAnImageError as problem:
            skipped += file.folder is not None
            problems += [str(problem)] if file.folder is None else []
        except InputError as problem:
            problems.append(str(problem))
        if progress is not None:
            progress(done + 1, len(found))
    return OpenedPaths(_series_of(headers), tuple(problems), skipped, cancelled())


def _series_of(found: Sequence[tuple[FoundFile, FileHeader]]) -> tuple[Series, ...]:
    groups: dict[str, list[tuple[FoundFile, FileHeader]]] = {}
    studies: dict[str, int] = {}
    order: dict[str, tuple[int, int, int]] = {}
    for index, (file, header) in enumerate(found):
        key = _group_key(file, header)
        groups.setdefault(key, []).append((file, header))
        first, number = index, _LAST
        if header.dicom is not None and header.dicom.study:
            first = studies.setdefault(header.dicom.study, index)
            number = _LAST if header.dicom.series_number is None else header.dicom.series_number
        order.setdefault(key, (first, number, index))
    return tuple(one for key in sorted(groups, key=order.__getitem__) for one in _series_of_group(key, groups[key]))


def _group_key(file: FoundFile, header: FileHeader) -> str:
    """Return what the files of one series have in common."""
    if header.frame_count == 1 and header.dicom is not None and header.dicom.series:
        return f"series {header.dicom.series}"
    if header.frame_count == 1 and header.dicom is None and file.folder is not None:
        return f"folder {os.path.realpath(file.folder)}"
    return f"file {os.path.realpath(header.path)}"


def _series_of_group(key: str, members: list[tuple[FoundFile, FileHeader]]) -> list[Series]:
    file, header = members[0]
    identity = hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()[:32]
    if len(header.stacks) > 1:
        return _stacks(identity, header)
    modality = header.dicom.modality if header.dicom is not None else ""
    if header.frame_count > 1:
        frames = tuple(FrameReference(header.path, frame) for frame in header.stacks[0])
    else:
        frames = tuple(FrameReference(one.path) for one in _sorted([member for _, member in members]))
    is_folder = key.startswith("folder ") and len(members) > 1 and file.folder is not None
    name = file.folder.name if is_folder and file.folder is not None else header.path.name
    return [Series(identity, _title(header.dicom) or name, modality, frames)]


def _stacks(identity: str, header: FileHeader) -> list[Series]:
    """Return a series for each stack of DICOM frames or volume of a NIfTI file."""
    kind, modality = ("volume", "") if header.dicom is None else ("stack", header.dicom.modality)
    name = _title(header.dicom) or header.path.name
    return [
        Series(
            f"{identity}-{number}",
            f"{name}, {kind} {number + 1} of {len(header.stacks)}",
            modality,
            tuple(FrameReference(header.path, frame) for frame in frames),
        )
        for number, frames in enumerate(header.stacks)
    ]


def _title(place: DicomPlace | None) -> str:
    if place is None:
        return ""
    if place.description:
        return place.description
    return "" if place.series_number is None else f"Series {place.series_number}"


def _sorted(headers: list[FileHeader]) -> list[FileHeader]:
    """Return the single-frame files of one series in the order of the stack."""
    if _is_one_stack(headers):
        return sorted(headers, key=lambda header: (_distance(header), _instance(header), natural_key(header.path)))
    return sorted(headers, key=lambda header: (_instance(header), natural_key(header.path)))


def _is_one_stack(headers: list[FileHeader]) -> bool:
    """Whether all slices have a position and face the same way."""
    first = headers[0].dicom
    for header in headers:
        if first is None or first.cosines is None or header.dicom is None or header.dicom.distance is None:
            return False
        cosines = header.dicom.cosines or ()
        if max(abs(a - b) for a, b in zip(cosines, first.cosines, strict=True)) > SAME_DIRECTION:
            return False
    return True


def _distance(header: FileHeader) -> float:
    """Return the position along the normal in mm, rounded so that repeated slices fall together."""
    distance = header.dicom.distance if header.dicom is not None else None
    return round(distance or 0.0, 2)


def _instance(header: FileHeader) -> int:
    number = header.dicom.instance_number if header.dicom is not None else None
    return _LAST if number is None else number
