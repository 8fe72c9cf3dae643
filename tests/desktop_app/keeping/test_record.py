from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from medmo_desktop.keeping.record import describe_image, make_record, read_record
from medmo_models.errors import InputError
from medmo_models.imaging import image_from_pixels
from medmo_runtime.conversation import Turn
from support.cases import OPENED, corrected_boxes, make_answer, make_case, make_drawn_case, model_boxes, noise


def through_json(values: Any) -> Any:
    return json.loads(json.dumps(values, allow_nan=False))


def test_a_record_with_corrections_is_the_same_after_json() -> None:
    image = image_from_pixels(noise())
    boxes = corrected_boxes(model_boxes(make_answer(image)))
    record = make_case(
        image, boxes, describe=lambda one: describe_image(one, window=(-600.0, 1500.0), path=Path("/data/x.dcm"))
    )
    assert read_record(through_json(record.to_json()), "the record") == record
    first, second, third = record.boxes
    assert first.model_pixels == pytest.approx((12.0, 16.0, 36.0, 32.0))
    assert second.model_label == "pleural effusion"
    assert third.origin == "user"


def test_a_conversation_knows_which_image_its_boxes_belong_to() -> None:
    one, two, three = (image_from_pixels(noise(seed=seed)) for seed in range(3))
    turns = [
        Turn("system", "Be brief."),
        Turn("user", "Look.", (one,)),
        Turn("assistant", "Seen."),
        Turn("user", "Compare these.", (two, three)),
        Turn("assistant", "Done."),
        Turn("user", "And the left one?"),
    ]
    record = make_record(turns, make_answer(two), OPENED, spec_id="medmo-4b", boxes=model_boxes(make_answer(two)))
    assert [image.sha256 for image in record.images] == [one.sha256, two.sha256, three.sha256]
    assert record.prompt_images == ()
    assert record.subject == record.images[1]
    assert record.history[3].images == (1, 2)


def test_what_leaves_the_machine_has_no_path() -> None:
    record = make_case(describe=lambda one: describe_image(one, path=Path("/data/SMITH^JOHN/x.dcm")))
    text = json.dumps(record.without_paths().to_json())
    assert "SMITH" not in text
    assert "somebody" not in text
    assert "medmo-4b-gptq" in text


def test_boxes_that_were_drawn_without_a_question_are_a_record_too() -> None:
    record = make_drawn_case()
    assert read_record(through_json(record.to_json()), "the record") == record
    assert record.answer is None
    assert record.subject == record.images[0]
    assert make_drawn_case().id == record.id != make_drawn_case(image_from_pixels(noise(seed=3))).id
    assert record.without_paths() == record


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema_version": 2}, "schema version 2"),
        ({"extra": 1}, '"extra" is not a known key'),
        ({"prompt": 3}, '"prompt" must be a string'),
        ({"id": "../../etc"}, '"id"'),
        ({"time": "yesterday"}, '"time"'),
        ({"tokens": [1, 2.5]}, '"tokens.1" must be a whole number'),
        ({"prompt_images": [4]}, "names an image"),
        ({"boxes": [{"id": "m0", "label": "x", "pixels": [1, 2, 3]}]}, '"boxes.boxes.0.pixels" must have 4 items'),
        ({"boxes": [{"id": "m0", "label": "x", "pixels": [9, 2, 3, 4]}]}, "wrong order"),
        ({"model": {"id": "a"}}, '"model.method" is missing'),
        ({"answer": {"text": "only"}}, '"answer.findings" is missing'),
        ({"answer": None}, "both be null"),
        ({"preprocessing": "none"}, "standard, readme"),
        ({"max_new_tokens": True}, '"max_new_tokens" must be a whole number'),
    ],
)
def test_a_damaged_record_is_refused_by_the_key(change: dict[str, Any], says: str) -> None:
    values = through_json(make_case().to_json()) | change
    with pytest.raises(InputError, match=r"^the record") as caught:
        read_record(values, "the record")
    assert says in str(caught.value)
