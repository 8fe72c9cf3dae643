"""The training of medmo-tiny: its shortcuts change no number, and stopping changes no weight."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import Qwen3VLForConditionalGeneration

from medmo_models.artifact import open_model, verify_artifact
from medmo_models.phantoms import Question, make_phantom
from medmo_models.preprocessing import ChatTurn, PromptPreparer
from support.checkpoints import shared_tokenizer
from tiny_training import __main__ as training
from tiny_training import dataset, joint_stage, skeleton, vision_stage
from tiny_training.branches import BranchEncoder
from tiny_training.dataset import Sample, build_cache, image_processor, load_cache, pixel_batch
from tiny_training.fast_vision import GridBatches, fast_vision
from tiny_training.joint_stage import JointStage, answer_loss
from tiny_training.plan import Plan, VisionStage
from tiny_training.progress import Progress
from tiny_training.vision_targets import ALL_LABELS, soft_digits, token_targets

SEED, SAMPLES = 1000, 12
LOCALIZE = Question("localize", "Detect and localize.", "Cyst <box>[[105, 240, 456, 980]]</box>")
QUESTIONS = [
    LOCALIZE,
    Question("presence", "Is there a cyst in this image? Answer yes or no.", "yes"),
    Question("report", "Write a short report for this image.", "CT slice. Findings: one cyst."),
]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Such small products are faster on one thread, above all on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def phantom_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phantoms")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset, "_CHUNK", 8)  # so that the samples are spread over two files
        build_cache(folder, SEED, SAMPLES, workers=1)
    return folder


@pytest.fixture(scope="module")
def samples(phantom_folder: Path) -> list[Sample]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset, "_CHUNK", 8)
        return load_cache(phantom_folder, SAMPLES)


@pytest.fixture(scope="module")
def pair(samples: list[Sample]) -> list[Sample]:
    """Return two images of one grid: the second has the patches of the first in reverse order."""
    first = samples[0]
    return [first, Sample(first.patches[::-1].copy(), first.grid, first.modality, first.findings)]


@lru_cache(maxsize=1)
def untrained() -> Qwen3VLForConditionalGeneration:
    """Return the untrained model with weights so large that no part of it hides behind rounding."""
    model = skeleton.build_model(shared_tokenizer(), seed=0)
    model.set_attn_implementation("eager")
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.mul_(3)
    return model.eval()


@pytest.fixture
def model() -> Qwen3VLForConditionalGeneration:
    return untrained()


def close(one: torch.Tensor, other: torch.Tensor) -> bool:
    return bool((one - other).abs().max() <= 1e-5 * other.abs().max().clamp_min(1.0))


def test_samples_hold_what_the_processor_makes_of_their_phantoms(samples: list[Sample]) -> None:
    assert len(samples) == SAMPLES
    for index in (0, 7, 8, SAMPLES - 1):
        phantom, sample = make_phantom(SEED, index), samples[index]
        made = image_processor()(images=[Image.fromarray(phantom.pixels)], return_tensors="np")
        pixels, grid = pixel_batch([sample])
        np.testing.assert_allclose(pixels.numpy(), made["pixel_values"], atol=1e-6)
        assert grid.tolist() == made["image_grid_thw"].tolist()
        assert sample.modality == sample.phantom().modality == phantom.modality
        assert sample.findings == sample.phantom().findings == phantom.findings


def test_a_batch_holds_images_of_one_grid(samples: list[Sample]) -> None:
    batches = GridBatches(samples)
    drawn = set()
    for seed in range(40):
        chosen = batches.draw(np.random.default_rng(seed), 3)
        assert len({sample.grid for sample in chosen}) == 1
        drawn.add(chosen[0].grid)
    assert drawn == {sample.grid for sample in samples}


def test_fast_vision_changes_neither_features_nor_gradients(
    model: Qwen3VLForConditionalGeneration, pair: list[Sample]
) -> None:
    tower = model.model.visual
    pixels, grids = pixel_batch(pair)

    def run() -> tuple[list[torch.Tensor], torch.Tensor]:
        output = tower(pixels, grid_thw=grids)
        features = [output.pooler_output, *output.deepstack_features]
        (gradient,) = torch.autograd.grad(features[0].square().mean(), tower.blocks[0].attn.qkv.weight)
        return [feature.detach() for feature in features], gradient

    expected, expected_gradient = run()
    with fast_vision():
        features, gradient = run()
    assert len(features) == 3
    for one, other in zip(features, expected, strict=True):
        assert other.std() > 0.1
        assert close(one, other)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-3, atol=1e-6)
    restored, _ = run()
    assert all(torch.equal(one, other) for one, other in zip(restored, expected, strict=True))


@torch.no_grad()
def test_packed_branches_equal_separate_forward_passes(
    model: Qwen3VLForConditionalGeneration, pair: list[Sample]
) -> None:
    encoder = BranchEncoder(shared_tokenizer())
    pixels, grids = pixel_batch(pair)
    rows = [[encoder.branch(question) for question in QUESTIONS], [encoder.branch(QUESTIONS[2])]]
    packed = encoder.pack(grids, rows, model.model)
    with fast_vision():
        features = model.model.get_image_features(pixels, grids, return_dict=True)
    logits = model(
        input_ids=packed.input_ids,
        position_ids=packed.position_ids,
        attention_mask=packed.mask,
        image_grid_thw=grids,
        mm_encoder_outputs={"image": features},
        use_cache=False,
    ).logits

    prefix = encoder.prefix(int(grids[0].prod()) // 4)
    for index, row in enumerate(rows):
        at = len(prefix)
        for branch in row:
            ids = torch.tensor([[*prefix, *branch.ids]])
            alone_pixels, alone_grid = pixel_batch([pair[index]])
            alone = model(
                input_ids=ids,
                mm_token_type_ids=(ids == encoder.image_token).long(),
                pixel_values=alone_pixels,
                image_grid_thw=alone_grid,
            ).logits[0]
            end = at + len(branch.ids)
            assert alone.std() > 0.1
            assert close(logits[index, : len(prefix)], alone[: len(prefix)])
            assert close(logits[index, at:end], alone[len(prefix) :])
            assert packed.weights[index, at:end].tolist() == pytest.approx(branch.weights)
            at = end
        assert not packed.weights[index, at:].any()  # padding teaches nothing
        assert not packed.weights[index, : len(prefix)].any()
    difference = (logits[0, len(prefix) - 1] - logits[1, len(prefix) - 1]).abs().max()
    assert difference > 0.01  # the image reaches the text


def test_training_sees_the_tokens_of_a_real_prompt(tmp_path: Path) -> None:
    skeleton.save_processor(tmp_path, shared_tokenizer())
    preparer = PromptPreparer(tmp_path, skeleton.MAX_PIXELS)
    encoder = BranchEncoder(shared_tokenizer())
    phantom = make_phantom(SEED, 0)
    for question in QUESTIONS:
        prompt = preparer.prepare([ChatTurn("user", question.prompt, (phantom.pixels,))])
        branch = encoder.branch(question)
        asked = branch.ids[: branch.weights.index(next(weight for weight in branch.weights if weight))]
        assert [*encoder.prefix(prompt.image_tokens), *asked] == prompt.input_ids.tolist()
        answer = branch.ids[len(asked) :]
        assert shared_tokenizer().decode(answer) == f"{question.answer}<|im_end|>"
        assert all(weight > 0 for weight in branch.weights[len(asked) :])


def test_coordinates_are_known_at_each_of_their_digits(
    model: Qwen3VLForConditionalGeneration, pair: list[Sample]
) -> None:
    encoder = BranchEncoder(shared_tokenizer())
    _, grids = pixel_batch(pair[:1])
    packed = encoder.pack(grids, [[encoder.branch(LOCALIZE), encoder.branch(QUESTIONS[1])]], model.model)
    at = packed.places[0] > 0
    assert packed.places[0][at].tolist() == [1, 2, 3] * 4
    assert packed.values[0][at].tolist() == [105] * 3 + [240] * 3 + [456] * 3 + [980] * 3
    assert shared_tokenizer().decode(packed.input_ids[0][at]) == "105240456980"
    assert not packed.values[0][~at].any()


@pytest.mark.parametrize(("place", "digit"), [(100, 0), (10, 1)])
def test_soft_digits_peak_at_the_true_digit(place: int, digit: int) -> None:
    values = torch.arange(1000).float()
    shares = soft_digits(values, place)
    assert shares.shape == (1000, 10)
    torch.testing.assert_close(shares.sum(-1), torch.ones(1000))
    assert shares.argmax(-1).tolist() == [int(f"{value:03d}"[digit]) for value in range(1000)]
    # At the end of a digit's range its neighbour is nearly as right; in the middle it is not.
    last, middle = values[place * 5 - 1].long(), values[place * 4 + place // 2].long()
    assert shares[last, 5] > 0.4
    assert shares[middle, 5] < 0.2


def test_only_answers_count_and_a_near_digit_costs_less(
    model: Qwen3VLForConditionalGeneration, pair: list[Sample]
) -> None:
    encoder = BranchEncoder(shared_tokenizer())
    zero = shared_tokenizer().convert_tokens_to_ids("0")
    _, grids = pixel_batch(pair[:1])
    question = Question("localize", "Where?", "Cyst <box>[[499, 240, 555, 980]]</box>")
    packed = encoder.pack(grids, [[encoder.branch(question)]], model.model)
    right = torch.nn.functional.one_hot(packed.input_ids[0].roll(-1), skeleton.VOCABULARY_SIZE).float() * 9
    first = int((packed.places[0] == 1).nonzero()[0])

    def loss_with(position: int, token: int) -> float:
        logits = right.clone()
        logits[position] = 0
        logits[position, token] = 9
        return float(answer_loss(logits[None], packed, zero))

    exact = loss_with(first - 1, zero + 4)
    assert exact < loss_with(first - 1, zero + 5) < loss_with(first - 1, zero + 6)  # 499 is nearly five hundred
    assert loss_with(first, zero + 9) < loss_with(first, zero + 8) < loss_with(first, zero + 0)
    assert loss_with(0, zero) == exact  # what the prompt predicts does not count


def test_token_targets_name_the_finding_at_each_token(samples: list[Sample]) -> None:
    targets = token_targets(samples)
    at = 0
    for sample in samples:
        rows, columns = sample.grid[0] // 2, sample.grid[1] // 2
        label = targets.label[at : at + rows * columns].reshape(rows, columns)
        box = targets.box[at : at + rows * columns].reshape(rows, columns, 4)
        at += rows * columns
        for finding in sample.findings:
            x1, y1, x2, y2 = finding.box
            middle = int((y1 + y2) / 2 * rows), int((x1 + x2) / 2 * columns)
            assert ALL_LABELS[int(label[middle]) - 1] == finding.label
            assert box[middle].tolist() == pytest.approx(finding.box)
        named = {ALL_LABELS[index - 1] for index in label.unique().tolist() if index}
        assert named == {finding.label for finding in sample.findings}
        assert not box[label == 0].any()
        assert label[0, 0] == 0  # no finding reaches the corner
    assert at == len(targets.label) == len(targets.box)


def test_the_tokenizer_gives_every_digit_one_token() -> None:
    tokenizer = shared_tokenizer()
    digits = [tokenizer(str(digit), add_special_tokens=False)["input_ids"] for digit in range(10)]
    zero = tokenizer.convert_tokens_to_ids("0")
    assert digits == [[zero + digit] for digit in range(10)]  # the loss counts on their order
    for text in {*skeleton.training_texts(count=15), "[[105, 98, 456, 980]]", "CT2024x7"}:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        pieces = [tokenizer.decode([token]) for token in ids]
        assert [piece for piece in pieces if any(c.isdigit() for c in piece)] == [c for c in text if c.isdigit()]


def test_the_tokenizer_returns_every_text() -> None:
    tokenizer = shared_tokenizer()
    texts = {*skeleton.training_texts(count=15), "Ödem links, 肺 🫁\n\n  two  spaces", "", "<|im_start|>user\n"}
    for text in texts:
        assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text
    assert len(tokenizer) <= skeleton.VOCABULARY_SIZE
    for token in skeleton.SPECIAL_TOKENS:
        assert len(tokenizer(token, add_special_tokens=False)["input_ids"]) == 1


MINIATURE = Plan(
    samples=SAMPLES,
    vision=VisionStage(steps=3, batch=2),
    joint=(
        JointStage("text", steps=2, batch=2, text_rate=1e-2, vision_rate=0.0, auxiliary=0.0, questions=1),
        JointStage("joint", steps=3, batch=2, text_rate=1e-2, vision_rate=1e-3, auxiliary=0.3, questions=1),
    ),
)


class StoppedError(Exception):
    """What stands for a killed training."""


def train_with_stops(
    work: Path, phantom_folder: Path, stops: set[tuple[str, int]]
) -> tuple[Path, list[tuple[str, int]]]:
    """Train the miniature plan, starting again after each stop; return the checkpoint and all steps done."""
    steps: list[tuple[str, int]] = []
    real_step, real_save = Progress.step, vision_stage.save_state

    def record(self: Progress, step: int, losses: dict[str, float]) -> None:
        steps.append((self.name, step))
        real_step(self, step, losses)

    def save_and_stop(path: Path, state: dict[str, Any]) -> None:
        real_save(path, state)
        if (path.stem, state["step"]) in stops:
            raise StoppedError

    work.mkdir()
    (work / "phantoms").symlink_to(phantom_folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset, "_CHUNK", 8)
        patch.setattr(training, "build_tokenizer", shared_tokenizer)
        patch.setattr(Progress, "step", record)
        for stage in (vision_stage, joint_stage):
            patch.setattr(stage, "SAVE_EVERY", 1)
            patch.setattr(stage, "save_state", save_and_stop)
        for _ in stops:
            with pytest.raises(StoppedError):
                training.train(MINIATURE, work, workers=1)
        return training.train(MINIATURE, work, workers=1), steps


def load_state(path: Path) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(path, weights_only=True)
    return state


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory, phantom_folder: Path) -> tuple[Path, list[tuple[str, int]]]:
    """Train the miniature plan without a stop."""
    return train_with_stops(tmp_path_factory.mktemp("training") / "straight", phantom_folder, set())


def test_a_stopped_training_resumes_to_the_same_weights(
    tmp_path: Path, phantom_folder: Path, straight: tuple[Path, list[tuple[str, int]]]
) -> None:
    checkpoint, steps = straight
    lengths = {"vision": 3, "text": 2, "joint": 3}
    assert steps == [(stage, step) for stage, length in lengths.items() for step in range(length)]
    stops = {("vision", 1), ("text", 1), ("joint", 2), ("joint", 3)}
    resumed, resumed_steps = train_with_stops(tmp_path / "resumed", phantom_folder, stops)

    assert resumed_steps == steps  # nothing is done twice
    expected, weights = (load_state(folder.parent / "joint.state")["model"] for folder in (checkpoint, resumed))
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
    assert (checkpoint / "model.safetensors").read_bytes() == (resumed / "model.safetensors").read_bytes()


def test_the_finished_training_installs_as_an_artifact(
    tmp_path: Path, straight: tuple[Path, list[tuple[str, int]]]
) -> None:
    training.install(straight[0], tmp_path / "installed")
    assert verify_artifact(tmp_path / "installed") == []
    artifact = open_model(tmp_path / "installed")
    assert (artifact.manifest.spec_id, artifact.manifest.method, artifact.verified) == ("medmo-tiny", "bf16", True)


def test_each_stage_trains_its_own_part(
    straight: tuple[Path, list[tuple[str, int]]],
) -> None:
    work = straight[0].parent
    start = skeleton.build_model(shared_tokenizer(), MINIATURE.seed).state_dict()
    tower = {f"model.visual.{name}": w for name, w in load_state(work / "vision.state")["tower"].items()}
    text, joint = (load_state(work / f"{name}.state")["model"] for name in ("text", "joint"))

    patch_embed, layer = "model.visual.patch_embed.proj.weight", "model.language_model.layers.0.mlp.up_proj.weight"
    assert not torch.equal(tower[patch_embed], start[patch_embed])
    assert all(torch.equal(weight, text[name]) for name, weight in tower.items())  # frozen while the text learns
    assert not torch.equal(text[layer], start[layer])
    assert not torch.equal(joint[layer], text[layer])
    assert not torch.equal(joint[patch_embed], text[patch_embed])


def test_help_names_every_option(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["tiny_training", "--help"])
    monkeypatch.delitem(sys.modules, "tiny_training.__main__")
    with pytest.raises(SystemExit) as stop:
        runpy.run_module("tiny_training", run_name="__main__")
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    for option in ("--work", "--out", "--picture", "--threads", "--how"):
        assert option in shown
