"""The window in another language, and translation files that are up to date with the source."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QLabel
from pytestqt.qtbot import QtBot

import medmo_desktop
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.findings.list_view import FindingList
from medmo_desktop.findings.marks import BoxSet
from medmo_desktop.shell.actions import Actions
from medmo_desktop.shell.first_run import FirstRunPage
from medmo_desktop.shell.settings import ViewerSettings
from medmo_desktop.shell.settings_dialog import SettingsDialog
from medmo_desktop.shell.status import ViewerStatusBar
from medmo_desktop.translations.languages import available_languages, use_language
from medmo_models.errors import InputError

FOLDER = Path(medmo_desktop.__file__).parent / "translations"
ROOT = FOLDER.parents[2]


@pytest.fixture
def speak(qapp: QApplication) -> Iterator[Callable[[str], str]]:
    """Take a language for one test."""
    yield lambda language: use_language(qapp, language)
    use_language(qapp, "en")


def updater() -> ModuleType:
    specification = importlib.util.spec_from_file_location("translations", ROOT / "packaging" / "translations.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_files_are_up_to_date_with_the_source(tmp_path: Path) -> None:
    for ts in FOLDER.glob("*.ts"):
        shutil.copy(ts, tmp_path)
    updater().update(tmp_path)
    for language in available_languages():
        for suffix in (".ts", ".qm"):
            name = f"medmo_{language}{suffix}"
            assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), f"{name}: run make translations"


def test_german_is_complete_and_its_placeholders_are_those_of_the_source() -> None:
    placeholders = re.compile(r"\{[^}]*\}|%n|<[^>]+>")
    for message in ElementTree.parse(FOLDER / "medmo_de.ts").iter("message"):
        source, translation = message.findtext("source") or "", message.find("translation")
        assert translation is not None
        assert translation.get("type") != "unfinished", source
        texts = [form.text or "" for form in translation.iter() if (form.text or "").strip()]
        assert texts, source
        for text in texts:
            assert sorted(placeholders.findall(text)) == sorted(placeholders.findall(source)), source


def test_menus_buttons_and_counts_are_german(speak: Callable[[str], str], qtbot: QtBot, tmp_path: Path) -> None:
    assert speak("de") == "de"
    page, board = FirstRunPage(), FindingBoard()
    qtbot.addWidget(page)
    assert page.sample_button.text() == "&Ausprobieren: Beispielbild, eingebautes Modell"
    assert "Nur für die Forschung. Nicht zur Diagnose." in " ".join(label.text() for label in page.findChildren(QLabel))
    actions = Actions(page, page)
    assert actions["open-files"].text() == "Dateien ö&ffnen..."
    assert actions["draw-box"].toolTip() == "Einen Rahmen in der Mitte des Sichtbaren beginnen."
    findings, status = FindingList(board), ViewerStatusBar()
    qtbot.addWidget(findings)
    qtbot.addWidget(status)
    board.show(BoxSet().added("Knoten", (1, 2, 3, 4)))
    assert findings.count.text() == "1 Rahmen"
    status.set_network(True, 1)
    assert status.network.text() == "Netz: gesperrt (1 Versuch)"
    status.set_network(True, 3)
    assert status.network.text() == "Netz: gesperrt (3 Versuche)"
    dialog = SettingsDialog(ViewerSettings(tmp_path / "viewer.ini"))
    qtbot.addWidget(dialog)
    # Qt's own texts come from Qt's own translations.
    assert dialog.findChild(QDialogButtonBox).buttons()[0].text().replace("&", "") == "Schließen"


def test_counts_have_a_singular_in_english(qtbot: QtBot) -> None:
    board = FindingBoard()
    findings = FindingList(board)
    qtbot.addWidget(findings)
    one = BoxSet().added("nodule", (1, 2, 3, 4))
    for boxes, words in ((one, "1 box"), (one.added("mass", (1, 2, 3, 4)), "2 boxes"), (BoxSet(), "0 boxes")):
        board.show(boxes)
        assert findings.count.text() == words


def test_the_settings_offer_languages_by_their_own_names_and_remember_one(qtbot: QtBot, tmp_path: Path) -> None:
    settings = ViewerSettings(tmp_path / "viewer.ini")
    assert settings.language == "system"
    dialog = SettingsDialog(settings)
    qtbot.addWidget(dialog)
    box = dialog.language_box
    assert [box.itemText(row) for row in range(box.count())] == ["As the system", "Deutsch", "English"]
    box.setCurrentIndex(1)
    settings.sync()
    assert ViewerSettings(tmp_path / "viewer.ini").language == "de"


def test_an_unknown_language_is_one_sentence(qapp: QApplication) -> None:
    with pytest.raises(InputError, match="it has de, en"):
        use_language(qapp, "tlh")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sets the locale as POSIX systems do")
@pytest.mark.parametrize(("locale", "code"), [("de_AT.UTF-8", "de"), ("fi_FI.UTF-8", "en"), ("en_GB.UTF-8", "en")])
def test_the_systems_language_is_taken_where_there_is_one(locale: str, code: str) -> None:
    script = (
        "from medmo_desktop.shell.application import make_application\n"
        "from medmo_desktop.translations.languages import use_language\n"
        "print(use_language(make_application(offscreen=True), 'system'))"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LC_")}
    environment |= {"LANG": locale, "LC_ALL": locale, "LANGUAGE": "", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split()[-1] == code
