"""NIfTI volumes as axial slices in radiological display: the patient's right at the left, the front at the top."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from medmo_desktop.study.model import Frame, FrameReference, GreyWindow, PixelSpacing
from medmo_desktop.study.values import compact
from medmo_models.errors import InputError
from medmo_models.imaging.colour import grey_to_rgb
from medmo_models.imaging.detect import open_image_file
from medmo_models.imaging.grey import Window, full_range, map_values, to_bytes
from medmo_models.imaging.library_calls import failure_means, quiet_library
from medmo_models.imaging.loaded import check_size, choose_frame
from medmo_models.imaging.pixel_aspect import make_pixels_square

_SUFFIXES = (".nii", ".nii.gz")
_DAMAGED = "the NIfTI file is damaged or cut short"
_PERCENTILES = (0.5, 99.5)
_SAMPLES = 1_000_000
_HEAD_AXIS = 2
_MILLIMETRES = {"mm": 1.0, "meter": 1000.0, "micron": 0.001}
_OBLIQUE_FROM = 0.05  # largest cosine off the axes that still counts as straight


@dataclass(frozen=True)
class NiftiShape:
    """How many axial slices a file has, in how many volumes (time points)."""

    slices: int
    volumes: int


@dataclass(frozen=True, eq=False)
class _Volume:
    """A whole file in memory, its axes turned to right, front, head (RAS)."""

    values: NDArray[Any]  # (x, y, z, volumes)
    zooms: tuple[float, float, float]  # in millimetres if `is_millimetres`, else in the unit of the file
    is_millimetres: bool
    oblique: bool
    sha256: str
    windows: dict[int, Window] = field(default_factory=dict)  # by volume, as they are asked for

    def window(self, time: int) -> Window:
        """Return the window between the percentiles of one volume, the same for each of its slices."""
        if time not in self.windows:
            self.windows[time] = _percentile_window(self.values[:, :, :, time])
        return self.windows[time]


_held: dict[tuple[str, int, int], _Volume] = {}
_held_lock = threading.Lock()


def is_nifti(path: Path) -> bool:
    """Whether a file's name says NIfTI; compressed content cannot be told without unpacking it."""
    return path.name.lower().endswith(_SUFFIXES)


def read_nifti_shape(path: Path) -> NiftiShape:
    """Return the number of slices from the header; raises `InputError`."""
    with open_image_file(path), quiet_library("nibabel.global"), failure_means(_DAMAGED):
        image = _open(path)
        # The stored axis that runs nearest to the patient's feet and head.
        axis = int(np.argmax(nibabel.io_orientation(image.affine)[:, 0] == _HEAD_AXIS))
        return NiftiShape(image.shape[axis], image.shape[3] if image.ndim == 4 else 1)


def read_nifti_frame(reference: FrameReference) -> Frame:
    """Read one axial slice; frame ``volume * slices + slice``, slices from the feet to the head.

    Without a window of its own, a slice is shown between the 0.5th and the 99.5th percentile of its volume.

    Raises
    ------
    InputError
        The file cannot be read, is damaged or in colour, or has no such slice.
    """
    try:
        volume = _hold(reference.path)
        slices, volumes = volume.values.shape[2:]
        index, notes = choose_frame(reference.frame, slices * volumes)
        at, time = index % slices, index // slices
        window = volume.window(time)
    except InputError as problem:
        raise InputError(f"{reference.path}: {problem}") from None
    values = np.ascontiguousarray(volume.values[::-1, ::-1, at, time].T)
    values.flags.writeable = False
    column_mm, row_mm, slice_mm = volume.zooms
    shown, aspect_notes = _show(values, window, row_mm, column_mm)
    shown.flags.writeable = False
    height, width, _ = shown.shape
    rows, columns = values.shape
    notes += [f"axial slice in radiological display, window {window} from percentiles of the volume"]
    notes += aspect_notes
    if volume.oblique:
        notes.append("the volume is oblique: its axes were named after the nearest ones of the patient")
    return Frame(
        reference=reference,
        values=values,
        is_grey=True,
        width=width,
        height=height,
        sha256=volume.sha256,
        frame_count=slices * volumes,
        source_format="NIfTI",
        windows=(GreyWindow(window.center, window.width, "percentiles", window.function),),
        spacing=PixelSpacing(
            row_mm * rows / height,
            column_mm * columns / width,
            volume.is_millimetres,
            "NIfTI affine" if volume.is_millimetres else "NIfTI affine, unit not stated",
        ),
        orientation=("R", "L", "A", "P"),
        corner_text=_corner_text(index, slices, volumes, slice_mm if volume.is_millimetres else None),
        notes=tuple(notes),
        shown_by_default=shown,
    )


def _corner_text(index: int, slices: int, volumes: int, thickness: float | None) -> dict[str, tuple[str, ...]]:
    lines = [f"Slice {index % slices + 1} of {slices}"]
    if volumes > 1:
        lines.append(f"Volume {index // slices + 1} of {volumes}")
    corners = {"bottom-left": tuple(lines)}
    return corners if thickness is None else {**corners, "bottom-right": (f"Thickness {thickness:.4g} mm",)}


def show_slice(frame: Frame, window: Window) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Return a slice's RGB pixels (height, width, 3) through another window, and the notes to make."""
    rows, columns = frame.values.shape
    shown, notes = _show(frame.values, window, frame.height / rows, frame.width / columns)
    return shown, (f"window {window} as asked", *notes)


def _show(
    values: NDArray[Any], window: Window, row_size: float, column_size: float
) -> tuple[NDArray[np.uint8], list[str]]:
    shown = grey_to_rgb(map_values(values, lambda some: to_bytes(window.fractions(some))))
    return make_pixels_square(shown, {"PixelSpacing": [row_size, column_size]})


def _hold(path: Path) -> _Volume:
    """Return a file's volume; the last one stays in memory, since a compressed file has no access by slice."""
    with _held_lock:
        with open_image_file(path) as handle:
            state = path.stat()
            key = (str(path.resolve()), state.st_size, state.st_mtime_ns)
            if key not in _held:
                _held.clear()
                sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
                with quiet_library("nibabel.global"), failure_means(_DAMAGED):
                    _held[key] = _load(path, sha256)
        return _held[key]


def _load(path: Path, sha256: str) -> _Volume:
    image = _open(path)
    canonical = nibabel.as_closest_canonical(image)
    values, affine = np.asarray(canonical.dataobj), canonical.affine
    values = compact(values.reshape((*values.shape, 1, 1)[:4]))
    check_size(values.shape[0], values.shape[1])
    columns = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    off_axis = np.abs(columns - np.diag(np.diag(columns))).max()
    unit = image.header.get_xyzt_units()[0]
    scale = _MILLIMETRES.get(unit)
    zooms = tuple(float(zoom) * (scale or 1.0) for zoom in np.linalg.norm(affine[:3, :3], axis=0))
    return _Volume(values, (zooms[0], zooms[1], zooms[2]), scale is not None, bool(off_axis > _OBLIQUE_FROM), sha256)


def _open(path: Path) -> Any:
    """Return nibabel's image, its values not yet read; raises `InputError` if they are not grey values in space."""
    image = nibabel.load(path)
    if image.get_data_dtype().kind not in "iuf":
        raise InputError("this NIfTI file holds colours or complex numbers; save it as grey values")
    if image.ndim not in (3, 4):
        raise InputError(f"this NIfTI file has {image.ndim} dimensions; save it as a volume or a series of volumes")
    return image


def _percentile_window(values: NDArray[Any]) -> Window:
    """Return the window between the percentiles, or over the full range where these are equal, as in most masks."""
    finite = values[np.isfinite(values)] if np.issubdtype(values.dtype, np.floating) else values.ravel()
    sample = finite[:: max(1, finite.size // _SAMPLES)]
    low, high = np.percentile(sample, _PERCENTILES) if sample.size else (0.0, 0.0)
    if high <= low:
        low, high = full_range(values)
    return Window(float(low + high) / 2, float(high - low) or 1.0, "LINEAR_EXACT")
