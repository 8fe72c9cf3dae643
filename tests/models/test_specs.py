from __future__ import annotations

import copy
from typing import Any

import pytest

from medmo_models.errors import InputError
from medmo_models.specs import MEDMO_4B, MEDMO_8B, MEDMO_TINY, ModelSpec, spec_for_config
from support.model_files import TINY_CONFIG


def published_config(text: dict[str, Any], vision: dict[str, Any], tied: bool) -> dict[str, Any]:
    """The config.json of a Qwen3-VL-Instruct model on the Hugging Face hub, less what has no size."""
    return {
        "model_type": "qwen3_vl",
        "tie_word_embeddings": tied,
        "text_config": {
            "head_dim": 128,
            "num_attention_heads": 32,
            "num_hidden_layers": 36,
            "num_key_value_heads": 8,
            "vocab_size": 151936,
            **text,
        },
        "vision_config": {
            "num_heads": 16,
            "num_position_embeddings": 2304,
            "patch_size": 16,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            **vision,
        },
    }


QWEN_4B = published_config(
    {"hidden_size": 2560, "intermediate_size": 9728},
    {"depth": 24, "hidden_size": 1024, "intermediate_size": 4096, "deepstack_visual_indexes": [5, 11, 17]},
    tied=True,
)
QWEN_8B = published_config(
    {"hidden_size": 4096, "intermediate_size": 12288},
    {"depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "deepstack_visual_indexes": [8, 16, 24]},
    tied=False,
)


@pytest.mark.parametrize(("config", "spec"), [(QWEN_4B, MEDMO_4B), (QWEN_8B, MEDMO_8B)])
def test_published_shapes_are_recognised(config: dict[str, Any], spec: ModelSpec) -> None:
    assert spec_for_config(config) == spec


def test_a_changed_vocabulary_keeps_the_spec_and_shows_in_its_architecture() -> None:
    spec = spec_for_config(TINY_CONFIG)
    assert spec.id == "medmo-tiny"
    assert spec.default_max_pixels == 224 * 224
    assert spec.architecture.vocabulary_size == 8192
    assert spec.architecture.hidden_size == MEDMO_TINY.architecture.hidden_size


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("text_config", "num_hidden_layers", 5),
        ("vision_config", "deepstack_visual_indexes", [1, 3]),
        ("vision_config", "patch_size", 14),
    ],
)
def test_any_other_qwen3_vl_shape_gets_the_generic_spec(part: str, key: str, value: object) -> None:
    config = copy.deepcopy(TINY_CONFIG)
    config[part][key] = value
    spec = spec_for_config(config)
    assert spec.id == "qwen3-vl"
    assert spec.coordinate_space == "relative-1000"
    assert spec.default_max_pixels == 1280 * 1280


def test_an_untied_head_is_read_from_the_top_of_the_configuration() -> None:
    config = copy.deepcopy(TINY_CONFIG)
    del config["tie_word_embeddings"]
    assert spec_for_config(TINY_CONFIG).architecture.tied_head
    assert not spec_for_config(config).architecture.tied_head


def test_another_architecture_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r'model/config\.json: the model is a "llama"'):
        spec_for_config({"model_type": "llama"}, "model/config.json")


@pytest.mark.parametrize(
    ("part", "key", "value", "sentence"),
    [
        ("text_config", "hidden_size", None, '"text_config.hidden_size" must be a whole number'),
        ("text_config", "hidden_size", True, '"text_config.hidden_size" must be a whole number'),
        ("text_config", "num_hidden_layers", 0, '"text_config.num_hidden_layers" must be a whole number, at least 1'),
        (
            "vision_config",
            "deepstack_visual_indexes",
            "1, 2",
            '"vision_config.deepstack_visual_indexes" must be a list',
        ),
        ("vision_config", "deepstack_visual_indexes", [1, "2"], '"vision_config.deepstack_visual_indexes.1" must be'),
    ],
)
def test_a_wrong_size_is_named(part: str, key: str, value: object, sentence: str) -> None:
    config = copy.deepcopy(TINY_CONFIG)
    config[part][key] = value
    with pytest.raises(InputError, match=sentence):
        spec_for_config(config)


def test_a_missing_size_is_named() -> None:
    config = copy.deepcopy(TINY_CONFIG)
    del config["vision_config"]["depth"]
    with pytest.raises(InputError, match=r'config\.json: "vision_config\.depth" is missing'):
        spec_for_config(config)
