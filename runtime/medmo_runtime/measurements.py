"""What was measured on this machine, remembered between runs: is a backend right, and how fast is it."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from medmo_models import __version__
from medmo_models.directories import user_cache_directory
from medmo_runtime.hardware import Machine

#: Packages that decide how fast a backend is, where these are not all.
_LIBRARIES = {
    "onnx": ("onnxruntime",),
    "openvino": ("openvino",),
    "onnx-openvino": ("onnxruntime", "openvino"),
}


@dataclass(frozen=True)
class Measurement:
    """One candidate's self-test.

    Attributes
    ----------
    correct : bool or None
        Whether its probabilities agree with the reference's; None if there was nothing to compare with.
    reason : str
        The figure behind ``correct``, in words.
    load_s : float
        Seconds.
    prefill_tokens_per_s, decode_tokens_per_s : float or None
    peak_memory_bytes : int
    """

    correct: bool | None
    reason: str
    load_s: float
    prefill_tokens_per_s: float | None
    decode_tokens_per_s: float | None
    peak_memory_bytes: int


def measurement_key(machine: Machine, artifact_id: str, backend: str, device: str, dtype: str) -> str:
    """Return a name for what decides a measurement: processor, GPUs, drivers, versions, artifact and candidate.

    Free memory is left out: it changes from minute to minute.
    """
    packages = machine.libraries.packages
    if backend in _LIBRARIES:
        packages = {name: found for name, found in packages.items() if name in _LIBRARIES[backend]}
    facts = {
        "system": [machine.system, machine.architecture],
        "processor": [machine.processor.name, machine.processor.cores, list(machine.processor.instruction_sets)],
        "accelerators": [[one.name, one.driver, one.total_bytes] for one in machine.accelerators],
        "packages": dict(packages),
        "plugins": sorted(one.package for one in machine.libraries.onnx_plugins.values()) if backend == "onnx" else [],
        "version": __version__,
        "candidate": [artifact_id, backend, device, dtype],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


class MeasurementStore:
    """Measurements on disk, one small JSON file each.

    Parameters
    ----------
    folder : Path, optional
        ``measurements`` in the user's cache folder if not given.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or user_cache_directory() / "measurements"

    def read(self, key: str) -> Measurement | None:
        """Return what was measured, None if nothing was or the file is damaged."""
        try:
            return Measurement(**json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, key: str, measurement: Measurement) -> None:
        """Remember a measurement; an unwritable folder is no error, it is then measured again."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.folder, suffix=".part")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(asdict(measurement), file)
            Path(name).replace(self.folder / f"{key}.json")
        except OSError:
            return
