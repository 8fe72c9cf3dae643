"""Positions and angles against transformers' own."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers.models.qwen3_vl.modeling_qwen3_vl import (
    Qwen3VLModel,
    Qwen3VLTextRotaryEmbedding,
    Qwen3VLVisionRotaryEmbedding,
)
from transformers.vision_utils import get_vision_interpolation_indices_and_weights, get_vision_position_ids

from medmo_models.networks.onnx.positions import (
    patch_grid,
    patch_rotary_tables,
    position_samples,
    rotary_tables,
    token_positions,
)
from medmo_models.networks.onnx.settings import OnnxSettings, read_settings
from support.checkpoints import SHAPES, make_config
from support.onnx_exports import full_precision_export

#: Frames, patch rows and patch columns: square, wide, tall, one token, one row of tokens.
GRIDS = ((1, 14, 14), (1, 8, 30), (1, 40, 6), (1, 2, 2), (1, 2, 20))


def prompt_types(*parts: int | tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray | None]:
    """Return token types and grids of text runs (a number) and images (a grid)."""
    types = [np.full(p, 0) if isinstance(p, int) else np.full(p[0] * p[1] * p[2] // 4, 1) for p in parts]
    grids = [p for p in parts if not isinstance(p, int)]
    return np.concatenate(types).astype(np.int64), np.asarray(grids, dtype=np.int64) if grids else None


@pytest.mark.parametrize(
    "parts",
    [(7,), (3, GRIDS[0], 9), (3, GRIDS[1], 2, GRIDS[2], 5), (1, GRIDS[3], 1, GRIDS[4], 30), (GRIDS[0],)],
    ids=["text", "one image", "two images", "tiny images", "image alone"],
)
def test_token_positions_are_those_of_transformers(parts: tuple[int | tuple[int, int, int], ...]) -> None:
    types, grids = prompt_types(*parts)
    model = SimpleNamespace(config=make_config("tied"))
    model.get_vision_position_ids = lambda *args, **options: Qwen3VLModel.get_vision_position_ids(
        model, *args, **options
    )
    ids = torch.zeros(1, len(types), dtype=torch.long)
    expected, _ = Qwen3VLModel.get_rope_index(
        model, ids, torch.from_numpy(types)[None], None if grids is None else torch.from_numpy(grids)
    )
    np.testing.assert_array_equal(token_positions(types, grids, merge=2), expected[:, 0])


def test_adjacent_images_take_their_own_grids() -> None:
    """transformers would read two images without text between them as one run; no prompt of ours has that."""
    types, grids = prompt_types(GRIDS[3], GRIDS[4])
    positions = token_positions(types, grids, merge=2)
    assert positions[:, 0].tolist() == [0, 0, 0]
    assert positions[:, 1].tolist() == [1, 1, 1]
    assert positions[2, -1] == 10


@pytest.fixture(params=SHAPES)
def settings(request: pytest.FixtureRequest) -> OnnxSettings:
    return read_settings(full_precision_export(request.param))


def test_rotary_tables_are_those_of_transformers(settings: OnnxSettings) -> None:
    shape = next(s for s in SHAPES if make_config(s).text_config.head_dim == settings.shape.head_dim)
    rotary = Qwen3VLTextRotaryEmbedding(make_config(shape).text_config)
    positions = np.random.default_rng(0).integers(0, 3000, size=(3, 50))
    expected = rotary(torch.zeros(1), torch.from_numpy(positions)[:, None])
    half = settings.shape.head_dim // 2
    for ours, theirs in zip(rotary_tables(positions, settings), expected, strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, theirs[0, :, :half], atol=2e-4)  # float32 cosines of angles in the thousands


@pytest.mark.parametrize("grid", GRIDS)
def test_patches_are_placed_as_in_transformers(settings: OnnxSettings, grid: tuple[int, int, int]) -> None:
    place = np.asarray(grid, dtype=np.int64)
    patches = patch_grid(place, merge=2)
    np.testing.assert_array_equal(patches.T, get_vision_position_ids(torch.from_numpy(place)[None], 2))
    rows, weights = position_samples(patches, place, settings.shape.vision_position_embeddings)
    side = int(settings.shape.vision_position_embeddings**0.5)
    expected_rows, expected_weights = get_vision_interpolation_indices_and_weights(
        torch.from_numpy(place)[None], side, align_corners=True, spatial_merge_size=2
    )
    np.testing.assert_array_equal(rows, expected_rows)
    np.testing.assert_allclose(weights, expected_weights, atol=1e-6)


@pytest.mark.parametrize("grid", GRIDS)
def test_patch_angles_are_those_of_transformers(grid: tuple[int, int, int]) -> None:
    settings, config = read_settings(full_precision_export("untied")), make_config("untied").vision_config
    patches = patch_grid(np.asarray(grid, dtype=np.int64), merge=2)
    expected = Qwen3VLVisionRotaryEmbedding(config)(torch.zeros(1), torch.from_numpy(patches.T))
    for ours, theirs in zip(patch_rotary_tables(patches, settings), expected, strict=True):
        np.testing.assert_allclose(ours, theirs.reshape(len(ours), -1)[:, : ours.shape[1]], atol=1e-5)
