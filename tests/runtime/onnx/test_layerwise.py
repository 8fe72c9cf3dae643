"""Long prompts layer by layer, in products of 8-bit integers: the KV cache that the decoder would have filled."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from medmo_export.gptq.options import GptqOptions
from medmo_export.onnx import write
from medmo_models.artifact import Artifact
from medmo_models.errors import InputError
from medmo_models.networks.onnx import layerwise as layerwise_module
from medmo_models.networks.onnx import network as network_module
from medmo_models.networks.onnx.host import EncodedPrompt, RunInterruptedError
from medmo_models.networks.onnx.layer_weights import LayerWeights
from medmo_models.networks.onnx.network import OnnxNetwork
from medmo_models.networks.onnx.settings import DECODER_WEIGHTS_NAME, PREFILL_LAYER_NAME
from medmo_models.phantoms import make_phantom
from medmo_models.preprocessing import ChatTurn, PromptPreparer
from medmo_models.prompts import LOCALIZE_PROMPT
from medmo_runtime.backends.onnx import OnnxBackend
from medmo_runtime.backends.onnx.model import CHUNK, LONG_CHUNK, OnnxModel
from medmo_runtime.hardware import processor
from medmo_runtime.memory import Measure, Workload
from support.checkpoints import SHAPES, prepare_prompt
from support.closeness import relative_noise
from support.damage import linked_without
from support.gptq_exports import gptq_export, source_checkpoint
from support.onnx_exports import four_bit_export, full_precision_export, onnx_export

EIGHT_BITS = (
    "model.language_model.layers.0.mlp.down_proj",
    *(f"model.language_model.layers.1.self_attn.{kind}_proj" for kind in "qkv"),
)
EXPORTS = {
    **{shape: (shape, GptqOptions()) for shape in SHAPES},
    "group 32": ("wide", GptqOptions(group_size=32)),
    "8 bits, asymmetric": ("wide", GptqOptions(symmetric=False, protected=EIGHT_BITS)),
}
pytestmark = pytest.mark.skipif(
    not processor.multiplies_integers(), reason="this processor's products of signed by unsigned integers overflow"
)


@pytest.fixture(autouse=True)
def _short_prompts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_module, "SHORTEST", 4)


def encoded(network: OnnxNetwork, checkpoint: Path) -> EncodedPrompt:
    prompt = prepare_prompt(checkpoint, ((256, 160), (131, 199)))
    return network.encode_prompt(prompt, [network.encode_image(*image) for image in prompt.each_image()])


def filled(network: OnnxNetwork, tokens: EncodedPrompt, *ends: int) -> tuple[np.ndarray, np.ndarray]:
    """Run a prompt in parts; return keys and values, and the last token's logits."""
    length = tokens.embeddings.shape[1]
    cache = network.new_cache(length + 3)
    for start, end in zip((0, *ends), (*ends, length), strict=True):
        logits = network.run(tokens.part(start, end), cache)
    assert cache.length == length
    return np.stack([buffer.numpy()[0, :, :length] for buffer in cache.buffers.values()]), logits[-1]


@pytest.mark.parametrize("name", EXPORTS)
def test_the_cache_is_that_of_the_decoder_with_a_little_noise(name: str) -> None:
    shape, options = EXPORTS[name]
    artifact = onnx_export(gptq_export(shape, options), 4)
    exact, usual = OnnxNetwork(artifact, exact=True), OnnxNetwork(artifact)
    layers = OnnxNetwork(artifact, threads=2, layerwise=True)
    assert layers.layerwise is not None
    tokens = encoded(exact, source_checkpoint(shape))
    expected, logits = filled(exact, tokens)
    cached, ours = filled(layers, tokens)
    assert relative_noise(cached, expected) < 2 * relative_noise(filled(usual, tokens)[0], expected)
    assert 1e-4 < relative_noise(ours, logits) < 0.05


def test_a_lost_deepstack_would_be_noticed() -> None:
    network = OnnxNetwork(four_bit_export("wide"), threads=2, layerwise=True)
    tokens = encoded(network, source_checkpoint("wide"))
    without = EncodedPrompt(tokens.embeddings, np.zeros_like(tokens.deepstack), tokens.tables, tokens.following)
    assert relative_noise(filled(network, without)[0], filled(network, tokens)[0]) > 0.1


def test_parts_of_a_prompt_and_of_a_layer_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    network = OnnxNetwork(four_bit_export("wide"), threads=2, layerwise=True)
    tokens = encoded(network, source_checkpoint("wide"))
    whole, logits = filled(network, tokens)
    monkeypatch.setattr(layerwise_module, "TOKENS_AT_ONCE", 19)
    for ends in ((), (40,), (40, 77)):
        cached, again = filled(network, tokens, *ends)
        # A part's last token goes through the decoder, so that its logits are known.
        assert relative_noise(cached, whole) < 0.02
        assert relative_noise(again, logits) < 0.05


def test_a_wide_layer_is_computed_in_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = OnnxNetwork(four_bit_export("wide"), threads=2, layerwise=True)
    tokens = encoded(whole, source_checkpoint("wide"))
    monkeypatch.setattr(write, "PrefillLayerWriter", partial(write.PrefillLayerWriter, widest=100))
    onnx_export.cache_clear()
    narrow = OnnxNetwork(four_bit_export("wide"), threads=2, layerwise=True)
    onnx_export.cache_clear()
    cached, expected = filled(narrow, tokens)[0], filled(whole, tokens)[0]
    assert 0 < relative_noise(cached, expected) < 0.02  # columns of the feed-forward have scales of their own


def test_a_prefill_is_interrupted_between_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    network = OnnxNetwork(four_bit_export("wide"), threads=2, layerwise=True)
    tokens = encoded(network, source_checkpoint("wide"))
    cache = network.new_cache(tokens.embeddings.shape[1])
    read = LayerWeights.read

    def interrupted(weights: LayerWeights, layer: int) -> dict[str, np.ndarray]:
        if layer == 1:
            other = threading.Thread(target=network.interrupt)
            other.start()
            other.join()
        return read(weights, layer)

    monkeypatch.setattr(LayerWeights, "read", interrupted)
    with pytest.raises(RunInterruptedError):
        network.run(tokens, cache)
    assert cache.length == 0
    monkeypatch.setattr(LayerWeights, "read", read)
    network.run(tokens, cache)
    assert cache.length == tokens.embeddings.shape[1]


def test_weights_that_are_cut_short_are_refused(tmp_path: Path) -> None:
    linked_without(four_bit_export("wide"), tmp_path, DECODER_WEIGHTS_NAME)
    network = OnnxNetwork(four_bit_export("wide"), threads=2, layerwise=True)
    tokens = encoded(network, source_checkpoint("wide"))
    (tmp_path / DECODER_WEIGHTS_NAME).write_bytes((four_bit_export("wide") / DECODER_WEIGHTS_NAME).read_bytes()[:9000])
    damaged = OnnxNetwork(tmp_path, threads=2, layerwise=True)
    assert damaged.layerwise is not None
    with pytest.raises(InputError, match="cut short"):
        damaged.layerwise.run(tokens, damaged.new_cache(tokens.embeddings.shape[1]))


def test_weights_in_an_order_of_their_own_and_in_full_precision_go_the_usual_way() -> None:
    ordered = onnx_export(gptq_export("wide", GptqOptions(activation_order=True)), 4)
    for artifact in (ordered, full_precision_export("wide")):
        assert not (artifact / PREFILL_LAYER_NAME).exists()
        assert OnnxNetwork(artifact, threads=2, layerwise=True).layerwise is None


def test_the_backend_reads_by_layer_unless_memory_is_short(
    tiny_onnx: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, chunks = OnnxBackend(), frozenset[Measure]({"prompt-in-chunks"})
    assert backend.measures(tiny_onnx, "cpu")[0] == "prompt-in-chunks"

    def loaded(dtype: str, measures: frozenset[Measure] = frozenset()) -> OnnxModel:
        model = backend.load(tiny_onnx, "cpu", dtype, measures)
        assert isinstance(model, OnnxModel)
        return model

    prompt = PromptPreparer(tiny_onnx.path, 224 * 224).prepare(
        [ChatTurn("user", LOCALIZE_PROMPT, (make_phantom(31, 0).pixels,))]
    )
    models = {"int8": loaded("int8"), "in chunks": loaded("int8", chunks), "float32": loaded("float32")}
    assert [model.network.layerwise is None for model in models.values()] == [False, True, True]  # type: ignore[attr-defined]
    answers = {name: [token.id for token in model.generate(prompt, 24).tokens] for name, model in models.items()}
    assert answers["int8"] == answers["in chunks"] == answers["float32"]
    monkeypatch.setattr(processor, "instruction_sets", lambda: (("AVX2", "AVX512F"), "a test"))
    assert loaded("int8").network.layerwise is None  # type: ignore[attr-defined]
    assert LONG_CHUNK > CHUNK
    work = Workload(1280 * 1280)
    needs = [backend.predict_memory(tiny_onnx, "cpu", "int8", work, taken) for taken in (frozenset(), chunks)]
    assert needs[0].prefill_activations != needs[1].prefill_activations
