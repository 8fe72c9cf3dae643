"""What the user chose, kept between runs in an ini file. It never holds patient data but the recent files' paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

from platformdirs import user_config_path
from PySide6.QtCore import QByteArray, QObject, QSettings, Signal

from medmo_desktop.translations.languages import SYSTEM
from medmo_models.directories import APPLICATION

Theme = Literal["system", "light", "dark"]
MOST_RECENT = 10


def default_settings_path() -> Path:
    """Return the ini file of this user."""
    return user_config_path(APPLICATION, appauthor=False) / "viewer.ini"


class ViewerSettings(QObject):
    """The settings as typed properties; setting one writes it.

    Parameters
    ----------
    path : Path
        The ini file; it and its folder are made when something is first set.
    parent : QObject, optional
    """

    #: The name of the property that changed.
    changed = Signal(str)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = QSettings(str(path), QSettings.Format.IniFormat, self)

    def _get(self, name: str) -> Any:
        return self._store.value(name)

    def _set(self, name: str, value: object) -> None:
        self._store.setValue(name, value)
        self.changed.emit(name.split("/")[-1])

    def _flag(self, name: str, default: bool) -> bool:
        value = self._get(name)
        return default if value is None else str(value).lower() == "true"

    def sync(self) -> None:
        """Write what is not on the disk yet."""
        self._store.sync()

    @property
    def theme(self) -> Theme:
        """Light, dark, or as the system has it."""
        value = self._get("look/theme")
        return next((one for one in get_args(Theme) if one == value), "system")

    @theme.setter
    def theme(self, theme: Theme) -> None:
        self._set("look/theme", theme)

    @property
    def language(self) -> str:
        """``system``, or a language's code such as ``de``; takes effect at the next start."""
        value = self._get("look/language")
        return str(value) if value else SYSTEM

    @language.setter
    def language(self, language: str) -> None:
        self._set("look/language", language)

    @property
    def network_allowed(self) -> bool:
        """Whether the guard lets things pass; off unless the user says so."""
        return self._flag("privacy/network_allowed", False)

    @network_allowed.setter
    def network_allowed(self, allowed: bool) -> None:
        self._set("privacy/network_allowed", allowed)

    @property
    def history_kept(self) -> bool:
        """Whether answers are kept for the next time the image is opened."""
        return self._flag("privacy/history_kept", True)

    @history_kept.setter
    def history_kept(self, kept: bool) -> None:
        self._set("privacy/history_kept", kept)

    @property
    def encode_on_open(self) -> bool:
        """Whether an image is encoded when it is shown, before the question."""
        return self._flag("asking/encode_on_open", True)

    @encode_on_open.setter
    def encode_on_open(self, encode: bool) -> None:
        self._set("asking/encode_on_open", encode)

    @property
    def models(self) -> tuple[str, ...]:
        """Folders of the chosen model's artifacts; empty for the embedded one."""
        return self._paths("asking/models")

    @models.setter
    def models(self, folders: tuple[str, ...]) -> None:
        self._set("asking/models", list(folders))

    @property
    def recent(self) -> tuple[str, ...]:
        """Files and folders opened last, newest first."""
        return self._paths("files/recent")

    def remember_recent(self, path: str) -> None:
        """Put a path at the top of the recent ones."""
        others = [one for one in self.recent if one != path]
        self._set("files/recent", [path, *others][:MOST_RECENT])

    def forget_recent(self) -> None:
        """Forget all recent paths."""
        self._store.remove("files/recent")
        self.changed.emit("recent")

    def _paths(self, name: str) -> tuple[str, ...]:
        value = self._get(name)
        if isinstance(value, str):  # QSettings reads a list of one as a string
            return (value,) if value else ()
        return tuple(str(one) for one in value or ())

    @property
    def geometry(self) -> QByteArray | None:
        """Place and size of the window."""
        value = self._get("window/geometry")
        return value if isinstance(value, QByteArray) else None

    @property
    def layout(self) -> QByteArray | None:
        """Where the docks are."""
        value = self._get("window/layout")
        return value if isinstance(value, QByteArray) else None

    def keep_window(self, geometry: QByteArray, layout: QByteArray) -> None:
        """Remember the window's place and its docks'."""
        self._store.setValue("window/geometry", geometry)
        self._store.setValue("window/layout", layout)
