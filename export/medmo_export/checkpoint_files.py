"""The files beside an export's weights: its configuration, tokenizer, chat template and processor settings.

They come from the source checkpoint, not from the library that quantized: the libraries rewrite them, lose
some, and add machine paths. Both the forms of transformers 5 and those that 4.57 reads are written.
"""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

from medmo_models.errors import InputError
from medmo_models.strict_json import read_json_object

CONFIG_NAME = "config.json"
#: Where AutoGPTQ, GPTQModel and optimum look for the quantization settings beside, or in place of, ``config.json``.
QUANTIZE_CONFIG_NAME = "quantize_config.json"
_COPIED = (
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "generation_config.json",
    "LICENSE",
    "merges.txt",
    "NOTICE",
    "preprocessor_config.json",
    "processor_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "video_preprocessor_config.json",
    "vocab.json",
)
_TOKENIZER_CONFIG = "tokenizer_config.json"
#: Sections of transformers 5's processor_config.json, and the files that 4.57 reads instead.
_PROCESSOR_SECTIONS = {
    "image_processor": "preprocessor_config.json",
    "video_processor": "video_preprocessor_config.json",
}


def copy_companions(checkpoint: Path, destination: Path) -> None:
    """Copy tokenizer, chat template, generation and processor settings in forms that transformers 4.57 and 5 read.

    Parameters
    ----------
    checkpoint, destination : Path
        Directories. A file of the same name in ``destination`` is replaced.

    Notes
    -----
    A checkpoint saved by transformers 5 has its image processor's settings in ``processor_config.json``
    only; ``preprocessor_config.json`` is then written beside it. Its tokenizer settings list the special tokens where
    4.57 expects names for them and fails; they go where both look. Everything else is copied as it is.
    """
    for name in _COPIED:
        if (checkpoint / name).is_file():
            shutil.copyfile(checkpoint / name, destination / name)
    if (checkpoint / _TOKENIZER_CONFIG).is_file():
        _write_portable_tokenizer_config(checkpoint / _TOKENIZER_CONFIG, destination / _TOKENIZER_CONFIG)
    if not (checkpoint / "processor_config.json").is_file():
        return
    processor = read_json_object(checkpoint / "processor_config.json")
    for section, name in _PROCESSOR_SECTIONS.items():
        if isinstance(processor.get(section), dict) and not (checkpoint / name).is_file():
            _write_json(destination / name, processor[section])


def _write_portable_tokenizer_config(source: Path, destination: Path) -> None:
    settings = read_json_object(source)
    if not isinstance(settings.get("extra_special_tokens"), list):
        return
    settings["additional_special_tokens"] = settings.pop("extra_special_tokens")
    _write_json(destination, settings)


def write_config(checkpoint: Path, destination: Path, quantization: dict[str, Any] | None = None) -> None:
    """Write the source's configuration with the quantization settings.

    Parameters
    ----------
    checkpoint, destination : Path
        Directories.
    quantization : dict, optional
        The ``quantization_config``; left out, it is the one of the ``config.json`` that a library has
        written to ``destination`` before.
    """
    if quantization is None:
        quantization = read_json_object(destination / CONFIG_NAME)["quantization_config"]
    config = portable_config(read_json_object(checkpoint / CONFIG_NAME))
    _write_json(destination / CONFIG_NAME, {**config, "quantization_config": quantization})


def write_quantize_config(destination: Path, quantization: dict[str, Any]) -> None:
    """Write GPTQ's settings a second time, in the file of their own that GPTQ's older readers want."""
    _write_json(destination / QUANTIZE_CONFIG_NAME, quantization)


def write_plain_config(checkpoint: Path, destination: Path) -> None:
    """Write the source's configuration without quantization settings: an ONNX artifact's weights are in its graphs."""
    config = portable_config(read_json_object(checkpoint / CONFIG_NAME))
    config.pop("quantization_config", None)
    _write_json(destination / CONFIG_NAME, config)


def portable_config(config: dict[str, Any]) -> dict[str, Any]:
    """Return a Qwen3-VL configuration that transformers 5 and 4.57 both read.

    Parameters
    ----------
    config : dict
        As either version wrote it. The rotary embedding's settings are ``rope_parameters`` in the text
        configuration for transformers 5, ``rope_theta`` and ``rope_scaling`` for 4.57.

    Returns
    -------
    dict
        A copy with both, and without the path that the checkpoint was once loaded from.

    Raises
    ------
    InputError
        If the rotary embedding's base is missing.
    """
    result = copy.deepcopy(config)
    result.pop("rope_parameters", None)  # belongs to the text configuration; gptqmodel leaves a wrong one here
    text = result["text_config"]
    for part in (result, text, result["vision_config"]):
        part.pop("_name_or_path", None)
    old = {"rope_theta": text["rope_theta"]} if "rope_theta" in text else {}
    rope = {"rope_type": "default", **old, **(text.get("rope_scaling") or {}), **(text.get("rope_parameters") or {})}
    rope.pop("type", None)  # the name of rope_type before transformers 4.43
    if "rope_theta" not in rope:
        raise InputError('The checkpoint\'s config.json has no "rope_theta" in its text_config; copy it again.')
    text["rope_parameters"] = rope
    text["rope_theta"] = rope["rope_theta"]
    text["rope_scaling"] = {key: value for key, value in rope.items() if key != "rope_theta"}
    return result


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
