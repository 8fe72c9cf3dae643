"""Questions about phantoms through a real session whose model recites answers that the test chose."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from medmo_evaluation.grounding_score import f1, mean_iou
from medmo_evaluation.phantom_run import AnsweredQuestion, ask_phantoms, true_boxes
from medmo_models.artifact import Artifact, Manifest
from medmo_models.grounding_format import NOTHING_FOUND, GroundedLabel, format_grounding
from medmo_models.phantoms import Phantom, Question, generate_phantoms, questions_for
from medmo_models.preprocessing import PreparedPrompt
from medmo_models.specs import MEDMO_TINY
from medmo_runtime.backends.reference import ReferenceBackend
from medmo_runtime.choose import Candidate, Choice
from medmo_runtime.generation import GeneratedToken, Generation, PhaseCallback, StopSignal, TokenCallback
from medmo_runtime.session import Session
from support.checkpoints import shared_tokenizer
from support.model_files import tiny_facts

SEED, COUNT = 7, 10
CLOSED = ("presence", "side", "count", "modality")
ALL_TASKS = ("localize", "report", *CLOSED)
#: What the reciting model says, given the number of the phantom, the phantom and the question.
Script = Callable[[int, Phantom, Question], str]


@pytest.fixture(scope="module")
def phantoms() -> list[Phantom]:
    return some_phantoms()


@lru_cache(maxsize=1)
def some_phantoms() -> list[Phantom]:
    return list(generate_phantoms(SEED, COUNT))


class RecitingModel:
    """A `LoadedModel` that says given answers in turn, and checks that it was asked what they answer."""

    def __init__(self, lines: list[tuple[str, str]]) -> None:
        self._lines = iter(lines)

    def generate(
        self,
        prompt: PreparedPrompt,
        max_new_tokens: int,
        on_token: TokenCallback | None = None,
        on_phase: PhaseCallback | None = None,
        stop: StopSignal | None = None,
    ) -> Generation:
        asked, answer = next(self._lines)
        assert asked in shared_tokenizer().decode(prompt.input_ids)
        assert prompt.image_grids is not None
        assert len(prompt.image_grids) == 1
        ids = shared_tokenizer()(answer, add_special_tokens=False)["input_ids"]
        tokens = tuple(GeneratedToken(token, 0.9) for token in ids[:max_new_tokens])
        assert on_token is not None
        for token in tokens:
            assert on_token(token)
        return Generation(tokens, "stop" if len(tokens) == len(ids) else "length", 0.1, 0.2, 0.3, 1000)

    def prepare(self, prompt: PreparedPrompt, shared: int) -> None:
        raise NotImplementedError

    def keep_images(self, folder: Path) -> None:
        raise NotImplementedError

    def logits(self, prompt: PreparedPrompt, first: int = 0) -> NDArray[np.float32]:
        raise NotImplementedError

    def close(self) -> None:
        """Hold nothing."""


def ask(
    folder: Path,
    script: Script,
    tasks: tuple[str, ...] = ALL_TASKS,
    progress: Callable[[int, int], None] | None = None,
) -> list[AnsweredQuestion]:
    rng = np.random.default_rng(SEED)
    lines = []
    for index, phantom in enumerate(some_phantoms()):
        for question in questions_for(phantom, rng):
            if question.task in tasks:
                lines.append((question.prompt, script(index, phantom, question)))
    manifest = Manifest(**vars(tiny_facts()), files={}, created="2026-01-01")
    artifact = Artifact(folder, manifest, MEDMO_TINY)
    candidate = Candidate(artifact, ReferenceBackend(), "cpu", "float32", None, None)
    choice = Choice(candidate, "the only one", (candidate,))
    with Session(choice, RecitingModel(lines), 0.0, "standard") as session:
        return list(ask_phantoms(session, SEED, COUNT, tasks, progress))


def truth(index: int, phantom: Phantom, question: Question) -> str:
    return question.answer


def test_the_truth_scores_one(processor_folder: Path, phantoms: list[Phantom]) -> None:
    answers = ask(processor_folder, truth)

    localized = [a for a in answers if a.question.task == "localize"]
    assert len(localized) == COUNT
    scores = [a.score() for a in localized]
    assert sum(score.true for score in scores) == sum(len(phantom.findings) for phantom in phantoms) > COUNT / 2
    assert f1(scores) == 1.0
    assert mean_iou(scores) > 0.97  # answers are rounded to a thousandth of the image
    assert {a.question.task for a in answers} == set(ALL_TASKS)
    assert all(a.correct for a in answers if a.question.is_vqa)


def test_answers_belong_to_their_phantom(processor_folder: Path, phantoms: list[Phantom]) -> None:
    answers = ask(processor_folder, truth, tasks=("localize",))
    for answer, phantom in zip(answers, phantoms, strict=True):
        height, width = phantom.pixels.shape[:2]
        assert np.array_equal(answer.phantom.pixels, phantom.pixels)
        assert answer.answer.image is not None
        assert (answer.answer.image.width, answer.answer.image.height) == (width, height)
        said = [(box.label, box.box) for box in answer.boxes()]
        assert len(said) == len(phantom.findings)
        for (label, box), finding in zip(said, phantom.findings, strict=True):
            assert label == finding.label
            shares = np.divide(box, [width, height, width, height])
            np.testing.assert_allclose(shares, finding.box, atol=0.00051)


def shifted(phantom: Phantom) -> str:
    """Answer with every box moved sideways by half its width, so that it overlaps the true one by a third."""
    labels = []
    for finding in phantom.findings:
        x1, y1, x2, y2 = finding.box_1000
        move = (x2 - x1) // 2 * (1 if x1 + x2 < 1000 else -1)
        labels.append(GroundedLabel(finding.label, ((x1 + move, y1, x2 + move, y2),)))
    return format_grounding(labels)


def test_boxes_in_the_wrong_place_cost_f1(processor_folder: Path, phantoms: list[Phantom]) -> None:
    answers = ask(
        processor_folder,
        lambda index, phantom, question: shifted(phantom) if index % 2 else question.answer,
        tasks=("localize",),
    )
    right = sum(len(phantom.findings) for phantom in phantoms[::2])
    wrong = sum(len(phantom.findings) for phantom in phantoms[1::2])
    assert right > 2
    assert wrong > 2
    scores = [a.score() for a in answers]
    assert f1(scores) == pytest.approx(right / (right + wrong))
    assert mean_iou(scores) == pytest.approx((right + wrong / 3) / (right + wrong), abs=0.02)


def test_silence_costs_recall(processor_folder: Path, phantoms: list[Phantom]) -> None:
    answers = ask(
        processor_folder,
        lambda index, phantom, question: NOTHING_FOUND if index % 2 else question.answer,
        tasks=("localize",),
    )
    right = sum(len(phantom.findings) for phantom in phantoms[::2])
    missed = sum(len(phantom.findings) for phantom in phantoms[1::2])
    assert f1([a.score() for a in answers]) == pytest.approx(2 * right / (2 * right + missed))


def test_wrong_closed_answers_cost_accuracy(processor_folder: Path, phantoms: list[Phantom]) -> None:
    def contrary(index: int, phantom: Phantom, question: Question) -> str:
        opposite = {"yes": "no", "no": "yes", "left": "right", "right": "left"}
        return opposite.get(question.answer, question.answer)

    answers = ask(processor_folder, contrary, tasks=CLOSED)
    assert {a.question.task for a in answers} == set(CLOSED)
    for answer in answers:
        assert answer.correct == (answer.question.task in ("count", "modality"))


def test_closed_answers_match_but_for_case_and_full_stop(processor_folder: Path) -> None:
    said = {"Yes": True, " yes. ": True, "YES": True, "no": False, "yes it is": False, "": False}
    answers = ask(processor_folder, lambda index, *_: list(said)[index % len(said)], tasks=("presence",))
    for answer, (text, correct) in zip(answers, said.items(), strict=False):
        asked = Question("presence", answer.question.prompt, "yes")
        assert answer.answer.text == text
        assert AnsweredQuestion(answer.phantom, asked, answer.answer).correct == correct


def test_only_the_chosen_tasks_are_asked_with_progress(processor_folder: Path) -> None:
    reports: list[tuple[int, int]] = []
    answers = ask(processor_folder, truth, tasks=("count",), progress=lambda done, total: reports.append((done, total)))
    assert [a.question.task for a in answers] == ["count"] * COUNT
    assert reports == [(done, COUNT) for done in range(1, COUNT + 1)]


def test_true_boxes_are_in_pixels() -> None:
    phantom = max(some_phantoms(), key=lambda candidate: len(candidate.findings))
    assert phantom.findings
    height, width = phantom.pixels.shape[:2]
    for entry, finding in zip(true_boxes(phantom), phantom.findings, strict=True):
        assert entry.label == finding.label
        assert np.divide(entry.box, [width, height, width, height]) == pytest.approx(finding.box)
