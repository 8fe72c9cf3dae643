from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from medmo_models.errors import InputError
from medmo_runtime.overlay import (
    PALETTE,
    RESEARCH_NOTICE,
    OverlayFinding,
    draw_overlay,
    label_colors,
    save_answer_overlay,
    save_overlay,
)

SIZES = [(120, 300), (300, 120), (900, 1400)]


def grey(height: int, width: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), 90, np.uint8)


def close_to(picture: NDArray[np.uint8], color: tuple[int, int, int]) -> NDArray[np.bool_]:
    return np.abs(picture.astype(int) - color).max(axis=2) < 40


def extent(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(mask)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("box", [(0.2, 0.3, 0.7, 0.9), (0.0, 0.0, 1.0, 1.0), (0.4512, 0.5037, 0.6541, 0.9993)])
def test_frame_edges_lie_where_the_box_says(size: tuple[int, int], box: tuple[float, float, float, float]) -> None:
    height, width = size
    pixels = (box[0] * width, box[1] * height, box[2] * width, box[3] * height)
    picture = draw_overlay(grey(height, width), [OverlayFinding("", (pixels,))])[:height]
    frame = close_to(picture, label_colors([""])[""])
    assert extent(frame) == pytest.approx(pixels, abs=1)
    # All four edges are there, and the middle is not painted over.
    x1, y1, x2, y2 = extent(frame)
    assert frame[y1 : y1 + 2, x1:x2].any(axis=0).all()
    assert frame[y2 - 2 : y2, x1:x2].any(axis=0).all()
    assert frame[y1:y2, x1 : x1 + 2].any(axis=1).all()
    assert frame[y1:y2, x2 - 2 : x2].any(axis=1).all()
    middle = picture[(y1 + y2) // 2, (x1 + x2) // 2].astype(int)
    assert 0 < np.abs(middle - 90).max() < 20


def test_an_edge_between_two_pixels_is_shared_by_them() -> None:
    picture = draw_overlay(grey(100, 100), [OverlayFinding("", ((20.25, 20, 80, 80),))])
    color = np.array(label_colors([""])[""])
    expected = 90 + 0.75 * (color - 90)
    assert np.abs(picture[50, 20] - expected).max() <= 1
    assert (picture[50, 19] == 90).all()


def test_nothing_outside_boxes_and_tags_changes() -> None:
    image = np.random.default_rng(3).integers(0, 256, (200, 320, 3), dtype=np.uint8)
    before = image.copy()
    picture = draw_overlay(image, [OverlayFinding("Mass", ((100, 90, 180, 160),))], caption="caption")
    assert (image == before).all()
    changed = (picture[:200] != image).any(axis=2)
    x1, y1, x2, y2 = extent(changed)
    assert (x1, x2, y2) == (100, 180, 160)
    assert 60 < y1 < 90  # the tag stands on the box
    assert draw_overlay(image, []).shape[0] > 200
    assert (draw_overlay(image, [])[:200] == image).all()


def test_boxes_that_stick_out_are_cut_and_those_outside_are_counted() -> None:
    image = grey(100, 200)
    sticking_out = draw_overlay(image, [OverlayFinding("", ((150, 50, 900, 900),))])
    assert extent(close_to(sticking_out[:100], label_colors([""])[""]))[:2] == (150, 50)
    outside = draw_overlay(image, [OverlayFinding("Mass", ((300, 10, 400, 20), (10, 150, 20, 160)))])
    assert (outside[:100] == image).all()
    assert len(outside) > len(draw_overlay(image, []))  # a line of the caption says so


def test_a_box_thinner_than_a_pixel_is_visible() -> None:
    picture = draw_overlay(grey(100, 200), [OverlayFinding("", ((50.4, 30, 50.5, 60),))])[:100]
    changed = (picture != 90).any(axis=2)
    assert extent(changed) == pytest.approx((50.4, 30, 50.5, 60), abs=1.5)
    assert np.abs(picture[45, 50].astype(int) - 90).max() > 40


@pytest.mark.parametrize("box", [(5, 5, 4, 9), (5, 9, 9, 5), (float("nan"), 1, 2, 3), (0, 0, float("inf"), 3)])
def test_impossible_boxes_are_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="finite x1 <= x2"):
        draw_overlay(grey(20, 20), [OverlayFinding("", (box,))])


@pytest.mark.parametrize("pixels", [np.zeros((5, 5), np.uint8), np.zeros((5, 5, 3)), np.zeros((5, 0, 3), np.uint8)])
def test_only_rgb_images_are_drawn_on(pixels: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="height, width, 3"):
        draw_overlay(pixels, [])


@pytest.mark.parametrize("size", [(40, 60), (1, 1), (3, 500), (500, 3), (200, 90)])
def test_every_size_gets_a_caption_below_and_keeps_its_width(size: tuple[int, int]) -> None:
    height, width = size
    finding = OverlayFinding("Left pleural effusion with a very long name", ((0.2, 0.1, width, height),))
    picture = draw_overlay(grey(height, width), [finding], caption="one\ntwo " * 10)
    assert picture.shape[1:] == (width, 3)
    assert picture.shape[0] > height
    assert picture.dtype == np.uint8


def test_the_notice_is_always_written(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    original = ImageDraw.ImageDraw.text

    def record(self: ImageDraw.ImageDraw, xy: Any, text: str, *args: Any, **options: Any) -> None:
        written.append(text)
        original(self, xy, text, *args, **options)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", record)
    for width, caption in [(600, None), (600, "a caption"), (90, "a caption"), (90, "")]:
        written.clear()
        picture = draw_overlay(grey(80, width), [], caption=caption)
        assert " ".join(written).endswith(RESEARCH_NOTICE)
        assert (caption or "") in " ".join(written)
        assert picture[80:].max() > 200  # light text on the dark strip


def tag_boxes(picture: NDArray[np.uint8], image: NDArray[np.uint8]) -> int:
    """Count the background pixels of tags."""
    return int(((picture[: len(image)] == 16).all(axis=2)).sum())


def test_tags_stay_inside_the_image_and_off_each_other() -> None:
    image = grey(300, 400)
    corners = [(0, 0, 30, 30), (370, 0, 400, 30), (0, 270, 30, 300), (370, 270, 400, 300)]
    alone = [
        tag_boxes(draw_overlay(image, [OverlayFinding("Nodule", (box,))]), image)
        for box in [*corners, (100.0, 100.0, 200.0, 200.0)]
    ]
    assert len(set(alone)) == 1  # none is cut off by the border
    crowded = tuple((100.0 + 4 * i, 100.0 + 3 * i, 200.0 + 4 * i, 200.0 + 3 * i) for i in range(4))
    together = draw_overlay(image, [OverlayFinding("Nodule", crowded)])
    assert tag_boxes(together, image) == 4 * alone[0]


def test_colors_follow_the_label_and_not_its_place() -> None:
    names = ["Nodule", "Consolidation", "Effusion", "Cyst", "Mass", "Hemorrhage", "Exudate"]
    colors = label_colors(names)
    assert len(set(colors.values())) == len(PALETTE) == 7
    assert label_colors(reversed(names)) == colors
    assert label_colors(["nodule", "Nodule"])["nodule"] == label_colors(["Nodule"])["Nodule"]
    assert set(label_colors([*names, "Fracture", "\ud800"]).values()) == set(PALETTE)


def test_saved_file_holds_the_picture_and_nothing_else(tmp_path: Path) -> None:
    image = np.random.default_rng(5).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    findings = [OverlayFinding("Mass", ((10, 20, 30, 40),))]
    path = tmp_path / "out.png"
    path.write_bytes(b"older")
    save_overlay(path, image, findings, caption="c")
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.info == {}
        assert (np.asarray(picture) == draw_overlay(image, findings, caption="c")).all()
    data = path.read_bytes()
    chunks, position = [], 8
    while position < len(data):
        chunks.append(data[position + 4 : position + 8])
        position += 12 + int.from_bytes(data[position : position + 4], "big")
    assert set(chunks) == {b"IHDR", b"IDAT", b"IEND"}
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_older_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.png"
    path.write_bytes(b"older")

    def full_disk(self: Image.Image, file: Any, **_: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full_disk)
    with pytest.raises(InputError, match="No space left on device"):
        save_overlay(path, grey(20, 20), [])
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]


def test_bad_paths_are_explained(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not end in \.png"):
        save_overlay(tmp_path / "out.jpg", grey(20, 20), [])
    with pytest.raises(InputError, match="No such file or directory"):
        save_overlay(tmp_path / "missing" / "out.png", grey(20, 20), [])
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError, match="directory"):
        save_overlay(tmp_path / "folder.png", grey(20, 20), [])
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]


def test_an_answer_is_drawn_in_its_pixels(tmp_path: Path) -> None:
    box = SimpleNamespace(pixels=(40.0, 30.0, 90.0, 80.0))
    answer: Any = SimpleNamespace(
        findings=(SimpleNamespace(label="Mass", boxes=(box,)), SimpleNamespace(label="Cyst", boxes=())),
        marks=("truncated",),
        artifact=SimpleNamespace(method="gptq"),
        backend=SimpleNamespace(name="onnx", device="cpu"),
    )
    save_answer_overlay(tmp_path / "out.png", grey(120, 300), answer)
    with Image.open(tmp_path / "out.png") as picture:
        expected = draw_overlay(
            grey(120, 300), [OverlayFinding("Mass", (box.pixels,))], caption="gptq on onnx/cpu; the answer is truncated"
        )
        assert (np.asarray(picture) == expected).all()
