"""Files that cannot be shown: one sentence each, the path as given, no patient data, no warnings, no log lines."""

from __future__ import annotations

import io
import logging
import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from pydicom import dcmread, uid
from pydicom.dataset import Dataset

from medmo_models.errors import InputError
from medmo_models.imaging import load_image


def message(path):
    with pytest.raises(InputError) as caught:
        load_image(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


def test_missing_folder_empty_and_text(tmp_path):
    assert message(tmp_path / "none.dcm") == "there is no such file"
    assert message(tmp_path) == "this is a folder; give one image file in it"
    (tmp_path / "empty.dcm").touch()
    assert message(tmp_path / "empty.dcm") == "the file is empty"
    (tmp_path / "text.png").write_text("not a picture")
    assert message(tmp_path / "text.png") == (
        "the content is not a DICOM, PNG, JPEG or TIFF image; convert it to one of these"
    )


def test_path_is_repeated_as_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^\./none\.png: there is no such file$"):
        load_image("./none.png")


def test_device_is_not_read():
    assert message(os.devnull) == "this is not a regular file; give an image file"


def test_file_without_permission(tmp_path, monkeypatch):
    (tmp_path / "locked.png").write_bytes(b"x")

    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # permission bits do not stop a root user
    assert message(tmp_path / "locked.png") == "you have no permission to read this file"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("test-SR.dcm", "this DICOM object (Comprehensive SR) holds no image"),
        ("rtstruct.dcm", "this DICOM object (RT Structure Set) holds no image"),
        ("waveform_ecg.dcm", "this DICOM object (12-lead ECG Waveform) holds no image"),
        ("DICOMDIR", "this is a DICOMDIR, the index of a disc; give one of the image files beside it"),
        ("badVR.dcm", "the DICOM image description is damaged or incomplete"),
        ("MR_truncated.dcm", "the DICOM pixel data (Explicit VR Little Endian) cannot be decoded: "
         "it is damaged or cut short"),
        ("emri_small_jpeg_2k_lossless_too_short.dcm", "the DICOM file has no pixel data: it is cut short or holds "
         "only a header"),
        ("README.txt", "the content is not a DICOM, PNG, JPEG or TIFF image; convert it to one of these"),
    ],
)  # fmt: skip
def test_real_files_without_an_image(real_file, name, text):
    assert message(real_file(name)) == text


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.9])
@pytest.mark.parametrize(
    "name",
    ["MR_small.dcm", "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm",
     "examples_ybr_color.dcm", "JPEG-LL.dcm", "image_dfl.dcm"],
)  # fmt: skip
def test_dicom_cut_short(real_file, tmp_path, name, share):
    data = real_file(name).read_bytes()
    (tmp_path / "cut.dcm").write_bytes(data[: int(len(data) * share)])
    message(tmp_path / "cut.dcm")


@pytest.mark.parametrize("share", [0.3, 0.7, 0.97])
@pytest.mark.parametrize("name", ["image.png", "deep.png", "image.jpg", "progressive.jpg"])
def test_png_and_jpeg_cut_short(tmp_path, name, share):
    noise = np.random.default_rng(1).integers(0, 256, (64, 64)).astype(np.uint8)
    picture = Image.fromarray(noise.astype(np.uint16) * 100 if name == "deep.png" else noise)
    picture.save(tmp_path / name, **({"progressive": True} if "progressive" in name else {}))
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: int(len(data) * share)])
    assert "cannot be decoded: it is damaged" in message(tmp_path / name)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.97])
@pytest.mark.parametrize("compression", [None, "zlib", "jpeg", "lzw"])
def test_tiff_cut_short(tmp_path, compression, share):
    noise = np.random.default_rng(1).integers(0, 256, (64, 64)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "image.tif", noise, compression=compression, rowsperstrip=16)
    data = (tmp_path / "image.tif").read_bytes()
    (tmp_path / "image.tif").write_bytes(data[: int(len(data) * share)])
    assert "cut short" in message(tmp_path / "image.tif")


def bomb_png(width, height):
    """Return a tiny PNG file that claims a size."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def test_decompression_bombs(tmp_path, make_dicom):
    (tmp_path / "bomb.png").write_bytes(bomb_png(60000, 60000))
    assert "more than the limit of 178 million pixels" in message(tmp_path / "bomb.png")
    tifffile.imwrite(tmp_path / "bomb.tif", np.zeros((2, 2), dtype=np.uint8), compression="zlib")
    with tifffile.TiffFile(tmp_path / "bomb.tif", mode="r+b") as file:
        for tag in ("ImageWidth", "ImageLength"):
            file.pages[0].tags[tag].overwrite(60000)
    dataset = make_dicom(np.zeros((2, 2), dtype=np.uint8))
    dataset.Rows = dataset.Columns = 60000
    dataset.save_as(tmp_path / "bomb.dcm", enforce_file_format=True)
    for name in ("bomb.tif", "bomb.dcm"):
        assert message(tmp_path / name) == (
            "60000 x 60000 pixels is more than the limit of 178 million; crop or shrink the image first"
        )


def test_large_but_allowed_png_gives_no_warning(tmp_path, monkeypatch):
    Image.fromarray(np.zeros((30, 50), dtype=np.uint8)).save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # Pillow warns above this and refuses above twice as many
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_image(tmp_path / "large.png").width == 50


def test_no_pixels_at_all(tmp_path, make_dicom):
    dataset = make_dicom(np.zeros((2, 2), dtype=np.uint8))
    dataset.Rows = 0
    dataset.save_as(tmp_path / "flat.dcm", enforce_file_format=True)
    assert message(tmp_path / "flat.dcm") == "the image has no pixels (2 x 0)"


def test_dicom_is_recognised_without_preamble_meta_or_right_name(real_file, tmp_path, make_dicom):
    expected = load_image(real_file("CT_small.dcm"))
    assert expected.source_format == "DICOM"
    dataset = dcmread(real_file("CT_small.dcm"))
    for implicit, little in ((True, True), (False, True)):
        bare = Dataset()
        bare.update(dataset)
        bare.save_as(tmp_path / "bare.png", implicit_vr=implicit, little_endian=little)
        image = load_image(tmp_path / "bare.png")
        np.testing.assert_array_equal(image.pixels, expected.pixels)
        assert "no transfer syntax in the file: read as" in image.notes[0]


def test_compressed_without_a_transfer_syntax(real_file, tmp_path):
    data = real_file("MR_small_RLE.dcm").read_bytes()
    preamble, group_length_element = 132, 12
    start = preamble + group_length_element + dcmread(io.BytesIO(data)).file_meta.FileMetaInformationGroupLength
    (tmp_path / "bare.dcm").write_bytes(data[start:])
    assert "compressed and does not say how (no transfer syntax)" in message(tmp_path / "bare.dcm")


def test_tiff_header_in_a_dicom_preamble_is_still_dicom(write_dicom):
    path = write_dicom(np.array([[1, 2]], dtype=np.uint8))
    path.write_bytes(b"II*\0\x10\0\0\0" + path.read_bytes()[8:])
    assert load_image(path).source_format == "DICOM"


def test_nothing_of_the_patient_or_the_libraries_gets_out(make_dicom, tmp_path, caplog, capfd):
    dataset = make_dicom(np.zeros((4, 4), dtype=np.uint8), WindowCenter=5, WindowWidth=10)
    dataset.save_as(tmp_path / "good.dcm", enforce_file_format=True)
    good = (tmp_path / "good.dcm").read_bytes()
    dataset.compress(uid.JPEGLSLossless, generate_instance_uid=False)
    dataset.save_as(tmp_path / "compressed.dcm", enforce_file_format=True)
    compressed = (tmp_path / "compressed.dcm").read_bytes()
    broken = {
        "cut": good[:-9],
        "long_value": good.replace(b"PN\x0e\x00", b"PN\xff\x7f"),
        "wrong_number": good.replace(b"DS\x04\x0010.0", b"DS\x04\x00oops"),
        "wrong_frame": compressed.replace(b"\xff\xd8\xff\xf7", b"oops"),  # pydicom logs a traceback of the decoder
        "wrong_colour": good.replace(b"MONOCHROME2 ", b"Secret^Perso"),
    }
    caplog.set_level(logging.DEBUG)
    texts = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        texts += load_image(tmp_path / "good.dcm").notes
        for name, data in broken.items():
            assert data not in (good, compressed), name
            (tmp_path / f"{name}.dcm").write_bytes(data)
            texts.append(message(tmp_path / f"{name}.dcm"))
    output = capfd.readouterr()
    for secret in ("Secret", "4711"):
        assert not any(secret in text for text in [*texts, caplog.text])
    assert output.out == output.err == ""
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
