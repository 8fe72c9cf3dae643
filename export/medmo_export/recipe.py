"""Which layers keep 8 bits: read from a sensitivity scan, checked against a model, written for other readers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from medmo_export.gptq.options import PROTECTED_BITS
from medmo_models.artifact.weights import stored_bits
from medmo_models.errors import InputError
from medmo_models.strict_json import JsonFields, read_json_object

#: Layers that vLLM joins into one product, whose weights then have one width.
_FUSED = {"qkv": ("q_proj", "k_proj", "v_proj"), "gate_up": ("gate_proj", "up_proj")}
#: Base width of an export.
_BITS = 4
#: What a manifest says of a protected layer.
PROTECTED_REASON = "8 bits: protected by the recipe"


@dataclass(frozen=True)
class Recipe:
    """Layers with 8 bits instead of 4.

    Attributes
    ----------
    path : Path
        Where it was read, for error texts.
    weights : mapping of str to int
        Weights of every linear layer of the model that was scanned, by module name.
    protected : frozenset of str
        The layers that get 8 bits.
    budget_bits : float
        Stored bits per weight that an export may have on average, over the linear layers of the text model.
    """

    path: Path
    weights: Mapping[str, int]
    protected: frozenset[str]
    budget_bits: float


def read_recipe(path: Path) -> Recipe:
    """Read what the ``sensitivity`` of a comparison's ``report.json`` proposes.

    Raises
    ------
    InputError
        If the file is no such report, was made without ``--per-layer``, or protects a part of a fused product only.
    """
    fields = JsonFields(read_json_object(path), str(path))
    if "sensitivity" not in fields or fields.value("sensitivity") is None:
        raise InputError(f"{path} holds no sensitivity of layers; run medmo compare with --per-layer.")
    scan = fields.fields("sensitivity")
    if "budget_bits" not in scan:
        raise InputError(f"{path} is of an older medmo; run medmo compare with --per-layer again.")
    layers = scan.value("layers")
    if not isinstance(layers, list):
        raise InputError(f'{path}: "sensitivity.layers" must be a list.')
    entries = [JsonFields(entry, str(path), f"sensitivity.layers.{place}.") for place, entry in enumerate(layers)]
    weights = {entry.text("layer"): entry.integer("weights", 1) for entry in entries}
    protected = {entry.text("layer") for entry in entries if entry.number("proposed_bits") >= PROTECTED_BITS}
    for layer in sorted(protected):
        if missing := sorted(set(fused_with(layer)) - protected):
            raise InputError(
                f"{path} protects {layer} without {missing[0]}; vLLM computes them in one product, "
                "so they need the same bits. Protect all of them or none."
            )
    return Recipe(path, weights, frozenset(protected), scan.number("budget_bits"))


def fused_with(layer: str) -> tuple[str, ...]:
    """Return the layers that vLLM computes in one product with ``layer``, itself included."""
    prefix, _, part = layer.rpartition(".")
    parts = next((parts for parts in _FUSED.values() if part in parts), (part,))
    return tuple(f"{prefix}.{name}" for name in parts)


def check_recipe(recipe: Recipe, layers: Mapping[str, tuple[int, int]], group_size: int) -> None:
    """Refuse a recipe of another model, or one that takes more bits than its budget.

    Parameters
    ----------
    recipe : Recipe
    layers : mapping of str to (int, int)
        ``(out_features, in_features)`` of each linear layer of the text model, by module name.
    group_size : int
        Inputs that share a scale in the export.

    Raises
    ------
    InputError
        The text says which.
    """
    for name in sorted(recipe.weights.keys() - layers.keys()):
        raise InputError(f"{recipe.path} names {name}, which is not a layer of this model.")
    for name, (outputs, inputs) in layers.items():
        if recipe.weights.get(name) != outputs * inputs:
            raise InputError(f"{recipe.path} is of another model: it does not have {name} of {outputs} x {inputs}.")
    average = average_bits(layers, recipe.protected, group_size)
    if average > recipe.budget_bits:
        raise InputError(
            f"{recipe.path} protects layers up to {average:.2f} bits per weight in groups of {group_size}, above its "
            f"budget of {recipe.budget_bits:g}; scan again with another --per-layer-bits or use larger groups."
        )


def average_bits(layers: Mapping[str, tuple[int, int]], protected: Iterable[str], group_size: int) -> float:
    """Return the bits per weight that an export with these protected layers stores, in the larger of its two layouts.

    Parameters
    ----------
    layers : mapping of str to (int, int)
        ``(out_features, in_features)`` by module name.
    protected : iterable of str
    group_size : int
    """
    fine = set(protected)
    totals = [0.0, 0.0]
    for name, (outputs, inputs) in layers.items():
        bits = PROTECTED_BITS if name in fine else _BITS
        for layout, each in enumerate(stored_bits(bits, group_size, outputs)):
            totals[layout] += outputs * inputs * each
    return max(totals) / sum(outputs * inputs for outputs, inputs in layers.values())


def dynamic_settings(protected: Iterable[str]) -> dict[str, dict[str, int]]:
    """Return GPTQModel's ``dynamic`` setting: regular expressions for module names, and what differs there.

    Notes
    -----
    GPTQModel 7.7 matches a name of the checkpoint from its start and takes the first rule that fits, ``+:`` for other
    settings. vLLM does the same with names of its own, ``language_model.model.layers.0.self_attn.qkv_proj``: with
    another beginning, and of the fused product (its ``gptq_utils.get_dynamic_override``). So each rule begins with
    anything and fits both the parts and their product.
    """
    rules = {}
    for layer in sorted(protected):
        prefix, _, part = layer.rpartition(".")
        place = prefix[prefix.index("layers.") :]
        fused = next((f"{name}_proj" for name, parts in _FUSED.items() if part in parts), None)
        names = part if fused is None else "|".join((*_FUSED[fused.removesuffix("_proj")], fused))
        rules[rf"+:.*\.{re.escape(place)}\.(?:{names})$"] = {"bits": PROTECTED_BITS}
    return rules
