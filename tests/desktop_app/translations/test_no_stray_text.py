"""No text that a user sees is outside of the translations: read from the source, call by call."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest

import medmo_desktop

SOURCE = Path(medmo_desktop.__file__).parent
TEMPLATE = SOURCE / "translations" / "medmo_en.ts"
#: Calls whose strings are shown.
SHOWING = {
    *("setText", "setToolTip", "setStatusTip", "setWhatsThis", "setWindowTitle", "setTitle", "setPlaceholderText"),
    *("setAccessibleName", "setAccessibleDescription", "setHeaderLabels", "setHorizontalHeaderLabels", "setFormat"),
    *("setPlainText", "setHtml", "addAction", "addMenu", "addTab", "addItem", "addItems", "addRow", "setSuffix"),
    *("setPrefix", "setTabText", "setSpecialValueText", "showMessage", "say", "set_message", "setLabelText"),
    *("QLabel", "QPushButton", "QToolButton", "QCheckBox", "QRadioButton", "QGroupBox", "QAction", "QMenu"),
    *("QDockWidget", "QListWidgetItem", "QTreeWidgetItem", "QTableWidgetItem", "edit", "beginMacro"),
    *("getOpenFileName", "getOpenFileNames", "getSaveFileName", "getExistingDirectory", "getText"),
    *("about", "question", "information", "warning", "critical"),
}
TRANSLATING = {"tr", "translate", "translated", "QT_TRANSLATE_NOOP"}
#: What is the same in every language: names, mark-up, file endings.
UNTRANSLATED = re.compile(
    r"MedMO Edge|Apache-2\.0|https?://\S+|</?[a-z0-9]+[^<>]*>|&nbsp;|\.[a-z]+\b|\bpx\b|\bcpu\b|\bmedmo\b|\bmm\b|IoU"
)


def name_of(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def stray_text(node: ast.AST) -> Iterator[str]:
    """Yield the words in literals below a node that no translating call takes."""
    if isinstance(node, ast.Call) and name_of(node) in TRANSLATING | {"QKeySequence", "setProperty", "Command"}:
        return
    if isinstance(node, (ast.Compare, ast.Subscript)):  # keys of tables, not texts
        return
    if isinstance(node, ast.FormattedValue):
        yield from stray_text(node.value)
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        rest = UNTRANSLATED.sub("", node.value)
        if re.search(r"[A-Za-z]{2,}", rest):
            yield node.value
        return
    for child in ast.iter_child_nodes(node):
        yield from stray_text(child)


def modules() -> list[Path]:
    return [path for path in sorted(SOURCE.rglob("*.py")) if "PySide6" in path.read_text()]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_shown_text_is_translated(path: Path) -> None:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        if name_of(node) in SHOWING:
            arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
            found += [f"line {node.lineno}: {text!r}" for argument in arguments for text in stray_text(argument)]
        if name_of(node) == "tr" and not (node.args and isinstance(node.args[0], ast.Constant)):
            found.append(f"line {node.lineno}: tr() of what is no literal cannot be extracted")
    assert found == []


def test_every_translated_literal_was_extracted() -> None:
    """The extraction does not look into f-strings."""
    known = {message.findtext("source") for message in ElementTree.parse(TEMPLATE).iter("message")}
    missing = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            place = {"tr": 0, "translate": 1}.get(name_of(node), 9) if isinstance(node, ast.Call) else 9
            if isinstance(node, ast.Call) and len(node.args) > place:
                text = node.args[place]
                if isinstance(text, ast.Constant) and text.value not in known:
                    missing.append(f"{path.name} line {node.lineno}: {text.value!r}")
    assert missing == []


def test_the_check_finds_what_it_is_for() -> None:
    tree = ast.parse("label.setText(f'{count} boxes')\nQLabel('Hello')\nlabel.setText(self.tr('fine'))")
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and name_of(node) in SHOWING]
    assert sorted(text for call in calls for text in stray_text(call)) == [" boxes", "Hello"]
