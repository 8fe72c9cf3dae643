from __future__ import annotations

from pathlib import Path

import numpy as np

from medmo_models.artifact import open_model
from medmo_models.networks.onnx.network import OnnxNetwork
from medmo_models.specs import MEDMO_4B, MEDMO_8B, MEDMO_TINY, spec_for_config
from random_checkpoint import make_config, write_checkpoint
from support.checkpoints import prepare_prompt
from support.onnx_exports import onnx_export


def test_a_random_checkpoint_has_the_shape_and_computes_numbers(tmp_path: Path) -> None:
    write_checkpoint(MEDMO_TINY, tmp_path / "random")
    assert open_model(tmp_path / "random").spec.architecture == MEDMO_TINY.architecture
    prompt = prepare_prompt(tmp_path / "random", ((320, 256),))
    logits = OnnxNetwork(onnx_export(tmp_path / "random", 32)).logits(prompt)
    assert np.isfinite(logits).all()
    assert 0.1 < logits.std() < 100


def test_the_large_shapes_are_recognised_as_themselves() -> None:
    for spec in (MEDMO_4B, MEDMO_8B):
        assert spec_for_config(make_config(spec).to_dict()).id == spec.id
