"""The 8-bit cache of torch's backends: a quarter of float32's memory, and nearly the same probabilities."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import DynamicCache

from medmo_models.artifact import open_model
from medmo_models.library import embedded_model_path
from medmo_models.phantoms import make_phantom
from medmo_models.preprocessing import ChatTurn, PreparedPrompt, PromptPreparer
from medmo_models.prompts import LOCALIZE_PROMPT
from medmo_runtime.backends.reference import ReferenceBackend
from medmo_runtime.backends.torch_measures import EightBitLayer, eight_bit_cache
from medmo_runtime.backends.torch_model import TorchModel


def states(tokens: int, seed: int) -> torch.Tensor:
    return torch.randn(1, 8, tokens, 128, generator=torch.Generator().manual_seed(seed))


def held_bytes(layer: object) -> int:
    return sum(value.nbytes for value in vars(layer).values() if isinstance(value, torch.Tensor))


def test_it_takes_a_quarter_of_float32_and_what_it_returns_is_close() -> None:
    plain, rounded = DynamicCache(), eight_bit_cache()
    for step, tokens in enumerate((200, 1, 1, 56)):
        key, value = states(tokens, step), states(tokens, step + 100)
        exact = plain.update(key, value, 0)
        near = rounded.update(key, value, 0)
        for one, other in zip(exact, near, strict=True):
            assert one.shape == other.shape
            assert (one - other).abs().max() < 0.03  # half a step of the largest value of a token, about 4 / 127
    assert isinstance(rounded.layers[0], EightBitLayer)
    assert held_bytes(rounded.layers[0]) < 0.26 * held_bytes(plain.layers[0])


@pytest.fixture(scope="module")
def models() -> list[TorchModel]:
    artifact, backend = open_model(embedded_model_path()), ReferenceBackend()
    loaded = [
        backend.load(artifact, "cpu", "float32"),
        backend.load(artifact, "cpu", "float32", frozenset({"8-bit-cache"})),
    ]
    assert all(isinstance(model, TorchModel) for model in loaded)
    return loaded  # type: ignore[return-value]


def prompt(number: int) -> PreparedPrompt:
    preparer = PromptPreparer(embedded_model_path(), 224 * 224)
    return preparer.prepare([ChatTurn("user", LOCALIZE_PROMPT, (make_phantom(57, number).pixels,))])


def test_probabilities_and_answers_stay_close(models: list[TorchModel]) -> None:
    plain, rounded = models
    for number in range(3):
        exact, near = (
            torch.from_numpy(model.logits(prompt(number))).double().log_softmax(-1) for model in (plain, rounded)
        )
        divergence = float((exact.exp() * (exact - near)).sum(-1).mean())
        assert 0 < divergence < 1e-3
        first, second = ([token.id for token in model.generate(prompt(number), 32).tokens] for model in models)
        assert np.mean([a == b for a, b in zip(first, second, strict=False)]) > 0.8
