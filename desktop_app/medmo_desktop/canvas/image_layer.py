"""The part of an image that is seen, as a picture at the screen's resolution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from medmo_desktop.canvas.view_state import ViewGeometry
from medmo_desktop.study.model import Frame, GreyWindow
from medmo_desktop.study.rendering import render_region, sample_region, show_sampled

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

    def shows_same_pixels(self, other: LayerRequest) -> bool:
        """Whether `sample_layer` returns the same for both."""
        stored = (self.window is None) == (other.window is None)
        return stored and replace(self, window=other.window, inverted=other.inverted) == other

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
    if not smooth or request.zoom >= _SQUARES_FROM:
        return show_samples(request, sample_layer(request), is_smooth=smooth)
    frame = _thin(request.frame)
    pixels = render_region(
        frame, request.window, request.inverted, *request.corners, *_image_size(request), quality="smooth"
    )
    return ImageLayer(request, to_qimage(pixels.swapaxes(0, 1) if request.transposed else pixels), is_smooth=True)


def sample_layer(request: LayerRequest) -> NDArray[Any]:
    """Return the nearest pixel of the image for each pixel on screen; a window or inversion does not change them."""
    sampled = sample_region(
        _thin(request.frame), request.corners, _image_size(request), stored=request.window is not None
    )
    return np.ascontiguousarray(sampled.swapaxes(0, 1) if request.transposed else sampled)


def show_samples(request: LayerRequest, sampled: NDArray[Any], *, is_smooth: bool = False) -> ImageLayer:
    """Put the pixels of `sample_layer` through the request's window."""
    pixels = show_sampled(request.frame, sampled, request.window, request.inverted)
    return ImageLayer(request, to_qimage(pixels), is_smooth=is_smooth)


def _image_size(request: LayerRequest) -> tuple[int, int]:
    """Return width and height of what is drawn along the image's own axes."""
    _, _, width, height = request.place
    return (height, width) if request.transposed else (width, height)


def _thin(frame: Frame) -> Frame:
    """Return a grey frame with one of its three equal channels, which is a third of the work."""
    return replace(frame, shown_by_default=frame.shown_by_default[..., 0]) if frame.is_grey else frame


def to_qimage(pixels: NDArray[np.uint8]) -> QImage:
    """Return a picture with its own copy of ``pixels``, shape (rows, columns) or (rows, columns, 3) in RGB."""
    pixels = np.ascontiguousarray(pixels)
    rows, columns = pixels.shape[:2]
    form = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(pixels.data, columns, rows, pixels.strides[0], form).copy()
