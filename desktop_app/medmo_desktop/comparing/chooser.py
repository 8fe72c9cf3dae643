"""Which model and backend one side of a comparison is asked on."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QWidget

from medmo_desktop.comparing.offers import Offer
from medmo_desktop.comparing.sides import Side
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
    #: The user wants a model from a folder outside of the library.
    folder_wanted = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offers: dict[str, Offer] = {}
        self.model_box = QComboBox()
        self.model_box.setAccessibleName(self.tr("{0} model").format(name))
        self.model_box.setToolTip(self.tr("The model on this side"))
        self.model_box.setMinimumContentsLength(18)
        self.backend_box = QComboBox()
        self.backend_box.setAccessibleName(self.tr("{0} backend").format(name))
        self.backend_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.backend_box.setToolTip(self.tr("The backend that computes this side"))
        self.folder_button = QPushButton(self.tr("Folder..."))
        self.folder_button.setAccessibleName(self.tr("{0} model from a folder").format(name))
        self.folder_button.setToolTip(self.tr("Compare an artifact or a checkpoint that is not installed"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.model_box, 1)
        layout.addWidget(self.backend_box)
        layout.addWidget(self.folder_button)
        self.model_box.currentIndexChanged.connect(self._offer_backends)
        self.folder_button.clicked.connect(self.folder_wanted)

    def set_offers(self, offers: Sequence[Offer], preferred: int) -> None:
        """Offer models; the choice stays if it can, else it is the ``preferred``-th."""
        before = self.model_box.currentData()
        self._offers = {str(offer.path): offer for offer in offers}
        self.model_box.clear()
        for offer in self._offers.values():
            self.model_box.addItem(self._title(offer), str(offer.path))
        place = self.model_box.findData(before)
        self.model_box.setCurrentIndex(place if place >= 0 else min(preferred, len(self._offers) - 1))

    def add(self, offer: Offer, *, choose: bool) -> None:
        """Offer one more model."""
        self.set_offers([*self._offers.values(), offer], 0)
        if choose:
            self.model_box.setCurrentIndex(self.model_box.findData(str(offer.path)))

    def _title(self, offer: Offer) -> str:
        return self.tr("{0}, made on first use").format(offer.title) if offer.to_make else offer.title

    def _offer_backends(self) -> None:
        offer = self._offers.get(self.model_box.currentData() or "")
        self.backend_box.clear()
        self.backend_box.addItem(self.tr("best backend"), None)
        for backend in BACKENDS:
            if offer is not None and offer.method in backend.methods:
                self.backend_box.addItem(backend.name, backend.name)
        self.model_box.setToolTip("" if offer is None else str(offer.path))
        self.changed.emit()

    def side(self) -> Side | None:
        """Return the choice, None while there is no model."""
        offer = self._offers.get(self.model_box.currentData() or "")
        if offer is None:
            return None
        return Side(offer.path, self.backend_box.currentData(), name=offer.name, to_make=offer.to_make)
