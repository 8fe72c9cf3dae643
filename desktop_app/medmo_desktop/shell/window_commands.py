"""The commands about the window as a whole, and the signals between its parts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QMessageBox, QWidget

from medmo_desktop.asking.controller import ControllerState
from medmo_desktop.machine.jobs import Job
from medmo_desktop.shell.exporting import EXPORTS
from medmo_desktop.shell.sample import sample_image
from medmo_desktop.shell.settings_dialog import SettingsDialog
from medmo_desktop.shell.shortcut_sheet import ShortcutSheet
from medmo_desktop.shell.theme import apply_theme
from medmo_desktop.study.measuring import PixelProbe
from medmo_desktop.study.model import Frame, Series
from medmo_desktop.study.opening import OpenedPaths
from medmo_desktop.translations.notice import research_notice
from medmo_models import __version__
from medmo_models.prompts import LOCALIZE_PROMPT
from medmo_runtime.worker.protocol import Opened

if TYPE_CHECKING:
    from medmo_desktop.shell.main_window import MainWindow

_EXPORT_COMMANDS = tuple(kind.command for kind in EXPORTS)

#: How long a sentence about a key stays in the status bar.
_MESSAGE_MS = 10_000


class WindowCommands(QObject):
    """Connects the window's actions and parts."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._menus = window.actions_.fill(window.menuBar())
        self._add_recent()
        self._connect_actions()
        self._connect_parts()
        self._connect_settings()
        self.show_page()

    def show_page(self) -> None:
        """Show the image, or the first page while there is none."""
        window = self._window
        has_series = bool(window.series_list.series)
        window.pages.setCurrentWidget(window.series_view if has_series else window.first_page)
        window.workplaces.setCurrentWidget(window.pages)

    def try_sample(self) -> None:
        """Open the sample image and ask the embedded model about it."""
        window = self._window
        window.settings.models = ()
        window.bridge.open_model()
        self._ask_when_shown = LOCALIZE_PROMPT
        self.open_sample()

    def open_sample(self) -> None:
        """Open the sample image, which is made in the background the first time."""
        job = Job(lambda _control: sample_image())
        job.succeeded.connect(lambda path: self._window.opening.open([path], remember=False))
        job.failed.connect(self._window.strip.say)
        self._window.runner.start(job)

    _ask_when_shown: str | None = None

    def _add_recent(self) -> None:
        menu = self._menus["File"]
        recent = menu.addMenu(self.tr("Open &recent"))
        menu.insertMenu(self._window.actions_["sample"], recent)
        recent.aboutToShow.connect(partial(self._window.opening.fill_recent, recent))

    def _connect_actions(self) -> None:
        window = self._window
        plain: dict[str, Callable[[], object]] = {
            "open-files": window.opening.ask_for_files,
            "open-folder": window.opening.ask_for_folder,
            "sample": self.open_sample,
            "close-image": window.series_list.remove_current,
            "quit": window.close,
            "settings": self._show_settings,
            "model-view": self._show_model_view,
            "next-series": partial(window.series_list.step, 1),
            "previous-series": partial(window.series_list.step, -1),
            "focus-question": self._focus_question,
            "ask": window.panel.prompt.ask_button.click,
            "stop": window.controller.stop,
            "show-compare": partial(window.workplaces.setCurrentWidget, window.compare),
            "show-models": partial(window.workplaces.setCurrentWidget, window.models),
            "show-machine": partial(window.workplaces.setCurrentWidget, window.machine),
            "show-image": self._focus_image,
            "show-tags": partial(_toggle, window.tags_dock),
            "show-series": partial(_toggle, window.series_dock),
            "show-ask": partial(_toggle, window.ask_dock),
            "show-shortcuts": self._show_shortcuts,
            "first-run": self._show_first_page,
            "about": self._show_about,
        }
        for kind in EXPORTS:
            plain[kind.command] = partial(window.exporting.ask_where, kind)
        for command_id, do in plain.items():
            window.actions_[command_id].triggered.connect(lambda _checked=False, do=do: do())
        window.actions_["full-screen"].toggled.connect(self._set_full_screen)
        window.actions_.enable(("stop", "model-view"), False)

    def _connect_parts(self) -> None:
        window = self._window
        window.first_page.sample_wanted.connect(self.try_sample)
        window.first_page.open_wanted.connect(window.opening.ask_for_files)
        window.first_page.models_wanted.connect(partial(window.workplaces.setCurrentWidget, window.models))
        window.opening.found.connect(self._take_opened)
        window.opening.problems.connect(self._tell_problems)
        window.series_list.chosen.connect(self._show_series)
        window.series_view.frame_changed.connect(self._note_frame)
        window.series_view.canvas.probe_changed.connect(self._show_probe)
        window.series_view.canvas.announced.connect(lambda text: window.status.showMessage(text, _MESSAGE_MS))
        window.controller.state_changed.connect(self._note_state)
        window.controller.opened.connect(self._note_model)
        window.panel.prompt.chips.changed.connect(self._offer_to_model_view)
        window.controller.network_attempted.connect(window.network.note_child_attempt)
        window.network.changed.connect(window.status.set_network)
        window.models.model_chosen.connect(self._use_model)
        window.bridge.problem.connect(window.strip.say)
        window.history.problem.connect(window.strip.say)

    def _connect_settings(self) -> None:
        window = self._window
        window.settings.changed.connect(self._apply_setting)
        window.network.set_allowed(window.settings.network_allowed)

    def _apply_setting(self, name: str) -> None:
        window = self._window
        if name == "theme":
            application = QApplication.instance()
            if isinstance(application, QApplication):
                apply_theme(application, window.settings.theme)
        elif name == "network_allowed":
            window.network.set_allowed(window.settings.network_allowed)
        elif name == "encode_on_open":
            window.panel.prepares_ahead = window.settings.encode_on_open

    def _take_opened(self, opened: OpenedPaths) -> None:
        self._window.series_list.add(opened.series)
        if opened.series:
            self.show_page()
            self._focus_image()

    def _tell_problems(self, problems: list[str]) -> None:
        more = "" if len(problems) == 1 else self.tr(" (and %n more)", "", len(problems) - 1)
        self._window.strip.say(problems[0] + more)

    def _show_series(self, series: Series | None) -> None:
        window = self._window
        window.series_view.show_series(series)
        if series is None:
            window.bridge.show_nothing()
            window.image_commands.adapt(None)
            window.tags.show_file(None)
            window.setWindowTitle("MedMO Edge")
            self.show_page()
        else:
            window.setWindowTitle(f"{series.title} - MedMO Edge")

    def _note_frame(self, frame: Frame) -> None:
        window = self._window
        window.tags.show_file(frame.reference.path)
        window.compare.show_frame(frame)
        window.actions_["model-view"].setEnabled(True)
        self._offer_to_model_view()
        if self._ask_when_shown is not None:
            prompt, self._ask_when_shown = self._ask_when_shown, None
            window.panel.prompt.set_prompt(prompt)
            window.panel.ask(prompt)
            window.fast_copy.make()

    def _show_probe(self, probe: PixelProbe | None) -> None:
        self._window.status.set_probe("" if probe is None else probe.text)

    def _note_state(self, state: ControllerState) -> None:
        self._window.actions_["stop"].setEnabled(state.is_busy)

    def _note_model(self, opened: Opened) -> None:
        self._window.status.set_model(opened.title, opened.reason)
        self._window.models.set_active(opened.artifact)
        self._window.machine.show_choice(opened)

    def _use_model(self, folders: list[str], anyway: bool) -> None:
        self._window.settings.models = tuple(folders)
        self._window.bridge.open_model(ignore_memory=anyway)

    def _focus_question(self) -> None:
        self._window.ask_dock.show()
        self._window.panel.prompt.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _focus_image(self) -> None:
        self._window.workplaces.setCurrentWidget(self._window.pages)
        self._window.series_view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _show_first_page(self) -> None:
        self._window.pages.setCurrentWidget(self._window.first_page)
        self._window.workplaces.setCurrentWidget(self._window.pages)

    def _set_full_screen(self, full: bool) -> None:
        if full:
            self._window.showFullScreen()
        else:
            self._window.showNormal()

    def _show_settings(self) -> None:
        dialog = SettingsDialog(self._window.settings, self._window)
        dialog.forget_wanted.connect(self._window.history.clear)
        dialog.exec()
        dialog.deleteLater()

    def _show_model_view(self) -> None:
        window = self._window
        window.workplaces.setCurrentWidget(window.model_view)
        window.model_view.refresh()

    def _offer_to_model_view(self) -> None:
        self._window.model_view.show_images(self._window.panel.prompt.chips.chosen)

    def _show_shortcuts(self) -> None:
        sheet = ShortcutSheet(self._window)
        sheet.exec()
        sheet.deleteLater()

    def _show_about(self) -> None:
        QMessageBox.about(
            self._window,
            self.tr("About MedMO Edge"),
            f"<h3>MedMO Edge {__version__}</h3><p><b>{research_notice()}</b></p><p>"
            + self.tr("Medical vision-language models in 4 bits, on this machine alone.")
            + "</p><p>Apache-2.0</p>",
        )


def _toggle(dock: QDockWidget) -> None:
    dock.setVisible(not dock.isVisible())
    if dock.isVisible():
        dock.raise_()
        widget: QWidget | None = dock.widget()
        if widget is not None:
            widget.setFocus(Qt.FocusReason.ShortcutFocusReason)
