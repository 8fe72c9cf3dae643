"""Puts an export's weights together: packed layers from GPTQModel, every other byte from the source."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from medmo_models.artifact.weights import TEXT_LINEAR, TensorHeader, packed_bits, read_tensor_headers
from medmo_models.errors import InputError

#: The tensors of one packed layer in GPTQ's layout.
PACKED_PARTS = ("qweight", "qzeros", "scales", "g_idx")
#: Bytes of one file at most; some GPU kernels load single files only, so files are large.
MAX_SHARD_BYTES = 5_000_000_000


@dataclass(frozen=True)
class _StoredTensor:
    name: str
    file: Path
    size: int


def text_linear_layers(headers: Mapping[str, TensorHeader]) -> dict[str, tuple[int, int]]:
    """Return ``(out_features, in_features)`` of each linear layer of the text model, by module name."""
    layers = {}
    for name, header in headers.items():
        if TEXT_LINEAR.search(name) and name.endswith(".weight"):
            outputs, inputs = header.shape
            layers[name.removesuffix(".weight")] = (outputs, inputs)
    return layers


def write_weights(
    source: Sequence[Path], packed: Sequence[Path], destination: Path, max_shard_bytes: int = MAX_SHARD_BYTES
) -> None:
    """Write the weights of a GPTQ export, one shard in memory at a time.

    Parameters
    ----------
    source : sequence of Path
        The source's files. All their tensors but the weights of packed layers are copied byte for byte.
    packed : sequence of Path
        The files that GPTQModel saved; only packed layers are read from them.
    destination : Path
    max_shard_bytes : int

    Raises
    ------
    InputError
        If GPTQModel left a linear layer of the text model as it was, or a zero point cannot be stored.
    """
    layers = text_linear_layers(read_tensor_headers(source))
    made = [tensor for tensor in _tensors(packed) if tensor.name.rpartition(".")[2] in PACKED_PARTS]
    present = {tensor.name for tensor in made}
    for layer in layers:
        if not all(f"{layer}.{part}" in present for part in PACKED_PARTS):
            raise InputError(f"GPTQModel did not quantize {layer}; the checkpoint has layers that it does not know.")
    _check_zero_points(made)
    kept = [tensor for tensor in _tensors(source) if tensor.name.removesuffix(".weight") not in layers]
    _write_shards(sorted(kept + made, key=lambda tensor: tensor.name), destination, max_shard_bytes)


def _check_zero_points(packed: list[_StoredTensor]) -> None:
    """Refuse zero points of 0: version 1 stores zero points less one, and -1 borrows from the next one in its word."""
    headers = read_tensor_headers({tensor.file for tensor in packed})
    for tensor in packed:
        if tensor.name.endswith(".qzeros"):
            words, bits = _load(tensor), packed_bits(tensor.name.removesuffix(".qzeros"), headers) or 4
            largest = 2**bits - 1
            if any(bool(((words >> shift) & largest == largest).any()) for shift in range(0, 32, bits)):
                raise InputError(
                    f"{tensor.name} holds a zero point of 0, which GPTQ's format cannot store; quantize symmetrically."
                )


def _load(tensor: _StoredTensor) -> torch.Tensor:
    with safe_open(tensor.file, framework="pt") as file:
        value: torch.Tensor = file.get_tensor(tensor.name)
    return value


def _tensors(files: Iterable[Path]) -> Iterator[_StoredTensor]:
    for file in files:
        for name, header in read_tensor_headers([file]).items():
            yield _StoredTensor(name, file, header.bits // 8)


def _write_shards(tensors: list[_StoredTensor], destination: Path, max_shard_bytes: int) -> None:
    shards: list[list[_StoredTensor]] = [[]]
    for tensor in tensors:
        if shards[-1] and sum(other.size for other in shards[-1]) + tensor.size > max_shard_bytes:
            shards.append([])
        shards[-1].append(tensor)
    if len(shards) == 1:
        _write_shard(shards[0], destination / "model.safetensors")
        return
    weight_map: dict[str, str] = {}
    for number, shard in enumerate(shards, start=1):
        name = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        _write_shard(shard, destination / name)
        weight_map |= {tensor.name: name for tensor in shard}
    total = sum(tensor.size for tensor in tensors)
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (destination / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def _write_shard(tensors: list[_StoredTensor], path: Path) -> None:
    save_file({tensor.name: _load(tensor) for tensor in tensors}, path, metadata={"format": "pt"})
