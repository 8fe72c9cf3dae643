"""The visible pixels at once, and at their best as soon as the view rests."""

from __future__ import annotations

from functools import partial
from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from medmo_desktop.canvas.background import BackgroundWork
from medmo_desktop.canvas.image_layer import ImageLayer, LayerRequest, render_layer, sample_layer, show_samples

_AT_REST_MS = 80


class LayerRenderer(QObject):
    """Keeps the last picture; averages a large image beside the GUI thread once nothing moves."""

    #: A better picture of the last request is there.
    improved = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._layer: ImageLayer | None = None
        self._samples: tuple[LayerRequest, NDArray[Any]] | None = None
        self._work = BackgroundWork(self)
        self._work.done.connect(self._improve)
        self._rest = QTimer(self, singleShot=True, interval=_AT_REST_MS)
        self._rest.timeout.connect(self._start_smooth)

    def layer_for(self, request: LayerRequest) -> ImageLayer:
        """Return a picture for a request, within milliseconds."""
        if self._layer is None or self._layer.request != request:
            if request.is_smooth_at_once:
                self._layer = render_layer(request, smooth=True)
            else:
                self._layer = show_samples(request, self._samples_for(request))
            if not self._layer.is_smooth:
                self._rest.start()
        return self._layer

    def best_layer(self, request: LayerRequest) -> ImageLayer:
        """Return the averaged picture for a request, however long it takes."""
        if self._layer is None or self._layer.request != request or not self._layer.is_smooth:
            self._layer = render_layer(request, smooth=True)
        return self._layer

    def forget(self) -> None:
        """Let go of the last picture and its frame."""
        self._layer = self._samples = None
        self._rest.stop()
        self._work.drop_waiting()

    def _samples_for(self, request: LayerRequest) -> NDArray[Any]:
        """Return the pixels on screen before the window: while only that changes, they are taken once."""
        if self._samples is None or not self._samples[0].shows_same_pixels(request):
            self._samples = request, sample_layer(request)
        return self._samples[1]

    def _start_smooth(self) -> None:
        if self._layer is not None and not self._layer.is_smooth:
            self._work.drop_waiting()
            self._work.start(self._layer.request, partial(render_layer, self._layer.request, smooth=True))

    def _improve(self, request: object, layer: ImageLayer) -> None:
        if self._layer is not None and self._layer.request == request:
            self._layer = layer
            self.improved.emit()
