"""ONNX exports of the small random checkpoints, each made once per session."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from medmo_export.checkpoint_files import copy_companions, write_plain_config
from medmo_export.onnx.options import FULL_PRECISION, OnnxOptions, WeightBits
from medmo_export.onnx.write import write_onnx
from support.gptq_exports import gptq_export, source_checkpoint

_FOLDER = tempfile.TemporaryDirectory()


@cache
def onnx_export(checkpoint: Path, text_bits: WeightBits, options: OnnxOptions = FULL_PRECISION) -> Path:
    """Return the ONNX export of a checkpoint; its layers keep GPTQ's bits if it has them."""
    destination = Path(tempfile.mkdtemp(dir=_FOLDER.name))
    write_onnx(checkpoint, destination, text_bits, options)
    copy_companions(checkpoint, destination)
    write_plain_config(checkpoint, destination)
    return destination


def full_precision_export(shape: str) -> Path:
    """Return a shape's export with all weights in 32 bits."""
    return onnx_export(source_checkpoint(shape), 32)


def four_bit_export(shape: str) -> Path:
    """Return a shape's GPTQ export repacked, everything else in 32 bits."""
    return onnx_export(gptq_export(shape), 4)
