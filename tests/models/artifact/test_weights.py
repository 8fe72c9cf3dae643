from __future__ import annotations

from pathlib import Path

import pytest

from medmo_models.artifact.weights import bits_per_weight, read_tensor_headers
from medmo_models.errors import InputError
from support.model_files import BNB, FULL, GPTQ, REST, write_safetensors

WEIGHTS = 512 * 256  # of the one linear layer
OTHERS = 8192 * 256 + 256 + 576 * 192


@pytest.mark.parametrize(
    ("linear", "stored_bits"),
    [
        (FULL, 16 * WEIGHTS),
        # 4 bits, one fp16 scale and one 4-bit zero point per 64 weights, a 32-bit group number per input.
        (GPTQ, 4 * WEIGHTS + (16 + 4) * WEIGHTS // 64 + 32 * 512),
        # 4 bits, one 8-bit scale per 64 weights, and the tables.
        (BNB, 4 * WEIGHTS + 8 * WEIGHTS // 64 + 32 * (16 + 8 + 256) + 8 * 100),
    ],
    ids=["bf16", "gptq", "bnb"],
)
def test_bits_per_weight_counts_everything_stored(
    tmp_path: Path, linear: dict[str, tuple[str, tuple[int, ...]]], stored_bits: int
) -> None:
    write_safetensors(tmp_path / "a.safetensors", linear)
    write_safetensors(tmp_path / "b.safetensors", REST)
    headers = read_tensor_headers([tmp_path / "a.safetensors", tmp_path / "b.safetensors"])
    average = bits_per_weight(headers, gptq_bits=4)
    assert average.text_layers == pytest.approx(stored_bits / WEIGHTS)
    assert average.overall == pytest.approx((stored_bits + 16 * OTHERS) / (WEIGHTS + OTHERS))


def test_three_bit_gptq_counts_its_weights(tmp_path: Path) -> None:
    name = "model.language_model.layers.3.self_attn.q_proj"
    write_safetensors(tmp_path / "a.safetensors", {f"{name}.qweight": ("I32", (48, 256))})
    headers = read_tensor_headers([tmp_path / "a.safetensors"])
    assert bits_per_weight(headers, gptq_bits=3).text_layers == 3.0


def test_weights_without_text_layers_are_refused(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "a.safetensors", REST)
    with pytest.raises(InputError, match="no text layers"):
        bits_per_weight(read_tensor_headers([tmp_path / "a.safetensors"]))


@pytest.mark.parametrize("damage", ["cut", "text", "missing", "pickle"])
def test_what_is_no_safetensors_file_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.safetensors"
    write_safetensors(path, FULL)
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes({"cut": path.read_bytes()[:-1], "text": b"hello", "pickle": b"\x80\x04K\x01."}[damage])
    problem = "is missing" if damage == "missing" else "is cut short or not a safetensors file"
    with pytest.raises(InputError, match=rf"a\.safetensors {problem}"):
        read_tensor_headers([path])
