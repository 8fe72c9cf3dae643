"""A head in two steps: the likeliest tokens' logits are those of 8-bit weights, the others' those of 4-bit ones."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from medmo_export.onnx.graph import GraphBuilder, WeightFile
from medmo_export.onnx.options import OnnxOptions
from medmo_export.onnx.packing import PackedWeight, round_to_nearest
from medmo_export.onnx.shortlist import SHORTLIST, add_shortlisted_head, shortlist_length
from medmo_models.artifact import Artifact
from medmo_models.errors import InputError
from medmo_models.library import embedded_model_path
from medmo_models.networks.onnx.head_rows import RUNS_BETWEEN_DROPS, HeadRows
from medmo_models.networks.onnx.network import OnnxNetwork
from medmo_models.networks.onnx.settings import SHORTLIST_WEIGHTS_NAME
from support.closeness import relative_noise
from support.gptq_exports import source_checkpoint
from support.onnx_exports import onnx_export

VOCABULARY, HIDDEN = 4096, 256


def dequantized(weight: PackedWeight) -> NDArray[np.float32]:
    values = weight.values
    if weight.bits == 4:
        values = np.stack([values & 15, values >> 4], axis=-1).reshape(*values.shape[:2], -1)
    centered = values.astype(np.float32) - 2 ** (weight.bits - 1)
    result: NDArray[np.float32] = (centered * weight.scales[..., None]).reshape(len(values), -1)
    return result


@pytest.fixture(scope="module")
def weights() -> tuple[PackedWeight, PackedWeight]:
    head = np.random.default_rng(0).standard_normal((VOCABULARY, HIDDEN)).astype(np.float32)
    return round_to_nearest(head, 8, 128), round_to_nearest(head, 4, 128)


@pytest.fixture(scope="module")
def head(weights: tuple[PackedWeight, PackedWeight], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("head")
    files = [WeightFile(folder / name) for name in ("decoder.data", SHORTLIST_WEIGHTS_NAME)]
    graph = GraphBuilder("head", files[0])
    fine, coarse = weights
    files[0].write("head.values", fine.values)
    files[0].write("head.scales", fine.scales)
    source = graph.input("hidden", np.float32, [1, "positions", HIDDEN])
    logits = add_shortlisted_head(graph, source, "head", coarse, files[1])
    graph.node("Identity", logits, output="logits")
    graph.output("logits", np.float32, [1, "positions", VOCABULARY])
    for file in files:
        file.close()
    graph.save(folder / "head.onnx")
    return folder / "head.onnx"


def run(path: Path, hidden: NDArray[np.float32], weights: tuple[PackedWeight, PackedWeight]) -> NDArray[np.float32]:
    rows = {"head_rows": weights[0].values, "head_scales": weights[0].scales}
    logits: NDArray[np.float32] = onnxruntime.InferenceSession(path).run(None, {"hidden": hidden, **rows})[0][0]
    return logits


def test_the_likeliest_tokens_have_the_logits_of_the_8_bit_head(
    head: Path, weights: tuple[PackedWeight, PackedWeight]
) -> None:
    hidden = np.random.default_rng(1).standard_normal((1, 1, HIDDEN)).astype(np.float32)
    found = run(head, hidden, weights)[0]
    fine, coarse = (dequantized(weight) @ hidden[0, 0] for weight in weights)
    exact = np.isclose(found, fine, rtol=0, atol=1e-3)
    assert exact[np.argsort(fine)[-SHORTLIST // 2 :]].all()  # rounding may leave out what is at the list's end
    assert SHORTLIST <= exact.sum() < 1.2 * SHORTLIST  # elsewhere the two agree by chance
    assert relative_noise(found, coarse) < 0.05
    assert found.argmax() == fine.argmax()


def test_positions_do_not_depend_on_each_other(head: Path, weights: tuple[PackedWeight, PackedWeight]) -> None:
    hidden = np.random.default_rng(2).standard_normal((1, 5, HIDDEN)).astype(np.float32)
    for position, row in enumerate(run(head, hidden, weights)):
        alone = run(head, hidden[:, position : position + 1], weights)[0]
        likeliest = np.argsort(alone)[-SHORTLIST // 2 :]
        np.testing.assert_allclose(row[likeliest], alone[likeliest], atol=1e-4)
        assert row.argmax() == alone.argmax()


def test_a_small_vocabulary_has_a_shorter_list() -> None:
    assert [shortlist_length(size) for size in (151_936, 1024, 512)] == [SHORTLIST, SHORTLIST, 64]


@pytest.mark.parametrize(("head_bits", "listed"), [(4, False), (8, True), (16, False), (32, False)])
def test_only_a_head_in_8_bits_has_one(head_bits: int, listed: bool) -> None:
    options = OnnxOptions(head_bits=head_bits, vision_bits=32)  # type: ignore[arg-type]
    folder = onnx_export(embedded_model_path(), 4, options)
    assert (folder / SHORTLIST_WEIGHTS_NAME).is_file() == listed


def test_full_precision_has_none() -> None:
    assert not (onnx_export(source_checkpoint("wide"), 32) / SHORTLIST_WEIGHTS_NAME).exists()


def test_logits_of_many_positions_are_those_of_single_ones(tiny_onnx: Artifact) -> None:
    network = OnnxNetwork(tiny_onnx.path, threads=2)
    ids = np.random.default_rng(3).integers(0, 500, 60)
    embedded = network.embed(ids)
    first = network.encode_token(int(ids[0]), 0)
    assert embedded.shape[1] == 60
    tokens = [network.encode_token(int(token), place) for place, token in enumerate(ids)]
    whole = type(first)(
        embedded,
        first.deepstack,
        tuple(np.concatenate([one.tables[kind] for one in tokens]) for kind in (0, 1)),  # type: ignore[arg-type]
        60,
    )
    together = network.run(whole, network.new_cache(60), kept=45)
    assert together.shape == (45, network.settings.shape.vocabulary_size)
    cache = network.new_cache(60)
    alone = np.concatenate([network.run(token, cache) for token in tokens])[-45:]
    assert relative_noise(together, alone) < 0.02
    assert (together.argmax(axis=1) == alone.argmax(axis=1)).mean() > 0.9


def stored_rows(folder: Path, rows: int) -> tuple[Path, str]:
    """Write a file of so many rows; return it and what a graph says of it."""
    path = folder / "decoder.data"
    scales = np.ones((rows, 2), np.float32)
    path.write_bytes(np.ones((rows, 2, 128), np.uint8).tobytes() + scales.tobytes())
    places = {
        "head_rows": {"offset": 0, "dtype": "uint8", "shape": [rows, 2, 128]},
        "head_scales": {"offset": rows * 256, "dtype": "float32", "shape": [rows, 2]},
    }
    return path, json.dumps(places)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say which pages of a file are in memory")
def test_rows_that_were_read_leave_memory(tmp_path: Path) -> None:
    path, described = stored_rows(tmp_path, 16_384)
    rows = HeadRows(path, described)
    bound: dict[str, Any] = {}
    rows.bind(SimpleNamespace(bind_ortvalue_input=bound.__setitem__))
    assert bound["head_rows"].numpy().sum() == 16_384 * 256
    assert resident_bytes(path) > 16_384 * 250
    for _ in range(RUNS_BETWEEN_DROPS):
        rows.count_run()
    assert resident_bytes(path) == 0
    assert bound["head_rows"].numpy()[-1].sum() == 256  # and are read again


def resident_bytes(path: Path) -> int:
    total, inside = 0, False
    for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines():
        if not line[0].isupper():
            inside = line.endswith(str(path))
        elif inside and line.startswith("Rss:"):
            total += int(line.split()[1]) * 1024
    return total


def test_a_damaged_artifact_is_explained(tmp_path: Path) -> None:
    path, described = stored_rows(tmp_path, 64)
    with pytest.raises(InputError, match="is damaged; import or export"):
        HeadRows(path, "{}")
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(InputError, match="is cut short; import or export"):
        HeadRows(path, described)
