"""A plain Hugging Face checkpoint: recognised by its configuration and its headers, described as a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from medmo_models.artifact.hashing import Meter, sha256_file
from medmo_models.artifact.manifest import MANIFEST_NAME, FileEntry, Manifest, Method, Source, files_digest
from medmo_models.artifact.staging import refuse_unfinished
from medmo_models.artifact.weights import TEXT_LINEAR, TensorHeader, bits_per_weight, packing, read_tensor_headers
from medmo_models.errors import InputError
from medmo_models.specs import ModelSpec, spec_for_config
from medmo_models.strict_json import JsonFields, read_json_object

CONFIG_NAME = "config.json"
_INDEX_NAME = "model.safetensors.index.json"
_SINGLE_NAME = "model.safetensors"
#: What is read beside the weights: configurations, tokenizer, chat template; and what must travel with them.
_SIDE_SUFFIXES = {".json", ".jinja", ".txt", ".md"}
_SIDE_NAMES = {"LICENSE", "NOTICE"}
#: By ``bnb_4bit_quant_type``.
_BNB_METHODS: dict[str, Method] = {"nf4": "bnb-nf4", "fp4": "bnb-fp4"}
_FULL_PRECISION: dict[str, tuple[Method, int]] = {"BF16": ("bf16", 16), "F16": ("fp16", 16), "F32": ("fp32", 32)}


@dataclass(frozen=True)
class Quantization:
    """How a checkpoint's weights are stored; the fields are those of `ManifestFacts`."""

    method: Method
    bits: int
    group_size: int | None = None
    symmetric: bool | None = None
    activation_order: bool | None = None


@dataclass(frozen=True)
class Checkpoint:
    """A plain checkpoint whose configuration and headers have been read, and nothing hashed."""

    path: Path
    spec: ModelSpec
    quantization: Quantization
    bits_per_weight: float
    """Over the linear layers of the text model."""
    files: tuple[str, ...]
    """The files that make the model, by name; others in the folder are never read."""

    @property
    def size_bytes(self) -> int:
        """Bytes of all files together."""
        return sum((self.path / name).stat().st_size for name in self.files)


def read_checkpoint(path: Path) -> Checkpoint:
    """Recognise a Qwen3-VL checkpoint: ``config.json`` beside safetensors weights, quantized or not.

    Raises
    ------
    InputError
        If the folder holds no such checkpoint, an unfinished export or a quantization that medmo does not run.
    """
    if not path.is_dir():
        raise InputError(f"{path} is not a folder; give the folder of an artifact or a checkpoint.")
    refuse_unfinished(path)
    if not (path / CONFIG_NAME).is_file():
        raise InputError(f"{path} is no model: it has neither {MANIFEST_NAME} nor {CONFIG_NAME}.")
    config = read_json_object(path / CONFIG_NAME)
    spec = spec_for_config(config, str(path / CONFIG_NAME))
    weights = weight_files(path)
    headers = read_tensor_headers(path / name for name in weights)
    quantization = read_quantization(config, headers, str(path / CONFIG_NAME))
    bits = quantization.bits if quantization.method == "gptq" else None
    side_files = [
        entry.name
        for entry in path.iterdir()
        if (entry.suffix in _SIDE_SUFFIXES or entry.name in _SIDE_NAMES)
        and not entry.name.startswith(".")
        and entry.is_file()
    ]
    files = tuple(sorted({*weights, *side_files}))
    return Checkpoint(path, spec, quantization, bits_per_weight(headers, bits).text_layers, files)


def describe_checkpoint(checkpoint: Checkpoint, meter: Meter | None = None) -> Manifest:
    """Hash a checkpoint's files and return the manifest that an import gives it.

    The checkpoint is its own source: ``source.sha256`` is the digest of its own files.
    """
    files = {}
    for name in checkpoint.files:
        path = checkpoint.path / name
        files[name] = FileEntry(path.stat().st_size, sha256_file(path, meter))
    quantization = checkpoint.quantization
    return Manifest(
        spec_id=checkpoint.spec.id,
        coordinate_space=checkpoint.spec.coordinate_space,
        method=quantization.method,
        bits=quantization.bits,
        group_size=quantization.group_size,
        symmetric=quantization.symmetric,
        activation_order=quantization.activation_order,
        high_precision={},
        bits_per_weight=checkpoint.bits_per_weight,
        source=Source(checkpoint.path.resolve().name, files_digest(files)),
        tools={},
        files=files,
        created=datetime.now(UTC).date().isoformat(),
    )


def read_quantization(
    config: Mapping[str, object], headers: Mapping[str, TensorHeader], where: str = CONFIG_NAME
) -> Quantization:
    """Return how the weights are stored, by ``quantization_config`` and by the tensors themselves.

    Parameters
    ----------
    config : mapping
        The parsed ``config.json``.
    headers : mapping
        All tensors, from `read_tensor_headers`.
    where : str
        The configuration's file name for error texts.

    Raises
    ------
    InputError
        If the two disagree, or the method is neither GPTQ nor one of bitsandbytes' 4-bit ones.
    """
    settings = config.get("quantization_config")
    fields = JsonFields(settings if settings is not None else {}, where, "quantization_config.")
    declared = fields.text("quant_method") if settings is not None else None
    if declared not in (None, "gptq", "bitsandbytes"):
        raise InputError(f'{where}: "{declared}" quantization is not supported; use the full-precision checkpoint.')
    if declared == "bitsandbytes" and (
        not fields.boolean("load_in_4bit") or fields.text("bnb_4bit_quant_type") not in _BNB_METHODS
    ):
        raise InputError(
            f"{where}: of bitsandbytes only 4-bit nf4 and fp4 are supported; use the full-precision checkpoint."
        )
    if packing(headers) != declared:
        raise InputError(
            f"{where}: the quantization settings do not fit the stored weights; copy the checkpoint again."
        )
    if declared == "gptq":
        return Quantization(
            "gptq",
            fields.integer("bits", 2),
            fields.integer("group_size", -1),
            fields.boolean("sym"),
            fields.boolean("desc_act"),
        )
    if declared == "bitsandbytes":
        return Quantization(_BNB_METHODS[fields.text("bnb_4bit_quant_type")], 4, _block_size(headers))
    return _full_precision(headers, where)


def _full_precision(headers: Mapping[str, TensorHeader], where: str) -> Quantization:
    """Return the method for the data type that most of the text layers are stored in."""
    bits_by_type: dict[str, int] = {}
    for name, header in headers.items():
        if TEXT_LINEAR.search(name):
            bits_by_type[header.dtype] = bits_by_type.get(header.dtype, 0) + header.bits
    if not bits_by_type:
        raise InputError(f"{where}: the weights beside it hold no text layers of a Qwen3-VL model.")
    most_common = max(bits_by_type, key=lambda name: bits_by_type[name])
    if most_common not in _FULL_PRECISION:
        raise InputError(f"{where}: weights of type {most_common} are not supported; use a bfloat16 checkpoint.")
    return Quantization(*_FULL_PRECISION[most_common])


def _block_size(headers: Mapping[str, TensorHeader]) -> int:
    """Return how many weights share one scale: two 4-bit weights per byte, one ``absmax`` per block."""
    name = next(name for name in headers if TEXT_LINEAR.search(name) and name.endswith(".weight.absmax"))
    return headers[name.removesuffix(".absmax")].bits // 4 // headers[name].elements


def weight_files(path: Path) -> list[str]:
    """Return the names of the safetensors files that make the model, from the index if there is one.

    Raises
    ------
    InputError
        If there are none, or the index names what is no safetensors file beside it.
    """
    if not (path / _INDEX_NAME).is_file():
        if (path / _SINGLE_NAME).is_file():
            return [_SINGLE_NAME]
        raise InputError(
            f"{path} holds neither {_SINGLE_NAME} nor {_INDEX_NAME}; "
            "medmo reads weights from safetensors files only, never from pickle files."
        )
    where = str(path / _INDEX_NAME)
    weight_map = JsonFields(read_json_object(path / _INDEX_NAME), where).fields("weight_map")
    names = {weight_map.text(key) for key in weight_map}
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise InputError(f"{where}: {name!r:.80} is not the name of a safetensors file beside it.")
    return sorted(names)
