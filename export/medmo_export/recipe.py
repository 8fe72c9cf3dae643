"""Reads which layers a sensitivity scan proposes to protect."""

from __future__ import annotations

from pathlib import Path

from medmo_models.errors import InputError
from medmo_models.strict_json import JsonFields, read_json_object

_PROTECTED_FROM_BITS = 8.0


def read_recipe(path: Path) -> frozenset[str]:
    """Return the layers that the ``sensitivity`` of a comparison's ``report.json`` gives 8 bits.

    Raises
    ------
    InputError
        If the file is no such report, or was made without ``--per-layer``.
    """
    fields = JsonFields(read_json_object(path), str(path))
    if "sensitivity" not in fields or fields.value("sensitivity") is None:
        raise InputError(f"{path} holds no sensitivity of layers; run medmo compare with --per-layer.")
    layers = fields.fields("sensitivity").value("layers")
    if not isinstance(layers, list):
        raise InputError(f'{path}: "sensitivity.layers" must be a list.')
    entries = [JsonFields(entry, str(path), f"sensitivity.layers.{place}.") for place, entry in enumerate(layers)]
    return frozenset(entry.text("layer") for entry in entries if entry.number("proposed_bits") >= _PROTECTED_FROM_BITS)
