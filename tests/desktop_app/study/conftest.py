"""Real DICOM, NIfTI, TIFF and PNG files for the viewer's reading."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset

DicomWriter = Callable[..., Path]


@pytest.fixture
def write_dicom(tmp_path: Path) -> DicomWriter:
    """Return a function that writes grey pixels (rows, columns) or (frames, rows, columns) with further elements."""

    def write(name: str, pixels: NDArray[Any], **elements: Any) -> Path:
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
        dataset.SOPClassUID = uid.SecondaryCaptureImageStorage
        dataset.SOPInstanceUID = uid.generate_uid()
        dataset.PatientName, dataset.PatientID = "Secret^Person", "ID-4711"
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        if pixels.ndim == 3:
            dataset.NumberOfFrames = len(pixels)
        dataset.Rows, dataset.Columns = pixels.shape[-2:]
        dataset.BitsAllocated = dataset.BitsStored = pixels.dtype.itemsize * 8
        dataset.HighBit = dataset.BitsStored - 1
        dataset.PixelRepresentation = int(np.issubdtype(pixels.dtype, np.signedinteger))
        dataset.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
        dataset["PixelData"].VR = "OW" if dataset.BitsAllocated > 8 else "OB"
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(path, enforce_file_format=True)
        return path

    return write


@pytest.fixture
def write_nifti(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a volume (x, y, z[, time]) whose affine is in millimetres."""

    def write(name: str, values: NDArray[Any], affine: NDArray[Any], unit: str = "mm") -> Path:
        image = nibabel.Nifti1Image(values, affine)
        image.header.set_xyzt_units(unit)
        nibabel.save(image, tmp_path / name)
        return tmp_path / name

    return write
