"""Calibration sets from a file: JSON Lines of chat messages with image paths (format: docs/quantization.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medmo_export.calibration import CalibrationSample
from medmo_models.errors import InputError
from medmo_models.imaging import load_image
from medmo_models.preprocessing import ChatTurn

_KEYS = {"messages", "modality"}
_ROLES = ("system", "user", "assistant")
_UNSTATED = "not stated"


def is_chat_file(path: Path) -> bool:
    """Whether a JSON Lines file holds chat messages: its first line that is not blank has the key ``messages``."""
    try:
        with path.open(encoding="utf-8") as file:
            first = next((line for line in file if line.strip()), "")
        value = json.loads(first)
    except (OSError, ValueError):
        return False
    return isinstance(value, dict) and "messages" in value


def read_calibration_file(path: Path, count: int) -> list[CalibrationSample]:
    """Read the first ``count`` samples, images included.

    Parameters
    ----------
    path : Path
        Images are named relative to its folder and may not lie outside of it.
    count : int

    Raises
    ------
    InputError
        If the file is missing, empty, unreadable or has fewer samples, or a line is not as the format says: the line is
        named.
    """
    samples = []
    for number, line in enumerate(_lines(path), start=1):
        if line.strip():
            samples.append(_sample(path.parent, line, f"{path}, line {number}"))
        if len(samples) == count:
            return samples
    if not samples:
        raise InputError(f"{path} holds no calibration samples: give one JSON object with messages per line.")
    raise InputError(f"{path} holds {len(samples)} samples, fewer than --samples {count}; ask for fewer.")


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8") as file:
            yield from file
    except OSError as error:
        raise InputError(f"The calibration set {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"The calibration set {path} is not UTF-8; save it in UTF-8.") from error


def _sample(folder: Path, line: str, where: str) -> CalibrationSample:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise InputError(f"{where}: not valid JSON.") from error
    if not isinstance(value, dict) or not isinstance(value.get("messages"), list) or set(value) - _KEYS:
        raise InputError(f'{where}: must be an object with "messages", a list, and perhaps "modality".')
    modality = value.get("modality", _UNSTATED)
    if not isinstance(modality, str):
        raise InputError(f'{where}: "modality" must be a text.')
    turns = tuple(_turn(folder, message, where) for message in value["messages"])
    if not any(turn.role == "assistant" for turn in turns):
        raise InputError(f"{where}: needs at least one message of the assistant, the true answer.")
    return CalibrationSample(turns, modality)


def _turn(folder: Path, message: Any, where: str) -> ChatTurn:
    if not isinstance(message, dict) or message.get("role") not in _ROLES:
        raise InputError(f'{where}: every message needs a "role", one of {", ".join(_ROLES)}.')
    content = message.get("content")
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise InputError(f'{where}: "content" must be a text, or a list of parts with a "type".')
    images, texts = [], []
    for part in parts:
        if part.get("type") == "image" and isinstance(part.get("image"), str):
            images.append(load_image(_inside(folder, part["image"], where)).pixels)
        elif part.get("type") == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        else:
            raise InputError(f'{where}: a part must be {{"type": "text", "text": ...}} or {{"type": "image", ...}}.')
    return ChatTurn(message["role"], "\n".join(texts), tuple(images))


def _inside(folder: Path, name: str, where: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise InputError(f"{where}: the image {name} lies outside of the folder of the calibration set.")
    return path
