"""What each option of GPTQ gives: exports of one checkpoint, each compared with it on held-out phantoms.

``python benchmarks/gptq_options.py CHECKPOINT --images 60`` prints, per variant, the mean KLD with a 95 % bootstrap
interval over samples, the share of equal most probable tokens, bits per weight and the export's seconds. Calibration,
self-check and these phantoms have different seeds. Answers are the true ones, so that every variant is judged on the
same tokens.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medmo_export.calibration import CalibrationSet, phantom_calibration, phantom_set
from medmo_export.gptq.options import GptqOptions
from medmo_export.pipeline import CALIBRATION_SEED, ExportRequest, run_export
from medmo_export.self_check import answer_logits
from medmo_models.distributions import log_softmax
from medmo_models.library import embedded_model_path

_SEED = 7001
_PLAIN = GptqOptions()
#: One option away from the default at a time, then together.
VARIANTS: dict[str, tuple[GptqOptions, int, bool]] = {
    "default": (_PLAIN, 32, False),
    "8 samples": (_PLAIN, 8, False),
    "128 samples": (_PLAIN, 128, False),
    "text only": (_PLAIN, 32, True),
    "group 64": (replace(_PLAIN, group_size=64), 32, False),
    "group 32": (replace(_PLAIN, group_size=32), 32, False),
    "activation order": (replace(_PLAIN, activation_order=True), 32, False),
    "asymmetric": (replace(_PLAIN, symmetric=False), 32, False),
    "damping 0.01": (replace(_PLAIN, damping=0.01), 32, False),
    "damping 0.1": (replace(_PLAIN, damping=0.1), 32, False),
    "scale search 2.0": (replace(_PLAIN, scale_search=2.0), 32, False),
    "scale search 2.4": (replace(_PLAIN, scale_search=2.4), 32, False),
    "GPTAQ 0.25": (replace(_PLAIN, gptaq=0.25), 32, False),
    "scale search 2.4, 128 samples": (replace(_PLAIN, scale_search=2.4), 128, False),
    "scale search 2.4, GPTAQ 0.25, 128 samples": (replace(_PLAIN, scale_search=2.4, gptaq=0.25), 128, False),
}


@dataclass(frozen=True)
class Row:
    """One variant."""

    name: str
    mean_kld: float
    low: float
    high: float
    top1: float
    bits_per_weight: float
    export_s: float


def measure(name: str, checkpoint: Path, expected: list[NDArray[np.float32]], images: int) -> Row:
    """Export one variant and compare it."""
    options, count, text_only = VARIANTS[name]
    calibration: CalibrationSet = phantom_set(count, CALIBRATION_SEED)
    if text_only:
        calibration = calibration.without_images()
    with tempfile.TemporaryDirectory() as folder:
        request = ExportRequest(
            method="gptq",
            checkpoint=checkpoint,
            destination=Path(folder) / "export",
            gptq=options,
            calibration=calibration,
        )
        began = time.perf_counter()
        artifact = run_export(request)
        seconds = time.perf_counter() - began
        made = answer_logits(artifact.path, "gptq", phantom_calibration(images, _SEED), "cpu")
        klds, same = [], []
        for p, q in zip(map(log_softmax, expected), map(log_softmax, made), strict=True):
            klds.append(float((np.exp(p) * (p - q)).sum(axis=-1).mean()))
            same.append(float((p.argmax(-1) == q.argmax(-1)).mean()))
        draws = np.random.default_rng(0).integers(0, len(klds), (10_000, len(klds)))
        low, high = np.percentile(np.asarray(klds)[draws].mean(axis=1), [2.5, 97.5])
        return Row(
            name,
            float(np.mean(klds)),
            float(low),
            float(high),
            float(np.mean(same)),
            artifact.manifest.bits_per_weight,
            seconds,
        )


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", nargs="?", type=Path, default=embedded_model_path())
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--only", action="append", choices=list(VARIANTS), help="repeatable")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    expected = answer_logits(arguments.checkpoint, "bf16", phantom_calibration(arguments.images, _SEED), "cpu")
    for name in arguments.only or VARIANTS:
        row = measure(name, arguments.checkpoint, expected, arguments.images)
        if arguments.json:
            print(json.dumps(asdict(row)), flush=True)
        else:
            print(
                f"{row.name:42} KLD {row.mean_kld:.6f} [{row.low:.6f}, {row.high:.6f}] same {row.top1:.4f} "
                f"bits {row.bits_per_weight:.2f} {row.export_s:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
