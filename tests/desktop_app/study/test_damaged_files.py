"""Whatever bytes a file holds: an image, or one sentence, and never anything else."""

from __future__ import annotations

import random
import warnings
from contextlib import suppress

import nibabel
import numpy as np
import pytest
import tifffile

from medmo_desktop.study.model import FrameReference
from medmo_desktop.study.opening import open_paths
from medmo_desktop.study.reading import read_frame
from medmo_desktop.study.tags import read_tags
from medmo_models.errors import InputError
from support.dicom_files import real_file


def damaged(content, rng):
    """Return the bytes with some of the first ones changed, sometimes cut."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        position = rng.randrange(min(len(changed), 3000))
        changed[position] = rng.choice((0, 255, rng.randrange(256), changed[position] ^ 1))
    return bytes(changed[: rng.randrange(len(changed))] if rng.random() < 0.3 else changed)


@pytest.mark.parametrize(
    "kind", ["CT_small.dcm", "JPEG2000.dcm", "DICOMDIR", "volume.nii", "volume.nii.gz", "pages.tif"]
)
def test_damaged_bytes_give_an_image_or_a_sentence(kind, tmp_path):
    rng = random.Random(kind)
    if kind.startswith("volume"):
        nibabel.save(nibabel.Nifti1Image(np.arange(60, dtype=np.int16).reshape(3, 4, 5), np.eye(4)), tmp_path / kind)
    elif kind == "pages.tif":
        tifffile.imwrite(tmp_path / kind, np.zeros((2, 8, 9), np.uint16), photometric="minisblack")
    path = tmp_path / kind
    content = (path if path.exists() else real_file(kind)).read_bytes()
    for _ in range(60):
        path.write_bytes(damaged(content, rng))
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a library's warning may quote the file
            warnings.simplefilter("ignore", ResourceWarning)
            open_paths([path])
            with suppress(InputError):
                read_frame(FrameReference(path))
            with suppress(InputError):
                read_tags(path)
