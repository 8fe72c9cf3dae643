"""The table of commands as Qt's actions and menus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from medmo_desktop.shell.shortcuts import COMMANDS, MENUS, Command


def translated(text: str) -> str:
    """Return a text of the table in the user's language."""
    return QCoreApplication.translate("Commands", text)


class Actions(QObject):
    """One `QAction` per command, by id.

    Parameters
    ----------
    window : QWidget
        Shortcuts work wherever the focus is in it,
    image : QWidget
        but for those that work only while the focus is here.
    """

    def __init__(self, window: QWidget, image: QWidget) -> None:
        super().__init__(window)
        self._actions = {one.id: self._make(one, window, image) for one in COMMANDS}

    def __getitem__(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def __iter__(self) -> Iterator[QAction]:
        return iter(self._actions.values())

    def enable(self, command_ids: Iterable[str], enabled: bool) -> None:
        """Enable or disable several commands."""
        for command_id in command_ids:
            self._actions[command_id].setEnabled(enabled)

    def fill(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Put a menu for each group into the menu bar; return them by their English names."""
        menus = {}
        for name in MENUS:
            menu = menus[name] = bar.addMenu("&" + translated(name))
            menu.setToolTipsVisible(True)
            for one in COMMANDS:
                if one.menu == name:
                    menu.addAction(self._actions[one.id])
        return menus

    def _make(self, one: Command, window: QWidget, image: QWidget) -> QAction:
        action = QAction(translated(one.text), window)
        action.setObjectName(one.id)
        action.setShortcuts([QKeySequence(key, QKeySequence.SequenceFormat.PortableText) for key in one.keys])
        action.setToolTip(translated(one.help))
        action.setStatusTip(translated(one.help))
        action.setCheckable(one.checkable)
        if one.on_image:
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        (image if one.on_image else window).addAction(action)
        return action
