"""The folder of an unfinished export: what each layer gave, so that a killed export goes on where it stopped.

``begun.json`` names the files that the first layer needs, ``layer-007.json`` those that layer 7 left, each with its
SHA-256. A record is written last, and every file is written beside its name, forced to the disk and renamed; so what a
record names was whole, and what it does not name does not count.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save

from medmo_models.errors import InputError
from medmo_models.strict_json import JsonFields, read_json_object

_BEGUN = "begun.json"
_DIGESTS, _THREADS = "sha256", "threads"


class Work:
    """The files of an unfinished export.

    Parameters
    ----------
    folder : Path
        Made if missing.
    layers : int
        Decoder layers of the model.
    """

    def __init__(self, folder: Path, layers: int) -> None:
        self.folder, self._layers = folder, layers
        folder.mkdir(parents=True, exist_ok=True)
        self._digests: dict[str, str] = {}

    @property
    def threads(self) -> int | None:
        """Threads that the work began with, None if it has not: sums in another order round differently."""
        begun = self._record(_BEGUN)
        with suppress(InputError):
            return None if begun is None else begun.integer(_THREADS, 1)
        return None

    def finished_layers(self) -> tuple[int, bool]:
        """Return how many layers need not be done again, and whether damaged files cost some.

        Later layers rest on the inputs that earlier ones made, and only the last two layers' inputs are kept; if
        neither is whole, the answer is 0 and everything is removed.
        """
        claimed = sum(self._record(_record_name(index)) is not None for index in range(self._layers))
        done = 0
        while done < self._layers and self._is_whole(_record_name(done), f"{_layer_name(done)}.safetensors"):
            done += 1
        for count in range(done, -1, -1):
            record = _BEGUN if count == 0 else _record_name(count - 1)
            inputs_whole = count == self._layers or self._is_whole(record, _inputs_name(count))
            if inputs_whole and (count == self._layers or self._is_whole(_BEGUN, "constants")):
                return count, count < claimed
        self.remove()
        self.folder.mkdir(parents=True)
        return 0, claimed > 0

    def write(self, name: str, tensors: Mapping[str, torch.Tensor]) -> None:
        """Write one safetensors file, to be named by the next record; ``/`` in its name makes folders."""
        content = save({key: value.contiguous() for key, value in tensors.items()})
        self._digests[name] = hashlib.sha256(content).hexdigest()
        _write_durably(self.folder / name, content)

    def write_inputs(self, layer: int, sample: int, tensors: Mapping[str, torch.Tensor]) -> None:
        """Keep what a sample brings into a layer."""
        self.write(f"{_inputs_name(layer)}/{sample:05d}.safetensors", tensors)

    def write_constants(self, sample: int, tensors: Mapping[str, torch.Tensor]) -> None:
        """Keep what a sample brings into every layer."""
        self.write(f"constants/{sample:05d}.safetensors", tensors)

    def read_inputs(self, layer: int, sample: int) -> dict[str, torch.Tensor]:
        """Return what `write_inputs` kept."""
        return read_tensors(self.folder / _inputs_name(layer) / f"{sample:05d}.safetensors")

    def read_constants(self, sample: int) -> dict[str, torch.Tensor]:
        """Return what `write_constants` kept."""
        return read_tensors(self.folder / "constants" / f"{sample:05d}.safetensors")

    def begin(self, threads: int) -> None:
        """Record that the first layer's inputs are complete."""
        self._write_record(_BEGUN, {_THREADS: threads})

    def finish_layer(self, layer: int, packed: Mapping[str, torch.Tensor]) -> None:
        """Keep a layer's result, record that the next one's inputs are complete, and drop the last but one's."""
        self.write(f"{_layer_name(layer)}.safetensors", packed)
        self._write_record(_record_name(layer), {})
        shutil.rmtree(self.folder / _inputs_name(layer - 1), ignore_errors=True)

    def results(self) -> list[Path]:
        """Return the files of packed tensors, a layer each."""
        return [self.folder / f"{_layer_name(index)}.safetensors" for index in range(self._layers)]

    def remove(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write_record(self, name: str, facts: Mapping[str, object]) -> None:
        content = json.dumps({**facts, _DIGESTS: self._digests}, indent=1)
        _write_durably(self.folder / name, content.encode())
        self._digests = {}

    def _record(self, name: str) -> JsonFields | None:
        try:
            return JsonFields(read_json_object(self.folder / name), str(self.folder / name))
        except (OSError, InputError):
            return None

    def _is_whole(self, record: str, start: str) -> bool:
        """Whether a record names files whose names begin so, and all of them are as they were written."""
        fields = self._record(record)
        with suppress(InputError):
            digests = JsonFields({}, record) if fields is None else fields.fields(_DIGESTS)
            names = [name for name in digests if name == start or name.startswith(f"{start}/")]
            return bool(names) and all(_digest(self.folder / name) == digests.text(name) for name in names)
        return False


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Return copies of all tensors in a file, which may then go."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 - not a mapping


def _layer_name(layer: int) -> str:
    return f"layer-{layer:03d}"


def _record_name(layer: int) -> str:
    return f"{_layer_name(layer)}.json"


def _inputs_name(layer: int) -> str:
    return f"inputs-{layer:03d}"


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _write_durably(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    if os.name == "posix":  # Windows has no handle on a folder to sync
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
