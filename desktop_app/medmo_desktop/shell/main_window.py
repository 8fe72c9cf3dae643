"""The window: puts the parts together. What they do is in the parts."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QSplitter, QStackedWidget, QTabWidget, QWidget

from medmo_desktop.asking.controller import InferenceController
from medmo_desktop.asking.model_input_view import ModelInputView
from medmo_desktop.asking.panel import AskPanel
from medmo_desktop.canvas.series_view import SeriesView
from medmo_desktop.comparing.panel import ComparePanel
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.findings.list_view import FindingList
from medmo_desktop.machine.hardware_panel import MachinePanel
from medmo_desktop.machine.job_strip import JobStrip
from medmo_desktop.machine.jobs import JobRunner
from medmo_desktop.machine.models_panel import ModelsPanel
from medmo_desktop.shell.actions import Actions
from medmo_desktop.shell.asking_bridge import AskingBridge
from medmo_desktop.shell.exporting import Exporting
from medmo_desktop.shell.fast_copy import FastCopy
from medmo_desktop.shell.first_run import FirstRunPage
from medmo_desktop.shell.history_keeper import HistoryKeeper
from medmo_desktop.shell.image_commands import ImageCommands
from medmo_desktop.shell.network import NetworkWatch
from medmo_desktop.shell.opening import Opening, dropped_paths
from medmo_desktop.shell.series_list import SeriesList
from medmo_desktop.shell.settings import ViewerSettings
from medmo_desktop.shell.status import ViewerStatusBar
from medmo_desktop.shell.tag_browser import TagBrowser
from medmo_desktop.shell.window_commands import WindowCommands

_SIZE = (1440, 900)
_SIDE_WIDTH = 500


class MainWindow(QMainWindow):
    """The viewer. `close` ends everything that it started.

    Parameters
    ----------
    settings : ViewerSettings
    history_path : Path
        The database of answers.
    """

    def __init__(self, settings: ViewerSettings, history_path: Path) -> None:
        super().__init__()
        self.settings = settings
        self.runner = JobRunner(self)
        self.board = FindingBoard(self)
        self.controller = InferenceController(self)
        self.history = HistoryKeeper(history_path, self)
        self.network = NetworkWatch(self)
        self.series_view = SeriesView(self.board)
        self.panel = AskPanel(self.controller, self.board)
        self.findings = FindingList(self.board)
        self.series_list = SeriesList(self.runner)
        self.tags = TagBrowser(self.runner)
        self.compare = ComparePanel()
        self.models = ModelsPanel()
        self.model_view = ModelInputView(self.controller)
        self.machine = MachinePanel()
        self.first_page = FirstRunPage()
        self.strip = JobStrip()
        self.status = ViewerStatusBar()
        self.actions_ = Actions(self, self.series_view)
        self.opening = Opening(self, self.runner, self.strip, settings)
        self.bridge = AskingBridge(
            self.series_view, self.panel, self.controller, self.board, self.history, settings, self.runner, self
        )
        self.fast_copy = FastCopy(self.controller, self.bridge, settings, self.runner, self.strip, self)
        self.exporting = Exporting(self, self.panel, self.runner, self.strip, self.bridge)
        self._lay_out()
        self.image_commands = ImageCommands(self.actions_, self.series_view, self.board, self)
        self.commands = WindowCommands(self)
        self.setAcceptDrops(True)

    def _lay_out(self) -> None:
        self.setWindowTitle("MedMO Edge")
        self.setObjectName("viewer")
        # Tab goes through the parts in the order in which the window gets them.
        self.series_dock = self._dock(
            "series", self.tr("Series"), self.series_list, Qt.DockWidgetArea.LeftDockWidgetArea
        )
        self.pages = QStackedWidget()
        self.pages.addWidget(self.first_page)
        self.pages.addWidget(self.series_view)
        self.workplaces = QTabWidget()
        self.workplaces.setDocumentMode(True)
        for part in (self.workplaces, self.workplaces.tabBar()):
            part.setAccessibleName(self.tr("Workplaces"))
        for widget, title in (
            (self.pages, self.tr("Image")),
            (self.compare, self.tr("Compare")),
            (self.model_view, self.tr("What the model saw")),
            (self.models, self.tr("Models")),
            (self.machine, self.tr("Machine")),
        ):
            self.workplaces.addTab(widget, title)
        self.workplaces.setUsesScrollButtons(True)
        self.setCentralWidget(self.workplaces)
        right = QSplitter(Qt.Orientation.Vertical)
        right.setChildrenCollapsible(False)
        right.addWidget(self.panel)
        right.addWidget(self.findings)
        right.setStretchFactor(0, 3)
        right.setStretchFactor(1, 2)
        self.tags_dock = self._dock("tags", self.tr("DICOM tags"), self.tags, Qt.DockWidgetArea.BottomDockWidgetArea)
        self.ask_dock = self._dock(
            "ask", self.tr("Question and findings"), right, Qt.DockWidgetArea.RightDockWidgetArea
        )
        self.tags_dock.hide()
        self.resize(*_SIZE)
        self.resizeDocks([self.series_dock, self.ask_dock], [200, _SIDE_WIDTH], Qt.Orientation.Horizontal)
        self.setStatusBar(self.status)
        self.status.addWidget(self.strip, 1)

    def _dock(self, name: str, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setWidget(widget)
        self.addDockWidget(area, dock)
        return dock

    def begin(self, paths: list[Path]) -> None:
        """Restore the window's place, and open what the program was started with."""
        geometry, layout = self.settings.geometry, self.settings.layout
        if geometry is not None:
            self.restoreGeometry(geometry)
        if layout is not None:
            self.restoreState(layout)
        if paths:
            self.opening.open(paths)
        # Once the window is there: a widget that is hidden takes no focus.
        QTimer.singleShot(0, self.first_page.sample_button.setFocus)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        """Accept local files and folders."""
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        """Open what was dropped."""
        self.opening.open(dropped_paths(event.mimeData()))
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        """End the model's process and everything in the background, and remember the window's place."""
        self.bridge.shut_down()
        self.settings.keep_window(self.saveGeometry(), self.saveState())
        self.settings.sync()
        self.series_view.cine.stop()
        for part in (self.compare, self.models, self.machine, self.runner):
            part.shut_down()
        self.controller.close()
        self.history.shut_down()
        self.network.close()
        super().closeEvent(event)
