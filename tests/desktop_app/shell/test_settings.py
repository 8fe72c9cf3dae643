"""Settings come back as they were set, also single paths and switches."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from medmo_desktop.shell.settings import MOST_RECENT, ViewerSettings


def test_settings_survive_the_program(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "viewer.ini"
    first = ViewerSettings(path)
    assert (first.theme, first.network_allowed, first.encode_on_open, first.history_kept) == (
        "system",
        False,
        True,
        True,
    )
    first.theme = "dark"
    first.encode_on_open = False
    first.history_kept = False
    first.models = ("/models/one, with a comma",)
    first.remember_recent("/a b/c.dcm")
    first.sync()
    second = ViewerSettings(path)
    assert (second.theme, second.encode_on_open, second.history_kept) == ("dark", False, False)
    assert second.models == ("/models/one, with a comma",)
    assert second.recent == ("/a b/c.dcm",)


def test_recent_paths_are_few_each_once_newest_first(qtbot: QtBot, tmp_path: Path) -> None:
    settings = ViewerSettings(tmp_path / "viewer.ini")
    for number in range(MOST_RECENT + 3):
        settings.remember_recent(f"/{number}")
    settings.remember_recent("/5")
    assert settings.recent[0] == "/5"
    assert len(settings.recent) == len(set(settings.recent)) == MOST_RECENT
    settings.forget_recent()
    assert settings.recent == ()


def test_a_damaged_file_gives_the_defaults(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "viewer.ini"
    path.write_bytes(b"\x00\xff[look]\ntheme=purple\n[privacy]\nnetwork_allowed=perhaps\n")
    settings = ViewerSettings(path)
    assert settings.theme == "system"
    assert not settings.network_allowed
