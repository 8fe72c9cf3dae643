"""Which model and backend one side of a comparison is asked on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from medmo_desktop.comparing.sides import Side
from medmo_models.library import InstalledModel
from medmo_runtime.backends import BACKENDS


class SideChooser(QWidget):
    """A list of models and one of the backends that load the chosen model.

    Parameters
    ----------
    name : str
        Which side it is, for screen readers.
    parent : QWidget, optional
    """

    changed = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._methods: dict[str, str] = {}
        self.model_box = QComboBox()
        self.model_box.setAccessibleName(self.tr("{0} model").format(name))
        self.model_box.setToolTip(self.tr("The model on this side"))
        self.model_box.setMinimumContentsLength(18)
        self.backend_box = QComboBox()
        self.backend_box.setAccessibleName(self.tr("{0} backend").format(name))
        self.backend_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.backend_box.setToolTip(self.tr("The backend that computes this side"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.model_box, 1)
        layout.addWidget(self.backend_box)
        self.model_box.currentIndexChanged.connect(self._offer_backends)

    def set_models(self, models: Sequence[InstalledModel], preferred: int) -> None:
        """Offer the models that can be opened; the choice stays if it can, else it is the ``preferred``-th."""
        before = self.model_box.currentData()
        usable = [model for model in models if model.method is not None]
        self._methods = {str(model.path): model.method or "" for model in usable}
        self.model_box.clear()
        for model in usable:
            self.model_box.addItem(f"{model.name} ({model.method})", str(model.path))
        place = self.model_box.findData(before)
        self.model_box.setCurrentIndex(place if place >= 0 else min(preferred, len(usable) - 1))

    def _offer_backends(self) -> None:
        method = self._methods.get(self.model_box.currentData() or "", "")
        self.backend_box.clear()
        self.backend_box.addItem(self.tr("best backend"), None)
        for backend in BACKENDS:
            if method in backend.methods:
                self.backend_box.addItem(backend.name, backend.name)
        self.changed.emit()

    def side(self) -> Side | None:
        """Return the choice, None while there is no model."""
        folder = self.model_box.currentData()
        return None if folder is None else Side(Path(folder), self.backend_box.currentData())
