"""Every data element of the file on screen, with a search. It shows patient data and keeps none."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QHeaderView, QLabel, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from medmo_desktop.machine.control import JobControl
from medmo_desktop.machine.jobs import Job, JobRunner
from medmo_desktop.study.tags import Tag, read_tags, search


class TagBrowser(QWidget):
    """A tree of the file's tags, read in the background while the browser is visible.

    Parameters
    ----------
    runner : JobRunner
    parent : QWidget, optional
    """

    def __init__(self, runner: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._wanted: Path | None = None
        self._shown: Path | None = None
        self._tags: tuple[Tag, ...] = ()
        self.search_box = QLineEdit()
        self.search_box.setPlaceholderText(self.tr("Search number, name or value"))
        self.search_box.setAccessibleName(self.tr("Search the tags"))
        self.search_box.setToolTip(self.tr("Shows the tags that contain every word"))
        self.search_box.setClearButtonEnabled(True)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName(self.tr("Tags of the file"))
        self.tree.setHeaderLabels([self.tr("Tag"), self.tr("Name"), self.tr("Type"), self.tr("Value")])
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.tree.setUniformRowHeights(True)
        self.tree.setAlternatingRowColors(True)
        self.message = QLabel(self.tr("No file is open."))
        self.message.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(self.search_box)
        layout.addWidget(self.message)
        layout.addWidget(self.tree, 1)
        self.search_box.textChanged.connect(lambda _text: self._fill())

    def show_file(self, path: Path | None) -> None:
        """Show a file's tags, now or when the browser is next visible."""
        self._wanted = path
        if self.isVisible():
            self._read()

    def showEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Read what is due."""
        super().showEvent(event)  # type: ignore[arg-type]
        self._read()

    def _read(self) -> None:
        path = self._wanted
        if path == self._shown:
            return
        self._shown, self._tags = path, ()
        self._fill()
        if path is None:
            self.message.setText(self.tr("No file is open."))
            return
        self.message.setText(self.tr("Reading..."))

        def work(_control: JobControl) -> tuple[Tag, ...]:
            return read_tags(path)

        job = Job(work)
        job.succeeded.connect(lambda tags: self._take(path, tags))
        job.failed.connect(self.message.setText)
        self._runner.start(job)

    def _take(self, path: Path, tags: tuple[Tag, ...]) -> None:
        if path == self._shown:
            self._tags = tags
            self._fill()

    def _fill(self) -> None:
        found = search(self._tags, self.search_box.text())
        self.tree.clear()
        above: list[QTreeWidgetItem] = []
        tops: list[QTreeWidgetItem] = []
        for tag in found:
            item = QTreeWidgetItem([tag.tag, tag.keyword, tag.vr, tag.value])
            item.setToolTip(3, tag.value)
            del above[tag.depth :]
            if above:
                above[-1].addChild(item)
            else:
                tops.append(item)
            above.append(item)
        self.tree.addTopLevelItems(tops)
        if self.search_box.text():
            self.tree.expandAll()
        count = len(found)
        self.message.setText(self.tr("{0} of {1} tags").format(count, len(self._tags)) if self._tags else "")
