"""What each option of GPTQ gives: exports of one checkpoint, each compared with it on held-out phantoms.

``python benchmarks/gptq_options.py CHECKPOINT --images 60`` prints, per variant, the mean KLD with a 95 % bootstrap
interval over samples, its difference from the default's with the interval of the paired differences, the share of
equal most probable tokens, bits per weight and the export's seconds. Calibration, self-check and these phantoms have
different seeds. Answers are the true ones, so that every variant is judged on the same tokens. The default is always
measured first.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medmo_export.calibration import CalibrationSet, phantom_calibration, phantom_set
from medmo_export.gptq.options import GptqOptions
from medmo_export.pipeline import CALIBRATION_SEED, ExportRequest, run_export
from medmo_export.recipe import Recipe, read_recipe
from medmo_export.self_check import answer_logits
from medmo_models.artifact.checkpoint import read_checkpoint
from medmo_models.distributions import log_softmax
from medmo_models.library import embedded_model_path
from medmo_models.preprocessing import PromptPreparer

_SEED = 7001
_RESAMPLES = 10_000
_PLAIN = GptqOptions()


@dataclass(frozen=True)
class Variant:
    """One way to quantize.

    ``balanced`` gives all image tokens together the weight of all text tokens; ``recipe`` takes that of ``--recipe``.
    """

    options: GptqOptions = field(default_factory=GptqOptions)
    samples: int = 32
    text_only: bool = False
    balanced: bool = False
    recipe: bool = False


#: One option away from the default at a time, then together.
VARIANTS: dict[str, Variant] = {
    "default": Variant(),
    "8 samples": Variant(samples=8),
    "128 samples": Variant(samples=128),
    "text only": Variant(text_only=True),
    "group 64": Variant(replace(_PLAIN, group_size=64)),
    "group 32": Variant(replace(_PLAIN, group_size=32)),
    "activation order": Variant(replace(_PLAIN, activation_order=True)),
    "asymmetric": Variant(replace(_PLAIN, symmetric=False)),
    "damping 0.01": Variant(replace(_PLAIN, damping=0.01)),
    "damping 0.1": Variant(replace(_PLAIN, damping=0.1)),
    "scale search 2.0": Variant(replace(_PLAIN, scale_search=2.0)),
    "scale search 2.4": Variant(replace(_PLAIN, scale_search=2.4)),
    "GPTAQ 0.25": Variant(replace(_PLAIN, gptaq=0.25)),
    "visual weight 0.5": Variant(replace(_PLAIN, visual_weight=0.5)),
    "visual weight 0.25": Variant(replace(_PLAIN, visual_weight=0.25)),
    "visual weight 0.1": Variant(replace(_PLAIN, visual_weight=0.1)),
    "visual weight 4": Variant(replace(_PLAIN, visual_weight=4.0)),
    "visual weight balanced": Variant(balanced=True),
    "scale search 2.4, 128 samples": Variant(replace(_PLAIN, scale_search=2.4), samples=128),
    "scale search 2.4, GPTAQ 0.25, 128 samples": Variant(replace(_PLAIN, scale_search=2.4, gptaq=0.25), samples=128),
    "group 64, asymmetric": Variant(replace(_PLAIN, group_size=64, symmetric=False)),
    "asymmetric, activation order": Variant(replace(_PLAIN, symmetric=False, activation_order=True)),
    "recipe": Variant(recipe=True),
    "recipe, asymmetric": Variant(replace(_PLAIN, symmetric=False), recipe=True),
    "recipe, asymmetric, activation order": Variant(
        replace(_PLAIN, symmetric=False, activation_order=True), recipe=True
    ),
    "recipe, asymmetric, activation order, 128 samples": Variant(
        replace(_PLAIN, symmetric=False, activation_order=True), samples=128, recipe=True
    ),
}


@dataclass(frozen=True)
class Row:
    """One variant: the KLD and its paired difference from the default's, each with the ends of its interval."""

    name: str
    mean_kld: float
    low: float
    high: float
    change: float
    change_low: float
    change_high: float
    top1: float
    visual_weight: float
    bits_per_weight: float
    export_s: float


def measure(
    name: str,
    checkpoint: Path,
    expected: list[NDArray[np.float32]],
    images: int,
    default: NDArray[np.float64] | None,
    recipe: Recipe | None,
) -> tuple[Row, NDArray[np.float64]]:
    """Export one variant and compare it; return its row and the mean KLD of each sample.

    Parameters
    ----------
    name : str
    checkpoint : Path
    expected : list of ndarray
        The checkpoint's own logits, per sample.
    images : int
    default : ndarray of float64, shape (images,) or None
        The default's mean KLD of each sample; None for the default itself.
    recipe : Recipe, optional
        For the variants with one.
    """
    variant = VARIANTS[name]
    calibration: CalibrationSet = phantom_set(variant.samples, CALIBRATION_SEED)
    if variant.text_only:
        calibration = calibration.without_images()
    options = variant.options
    if variant.balanced:
        options = replace(options, visual_weight=_balanced_weight(checkpoint, calibration))
    with tempfile.TemporaryDirectory() as folder:
        request = ExportRequest(
            method="gptq",
            checkpoint=checkpoint,
            destination=Path(folder) / "export",
            gptq=options,
            calibration=calibration,
            recipe=recipe if variant.recipe else None,
        )
        began = time.perf_counter()
        artifact = run_export(request)
        seconds = time.perf_counter() - began
        made = answer_logits(artifact.path, "gptq", phantom_calibration(images, _SEED), "cpu")
    klds, same = [], []
    for p, q in zip(map(log_softmax, expected), map(log_softmax, made), strict=True):
        klds.append(float((np.exp(p) * (p - q)).sum(axis=-1).mean()))
        same.append(float((p.argmax(-1) == q.argmax(-1)).mean()))
    kld = np.asarray(klds)
    change = kld - (kld if default is None else default)
    row = Row(
        name,
        *_mean_and_interval(kld),
        *_mean_and_interval(change),
        float(np.mean(same)),
        options.visual_weight,
        artifact.manifest.bits_per_weight,
        seconds,
    )
    return row, kld


def _mean_and_interval(values: NDArray[np.float64]) -> tuple[float, float, float]:
    draws = np.random.default_rng(0).integers(0, len(values), (_RESAMPLES, len(values)))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return float(values.mean()), float(low), float(high)


def _balanced_weight(checkpoint: Path, calibration: CalibrationSet) -> float:
    """Return the weight of an image token with which all of them together count as much as all text tokens."""
    preparer = PromptPreparer(checkpoint, read_checkpoint(checkpoint).spec.default_max_pixels)
    prompts = [preparer.prepare(sample.turns, add_generation_prompt=False) for sample in calibration.samples]
    visual = sum(prompt.image_tokens for prompt in prompts)
    return (sum(len(prompt.token_types) for prompt in prompts) - visual) / visual


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", nargs="?", type=Path, default=embedded_model_path())
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--only", action="append", choices=list(VARIANTS), help="repeatable")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--recipe", type=Path, help="a report.json of medmo compare --per-layer")
    arguments = parser.parse_args()
    recipe = None if arguments.recipe is None else read_recipe(arguments.recipe)
    expected = answer_logits(arguments.checkpoint, "bf16", phantom_calibration(arguments.images, _SEED), "cpu")
    default: NDArray[np.float64] | None = None
    for name in dict.fromkeys(["default", *(arguments.only or VARIANTS)]):
        if VARIANTS[name].recipe and recipe is None:
            continue
        row, klds = measure(name, arguments.checkpoint, expected, arguments.images, default, recipe)
        default = klds if default is None else default
        if arguments.json:
            print(json.dumps(asdict(row)), flush=True)
        else:
            print(
                f"{row.name:42} KLD {row.mean_kld:.6f} [{row.low:.6f}, {row.high:.6f}] "
                f"change {row.change:+.6f} [{row.change_low:+.6f}, {row.change_high:+.6f}] same {row.top1:.4f} "
                f"bits {row.bits_per_weight:.2f} {row.export_s:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
