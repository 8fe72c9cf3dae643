"""The report as JSON: every figure at full precision, under the names of `medmo_evaluation.compare.summary`."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

from medmo_evaluation.compare.sensitivity import SensitivityScan
from medmo_evaluation.compare.summary import Comparison


def json_report(comparison: Comparison, sensitivity: SensitivityScan | None) -> str:
    """Return the text of ``report.json``; an infinite figure is the text ``"infinite"``, as JSON has no such number."""
    whole = {
        **dataclasses.asdict(comparison),
        "sensitivity": None if sensitivity is None else sensitivity.to_json(),
    }
    return json.dumps(_plain(whole), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, Path):
        return value.name
    if isinstance(value, float) and not math.isfinite(value):
        return "infinite" if value > 0 else "not a number" if math.isnan(value) else "-infinite"
    return value
