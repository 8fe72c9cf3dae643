"""Pictures, JSON and COCO."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from medmo_desktop.findings.marks import BoxSet
from medmo_desktop.keeping.exports.coco import export_coco
from medmo_desktop.keeping.exports.json_export import export_json
from medmo_desktop.keeping.exports.png import export_png
from medmo_desktop.keeping.record import CaseRecord, describe_image, make_record
from medmo_models.errors import InputError
from medmo_models.imaging import LoadedImage, image_from_pixels
from medmo_runtime.conversation import Turn
from support.cases import OPENED, corrected_boxes, make_answer, make_case, model_boxes, noise

SECRET = Path("/data/SMITH^JOHN/film.png")


@pytest.fixture
def image() -> LoadedImage:
    return image_from_pixels(np.full((300, 400, 3), 90, np.uint8))


@pytest.fixture
def record(image: LoadedImage) -> CaseRecord:
    boxes = corrected_boxes(model_boxes(make_answer(image)))
    return make_case(image, boxes, describe=lambda one: describe_image(one, path=SECRET))


def picture(path: Path, record: CaseRecord, image: LoadedImage) -> np.ndarray:
    export_png(path, record, image)
    with Image.open(path) as opened:
        assert opened.info == {}
        return np.array(opened)


def with_boxes(image: LoadedImage, boxes: BoxSet) -> CaseRecord:
    return make_case(image, boxes)


def test_the_picture_shows_boxes_where_they_are_and_a_caption_below(
    tmp_path: Path, image: LoadedImage, record: CaseRecord
) -> None:
    drawn = picture(tmp_path / "a.png", record, image)
    assert drawn.shape[0] > 300
    assert drawn.shape[1] == 400
    rows, columns = np.nonzero((drawn[:300] != image.pixels).any(axis=2))
    furthest = record.boxes.find("m1")
    assert furthest is not None
    assert (columns.max() + 1, rows.max() + 1) == (round(furthest.pixels[2]), round(furthest.pixels[3]))


def test_a_user_s_box_looks_different_from_the_model_s_and_a_hidden_one_is_not_drawn(
    tmp_path: Path, image: LoadedImage
) -> None:
    place = (100.0, 100.0, 200.0, 180.0)
    of_user = BoxSet().added("nodule", place)
    model = model_boxes(make_answer(image)).boxes[0]
    of_model = BoxSet((type(model)("m0", "nodule", place),))
    first = picture(tmp_path / "a.png", with_boxes(image, of_user), image)
    second = picture(tmp_path / "b.png", with_boxes(image, of_model), image)
    assert (first[:300] != second[:300]).any()
    hidden = picture(tmp_path / "c.png", with_boxes(image, of_model.shown("m0", False)), image)
    assert np.array_equal(hidden[:300], image.pixels)


def test_another_image_or_name_is_refused(tmp_path: Path, image: LoadedImage, record: CaseRecord) -> None:
    with pytest.raises(InputError, match="same frame and window"):
        export_png(tmp_path / "a.png", record, image_from_pixels(noise()))
    with pytest.raises(InputError, match=r"does not end in \.png"):
        export_png(tmp_path / "a.jpg", record, image)
    with pytest.raises(InputError, match="Cannot write the picture"):
        export_png(tmp_path / "no" / "a.png", record, image)
    assert list(tmp_path.iterdir()) == []


def test_json_has_answer_boxes_notice_and_no_path(tmp_path: Path, record: CaseRecord) -> None:
    export_json(tmp_path / "a.json", record)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert "SMITH" not in text
    assert "somebody" not in text
    values = json.loads(text)
    assert values["notice"] == "Research use only. Not for diagnosis."
    assert [box["source"] for box in values["boxes"]] == ["model, corrected by the user"] * 2 + ["user"]
    assert values["boxes"][0]["model_pixels"] == pytest.approx([40, 60, 120, 120])
    assert values["answer"]["text"] == record.answer.text
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_coco_is_read_by_pycocotools(tmp_path: Path, record: CaseRecord) -> None:
    export_coco(tmp_path / "coco.json", record)
    coco = COCO(str(tmp_path / "coco.json"))
    (entry,) = coco.loadImgs(coco.getImgIds())
    assert (entry["width"], entry["height"]) == (400, 300)
    assert "film" not in entry["file_name"]
    names = {category["id"]: category["name"] for category in coco.loadCats(coco.getCatIds())}
    moved, renamed, drawn = coco.loadAnns(coco.getAnnIds())
    assert [names[one["category_id"]] for one in (moved, renamed, drawn)] == ["nodule", "fluid", "scar"]
    assert moved["bbox"] == [5, 6, 25, 14]
    assert moved["area"] == 25 * 14
    assert "score" not in moved, "the probability was of another place"
    assert moved["attributes"]["model_bbox"] == pytest.approx([40, 60, 80, 60])
    assert renamed["score"] == 0.6
    assert renamed["attributes"]["model_label"] == "pleural effusion"
    assert (drawn["attributes"]["origin"], "score" in drawn) == ("user", False)
    assert "Not for diagnosis" in json.loads((tmp_path / "coco.json").read_text())["info"]["description"]


def test_coco_scores_are_what_evaluation_reads(tmp_path: Path, image: LoadedImage) -> None:
    """Untouched model boxes score 1.0 against themselves."""
    from pycocotools.cocoeval import COCOeval

    export_coco(tmp_path / "coco.json", make_case(image))
    truth = COCO(str(tmp_path / "coco.json"))
    found = truth.loadRes(json.loads((tmp_path / "coco.json").read_text())["annotations"])
    evaluation = COCOeval(truth, found, "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1)


def test_a_question_without_an_image_has_no_boxes_to_export(tmp_path: Path) -> None:
    record = make_record([Turn("user", "What is a nodule?")], make_answer(None), OPENED, spec_id="x", boxes=BoxSet())
    with pytest.raises(InputError, match="without an image"):
        export_coco(tmp_path / "coco.json", record)
    export_json(tmp_path / "a.json", record)
