"""One image file, hashed once, whose frames are loaded one by one."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from medmo_models.errors import InputError
from medmo_models.imaging.detect import detect_format, open_image_file
from medmo_models.imaging.grey import Window, check_window
from medmo_models.imaging.loaded import ImageSource, LoadedImage, Rendering, SourceFormat

if TYPE_CHECKING:
    from medmo_models.imaging.dicom import ParsedDicom

_CHANGED = "the file changed while it was read; open it again"


class ImageFile:
    """An image file whose frames are loaded one by one, for files that hold many.

    A DICOM file is kept in memory as it is stored; of other files the frame asked for is read from the file.

    Parameters
    ----------
    path : path
        One image file; its format is recognised by content.

    Attributes
    ----------
    path : Path
    source_format : {"DICOM", "PNG", "JPEG", "TIFF"}
    sha256 : str
        Of the file's bytes.

    Raises
    ------
    InputError
        The file cannot be read, is not an image, or is damaged. The text starts with ``path``.
    """

    path: Path
    source_format: SourceFormat
    sha256: str

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._given = path  # repeated in errors as it was given
        self._dicom: ParsedDicom | None = None
        try:
            with open_image_file(self.path) as handle:
                self._state = _state(os.fstat(handle.fileno()))
                self.source_format = detect_format(handle)
                self.sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
                handle.seek(0)
                if self.source_format == "DICOM":
                    # Imported here: pydicom and tifffile take longer to import than most images take to load.
                    from medmo_models.imaging.dicom import parse_dicom

                    self._dicom = parse_dicom(handle)
        except InputError as problem:
            raise InputError(f"{path}: {problem}") from None
        except OSError as error:
            raise InputError(f"{path}: the file cannot be read ({error.strerror})") from None

    @property
    def is_current(self) -> bool:
        """Whether the file is still as it was when it was hashed, by its size and time of change."""
        try:
            return _state(self.path.stat()) == self._state
        except OSError:
            return False

    def load(self, frame: int | None = None, window: Window | None = None) -> ImageSource:
        """Load one frame, as `medmo_models.imaging.load_image` does, with what it was made from.

        Raises
        ------
        InputError
            See `medmo_models.imaging.load_image`; also where the file has changed meanwhile.
        """
        try:
            check_window(window)
            rendering = self._render(frame, window)
        except InputError as problem:
            raise InputError(f"{self._given}: {problem}") from None
        except OSError as error:
            raise InputError(f"{self._given}: the file cannot be read ({error.strerror})") from None
        height, width, _ = rendering.pixels.shape
        image = LoadedImage(
            pixels=rendering.pixels,
            width=width,
            height=height,
            sha256=self.sha256,
            frame=rendering.frame,
            frame_count=rendering.frame_count,
            source_format=self.source_format,
            notes=rendering.notes,
        )
        return ImageSource(image, rendering.grey, rendering.dataset)

    def _render(self, frame: int | None, window: Window | None) -> Rendering:
        if self._dicom is not None:
            from medmo_models.imaging.dicom import render_dicom

            return render_dicom(self._dicom, frame, window)
        with open_image_file(self.path) as handle:
            if _state(os.fstat(handle.fileno())) != self._state:
                raise InputError(_CHANGED)
            if self.source_format == "TIFF":
                from medmo_models.imaging.tiff import read_tiff

                return read_tiff(handle, frame, window)
            from medmo_models.imaging.raster import read_raster

            return read_raster(handle, "PNG" if self.source_format == "PNG" else "JPEG", frame, window)


def _state(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns
