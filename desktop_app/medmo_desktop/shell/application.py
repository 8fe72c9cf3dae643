"""The program: one process with a window, started by ``medmo view`` or ``medmo-edge``."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from platformdirs import user_data_path
from PySide6.QtCore import QMessageLogContext, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QApplication

from medmo_desktop.shell.settings import ViewerSettings, default_settings_path
from medmo_desktop.shell.theme import apply_theme, prepare_style
from medmo_desktop.translations.languages import use_language
from medmo_models.directories import APPLICATION
from medmo_models.errors import CannotRunError
from medmo_models.network_guard import block_unless_allowed
from medmo_models.process import go_offline, quiet_libraries

#: How often Python gets a turn to notice Ctrl-C in the terminal.
_SIGNAL_MS = 250
_SWITCH_INTERVAL_S = 0.0005


@dataclass(frozen=True)
class Folders:
    """Where the viewer keeps things: settings and history."""

    settings: Path
    history: Path


def default_folders() -> Folders:
    """Return this user's."""
    return Folders(default_settings_path(), user_data_path(APPLICATION, appauthor=False) / "history.sqlite")


def prepare_process() -> None:
    """Do what must happen before anything else is imported: no network, no telemetry, a window that comes first."""
    block_unless_allowed()
    go_offline()
    quiet_libraries()
    give_way_to_the_window()


def give_way_to_the_window() -> None:
    """Let threads in the background hold the interpreter for less than a millisecond, not Python's 5, at a time.

    The window's thread takes the interpreter several times for one repaint, so the waits add up to what the hand feels.
    """
    sys.setswitchinterval(_SWITCH_INTERVAL_S)


def make_application(offscreen: bool = False) -> QApplication:
    """Return the application, made once per process.

    Parameters
    ----------
    offscreen : bool
        Draw into memory, for pictures.
    """
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    if offscreen:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        qInstallMessageHandler(_drop_notices)
    application = QApplication(sys.argv[:1])
    application.setApplicationName(APPLICATION)
    application.setApplicationDisplayName("MedMO Edge")
    application.setDesktopFileName(APPLICATION)
    application.setWindowIcon(application_icon())
    prepare_style(application)
    use_language(application, "en")
    return application


def _drop_notices(_kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
    """Keep off the terminal what the offscreen platform says of every window."""
    if not text.startswith("This plugin does not support"):
        sys.stderr.write(f"{text}\n")


def has_display() -> bool:
    """Whether there is a screen to draw on."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def application_icon() -> QIcon:
    """Return the program's icon."""
    picture = QPixmap()
    picture.loadFromData(files("medmo_desktop.shell").joinpath("medmo-edge.png").read_bytes())
    return QIcon(picture)


def run_viewer(paths: list[Path], folders: Folders | None = None, language: str | None = None) -> int:
    """Show the window until it is closed; return the exit code.

    Parameters
    ----------
    paths : list of Path
        What to open.
    folders : Folders, optional
    language : str, optional
        A language's code; by default that of the settings.

    Raises
    ------
    CannotRunError
        If there is no screen.
    InputError
        If the language is not known.
    """
    if not has_display():
        raise CannotRunError(
            "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set); --screenshot OUT.png needs none."
        )
    prepare_process()
    application = make_application()
    from medmo_desktop.shell.main_window import MainWindow

    where = folders or default_folders()
    settings = ViewerSettings(where.settings)
    apply_theme(application, settings.theme)
    use_language(application, language or settings.language)
    window = MainWindow(settings, where.history)
    signal.signal(signal.SIGINT, lambda *_: window.close())
    pulse = QTimer()
    pulse.timeout.connect(lambda: None)
    pulse.start(_SIGNAL_MS)
    window.begin(paths)
    window.show()
    code = application.exec()
    pulse.stop()
    return code


def private_folders(folder: Path) -> Folders:
    """Return settings and history inside of ``folder``, for a window that leaves no trace."""
    return replace(default_folders(), settings=folder / "viewer.ini", history=folder / "history.sqlite")
