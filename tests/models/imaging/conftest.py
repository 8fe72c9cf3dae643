"""Real DICOM files written for a test, and the real ones that pydicom and pydicom-data carry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import uid
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset

DicomMaker = Callable[..., Dataset]
DicomWriter = Callable[..., Path]


@pytest.fixture
def make_dicom() -> DicomMaker:
    """Return a function that builds a data set with pixels (rows, columns[, 3]) or frames of them."""

    def make(
        pixels: NDArray[Any], photometric: str = "MONOCHROME2", bits: int | None = None, **elements: Any
    ) -> Dataset:
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
        dataset.SOPClassUID = uid.SecondaryCaptureImageStorage
        dataset.SOPInstanceUID = "1.2.3.4"
        dataset.PatientName = "Secret^Person"
        dataset.PatientID = "ID-4711"
        multi_frame = pixels.ndim == (4 if photometric == "RGB" else 3)
        dataset.SamplesPerPixel = 3 if photometric == "RGB" else 1
        if photometric == "RGB":
            dataset.PlanarConfiguration = 0
        dataset.PhotometricInterpretation = photometric
        if multi_frame:
            dataset.NumberOfFrames = len(pixels)
        dataset.Rows, dataset.Columns = pixels.shape[1:3] if multi_frame else pixels.shape[:2]
        dataset.BitsAllocated = pixels.dtype.itemsize * 8
        dataset.BitsStored = bits or dataset.BitsAllocated
        dataset.HighBit = dataset.BitsStored - 1
        dataset.PixelRepresentation = int(np.issubdtype(pixels.dtype, np.signedinteger))
        data = pixels.tobytes()
        dataset.PixelData = data + b"\0" * (len(data) % 2)
        dataset["PixelData"].VR = "OW" if dataset.BitsAllocated > 8 else "OB"
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
        return dataset

    return make


@pytest.fixture
def write_dicom(make_dicom: DicomMaker, tmp_path: Path) -> DicomWriter:
    """Return a function that writes such a data set and returns the path."""

    def write(pixels: NDArray[Any], photometric: str = "MONOCHROME2", bits: int | None = None, **elements: Any) -> Path:
        path = tmp_path / "image.dcm"
        make_dicom(pixels, photometric, bits, **elements).save_as(path, enforce_file_format=True)
        return path

    return write


@pytest.fixture
def real_file() -> Callable[[str], Path]:
    """Return a function that finds a file carried by pydicom or pydicom-data."""

    def find(name: str) -> Path:
        path = get_testdata_file(name, download=False)
        assert isinstance(path, str), f"{name} is not installed: install pydicom-data"
        return Path(path)

    return find
