from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from medmo_desktop.findings.marks import BoxSet
from medmo_desktop.keeping.case_file import Case, read_case, save_case
from medmo_desktop.keeping.record import describe_image, make_record
from medmo_models.imaging import image_from_pixels, load_image
from medmo_models.library import embedded_model_path
from medmo_models.prompts import LOCALIZE_PROMPT
from medmo_runtime.conversation import Turn
from medmo_runtime.worker import OpenRequest, WorkerSession
from support.cases import make_drawn_case, noise
from support.command import run_medmo


@pytest.fixture(scope="module")
def asked(phantom_png: Path) -> Case:
    """A real answer of the embedded model, with its tokens."""
    image = load_image(phantom_png)
    with WorkerSession(OpenRequest((str(embedded_model_path()),))) as session:
        answer, tokens = session.ask_with_tokens([image], LOCALIZE_PROMPT)
        record = make_record(
            [Turn("user", LOCALIZE_PROMPT, (image,))],
            answer,
            session.open(),
            boxes=BoxSet(),
            tokens=tokens,
            describe=lambda one: describe_image(one, path=phantom_png),
        )
    assert answer.findings
    assert record.model.spec_id == "medmo-tiny"
    assert len(tokens) == answer.stats.new_tokens
    return Case(record, (image,))


@pytest.fixture
def case_file(asked: Case, tmp_path: Path) -> Path:
    path = tmp_path / "case.medmo-case"
    save_case(path, asked.record, asked.images)
    return path


def test_a_case_replays_to_the_same_tokens(case_file: Path, asked: Case) -> None:
    done = run_medmo("replay", str(case_file), "--json")
    assert done.code == 0, done.err
    result = done.json
    assert result["identical"] is True
    assert result["same_tokens"] is True
    assert result["after"] == result["before"]
    assert len(result["boxes"]) == sum(len(finding.boxes) for finding in asked.record.answer.findings)
    assert all(box["iou"] == 1 and box["corner_shift"] == 0 for box in result["boxes"])


def test_people_see_a_table_and_a_verdict_where_the_answer_differs(asked: Case, tmp_path: Path) -> None:
    answer = asked.record.answer
    first, *others = answer.findings
    x1, y1, x2, y2 = first.boxes[0].pixels
    moved = replace(first, boxes=(replace(first.boxes[0], pixels=(x1 + 4, y1, x2 + 4, y2)), *first.boxes[1:]))
    changed = replace(answer, text="Once " + answer.text, findings=(moved, *others))
    record = replace(asked.record, answer=changed, tokens=(1, *(asked.record.tokens or ())))
    save_case(tmp_path / "changed.medmo-case", record, asked.images)
    done = run_medmo("replay", str(tmp_path / "changed.medmo-case"), "--backend", "reference", "--device", "cpu")
    assert done.code == 0, done.err
    assert "[-Once -]" in done.out
    assert "first different token is number 0" in done.out
    assert "largest corner shift 4.0 px" in done.out
    assert "reference/cpu" in done.out
    assert "Not for diagnosis" in done.err


def test_bad_input_is_exit_2_and_a_backend_that_is_not_here_exit_3(case_file: Path, tmp_path: Path) -> None:
    assert run_medmo("replay", str(tmp_path / "none")).code == 2
    (tmp_path / "text").write_text("hello")
    done = run_medmo("replay", str(tmp_path / "text"))
    assert done.code == 2
    assert "not a case file" in done.sentence()
    assert "reference" in run_medmo("replay", str(case_file), "--backend", "warp").sentence()
    gone = run_medmo("replay", str(case_file), "--device", "cuda:7")
    assert gone.code == 3
    assert "cuda:7" in gone.sentence()


def test_a_model_that_is_not_installed_is_named(case_file: Path) -> None:
    case = read_case(case_file)
    stranger = replace(case.record, model=replace(case.record.model, id="f" * 64, spec_id="medmo-8b", method="gptq"))
    save_case(case_file, stranger, case.images)
    done = run_medmo("replay", str(case_file))
    assert done.code == 2
    assert "medmo-8b, gptq" in done.sentence()
    assert "--artifact" in done.sentence()
    chosen = run_medmo("replay", str(case_file), "--artifact", "medmo-tiny", "--json")
    assert chosen.code == 0, chosen.err
    assert "another model" in chosen.err
    assert chosen.json["same_text"] is True


def test_boxes_that_nobody_was_asked_about_have_nothing_to_replay(tmp_path: Path) -> None:
    image = image_from_pixels(noise())
    save_case(tmp_path / "drawn.medmo-case", make_drawn_case(image), [image])
    done = run_medmo("replay", str(tmp_path / "drawn.medmo-case"))
    assert done.code == 2
    assert "there is nothing to replay" in done.sentence()
