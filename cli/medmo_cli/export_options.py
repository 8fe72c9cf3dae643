"""The options of ``medmo export``, with their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ModelOption = Annotated[str, typer.Option("--model", help="A full-precision checkpoint directory or installed name.")]
OutOption = Annotated[Path, typer.Option("--out", help="The artifact's new directory.")]
DampingOption = Annotated[float, typer.Option(help="Share of the Hessian's mean diagonal that is added to it.")]
SymmetricOption = Annotated[bool, typer.Option("--symmetric/--asymmetric", help="Zero point in the middle, or free.")]
ScaleSearchOption = Annotated[
    float, typer.Option(help="Search each group's scale for the least error of this power, for example 2.4; 0: none.")
]
GptaqOption = Annotated[float, typer.Option(help="Share of the correction for earlier layers' errors (GPTAQ).")]
VisualWeightOption = Annotated[
    float, typer.Option(help="How much an image token counts in the calibration against a text token's 1.")
]
ActivationOrderOption = Annotated[
    bool, typer.Option("--activation-order", help="Quantize inputs with large activations first.")
]
SamplesOption = Annotated[int, typer.Option(min=1, help="Calibration samples.")]
CalibrationOption = Annotated[
    str | None,
    typer.Option(help="phantoms (generated), a FILE.jsonl of chat messages, or any --data of medmo compare."),
]
TextOnlyOption = Annotated[bool, typer.Option("--text-only", help="Leave the images out of the calibration set.")]
RecipeOption = Annotated[
    Path | None,
    typer.Option(help="A report.json of medmo compare --per-layer: the layers that it proposes get 8 bits."),
]
DeviceOption = Annotated[str, typer.Option(help="Where to quantize: cpu, cuda:0, ...")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace an artifact that is already there.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
