"""Shows what the model saw: the image after window and resize, with its token grid."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from medmo_desktop.asking.controller import InferenceController
from medmo_desktop.asking.model_input import ModelInput, model_inputs
from medmo_desktop.asking.requests import AskRequest, ImageChoice, SeenImages
from medmo_desktop.translations.notice import research_notice

#: A white line over a dark one is seen on every tissue.
_LIGHT, _DARK = QColor(255, 255, 255, 150), QColor(0, 0, 0, 120)


class TokenGridPicture(QWidget):
    """One image as large as fits, its token grid over it if wanted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._input: ModelInput | None = None
        self._image = QImage()
        self.shows_grid = True
        self.setMinimumSize(QSize(200, 200))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("The image as the model sees it"))

    def show_input(self, model_input: ModelInput | None) -> None:
        """Show an image, or none."""
        self._input = model_input
        if model_input is None:
            self._image = QImage()
        else:
            width, height = model_input.model_size
            pixels = model_input.pixels
            # The copy frees the picture from the array's memory.
            self._image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        self.update()

    def set_grid(self, shown: bool) -> None:
        """Draw the token grid or not."""
        self.shows_grid = shown
        self.update()

    def target(self) -> QRectF:
        """Where the image is drawn, in the widget's pixels; empty without an image."""
        if self._image.isNull():
            return QRectF()
        scale = min(self.width() / self._image.width(), self.height() / self._image.height())
        width, height = self._image.width() * scale, self._image.height() * scale
        return QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw the image with hard pixels, then the grid."""
        painter = QPainter(self)
        target = self.target()
        if self._input is None or target.isEmpty():
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.tr("Nothing to show yet"))
            painter.end()
            return
        painter.drawImage(target, self._image)
        if self.shows_grid:
            lines = _grid_lines(target, self._input.columns, self._input.rows)
            for color, width in ((_DARK, 3), (_LIGHT, 1)):
                pen = QPen(color, width)
                pen.setCosmetic(True)
                painter.setPen(pen)
                painter.drawLines(lines)
        painter.end()


def _grid_lines(target: QRectF, columns: int, rows: int) -> list[QLineF]:
    xs = [target.left() + target.width() * column / columns for column in range(columns + 1)]
    ys = [target.top() + target.height() * row / rows for row in range(rows + 1)]
    return [
        *(QLineF(x, target.top(), x, target.bottom()) for x in xs),
        *(QLineF(target.left(), y, target.right(), y) for y in ys),
    ]


class ModelInputView(QWidget):
    """Asks the model's process what it is given of the images, and shows it.

    Parameters
    ----------
    controller : InferenceController
    """

    def __init__(self, controller: InferenceController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._images: tuple[ImageChoice, ...] = ()
        self._request: AskRequest | None = None
        self._inputs: tuple[ModelInput, ...] = ()
        self.picture = TokenGridPicture()
        self.chooser = QComboBox()
        self.chooser.setAccessibleName(self.tr("Image"))
        self.chooser.setToolTip(self.tr("Which of the images that go along with the question"))
        self.grid = QCheckBox(self.tr("Token &grid"))
        self.grid.setChecked(True)
        self.grid.setToolTip(self.tr("Each field is one token: the smallest part that the model tells apart"))
        self.refresh_button = QPushButton(self.tr("&Look"))
        self.refresh_button.setToolTip(self.tr("Prepare the images on screen as for a question and show the result"))
        self.facts = QLabel()
        self.facts.setTextFormat(Qt.TextFormat.PlainText)
        self.facts.setWordWrap(True)
        self.facts.setAccessibleName(self.tr("Sizes"))
        above = QHBoxLayout()
        above.addWidget(self.refresh_button)
        above.addWidget(self.chooser, 1)
        above.addWidget(self.grid)
        layout = QVBoxLayout(self)
        layout.addLayout(above)
        layout.addWidget(self.picture, 1)
        layout.addWidget(self.facts)
        layout.addWidget(QLabel(research_notice()))
        self.refresh_button.clicked.connect(self.refresh)
        self.grid.toggled.connect(self.picture.set_grid)
        self.chooser.currentIndexChanged.connect(self._show)
        controller.seen.connect(self._receive)
        controller.failed.connect(self._fail)
        self._show(-1)

    def show_images(self, images: Sequence[ImageChoice]) -> None:
        """Note which images the next question is about; what was shown of others goes."""
        if [image.key for image in images] != [image.key for image in self._images]:
            self._images = tuple(images)
            self._request = None
            self._fill(())
        self.refresh_button.setEnabled(bool(images))

    def refresh(self) -> None:
        """Ask what the model is given of the images."""
        if self._images:
            self._request = AskRequest("", self._images)
            self._fill(())
            self.facts.setText(self.tr("Preparing the image…"))
            self._controller.see(self._request)

    def _receive(self, seen: SeenImages) -> None:
        if self._request is not None and seen.request.id == self._request.id:
            self._fill(model_inputs(seen))

    def _fail(self, sentence: str, _can_retry: bool) -> None:
        if self._request is not None and not self._inputs:
            self._request = None
            self.facts.setText(sentence)

    def _fill(self, inputs: tuple[ModelInput, ...]) -> None:
        self._inputs = inputs
        self.chooser.blockSignals(True)
        self.chooser.clear()
        self.chooser.addItems([one.title for one in inputs])
        self.chooser.blockSignals(False)
        self._show(0 if inputs else -1)

    def _show(self, index: int) -> None:
        one = self._inputs[index] if 0 <= index < len(self._inputs) else None
        self.picture.show_input(one)
        self.facts.setText("" if one is None else "\n".join(self._facts(one)))

    def _facts(self, one: ModelInput) -> list[str]:
        across, down = one.token_extent
        return [
            self.tr("Image {0} x {1} pixels, seen by the model as {2} x {3}.").format(
                one.width, one.height, *one.model_size
            ),
            self.tr("{0} columns x {1} rows = {2} tokens; each covers {3:.1f} x {4:.1f} pixels of the image.").format(
                one.columns, one.rows, one.tokens, across, down
            ),
            *([self.tr("Before that: {0}.").format("; ".join(one.notes))] if one.notes else []),
        ]
