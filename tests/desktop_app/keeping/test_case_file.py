from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medmo_desktop.keeping.case_file import read_case, save_case
from medmo_desktop.keeping.record import describe_image, make_record
from medmo_models.errors import InputError
from medmo_models.imaging import image_from_pixels, load_image
from medmo_runtime.conversation import Turn
from support.cases import OPENED, corrected_boxes, make_answer, make_case, model_boxes, noise

SECRET = Path("/data/SMITH^JOHN/film.dcm")


@pytest.fixture
def case_file(tmp_path: Path) -> Path:
    image = image_from_pixels(noise())
    boxes = corrected_boxes(model_boxes(make_answer(image)))
    path = tmp_path / "a.medmo-case"
    save_case(path, make_case(image, boxes, describe=lambda one: describe_image(one, path=SECRET)), [image])
    return path


def rewrite(path: Path, parts: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)


def parts_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def relisted(parts: dict[str, bytes]) -> dict[str, bytes]:
    """The parts with a manifest that fits them: what somebody who edits the file on purpose would make."""
    manifest = json.loads(parts["manifest.json"])
    manifest["parts"] = {
        name: {"size": len(part), "sha256": hashlib.sha256(part).hexdigest()}
        for name, part in parts.items()
        if name != "manifest.json"
    }
    return parts | {"manifest.json": json.dumps(manifest).encode()}


def test_a_case_comes_back_with_the_same_pixels_and_without_paths(tmp_path: Path, case_file: Path) -> None:
    case = read_case(case_file)
    assert np.array_equal(case.images[0].pixels, noise())
    assert case.turns[-1].text == "Detect all abnormalities."
    assert [box.origin for box in case.record.boxes] == ["model", "model", "user"]
    content = case_file.read_bytes()
    assert b"SMITH" not in content
    assert b"somebody" not in content
    assert b"Not for diagnosis" in content
    assert list(tmp_path.iterdir()) == [case_file]


def test_a_conversation_about_several_images_comes_back(tmp_path: Path) -> None:
    one, two = image_from_pixels(noise()), image_from_pixels(noise(33, 44, seed=1))
    turns = [Turn("user", "Look.", (one,)), Turn("assistant", "Seen."), Turn("user", "Compare.", (two,))]
    record = make_record(turns, make_answer(two), OPENED, spec_id="medmo-4b", boxes=model_boxes(make_answer(two)))
    save_case(tmp_path / "c.medmo-case", record, [one, two])
    back = read_case(tmp_path / "c.medmo-case").turns
    assert [(turn.role, turn.text, len(turn.images)) for turn in back] == [
        ("user", "Look.", 1),
        ("assistant", "Seen.", 0),
        ("user", "Compare.", 1),
    ]
    assert np.array_equal(back[2].images[0].pixels, two.pixels)


def test_no_dicom_header_gets_into_the_file(tmp_path: Path) -> None:
    from pydicom import dcmread
    from pydicom.data import get_testdata_file

    source = Path(str(get_testdata_file("CT_small.dcm", download=False)))
    image = load_image(source)
    save_case(tmp_path / "ct.medmo-case", make_case(image), [image])
    content = (tmp_path / "ct.medmo-case").read_bytes()
    header = dcmread(source, stop_before_pixels=True)
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "SOPInstanceUID"):
        assert str(header[keyword].value).encode() not in content


def test_other_pixels_than_the_model_saw_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="same frame and window"):
        save_case(tmp_path / "x.medmo-case", make_case(), [image_from_pixels(noise(seed=9))])
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_older_file(case_file: Path) -> None:
    before = case_file.read_bytes()
    with pytest.raises(InputError):
        save_case(case_file, make_case(), [])
    assert case_file.read_bytes() == before


@pytest.mark.parametrize("name", ["case.json", "image-0.png", "manifest.json"])
def test_a_changed_byte_anywhere_is_noticed(case_file: Path, name: str) -> None:
    with zipfile.ZipFile(case_file) as archive:
        offset = archive.getinfo(name).header_offset + 30 + len(name) + 40
    content = bytearray(case_file.read_bytes())
    content[offset] ^= 1
    case_file.write_bytes(content)
    with pytest.raises(InputError):
        read_case(case_file)


def test_a_part_that_was_replaced_is_named(case_file: Path) -> None:
    parts = parts_of(case_file)
    rewrite(case_file, parts | {"image-0.png": parts["image-0.png"][:-12]})
    with pytest.raises(InputError, match=r"image-0\.png was changed"):
        read_case(case_file)


def test_another_image_is_refused_even_with_fitting_hashes(case_file: Path, tmp_path: Path) -> None:
    other = image_from_pixels(noise(seed=3))
    save_case(tmp_path / "other", make_case(other), [other])
    rewrite(case_file, relisted(parts_of(case_file) | {"image-0.png": parts_of(tmp_path / "other")["image-0.png"]}))
    with pytest.raises(InputError, match="not the image that the record describes"):
        read_case(case_file)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda parts: {"case.json": parts["case.json"]}, "not a case file"),
        (lambda parts: relisted(parts | {"../evil": b"x"}), "images of its record"),
        (lambda parts: parts | {"more": b"x"}, "other parts"),
        (lambda parts: relisted({**parts, "case.json": b"[1]"}), "JSON object"),
        (lambda parts: relisted({**parts, "case.json": b'{"schema_version": NaN}'}), "not valid JSON"),
    ],
)
def test_other_zip_files_are_refused(case_file: Path, change: Any, says: str) -> None:
    rewrite(case_file, change(parts_of(case_file)))
    with pytest.raises(InputError, match=says):
        read_case(case_file)


def test_compressed_parts_are_refused(case_file: Path) -> None:
    rewrite(case_file, parts_of(case_file), zipfile.ZIP_DEFLATED)
    with pytest.raises(InputError, match="compressed"):
        read_case(case_file)


def test_what_is_no_zip_or_not_there_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    with pytest.raises(InputError, match="not a case file"):
        read_case(tmp_path / "text")
    with pytest.raises(InputError, match="no such file"):
        read_case(tmp_path / "missing")
