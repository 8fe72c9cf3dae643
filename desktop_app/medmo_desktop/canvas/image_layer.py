"""The part of an image that is seen, as a picture at the screen's resolution."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from medmo_desktop.canvas.view_state import ViewGeometry
from medmo_desktop.study.model import Frame, GreyWindow
from medmo_desktop.study.rendering import Quality, render_region

#: Pixels this large on the screen (device pixels) are shown as what they are, squares.
_SQUARES_FROM = 8.0
#: Image pixels that are windowed and averaged, and screen pixels that are interpolated, within a few milliseconds.
_QUICKLY_AVERAGED = 700_000
_QUICKLY_INTERPOLATED = 900_000


@dataclass(frozen=True)
class LayerRequest:
    """Everything that decides the visible pixels of an image; equal requests give equal pictures.

    Attributes
    ----------
    frame : Frame
    window : GreyWindow or None
    inverted : bool
    corners : tuple of float
        ``(x0, y0, x1, y1)``: the image's points at the top left and the bottom right of what is drawn.
    place : tuple of int
        ``(left, top, width, height)`` in the widget's device pixels.
    transposed : bool
        Whether the image's rows run down the screen from left to right.
    zoom : float
        Device pixels per image pixel.
    """

    frame: Frame
    window: GreyWindow | None
    inverted: bool
    corners: tuple[float, float, float, float]
    place: tuple[int, int, int, int]
    transposed: bool
    zoom: float

    @property
    def is_smooth_at_once(self) -> bool:
        """Whether averaging is quick enough to do on every change, or makes no difference."""
        x0, y0, x1, y1 = self.corners
        is_small = abs((x1 - x0) * (y1 - y0)) <= _QUICKLY_AVERAGED
        return self.zoom >= _SQUARES_FROM or (is_small and self.place[2] * self.place[3] <= _QUICKLY_INTERPOLATED)


@dataclass(frozen=True, eq=False)
class ImageLayer:
    """A picture and the device pixel of the widget that its top left belongs to."""

    request: LayerRequest
    picture: QImage
    is_smooth: bool


def request_layer(frame: Frame, geometry: ViewGeometry, device_pixel_ratio: float) -> LayerRequest | None:
    """Return what to render for a view, None if nothing of the image is in it."""
    region = geometry.visible_region()
    if region is None:
        return None
    edges = geometry.rectangle_to_view(region)
    left, top, right, bottom = (round(edge * device_pixel_ratio) for edge in edges)
    if left >= right or top >= bottom:
        return None
    width, height = geometry.image_size

    def image_point(x: int, y: int) -> tuple[float, float]:
        found = geometry.to_image((x / device_pixel_ratio, y / device_pixel_ratio))
        return min(max(found[0], 0.0), float(width)), min(max(found[1], 0.0), float(height))

    return LayerRequest(
        frame=frame,
        window=geometry.state.window if frame.is_grey else None,
        inverted=geometry.state.inverted,
        corners=(*image_point(left, top), *image_point(right, bottom)),
        place=(left, top, right - left, bottom - top),
        transposed=geometry.state.rotation in (90, 270),
        zoom=geometry.zoom * device_pixel_ratio,
    )


def render_layer(request: LayerRequest, *, smooth: bool) -> ImageLayer:
    """Render a request: ``smooth`` averages and interpolates, else the nearest pixel is taken. On any thread."""
    _, _, width, height = request.place
    quality: Quality = "smooth" if smooth and request.zoom < _SQUARES_FROM else "fast"
    size = (height, width) if request.transposed else (width, height)
    frame = request.frame
    if frame.is_grey:  # its three channels are equal, and one is a third of the work
        frame = replace(frame, shown_by_default=frame.shown_by_default[..., 0])
    pixels = render_region(frame, request.window, request.inverted, *request.corners, *size, quality=quality)
    if request.transposed:
        pixels = pixels.swapaxes(0, 1)
    return ImageLayer(request, to_qimage(pixels), is_smooth=smooth)


def to_qimage(pixels: NDArray[np.uint8]) -> QImage:
    """Return a picture with its own copy of ``pixels``, shape (rows, columns) or (rows, columns, 3) in RGB."""
    pixels = np.ascontiguousarray(pixels)
    rows, columns = pixels.shape[:2]
    form = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(pixels.data, columns, rows, pixels.strides[0], form).copy()
