"""What to export and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from medmo_export.calibration import CalibrationSet
from medmo_export.gptq.options import GptqOptions
from medmo_export.onnx.options import OnnxOptions
from medmo_export.recipe import Recipe

ExportMethod = Literal["gptq", "bnb-nf4", "bnb-fp4", "onnx-int4", "onnx-fp32"]
#: The 4-bit format of each kind that is preferred.
EXPORT_METHODS: tuple[ExportMethod, ...] = ("gptq", "bnb-nf4", "onnx-int4")


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """One export.

    Attributes
    ----------
    method : {"gptq", "bnb-nf4", "bnb-fp4", "onnx-int4", "onnx-fp32"}
    checkpoint : Path
        A full-precision Qwen3-VL checkpoint; for ``onnx-int4`` also a GPTQ artifact, whose weights are repacked
        value by value.
    destination : Path
        The artifact's new directory.
    gptq : GptqOptions
        GPTQ also makes the weights of an ``onnx-int4`` export of a full-precision checkpoint.
    calibration_samples : int
        Generated phantoms to calibrate on, where there is no ``calibration``.
    calibration : CalibrationSet, optional
    round_to_nearest : bool
        ``onnx-int4`` only: quantize without calibration, as the plainest thing to compare with.
    onnx : OnnxOptions
        ONNX only.
    recipe : Recipe, optional
        ``gptq`` and ``onnx-int4``: layers that get 8 bits instead of 4.
    reference : Path, optional
        The full-precision checkpoint that the self-check compares with, and that protected layers are taken from;
        ``checkpoint`` if not given.
    device : str
        Where to quantize.
    overwrite : bool
        Replace an artifact that is already at ``destination``.
    """

    method: ExportMethod
    checkpoint: Path
    destination: Path
    gptq: GptqOptions = field(default_factory=GptqOptions)
    calibration_samples: int = 32
    calibration: CalibrationSet | None = None
    round_to_nearest: bool = False
    onnx: OnnxOptions = field(default_factory=OnnxOptions)
    recipe: Recipe | None = None
    reference: Path | None = None
    device: str = "cpu"
    overwrite: bool = False
