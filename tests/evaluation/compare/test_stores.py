"""Records and stored distributions: what was written is read, what was cut off is not trusted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from medmo_evaluation.compare.controls import round_weight
from medmo_evaluation.compare.records import RecordedBox, SampleRecord, TokenRecord
from medmo_evaluation.compare.records_file import RecordsFile
from medmo_evaluation.compare.reference_store import ReferenceStore
from medmo_evaluation.compare.request import parse_control
from medmo_models.errors import InputError


def record(name: str, tokens: TokenRecord | None = None) -> SampleRecord:
    return SampleRecord(
        sample_id=name,
        text="Nodule <box>[[1, 2, 3, 4]]</box> \u00e9 \ud800",
        boxes=(RecordedBox("Nodule", (0.1, 0.2, 3.0, 4.0), (1.0, 2.0, 3.0, 4.0), None),),
        marks=("clipped",),
        finish_reason="stop",
        image_size=(30, 40),
        model_size=(32, 32),
        reused=False,
        new_tokens=3,
        vision_s=0.1,
        prefill_s=0.2,
        decode_tokens_per_s=None,
        peak_memory_bytes=5,
        tokens=tokens,
    )


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    tokens = TokenRecord((0.1, float("inf")), (0.5, 0.5), (0.4, 0.0), (0.5, 0.6), (True, False))
    file = RecordsFile(tmp_path, {"a": 1})
    assert file.open().records == {}
    file.add(record("one", tokens))
    file.skip("two", "why")
    file.describe_model(backend="gptq", load_s=1.5)
    stored = RecordsFile(tmp_path, {"a": 1}).open()
    assert stored.records == {"one": record("one", tokens)}
    assert stored.skipped == {"two": "why"}
    assert stored.model["backend"] == "gptq"
    assert RecordsFile(tmp_path, {"a": 2}).open().records == {}


def test_a_line_that_was_cut_off_is_dropped_and_written_again(tmp_path: Path) -> None:
    file = RecordsFile(tmp_path, {})
    file.open()
    file.add(record("one"))
    whole = file.path.read_bytes()
    file.add(record("two"))
    file.path.write_bytes(file.path.read_bytes()[:-20])
    assert set(file.open().records) == {"one"}
    assert file.path.read_bytes() == whole
    file.add(record("two"))
    assert set(file.open().records) == {"one", "two"}


def test_a_line_damaged_in_the_middle_is_one_sentence(tmp_path: Path) -> None:
    file = RecordsFile(tmp_path, {})
    file.open()
    file.add(record("one"))
    file.path.write_bytes(file.path.read_bytes().replace(b'"new_tokens"', b'"new_tokns"'))
    with pytest.raises(InputError, match="line 2 is damaged"):
        file.open()


def logits(tokens: int, vocabulary: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(tokens, vocabulary)).astype(np.float32) * 3


def test_distributions_are_whole_while_they_fit_and_bounded_beyond(tmp_path: Path) -> None:
    values, labels = logits(10, 1000), np.arange(10)
    whole = ReferenceStore(tmp_path / "whole", 5, 5 * 10 * 1000 * 4)
    kept = whole.add(3, values, labels)
    assert kept.ids is None
    read = whole.read(3)
    np.testing.assert_array_equal(read.log_probabilities, kept.log_probabilities)
    np.testing.assert_array_equal(read.labels, labels)
    assert "no loss" in whole.describe()
    small = ReferenceStore(tmp_path / "small", 5, 5 * 10 * 100 * 8)
    part = small.add(0, values, labels)
    assert part.ids is not None
    assert part.ids.shape == (10, 100)
    assert (tmp_path / "small" / "0000000.safetensors").stat().st_size < 10 * 100 * 8 + 1000
    assert "lower bound" in small.describe()
    with pytest.raises(InputError, match="missing or damaged"):
        small.read(1)


def test_round_to_nearest_is_symmetric_and_off_by_about_half_a_step() -> None:
    weight = torch.randn(8, 300, generator=torch.Generator().manual_seed(0))
    for bits in (2, 3, 4, 8):
        rounded = round_weight(weight, bits, 128)
        groups = torch.nn.functional.pad(weight, (0, 84)).reshape(8, 3, 128)
        step = groups.abs().amax(dim=2) * 2 / (2**bits - 1)
        error = (rounded - weight).abs()
        assert (error <= 0.6 * step.repeat_interleave(128, dim=1)[:, :300]).all()
        assert len(torch.unique(rounded[0, :128])) <= 2**bits
    assert round_weight(weight.bfloat16(), 4, 128).dtype == torch.bfloat16


@pytest.mark.parametrize(
    "text", ["round-to-nearest:bits=5", "nearest", "round-to-nearest:group=0", "round-to-nearest:x=1"]
)
def test_controls_that_are_not_understood(text: str) -> None:
    with pytest.raises(InputError, match="--control"):
        parse_control(text)


def test_controls_by_name() -> None:
    control = parse_control("round-to-nearest:bits=3,group=64")
    assert (control.bits, control.group_size, control.bits_per_weight) == (3, 64, 3.25)
    assert parse_control("round-to-nearest") == parse_control("round-to-nearest:bits=4,group=128")
