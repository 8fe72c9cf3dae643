"""What a GPU needs is computed before the work begins."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from medmo_export.gptq.device_memory import LongestSample, check_device_memory, predict_bytes
from medmo_export.gptq.options import GptqOptions
from medmo_models.errors import CannotRunError
from medmo_models.preprocessing import PreparedPrompt
from medmo_models.specs import MEDMO_4B, MEDMO_8B

LONGEST = LongestSample(tokens=1700, patches=6400)


def test_the_prediction_grows_with_what_is_computed() -> None:
    shape = MEDMO_4B.architecture
    plain = predict_bytes(shape, 2, LONGEST, GptqOptions())
    # The moments of 9,728 inputs alone are 0.35 GiB, and the solver holds several such matrices.
    assert 3 * 9728**2 * 4 < plain < 10 * 2**30
    assert predict_bytes(shape, 4, LONGEST, GptqOptions()) > plain
    assert predict_bytes(shape, 2, LONGEST, GptqOptions(gptaq=0.25)) > plain
    assert predict_bytes(shape, 2, LongestSample(20_000, 6400), GptqOptions()) > plain
    assert predict_bytes(MEDMO_8B.architecture, 2, LONGEST, GptqOptions()) > plain


def test_the_longest_sample_is_the_most_of_each() -> None:
    text = PreparedPrompt(np.zeros(50, np.int64), np.zeros(50, np.int64), None, None, ())
    image = PreparedPrompt(np.zeros(20, np.int64), np.zeros(20, np.int64), np.zeros((16, 4), np.float32), None, ())
    assert LongestSample(0, 0).including(text).including(image) == LongestSample(50, 16)


def test_a_cpu_needs_no_prediction_and_a_missing_gpu_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = MEDMO_4B.architecture
    assert check_device_memory(shape, 4, LONGEST, GptqOptions(), "cpu") is None
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(CannotRunError, match="no cuda:0 here"):
        check_device_memory(shape, 2, LONGEST, GptqOptions(), "cuda:0")


def test_a_gpu_that_is_too_small_is_told_so_with_both_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = MEDMO_8B.architecture
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _device: (24 * 2**30, 24 * 2**30))
    said = check_device_memory(shape, 2, LONGEST, GptqOptions(), "cuda")
    assert said is not None
    assert "24.0 GiB free" in said
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _device: (2 * 2**30, 24 * 2**30))
    with pytest.raises(CannotRunError, match=r"about \d+\.\d GiB of memory needed at the peak, 2\.0 GiB free"):
        check_device_memory(shape, 2, LONGEST, GptqOptions(), "cuda")
