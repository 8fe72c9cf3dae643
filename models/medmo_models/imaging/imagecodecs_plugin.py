"""A pydicom decoding plugin by imagecodecs, for what pydicom's other plugins lack or do badly.

JPEG Lossless (processes 14 and 14 SV1) goes to its ``jpegsof3`` decoder, which leaves colours as they are stored;
12-bit JPEG Extended goes to libjpeg-turbo. RLE goes to its PackBits decoder, because pylibjpeg-rle 2.2 answers damaged
data with a Rust panic, which prints to the terminal and passes by ``except Exception``. The module's layout is the one
that pydicom asks of a plugin (its guide "Pixel data decoder plugins").
"""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
from pydicom import uid
from pydicom.pixels.decoders import (
    JPEGExtended12BitDecoder,
    JPEGLosslessDecoder,
    JPEGLosslessSV1Decoder,
    RLELosslessDecoder,
)

PLUGIN_NAME = "imagecodecs"

DECODER_DEPENDENCIES = {
    uid.JPEGExtended12Bit: ("imagecodecs",),
    uid.JPEGLossless: ("imagecodecs",),
    uid.JPEGLosslessSV1: ("imagecodecs",),
    uid.RLELossless: ("imagecodecs",),
}


def is_available(transfer_syntax: str) -> bool:
    """Whether this plugin can decode ``transfer_syntax`` on this machine."""
    return transfer_syntax in DECODER_DEPENDENCIES and importlib.util.find_spec("imagecodecs") is not None


def decode_frame(source: bytes, runner: Any) -> bytes:
    """Return one frame's samples as little-endian integers of the data set's Bits Allocated.

    Parameters
    ----------
    source : bytes
        One frame as encoded.
    runner : pydicom.pixels.decoders.base.DecodeRunner
        Describes the frame; its planar configuration is set to that of the result.
    """
    if runner.transfer_syntax == uid.RLELossless:
        return _decode_rle(source, runner)
    return _decode_jpeg(source, runner)


def _decode_jpeg(source: bytes, runner: Any) -> bytes:
    import imagecodecs

    if runner.transfer_syntax == uid.JPEGExtended12Bit:
        if runner.samples_per_pixel != 1:
            raise NotImplementedError("12-bit colour JPEG")
        samples = imagecodecs.jpeg8_decode(source)
    else:
        samples = imagecodecs.jpegsof3_decode(source)
    if runner.samples_per_pixel > 1:
        runner.set_option("planar_configuration", 0)
    decoded: bytes = samples.astype(np.dtype(f"<u{runner.bits_allocated // 8}"), casting="safe").tobytes()
    return decoded


def _decode_rle(source: bytes, runner: Any) -> bytes:
    """Decode PS3.5 Annex G: one PackBits segment per byte of each sample, the most significant byte first."""
    import imagecodecs

    samples, sample_bytes, pixels = runner.samples_per_pixel, runner.bits_allocated // 8, runner.rows * runner.columns
    header = np.frombuffer(source[:64], dtype="<u4")
    if header[0] != samples * sample_bytes:
        raise ValueError("the number of RLE segments does not match the image")
    ends = [*header[2 : 1 + header[0]], len(source)]
    planes = np.empty((samples, pixels, sample_bytes), dtype=np.uint8)
    for segment, (start, end) in enumerate(zip(header[1 : 1 + header[0]], ends, strict=True)):
        sample, byte = divmod(segment, sample_bytes)
        decoded = imagecodecs.packbits_decode(source[start:end], out=pixels)
        planes[sample, :, sample_bytes - 1 - byte] = np.frombuffer(decoded, dtype=np.uint8)
    if samples > 1:
        runner.set_option("planar_configuration", 1)
    return planes.tobytes()


def register() -> None:
    """Add the plugin to pydicom's decoders, once per process."""
    for decoder in (JPEGExtended12BitDecoder, JPEGLosslessDecoder, JPEGLosslessSV1Decoder, RLELosslessDecoder):
        if PLUGIN_NAME not in decoder.available_plugins:
            decoder.add_plugin(PLUGIN_NAME, (__name__, decode_frame.__name__))
