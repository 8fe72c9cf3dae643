"""Compressed DICOM pixel data: whatever the encoding, the same pixels."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest
from pydicom import dcmread, uid
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.decoders import JPEGLosslessSV1Decoder

from medmo_models.errors import InputError
from medmo_models.imaging import load_image

WINDOW = {"WindowCenter": 1000, "WindowWidth": 3000}


def smooth(dtype, low, high):
    """Return a smooth grey picture (48, 64) that spans ``low`` to ``high``."""
    y, x = np.mgrid[0:48, 0:64]
    wave = (np.sin(x / 9) + np.cos(y / 7) + 2) / 4
    return (low + (high - low) * wave).astype(dtype)


def save_encapsulated(dataset, frames, transfer_syntax, path):
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = transfer_syntax
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(
    ("syntax", "tolerance"),
    [
        (uid.ImplicitVRLittleEndian, 0),
        (uid.ExplicitVRBigEndian, 0),
        (uid.DeflatedExplicitVRLittleEndian, 0),
        (uid.RLELossless, 0),
        (uid.JPEGLSLossless, 0),
        (uid.JPEGLSNearLossless, 1),
        (uid.JPEG2000Lossless, 0),
        (uid.JPEG2000, 3),
    ],
    ids=lambda value: value.keyword if isinstance(value, uid.UID) else "",
)
def test_encodings_by_pydicom(make_dicom, tmp_path, syntax, tolerance, signed):
    pixels = smooth(np.int16, -1000, 2000) if signed else smooth(np.uint16, 0, 4000)
    dataset = make_dicom(pixels, bits=12, **WINDOW)
    dataset.save_as(tmp_path / "native.dcm", enforce_file_format=True)
    options = {uid.JPEGLSNearLossless: {"jls_error": 2}, uid.JPEG2000: {"j2k_psnr": [70]}}.get(syntax, {})
    if syntax.is_encapsulated:
        dataset.compress(syntax, generate_instance_uid=False, **options)
    else:
        dataset.PixelData = pixels.astype("<i2" if syntax.is_little_endian else ">i2").tobytes()
        dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(
        tmp_path / "other.dcm",
        implicit_vr=syntax.is_implicit_VR if not syntax.is_encapsulated else None,
        little_endian=syntax.is_little_endian if not syntax.is_encapsulated else None,
        enforce_file_format=True,
    )
    assert dcmread(tmp_path / "other.dcm").file_meta.TransferSyntaxUID == syntax
    native, other = load_image(tmp_path / "native.dcm"), load_image(tmp_path / "other.dcm")
    assert native.pixels.std() > 40
    np.testing.assert_allclose(other.pixels.astype(int), native.pixels, atol=tolerance)
    assert other.notes == native.notes


@pytest.mark.parametrize("syntax", [uid.JPEGLossless, uid.JPEGLosslessSV1], ids=lambda syntax: syntax.keyword)
@pytest.mark.parametrize(
    ("dtype", "low", "high", "bits"),
    [(np.uint8, 0, 255, 8), (np.uint16, 0, 4095, 12), (np.int16, -1000, 2000, 12), (np.uint16, 0, 65535, 16)],
)
def test_jpeg_lossless(make_dicom, tmp_path, syntax, dtype, low, high, bits):
    pixels = smooth(dtype, low, high)
    dataset = make_dicom(pixels, bits=bits)
    dataset.save_as(tmp_path / "native.dcm", enforce_file_format=True)
    unsigned = pixels.astype(f"u{pixels.itemsize}") & (2**bits - 1)
    predictor = 1 if syntax == uid.JPEGLosslessSV1 else 6
    frame = imagecodecs.jpeg8_encode(unsigned, lossless=True, predictor=predictor, bitspersample=bits)
    path = save_encapsulated(dataset, [frame], syntax, tmp_path / "jpeg.dcm")
    np.testing.assert_array_equal(load_image(path).pixels, load_image(tmp_path / "native.dcm").pixels)


def test_jpeg_lossless_8_bits_in_a_16_bit_signed_data_set_stays_positive(make_dicom, tmp_path):
    pixels = smooth(np.int16, 0, 250)
    frame = imagecodecs.jpeg8_encode(pixels.astype(np.uint8), lossless=True, predictor=1)
    dataset = make_dicom(pixels, WindowCenter=128, WindowWidth=256)
    path = save_encapsulated(dataset, [frame], uid.JPEGLosslessSV1, tmp_path / "jpeg.dcm")
    np.testing.assert_array_equal(load_image(path).pixels[:, :, 0], pixels)


@pytest.mark.parametrize("bits", [8, 12])
def test_jpeg_extended(make_dicom, tmp_path, bits):
    pixels = smooth(np.uint8 if bits == 8 else np.uint16, 0, 2**bits - 1)
    dataset = make_dicom(pixels, bits=bits, WindowCenter=2 ** (bits - 1), WindowWidth=2**bits)
    frame = imagecodecs.jpeg8_encode(pixels, level=98, bitspersample=bits)
    path = save_encapsulated(dataset, [frame], uid.JPEGExtended12Bit, tmp_path / "jpeg.dcm")
    expected = pixels / (2**bits - 1) * 255
    np.testing.assert_allclose(load_image(path).pixels[:, :, 0], expected, atol=3)


def test_high_throughput_jpeg_2000(make_dicom, tmp_path):
    pixels = smooth(np.uint16, 0, 4000)
    dataset = make_dicom(pixels, bits=16)
    dataset.save_as(tmp_path / "native.dcm", enforce_file_format=True)
    path = save_encapsulated(dataset, [imagecodecs.htj2k_encode(pixels)], uid.HTJ2KLossless, tmp_path / "ht.dcm")
    np.testing.assert_array_equal(load_image(path).pixels, load_image(tmp_path / "native.dcm").pixels)


@pytest.mark.parametrize(
    ("native", "compressed"),
    [
        ("MR_small.dcm", "MR_small_RLE.dcm"),
        ("MR_small.dcm", "MR_small_jp2klossless.dcm"),
        ("MR_small.dcm", "MR_small_jpeg_ls_lossless.dcm"),
        ("MR_small.dcm", "MR_small_bigendian.dcm"),
        ("MR_small.dcm", "MR_small_implicit.dcm"),
        ("693_UNCR.dcm", "693_J2KR.dcm"),
        ("emri_small.dcm", "emri_small_jpeg_2k_lossless.dcm"),
        ("rtdose.dcm", "rtdose_rle.dcm"),
    ],
)
def test_real_pairs(real_file, native, compressed):
    np.testing.assert_array_equal(load_image(real_file(native)).pixels, load_image(real_file(compressed)).pixels)


def test_real_jpeg_lossless_scan_agrees_with_another_decoder(real_file):
    stored = imagecodecs.ljpeg_decode(get_frame(dcmread(real_file("JPEG-LL.dcm")).PixelData, 0, number_of_frames=1))
    assert stored.max() == 278
    expected = stored / 278 * 255
    np.testing.assert_allclose(load_image(real_file("JPEG-LL.dcm")).pixels[:, :, 0], expected, atol=0.5 + 1e-6)


def test_jpeg_2000_with_the_sign_lost_in_the_codestream(real_file):
    dataset = dcmread(real_file("J2K_pixelrep_mismatch.dcm"))
    unsigned = imagecodecs.jpeg2k_decode(get_frame(dataset.PixelData, 0, number_of_frames=1)).astype(int) & 0x1FFF
    signed = np.where(unsigned >= 0x1000, unsigned - 0x2000, unsigned)
    assert signed.min() == -2000
    expected = np.clip((signed - 39.5) / 99 + 0.5, 0, 1) * 255  # window 40/100
    np.testing.assert_allclose(load_image(real_file("J2K_pixelrep_mismatch.dcm")).pixels[:, :, 0], expected, atol=0.51)


def test_unsupported_transfer_syntax_is_named(make_dicom, tmp_path):
    dataset = make_dicom(smooth(np.uint8, 0, 255))
    path = save_encapsulated(dataset, [b"\0\0\1\xb3"], uid.MPEG2MPML, tmp_path / "video.dcm")
    with pytest.raises(InputError, match=r"compressed as MPEG2 Main Profile / Main Level, which is not supported"):
        load_image(path)


def test_missing_decoder_says_what_to_install(make_dicom, tmp_path, monkeypatch):
    monkeypatch.setattr(JPEGLosslessSV1Decoder, "_available", {})
    path = save_encapsulated(make_dicom(smooth(np.uint8, 0, 255)), [b"\xff\xd8"], uid.JPEGLosslessSV1, tmp_path / "x")
    with pytest.raises(InputError, match=r"compressed as JPEG Lossless.*needs a decoder: install .*gdcm"):
        load_image(path)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize(
    ("name", "syntax"),
    [
        ("lossless", uid.JPEGLosslessSV1),
        ("extended", uid.JPEGExtended12Bit),
        ("baseline", uid.JPEGBaseline8Bit),
        ("jpeg2000", uid.JPEG2000Lossless),
        ("jpegls", uid.JPEGLSLossless),
        ("rle", uid.RLELossless),
    ],
)
def test_frame_cut_short_inside_a_whole_file_is_an_error(make_dicom, tmp_path, name, syntax, share):
    pixels = smooth(np.uint8 if name == "baseline" else np.uint16, 0, 250)
    dataset = make_dicom(pixels, bits=8 if name == "baseline" else 12)
    if name == "lossless":
        frame = imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=1, bitspersample=12)
    elif name in ("extended", "baseline"):
        frame = imagecodecs.jpeg8_encode(pixels, bitspersample=dataset.BitsStored)
    else:
        dataset.compress(syntax)
        frame = get_frame(dataset.PixelData, 0, number_of_frames=1)
    save_encapsulated(dataset, [frame], syntax, tmp_path / "whole.dcm")
    load_image(tmp_path / "whole.dcm")
    path = save_encapsulated(dataset, [frame[: int(len(frame) * share) // 2 * 2]], syntax, tmp_path / "cut.dcm")
    with pytest.raises(InputError, match="cannot be decoded: it is damaged or cut short"):
        load_image(path)
