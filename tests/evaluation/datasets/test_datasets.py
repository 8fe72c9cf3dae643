"""Datasets of every layout, made small: prompts, truths, and what is skipped or refused."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from medmo_evaluation.datasets import open_dataset
from medmo_evaluation.phantom_run import true_boxes
from medmo_models.errors import InputError
from medmo_models.phantoms import generate_phantoms, questions_for
from medmo_models.prompts import LOCALIZE_PROMPT


def picture(path: Path, width: int = 40, height: int = 30) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((height, width, 3), 90, np.uint8)).save(path)
    return path


def png() -> dict[str, Any]:
    buffer = io.BytesIO()
    Image.fromarray(np.full((20, 30, 3), 200, np.uint8)).save(buffer, "PNG")
    return {"bytes": buffer.getvalue(), "path": None}


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=2)


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def write_lines(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_phantoms_are_asked_what_the_model_card_was_measured_on() -> None:
    dataset = open_dataset("phantoms:seed=7,count=5")
    assert dataset.name == "phantoms:seed=7,count=5"
    rng = np.random.default_rng(7)
    expected = [(p, q) for p in generate_phantoms(7, 5) for q in questions_for(p, rng)]
    assert len(dataset) == len(expected)
    for index, (phantom, question) in enumerate(expected):
        sample = dataset[index]
        assert (sample.task, sample.prompt, sample.answer) == (question.task, question.prompt, question.answer)
        np.testing.assert_array_equal(sample.images[0], phantom.pixels)
        assert sample.boxes == (tuple(true_boxes(phantom)) if question.task == "localize" else None)
    assert len({dataset[index].id for index in range(len(dataset))}) == len(dataset)
    assert dataset.sha256 == open_dataset("phantoms:count=5").sha256 != open_dataset("phantoms:count=4").sha256


def test_jsonl_with_every_kind_of_question(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    box = {"label": "Mass", "box": [100, 200, 500, 600]}
    file = write_lines(
        tmp_path / "mine.jsonl",
        {"id": "1", "image": "images/a.png", "prompt": "Where?", "boxes": [box], "box_space": "relative-1000"},
        {"id": "2", "image": "images/a.png", "prompt": "Where?", "boxes": [{"label": "Mass", "box": [1, 2, 3, 4]}]},
        {"id": "3", "prompt": "Which?", "options": {"A": "one", "B": "two"}, "answer": "B", "task": "text"},
        {"prompt": "Is it?", "answer": "yes", "scoring": "closed", "image": "images/a.png", "modality": "CT"},
    )
    dataset = open_dataset(str(file))
    samples = [dataset[index] for index in range(4)]
    assert [sample.scoring for sample in samples] == ["boxes", "boxes", "choice", "closed"]
    assert samples[0].boxes is not None
    assert samples[0].boxes[0].box == pytest.approx((4.0, 6.0, 20.0, 18.0))
    assert samples[1].boxes is not None
    assert samples[1].boxes[0].box == (1.0, 2.0, 3.0, 4.0)
    assert (samples[2].answer, samples[2].options["A"], samples[2].task, samples[2].images) == ("B", "one", "text", ())
    assert (samples[3].id, samples[3].modality) == ("line-4", "CT")
    before = dataset.sha256
    other = tmp_path / "elsewhere"
    other.mkdir()
    (tmp_path / "images").rename(other / "images")
    file.rename(other / "renamed.jsonl")
    assert open_dataset(str(other / "renamed.jsonl")).sha256 == before


def test_jsonl_faults_that_skip_a_sample_are_counted_and_named(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "empty.png").write_bytes(b"")
    asked = {"image": "a.png", "prompt": "Where?"}

    def with_box(name: str, box: Any) -> dict[str, Any]:
        return {"id": name, **asked, "boxes": [{"label": "Mass", "box": box}]}

    file = write_lines(
        tmp_path / "mine.jsonl",
        with_box("good", [1, 2, 3, 4]),
        with_box("good", [1, 2, 3, 4]),
        {**with_box("missing", [1, 2, 3, 4]), "image": "b.png"},
        {**with_box("empty", [1, 2, 3, 4]), "image": "empty.png"},
        with_box("inverted", [5, 2, 3, 4]),
        with_box("flat", [1, 2, 3, 2]),
        with_box("outside", [-1, 2, 3, 4]),
        with_box("short", [1, 2, 3]),
        with_box("text", [1, 2, 3, "4"]),
    )
    dataset = open_dataset(str(file))
    assert len(dataset) == 1
    reasons = {skip.id: skip.reason for skip in dataset.skipped}
    assert set(reasons) == {"good", "missing", "empty", "inverted", "flat", "outside", "short", "text"}
    assert "before" in reasons["good"]
    assert "b.png" in reasons["missing"]
    assert "inverted or empty" in reasons["flat"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"prompt": 3}', "prompt"),
        ('{"prompt": "a", "answr": "b"}', "answr"),
        ('{"prompt": "a"', "valid JSON"),
        ('["a"]', "object"),
        ('{"prompt": "a"}', "answer"),
        ('{"prompt": "a", "options": {"A": "x"}, "answer": "B"}', "letter"),
        ('{"prompt": "a", "answer": "b", "scoring": "vibes"}', "scoring"),
        ('{"prompt": "a", "boxes": [{"label": "x", "box": [1, 2, 3, 4]}]}', "image"),
        ('{"prompt": "a", "answer": "b", "image": "../../secret.png"}', "outside"),
    ],
)
def test_jsonl_faults_that_refuse_the_file_name_the_line(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text('{"prompt": "a", "answer": "b"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=said) as caught:
        open_dataset(str(file))
    assert "line 2" in str(caught.value) or "outside" in str(caught.value)


def test_broken_utf8_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_bytes(b'{"prompt": "a", "answer": "b"}\n{"prompt": "\xff"}\n')
    with pytest.raises(InputError, match="line 2: not UTF-8"):
        open_dataset(str(file))


def test_coco_files(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        picture(tmp_path / "images" / name)
    annotation = {"image_id": 1, "category_id": 7, "bbox": [10, 5, 20, 10], "id": 1}
    write_json(
        tmp_path / "boxes.json",
        {
            "images": [{"id": n, "file_name": f"{name}.png"} for n, name in enumerate("abcd", start=1)],
            "categories": [{"id": 7, "name": "Nodule"}],
            "annotations": [annotation, {**annotation, "id": 2, "image_id": 3, "bbox": [1, 1, 0, 5]}],
        },
    )
    dataset = open_dataset(f"coco:{tmp_path / 'boxes.json'},images={tmp_path / 'images'}")
    first, second = dataset[0], dataset[1]
    assert (first.id, first.prompt, first.scoring) == ("coco-1", LOCALIZE_PROMPT, "boxes")
    assert first.boxes is not None
    assert (first.boxes[0].label, first.boxes[0].box) == ("Nodule", (10.0, 5.0, 30.0, 15.0))
    assert second.boxes == ()
    assert {skip.id for skip in dataset.skipped} == {"coco-3", "coco-4"}


YES_NO = "\nPlease output 'yes' or 'no'(no extra output)."
LETTER = "Answer with the option's letter from the given choices directly."


@pytest.mark.parametrize("name", ["vqa-rad", "path-vqa"])
def test_parquet_questions_with_images(tmp_path: Path, name: str) -> None:
    rows = [
        {"image": png(), "question": "Is it?", "answer": "Yes"},
        {"image": png(), "question": "What?", "answer": "a mass"},
        {"image": png(), "question": "", "answer": "x"},
        {"image": {"bytes": b"no image", "path": None}, "question": "Is it?", "answer": "no"},
    ]
    write_rows(tmp_path / "data" / "test-00000-of-00001.parquet", rows)
    dataset = open_dataset(f"{name}:{tmp_path}")
    assert (dataset[0].prompt, dataset[0].answer, dataset[0].scoring) == ("Is it?" + YES_NO, "yes", "closed")
    assert dataset[1].prompt == "What?\nPlease answer the question concisely."
    assert (dataset[1].answer, dataset[1].scoring) == ("a mass", "open")
    assert np.asarray(dataset[1].images[0]).shape == (20, 30, 3)
    assert len(dataset.skipped) == 1
    with pytest.raises(InputError, match="no image that can be read"):
        dataset[2]


def test_slake(tmp_path: Path) -> None:
    picture(tmp_path / "imgs" / "x1" / "source.jpg")
    base = {"img_name": "x1/source.jpg", "question": "Q", "answer": "Lung", "q_lang": "en", "modality": "CT"}
    entries = [
        {**base, "qid": 1, "answer_type": "OPEN"},
        {**base, "qid": 2, "answer_type": "CLOSED"},
        {**base, "qid": 3, "answer_type": "CLOSED", "img_name": "x2/source.jpg"},
        {**base, "qid": 4, "answer_type": "OPEN", "q_lang": "zh"},
    ]
    write_json(tmp_path / "test.json", entries)
    dataset = open_dataset(f"slake:{tmp_path}")
    assert [dataset[i].scoring for i in range(3)] == ["open", "closed", "open"]
    assert dataset[1].prompt == "Q\nAnswer the question using a single word or phrase."
    assert dataset[2].prompt != dataset[0].prompt
    assert dataset[0].modality == "CT"
    assert [skip.id for skip in dataset.skipped] == ["slake-3"]


def test_pmc_vqa(tmp_path: Path) -> None:
    picture(tmp_path / "figures" / "f.jpg")
    header = "index,Figure_path,Caption,Question,Choice A,Choice B,Choice C,Choice D,Answer,split\n"
    (tmp_path / "test_2.csv").write_text(header + "0,f.jpg,c,What?, A:one , B:two , C:three , D:four ,B,test\n")
    sample = open_dataset(f"pmc-vqa:{tmp_path}")[0]
    assert sample.prompt == f"\nQuestion: What?\nOptions: \n A:one \n B:two \n C:three \n D:four \n{LETTER}"
    assert sample.answer == "B"
    (tmp_path / "test_2.csv").write_text(header + "0,f.jpg\n")
    with pytest.raises(InputError, match="line 2"):
        open_dataset(f"pmc-vqa:{tmp_path}")


def test_omnimedvqa(tmp_path: Path) -> None:
    picture(tmp_path / "Images" / "i.png")
    entry = {
        "question_id": "q1",
        "question": "What?",
        "image_path": "Images/i.png",
        "option_A": "CT",
        "option_B": "MRI",
        "gt_answer": "MRI",
        "question_type": "Modality Recognition",
        "modality_type": "MR",
    }
    wrong = {**entry, "question_id": "q2", "gt_answer": "PET"}
    write_json(tmp_path / "QA_information" / "Open-access" / "set.json", [entry, wrong])
    dataset = open_dataset(f"omnimedvqa:{tmp_path}")
    sample = dataset[0]
    assert (sample.answer, sample.task, sample.modality) == ("B", "Modality Recognition", "MR")
    assert sample.prompt == f"\nQuestion: What?\nOptions: \nA. CT\nB. MRI\n{LETTER}"
    assert [skip.id for skip in dataset.skipped] == ["q2"]


def test_text_sets(tmp_path: Path) -> None:
    write_rows(
        tmp_path / "medqa" / "test.parquet",
        [{"question": "Q", "options": dict.fromkeys("ABCD", "x"), "answer_idx": "C"}],
    )
    write_rows(
        tmp_path / "medmcqa" / "validation-0.parquet",
        [{"question": "Q", "opa": "1", "opb": "2", "opc": "3", "opd": "4", "cop": 3}],
    )
    write_rows(
        tmp_path / "pubmedqa" / "test.parquet",
        [
            {
                "data": {
                    "Question": "Q",
                    "Options": {"A": "yes", "B": "no", "C": "maybe"},
                    "Context": ["one", "two"],
                    "Correct Option": "A",
                }
            }
        ],
    )
    medqa = open_dataset(f"medqa:{tmp_path / 'medqa'}")[0]
    assert (medqa.answer, medqa.images) == ("C", ())
    assert open_dataset(f"medmcqa:{tmp_path / 'medmcqa'}")[0].answer == "D"
    pubmed = open_dataset(f"pubmedqa:{tmp_path / 'pubmedqa'}")[0]
    assert pubmed.prompt == f"Context: one\ntwo\n\nQuestion: Q\nOptions: \nA.yes\nB.no\nC.maybe\n{LETTER}"
    with pytest.raises(InputError, match="lacks"):
        open_dataset(f"medqa:{tmp_path / 'pubmedqa'}")


def test_medxpertqa_with_and_without_images(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "MM-1-a.jpeg")
    row = {"id": "MM-1", "question": "Q", "options": {"A": "one", "B": "two"}, "label": "B"}
    write_rows(tmp_path / "MM" / "test.parquet", [{**row, "images": ["MM-1-a.jpeg"]}, {**row, "id": "T", "images": []}])
    dataset = open_dataset(f"medxpertqa:{tmp_path}")
    assert (dataset[0].task, len(dataset[0].images)) == ("MedXpertQA MM", 1)
    assert (dataset[1].task, dataset[1].images) == ("MedXpertQA Text", ())


def test_mmmu_medical(tmp_path: Path) -> None:
    subjects = ["Basic_Medical_Science", "Clinical_Medicine", "Diagnostics_and_Laboratory_Medicine", "Pharmacy"]
    for subject in [*subjects, "Public_Health"]:
        row = {"id": f"v_{subject}", "question": "See <image 1>?", "options": "['a', 'b']", "answer": "A"}
        opened = {**row, "id": f"o_{subject}", "options": "[]", "answer": "1.5"}
        rows = [{**entry, "image_1": png(), "image_2": None} for entry in (row, opened)]
        write_rows(tmp_path / subject / "validation-0.parquet", rows)
    dataset = open_dataset(f"mmmu-medical:{tmp_path}")
    assert (len(dataset), len(dataset.skipped)) == (5, 5)
    assert dataset[0].prompt == f"See <image 1>?\n\n(A) a\n(B) b\n\n{LETTER}"
    assert len(dataset[0].images) == 1


@pytest.mark.parametrize("name", ["iu-xray", "mimic-cxr", "chexpert-plus"])
def test_reports(tmp_path: Path, name: str) -> None:
    picture(tmp_path / "images" / "1.png")
    base = {"image": ["1.png"], "findings": "Clear lungs.", "impression": ""}
    write_json(tmp_path / "test.json", [base, {**base, "findings": ""}, {**base, "image": ["2.png"]}])
    dataset = open_dataset(f"{name}:{tmp_path}")
    assert dataset[0].answer == "Findings: Clear lungs. Impression: None."
    assert dataset[0].prompt.startswith("You are a helpful assistant. Please generate a report")
    assert len(dataset.skipped) == 2


@pytest.mark.parametrize(
    "text", ["phantoms:seed=x", "phantoms:sed=7", "nothing", "slake:/no/such/folder", "coco:/no/such.json", "no.jsonl"]
)
def test_what_is_not_understood_is_one_sentence(text: str) -> None:
    with pytest.raises(InputError) as caught:
        open_dataset(text)
    assert str(caught.value).count("\n") == 0


def test_a_dataset_of_which_nothing_is_left_says_why(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "m.jsonl", {"prompt": "a", "answer": "b", "image": "gone.png"})
    with pytest.raises(InputError, match=r"gone\.png"):
        open_dataset(str(file))
