"""Model specs: what MedMO Edge knows about a model before it reads a weight.

A checkpoint is recognised by the shape in its ``config.json``, never by its folder's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from medmo_models.coordinates import CoordinateSpace
from medmo_models.errors import InputError
from medmo_models.strict_json import JsonFields


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The sizes of a Qwen3-VL model that decide its memory and its cost.

    The names of ``config.json`` (transformers ``Qwen3VLConfig``) are given where they differ.
    """

    hidden_size: int
    layers: int
    """Text layers (``num_hidden_layers``)."""
    heads: int
    """Query heads of a text layer (``num_attention_heads``)."""
    key_value_heads: int
    head_dim: int
    intermediate_size: int
    vocabulary_size: int
    tied_head: bool
    """Whether the output head is the embedding (``tie_word_embeddings``)."""
    vision_hidden_size: int
    vision_layers: int
    """Vision blocks (``depth``)."""
    vision_heads: int
    vision_intermediate_size: int
    vision_position_embeddings: int
    """Rows of the learned position table, a square grid (``num_position_embeddings``)."""
    deepstack_levels: tuple[int, ...]
    """Vision blocks whose features enter the first text layers (``deepstack_visual_indexes``)."""
    patch_size: int = 16
    """Side of a vision patch, in pixels of the resized image."""
    temporal_patch_size: int = 2
    spatial_merge_size: int = 2
    """Patches per side that become one image token."""


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """One model: its sizes and the conventions that its weights do not state."""

    id: str
    title: str
    coordinate_space: CoordinateSpace
    """The space of the boxes that the model writes."""
    default_max_pixels: int
    """Largest image, in pixels, unless the user chooses: width times height after the resize."""
    source: str
    """Where the sizes and conventions come from."""
    architecture: Architecture


_VISION_300M = {
    "vision_hidden_size": 1024,
    "vision_layers": 24,
    "vision_heads": 16,
    "vision_intermediate_size": 4096,
    "vision_position_embeddings": 2304,
}
_VISION_SO400M = {
    "vision_hidden_size": 1152,
    "vision_layers": 27,
    "vision_heads": 16,
    "vision_intermediate_size": 4304,
    "vision_position_embeddings": 2304,
}
_MEDMO_MAX_PIXELS = 1280 * 1280

MEDMO_4B = ModelSpec(
    id="medmo-4b",
    title="MedMO-4B",
    coordinate_space="relative-1000",
    default_max_pixels=_MEDMO_MAX_PIXELS,
    source="config.json of Qwen/Qwen3-VL-4B-Instruct, which MedMO-4B fine-tunes",
    architecture=Architecture(
        hidden_size=2560,
        layers=36,
        heads=32,
        key_value_heads=8,
        head_dim=128,
        intermediate_size=9728,
        vocabulary_size=151936,
        tied_head=True,
        deepstack_levels=(5, 11, 17),
        **_VISION_300M,
    ),
)
MEDMO_8B = ModelSpec(
    id="medmo-8b",
    title="MedMO-8B",
    coordinate_space="relative-1000",
    default_max_pixels=_MEDMO_MAX_PIXELS,
    source="config.json of Qwen/Qwen3-VL-8B-Instruct, which MedMO-8B fine-tunes",
    architecture=Architecture(
        hidden_size=4096,
        layers=36,
        heads=32,
        key_value_heads=8,
        head_dim=128,
        intermediate_size=12288,
        vocabulary_size=151936,
        tied_head=False,
        deepstack_levels=(8, 16, 24),
        **_VISION_SO400M,
    ),
)
MEDMO_TINY = ModelSpec(
    id="medmo-tiny",
    title="medmo-tiny, the embedded test model",
    coordinate_space="relative-1000",
    default_max_pixels=224 * 224,
    source="models/tiny_training: trained on generated phantoms, not a medical device",
    architecture=Architecture(
        hidden_size=256,
        layers=4,
        heads=4,
        key_value_heads=2,
        head_dim=64,
        intermediate_size=512,
        vocabulary_size=512,
        tied_head=True,
        vision_hidden_size=192,
        vision_layers=4,
        vision_heads=3,
        vision_intermediate_size=512,
        vision_position_embeddings=256,
        deepstack_levels=(1, 2),
    ),
)

#: The models that MedMO Edge knows by name.
SPECS: tuple[ModelSpec, ...] = (MEDMO_4B, MEDMO_8B, MEDMO_TINY)


def read_architecture(config: Mapping[str, object], where: str = "config.json") -> Architecture:
    """Read the sizes from a checkpoint's configuration.

    Parameters
    ----------
    config : mapping
        The parsed ``config.json``.
    where : str
        The file's name for error texts.

    Raises
    ------
    InputError
        If it is not a Qwen3-VL configuration, or a size is missing or not a whole number.
    """
    top = JsonFields(dict(config), where)
    model_type = top.text("model_type")
    if model_type != "qwen3_vl":
        raise InputError(f'{where}: the model is a "{model_type}"; MedMO Edge runs dense Qwen3-VL models ("qwen3_vl").')
    text, vision = top.fields("text_config"), top.fields("vision_config")
    return Architecture(
        hidden_size=text.integer("hidden_size", 1),
        layers=text.integer("num_hidden_layers", 1),
        heads=text.integer("num_attention_heads", 1),
        key_value_heads=text.integer("num_key_value_heads", 1),
        head_dim=text.integer("head_dim", 1),
        intermediate_size=text.integer("intermediate_size", 1),
        vocabulary_size=text.integer("vocab_size", 1),
        # Absent means untied, as in transformers' Qwen3VLConfig.
        tied_head="tie_word_embeddings" in top and top.boolean("tie_word_embeddings"),
        vision_hidden_size=vision.integer("hidden_size", 1),
        vision_layers=vision.integer("depth", 1),
        vision_heads=vision.integer("num_heads", 1),
        vision_intermediate_size=vision.integer("intermediate_size", 1),
        vision_position_embeddings=vision.integer("num_position_embeddings", 1),
        deepstack_levels=vision.integers("deepstack_visual_indexes"),
        patch_size=vision.integer("patch_size", 1),
        temporal_patch_size=vision.integer("temporal_patch_size", 1),
        spatial_merge_size=vision.integer("spatial_merge_size", 1),
    )


def spec_for_config(config: Mapping[str, object], where: str = "config.json") -> ModelSpec:
    """Return the spec of a checkpoint, with the checkpoint's own architecture.

    A built-in spec matches by every size but the vocabulary and its tying, which fine-tuning may change.
    Any other Qwen3-VL shape gets a generic spec with the id ``qwen3-vl``.

    Raises
    ------
    InputError
        As `read_architecture`.
    """
    architecture = read_architecture(config, where)
    for spec in SPECS:
        known = spec.architecture
        if (
            replace(known, vocabulary_size=architecture.vocabulary_size, tied_head=architecture.tied_head)
            == architecture
        ):
            return replace(spec, architecture=architecture)
    return ModelSpec(
        id="qwen3-vl",
        title="Qwen3-VL",
        coordinate_space="relative-1000",
        default_max_pixels=_MEDMO_MAX_PIXELS,
        source="the checkpoint's own config.json",
        architecture=architecture,
    )
