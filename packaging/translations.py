"""Bring the translation files up to date with the source: ``make translations``.

Qt's lupdate, which comes with PySide6, reads the Qt code. The tables of texts in modules that are free of Qt (commands,
prompts, windows, the notice) are written into a file for it first. What is not translated yet stays in English.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "desktop_app" / "medmo_desktop"
FOLDER = SOURCE / "translations"
LANGUAGES = ("en", "de")
_PLURAL = re.compile(r"\((e?s)\)")


def table_texts() -> Iterator[tuple[str, str]]:
    """Yield context and text of everything that Qt-free tables hold."""
    from medmo_desktop.asking.presets import PRESETS
    from medmo_desktop.shell.shortcuts import COMMANDS, MENUS, ON_IMAGE
    from medmo_desktop.study.presets import CT_PRESETS
    from medmo_runtime.overlay import RESEARCH_NOTICE

    yield from (("Commands", menu) for menu in MENUS)
    for command in COMMANDS:
        yield from (("Commands", text) for text in (command.text, command.help) if text)
    yield from (("Commands", text) for pair in ON_IMAGE for text in pair)
    yield from (("Preset", preset.title) for preset in PRESETS)
    names = [*(preset.window.name for preset in CT_PRESETS), "automatic", "as stored", "full range"]
    yield from (("Windows", name) for name in names)
    yield "Notice", RESEARCH_NOTICE


def update(folder: Path) -> None:
    """Update the ``.ts`` files in a folder and compile each to ``.qm``."""
    modules = sorted(str(path) for path in SOURCE.rglob("*.py"))
    with tempfile.TemporaryDirectory() as made:
        tables = Path(made) / "tables.py"
        lines = [f"QT_TRANSLATE_NOOP({context!r}, {text!r})" for context, text in dict.fromkeys(table_texts())]
        tables.write_text("\n".join(lines), encoding="utf-8")
        for language in LANGUAGES:
            ts = folder / f"medmo_{language}.ts"
            options = ["-locations", "none", "-no-obsolete", "-no-ui-lines", "-source-language", "en", "-silent"]
            files = [*modules, str(tables)]
            _run("pyside6-lupdate", *files, "-ts", str(ts), "-target-language", language, *options)
            _tidy(ts, write_plurals=language == "en")
            _run("pyside6-lrelease", "-silent", str(ts), "-qm", str(ts.with_suffix(".qm")))


def _run(tool: str, *arguments: str) -> None:
    subprocess.run([str(Path(sys.executable).parent / tool), *arguments], check=True)


def _tidy(ts: Path, *, write_plurals: bool) -> None:
    """Drop comments that lupdate takes for notes to translators; write English plurals, which follow a pattern."""
    tree = ElementTree.parse(ts)  # noqa: S314 (our own file)
    for message in tree.iter("message"):
        for note in message.findall("extracomment"):
            message.remove(note)
        if write_plurals and message.get("numerus") == "yes":
            source = message.findtext("source") or ""
            translation = message.find("translation")
            if translation is not None:
                translation.attrib.pop("type", None)
                forms = (_PLURAL.sub("", source), _PLURAL.sub(r"\1", source))
                for form, text in zip(translation.findall("numerusform"), forms, strict=True):
                    form.text = text
    ElementTree.indent(tree, "    ")
    body = ElementTree.tostring(tree.getroot(), encoding="unicode")
    ts.write_text(f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n{body}\n', encoding="utf-8")


if __name__ == "__main__":
    update(FOLDER)
