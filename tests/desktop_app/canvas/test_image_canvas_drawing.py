"""What is on the canvas, compared with positions and colours that the tests compute."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPainter

from medmo_desktop.canvas.image_canvas import ImageCanvas
from medmo_desktop.canvas.image_layer import render_layer, request_layer
from medmo_desktop.canvas.scene import PaintContext, paint
from medmo_desktop.canvas.shapes import ExtraArrow, ExtraBox
from medmo_desktop.canvas.view_state import ViewGeometry, ViewState
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.findings.marks import BoxSet, MarkedBox
from medmo_desktop.study.model import Frame, GreyWindow, PixelSpacing
from medmo_runtime.overlay import label_colors

ALL_WAYS = list(itertools.product((0, 90, 180, 270), (False, True), (False, True)))
#: Columns and rows of a block that is not in the middle of its image.
BLOCK = (20, 30, 110, 60)


def rgb(picture: QImage) -> np.ndarray:
    picture = picture.convertToFormat(QImage.Format.Format_RGB888)
    data = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine())
    return data[:, : picture.width() * 3].reshape(picture.height(), picture.width(), 3).astype(int).copy()


def extent(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def red_block(width: int, height: int) -> np.ndarray:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[BLOCK[1] : BLOCK[3], BLOCK[0] : BLOCK[2], 0] = 255
    return pixels


def expected_extent(size: tuple[int, int], state: ViewState, zoom: float, view: tuple[int, int]) -> np.ndarray:
    """Where the block is seen, by turning and mirroring the picture itself."""
    mask = np.zeros((size[1], size[0]), bool)
    mask[BLOCK[1] : BLOCK[3], BLOCK[0] : BLOCK[2]] = True
    mask = np.rot90(mask, -state.rotation // 90)
    mask = mask[:, ::-1] if state.flip_horizontal else mask
    mask = mask[::-1] if state.flip_vertical else mask
    middle = np.array([mask.shape[1], mask.shape[0]] * 2) / 2
    return (np.array(extent(mask)) - middle) * zoom + np.array([*view, *view]) / 2


def is_red(pixels: np.ndarray) -> np.ndarray:
    return (pixels[..., 0] > 127) & (pixels[..., 1] < 60) & (pixels[..., 2] < 60)


@pytest.mark.parametrize(("rotation", "horizontal", "vertical"), ALL_WAYS)
@pytest.mark.parametrize(("size", "zoom"), [((200, 90), None), ((120, 180), 0.75), ((200, 90), 1.7), ((120, 180), 2.0)])
def test_pixels_and_boxes_are_where_they_belong(
    canvas: ImageCanvas,
    make_colour: Callable[[np.ndarray], Frame],
    size: tuple[int, int],
    zoom: float | None,
    rotation: int,
    horizontal: bool,
    vertical: bool,
) -> None:
    state = ViewState(rotation=rotation, flip_horizontal=horizontal, flip_vertical=vertical, zoom=zoom)
    canvas.show_frame(make_colour(red_block(*size)))
    canvas.apply_view(state)
    expected = expected_extent(size, state, canvas.zoom, (400, 300))

    plain = rgb(canvas.picture(with_boxes=False, with_text=False))
    np.testing.assert_allclose(extent(is_red(plain)), expected, atol=1.5)

    canvas.board.show(BoxSet((MarkedBox("m1", "nodule", BLOCK),)))
    canvas.board.select("m1")
    drawn = rgb(canvas.picture(with_boxes=True, with_text=False))
    changed = np.abs(drawn - plain).sum(axis=2) > 30
    left, top, right, bottom = expected
    # Away from the handles, which are at the middles and corners, and from the label.
    for edge, across in ((left, (top * 3 + bottom) / 4), (right, (top * 3 + bottom) / 4)):
        white = np.nonzero((drawn[round(across)] > 240).all(axis=1))[0]
        assert np.abs(white + 0.5 - edge).min() <= 1.5
    for edge, along in ((top, (left * 3 + right) / 4), (bottom, (left * 3 + right) / 4)):
        white = np.nonzero((drawn[:, round(along)] > 240).all(axis=1))[0]
        assert np.abs(white + 0.5 - edge).min() <= 1.5
    assert changed.any()


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 2.0])
def test_high_density_screens_show_the_same_place_with_more_pixels(
    canvas: ImageCanvas, make_colour: Callable[[np.ndarray], Frame], ratio: float
) -> None:
    frame = make_colour(red_block(200, 90))
    geometry = ViewGeometry(ViewState(rotation=90), (200, 90), (400, 300))
    request = request_layer(frame, geometry, ratio)
    assert request is not None
    context = PaintContext(geometry, ratio, canvas.font(), layer=render_layer(request, smooth=True))
    picture = QImage(round(400 * ratio), round(300 * ratio), QImage.Format.Format_RGB32)
    picture.setDevicePixelRatio(ratio)
    painter = QPainter(picture)
    paint(painter, context, (400, 300))
    painter.end()
    expected = expected_extent((200, 90), geometry.state, geometry.zoom, (400, 300)) * ratio
    np.testing.assert_allclose(extent(is_red(rgb(picture))), expected, atol=1.5)


def test_pixels_that_are_not_square_lie_where_the_image_as_shown_has_them(
    canvas: ImageCanvas, make_grey: Callable[..., Frame]
) -> None:
    values = np.zeros((50, 200), np.int16)
    values[10:20, 40:100] = 1000
    canvas.show_frame(make_grey(values, height=100, shown_by_default=np.zeros((100, 200, 3), np.uint8)))
    canvas.set_window(GreyWindow(500, 10))
    bright = rgb(canvas.picture(with_text=False))[:250, :, 0] > 127
    np.testing.assert_allclose(extent(bright), (80, 50 + 40, 200, 50 + 80), atol=1.5)


@pytest.mark.parametrize("zoom", [5.0, 40.0, 100.0])
def test_a_box_far_larger_than_the_screen_keeps_its_edges(canvas: ImageCanvas, zoom: float) -> None:
    # At 100 the box is 495,000 screen pixels wide; Qt draws up to 32,767.
    canvas.board.show(BoxSet((MarkedBox("m1", "nodule", (50.0, -5000.0, 5000.0, 5000.0)),)))
    canvas.apply_view(ViewState(zoom=zoom, centre=(50.0, 50.0)))
    plain = rgb(canvas.picture(with_boxes=False, with_text=False))
    drawn = rgb(canvas.picture(with_text=False))
    color = np.array(label_colors(["nodule"])["nodule"])
    on_row = np.nonzero((np.abs(drawn[150] - color) < 12).all(axis=1))[0]
    assert on_row.size
    assert np.abs(on_row - 200).max() <= 2
    inside = np.abs(drawn - plain).sum(axis=2)[60:240, 210:390]
    assert (inside > 0).mean() > 0.9


def test_default_window_shows_what_the_file_asks_for_and_inverting_exchanges_black_and_white(
    canvas: ImageCanvas,
) -> None:
    ramp = rgb(canvas.picture(with_text=False))[150, :, 0]
    np.testing.assert_allclose(ramp, np.arange(400) / 2, atol=1.5)
    canvas.invert()
    inverted = rgb(canvas.picture(with_text=False))[150, :, 0]
    np.testing.assert_allclose(inverted, 255 - ramp, atol=1)


def test_a_window_maps_its_ends_to_black_and_white_and_monochrome1_the_other_way_round(
    canvas: ImageCanvas, make_grey: Callable[..., Frame]
) -> None:
    values = np.tile(np.arange(200, dtype=np.int16), (100, 1))
    for inverted in (False, True):
        canvas.show_frame(make_grey(values, inverted=inverted))
        canvas.set_window(GreyWindow(100, 40))
        row = rgb(canvas.picture(with_text=False))[150, :, 0]
        below, middle, above = row[2 * 70], row[200], row[2 * 130]
        assert (below, above) == ((255, 0) if inverted else (0, 255))
        assert middle == pytest.approx(128, abs=8)


def test_a_large_image_is_drawn_at_once_and_averaged_when_the_view_rests(
    canvas: ImageCanvas, make_grey: Callable[..., Frame], qtbot
) -> None:
    # A chequerboard: the nearest pixel gives black and white, the mean gives grey.
    board = ((np.indices((1000, 1000)).sum(axis=0) % 2) * 255).astype(np.uint8)
    canvas.show_frame(make_grey(board))

    def middle() -> np.ndarray:
        return rgb(canvas.grab().toImage())[100:200, 150:250, 0]

    assert middle().std() > 60
    qtbot.waitUntil(lambda: middle().std() < 40, timeout=5000)


def labelled(**changes: object) -> BoxSet:
    return BoxSet((replace(MarkedBox("m1", "nodule", (40, 20, 160, 80)), **changes),))


def top_edge(canvas: ImageCanvas, boxes: BoxSet) -> np.ndarray:
    """Along the upper edge of the box above, whether each pixel has the box's colour."""
    canvas.board.show(boxes)
    drawn = rgb(canvas.picture(with_text=False))
    color = np.array(label_colors(["nodule"])["nodule"])
    same = (np.abs(drawn - color) < 12).all(axis=2)
    row = max((88, 89, 90, 91, 92), key=lambda y: same[y, 180:320].sum())
    return same[row, 180:320]


def test_whose_box_it_is_shows_without_colour(canvas: ImageCanvas) -> None:
    model = top_edge(canvas, labelled())
    user = top_edge(canvas, labelled(origin="user"))
    corrected = top_edge(canvas, labelled(model_label="mass"))
    assert model.all()
    assert user.any()
    assert not user.all()
    assert corrected.any()
    assert not corrected.all()

    def dashes(edge: np.ndarray) -> set[int]:
        breaks = np.nonzero(np.diff(edge.astype(int)))[0]
        return set(np.diff(breaks)[edge[breaks[:-1] + 1]])

    assert len(dashes(corrected)) > len(dashes(user)), "one kind of dash, and dash and dot"


def test_each_label_has_its_colour(canvas: ImageCanvas) -> None:
    boxes = (MarkedBox("m1", "nodule", (10, 20, 60, 80)), MarkedBox("m2", "effusion", (110, 20, 160, 80)))
    canvas.board.show(BoxSet(boxes))
    drawn = rgb(canvas.picture(with_text=False))
    for box in boxes:
        color = np.array(label_colors(["nodule", "effusion"])[box.label])
        column = round(box.pixels[0] * 2)
        assert (np.abs(drawn[140, column - 2 : column + 2] - color) < 12).all(axis=1).any()


def test_hidden_boxes_are_not_drawn(canvas: ImageCanvas) -> None:
    plain = rgb(canvas.picture(with_boxes=False))
    canvas.board.show(labelled(visible=False))
    np.testing.assert_array_equal(rgb(canvas.picture()), plain)
    canvas.board.show(labelled())
    assert (rgb(canvas.picture()) != plain).any()
    canvas.board.set_shown(False)
    np.testing.assert_array_equal(rgb(canvas.picture()), plain)


def test_a_box_pointed_at_in_the_list_is_brighter(canvas: ImageCanvas) -> None:
    canvas.board.show(labelled())
    before = rgb(canvas.picture(with_text=False))
    canvas.board.hover("m1")
    after = rgb(canvas.picture(with_text=False))
    assert (before[150, 100] != after[150, 100]).any(), "the fill"
    color = np.array(label_colors(["nodule"])["nodule"])
    line = [int((np.abs(drawn[150, 70:90] - color) < 12).all(axis=1).sum()) for drawn in (before, after)]
    assert line[1] > line[0]


def test_the_line_is_as_wide_at_every_zoom(canvas: ImageCanvas) -> None:
    canvas.board.show(labelled())
    color = np.array(label_colors(["nodule"])["nodule"])
    widths = []
    for zoom in (1.0, 2.0, 6.0):
        canvas.apply_view(ViewState(zoom=zoom, centre=(40.0, 50.0)))
        drawn = rgb(canvas.picture(with_text=False))
        widths.append(int((np.abs(drawn[170, 190:210] - color) < 12).all(axis=1).sum()))
    assert widths == [2, 2, 2]


def test_where_the_model_put_a_corrected_box_is_shown_if_asked_for(canvas: ImageCanvas) -> None:
    canvas.board.show(labelled(model_pixels=(20, 10, 30, 90)))
    without = rgb(canvas.picture(with_text=False))
    canvas.set_ghosts_shown(True)
    changed = (rgb(canvas.picture(with_text=False)) != without).any(axis=2)
    np.testing.assert_allclose(extent(changed), (40, 50 + 20, 60, 50 + 180), atol=2)


def test_extra_shapes_and_grid_follow_the_image(canvas: ImageCanvas) -> None:
    canvas.rotate_right()
    plain = rgb(canvas.picture(with_text=False))
    canvas.set_extra((ExtraBox((0, 0, 40, 20), (255, 0, 255)), ExtraArrow((150, 50), (190, 50), (0, 255, 0))))
    drawn = rgb(canvas.picture(with_text=False))
    magenta = (drawn[..., 0] > 200) & (drawn[..., 1] < 60) & (drawn[..., 2] > 200)
    # Turned clockwise the top left of the image is at the top right: 1.5 screen pixels per pixel.
    np.testing.assert_allclose(extent(magenta), (275 - 30, 0, 275, 60), atol=2)
    green = (drawn[..., 1] > 200) & (drawn[..., 0] < 60)
    np.testing.assert_allclose(extent(green), (200 - 5, 225, 200 + 5, 285), atol=2)
    canvas.set_extra(())
    np.testing.assert_array_equal(rgb(canvas.picture(with_text=False)), plain)
    canvas.set_grid(4, 2)
    # Turned, its two rows are side by side: lines at both ends of the image and in its middle.
    columns = np.nonzero((rgb(canvas.picture(with_text=False)) != plain).any(axis=2)[37])[0]
    lines = [run.mean() + 0.5 for run in np.split(columns, np.nonzero(np.diff(columns) > 1)[0] + 1)]
    np.testing.assert_allclose(lines, (125, 200, 275), atol=1)
    canvas.set_grid(None)
    np.testing.assert_array_equal(rgb(canvas.picture(with_text=False)), plain)


def test_every_picture_carries_the_research_notice(canvas: ImageCanvas) -> None:
    canvas.show_frame(None)
    drawn = rgb(canvas.picture(with_boxes=False, with_text=False))
    assert (drawn[280:] > 200).any()
    assert not (drawn[:270] > 0).any()


def test_text_tells_what_is_seen(canvas: ImageCanvas, make_grey: Callable[..., Frame]) -> None:
    values = np.zeros((100, 200), np.int16)
    spacing = PixelSpacing(0.5, 0.5, True, "Pixel Spacing")
    canvas.show_frame(make_grey(values, corner_text={"top-left": ("Doe, Jane",)}, spacing=spacing))
    without = rgb(canvas.picture(with_text=False))
    with_text = rgb(canvas.picture(with_text=True))
    changed = (without != with_text).any(axis=2)
    assert changed[:25, :100].any(), "the name"
    assert changed[260:, 300:].any(), "window and zoom"
    canvas.set_text_shown(False)
    np.testing.assert_array_equal(rgb(canvas.grab().toImage())[:200], without[:200])


def test_a_message_takes_the_place_of_an_image(canvas: ImageCanvas, board: FindingBoard) -> None:
    canvas.show_frame(None)
    canvas.set_message("The file is damaged.")
    assert (rgb(canvas.picture())[130:170, 100:300] > 200).any()
    assert canvas.accessibleDescription() == "The file is damaged."
