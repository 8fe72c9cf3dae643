"""The three files of a report, from a real small comparison and from edge cases made of it."""

from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from medmo_evaluation.compare.sensitivity import LayerSensitivity, SensitivityScan
from medmo_evaluation.compare.summary import Comparison, ComparisonRow
from medmo_evaluation.metrics.intervals import Interval
from medmo_evaluation.report import write_report
from medmo_evaluation.report.columns import COLUMNS
from medmo_models.artifact import open_model
from medmo_models.errors import InputError
from medmo_models.library import embedded_model_path
from medmo_runtime.session import Session
from medmo_runtime.text_diff import word_diff
from support.comparing import SmallComparison

HOSTILE = '<script>alert("1")</script> & | `x` </td>\n# no'


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    small = SmallComparison(tmp_path_factory.mktemp("report"))
    return small.judge(Session.open([open_model(embedded_model_path())], backend="reference", dtype="bfloat16"))


class Page(HTMLParser):
    """Collects scripts, table rows, and open elements that were never closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts = 0
        self.table: list[list[str]] = []
        self.pictures = 0
        self.boxes: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.scripts += tag == "script"
        self.pictures += tag == "img"
        if tag == "rect" and str(given.get("class", "")).startswith("box-"):
            self.boxes.append(str(given["class"]))
        if tag == "tr":
            self.table.append([])
        if tag in ("td", "th") and self.table:
            self.table[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.table and self.table[-1]:
            self.table[-1][-1] += data.strip()


def page_of(comparison: Comparison, folder: Path, sort: str = "given") -> str:
    write_report(comparison, folder, sort=sort)
    return (folder / "index.html").read_text(encoding="utf-8")


def test_every_row_and_figure_is_on_the_page(comparison: Comparison, tmp_path: Path) -> None:
    page = Page(page_of(comparison, tmp_path))
    body = {cells[0]: cells for cells in page.table[1 : 1 + len(comparison.rows)]}
    assert list(body) == [row.name for row in comparison.rows]
    for row in comparison.rows:
        assert body[row.name][2:-1] == [column.text(row) for column in COLUMNS]
    assert page.pictures == len(comparison.worst) == 3
    assert {"box-true", "box-reference", "box-model"} <= set(page.boxes)
    assert page.scripts == 1


def test_the_page_loads_nothing(comparison: Comparison, tmp_path: Path) -> None:
    text = page_of(comparison, tmp_path)
    assert "default-src 'none'" in text
    assert re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', text) == []
    assert re.findall(r"url\((?!#)", text) == []
    assert "@import" not in text


def test_texts_of_the_data_stay_texts(comparison: Comparison, tmp_path: Path) -> None:
    worst = dataclasses.replace(
        comparison.worst[0], prompt=HOSTILE, text=HOSTILE, reference_text="", sample_id=HOSTILE, true_answer=HOSTILE
    )
    rows = tuple(dataclasses.replace(row, name=f"{row.name} {HOSTILE}") for row in comparison.rows)
    hostile = dataclasses.replace(
        comparison, rows=rows, worst=(worst,), skipped=((HOSTILE, HOSTILE),), command=HOSTILE, verdict=HOSTILE
    )
    text = page_of(hostile, tmp_path)
    assert Page(text).scripts == 1
    assert "<script>alert" not in text
    lines = (tmp_path / "report.md").read_text().splitlines()
    assert "# no" not in lines
    start = next(place for place, line in enumerate(lines) if line.startswith("| model"))
    table = lines[start : start + 2 + len(rows)]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1


def test_the_json_holds_every_figure_as_it_is(comparison: Comparison, tmp_path: Path) -> None:
    write_report(comparison, tmp_path)
    read = json.loads((tmp_path / "report.json").read_text(), parse_constant=lambda text: pytest.fail(text))
    row = comparison.rows[-1]
    assert row.tokens is not None
    assert read["rows"][-1]["tokens"]["kld_mean"]["value"] == row.tokens.kld_mean.value
    assert read["metrics_version"] == comparison.metrics_version
    assert set(read["rows"][-1]) == {field.name for field in dataclasses.fields(ComparisonRow)}
    assert str(tmp_path) not in json.dumps(read["worst"])


def test_a_model_that_computes_no_numbers_is_reported(comparison: Comparison, tmp_path: Path) -> None:
    last = comparison.rows[-1]
    assert last.tokens is not None
    nowhere = Interval(float("inf"), float("inf"), float("inf"))
    broken = dataclasses.replace(
        last, tokens=dataclasses.replace(last.tokens, kld_mean=nowhere, kld_standard_error=float("inf"))
    )
    text = page_of(dataclasses.replace(comparison, rows=(*comparison.rows[:-1], broken)), tmp_path)
    assert "∞" in text
    assert "Infinity" not in (tmp_path / "report.json").read_text()


def test_text_only_data_have_no_box_plots(comparison: Comparison, tmp_path: Path) -> None:
    rows = tuple(dataclasses.replace(row, boxes=None, f1_50_difference=None) for row in comparison.rows)
    text = page_of(dataclasses.replace(comparison, rows=rows, worst=()), tmp_path)
    assert "Boxes against" not in text
    assert "Distributions against size" in text
    alone = dataclasses.replace(comparison, rows=rows[:1], worst=(), skipped=())
    assert "What quantization costs" in page_of(alone, tmp_path)


def test_the_table_is_sorted_as_asked_with_the_reference_first(comparison: Comparison, tmp_path: Path) -> None:
    def names(sort: str) -> list[str]:
        table = Page(page_of(comparison, tmp_path, sort)).table
        return [cells[0] for cells in table[1 : 1 + len(comparison.rows)]]

    klds = {row.name: row.tokens.kld_mean.value for row in comparison.rows if row.tokens is not None}
    assert names("kld") == ["reference", *sorted(klds, key=lambda name: klds[name])]
    assert names("given") == [row.name for row in comparison.rows]
    assert names("speed")[0] == "reference"


def test_the_same_figures_give_the_same_files(comparison: Comparison, tmp_path: Path) -> None:
    texts = []
    for name in "ab":
        (tmp_path / name).mkdir()
        write_report(comparison, tmp_path / name)
        texts.append([(tmp_path / name / file).read_bytes() for file in ("index.html", "report.md", "report.json")])
    assert texts[0] == texts[1]


def test_layers_are_listed_where_they_were_measured(comparison: Comparison, tmp_path: Path) -> None:
    layer = LayerSensitivity("model.layers.0.mlp.up_proj", 1000, 0.00012, 8)
    scan = SensitivityScan("each layer alone", 3, 40, 4.4, 4.5, (layer,))
    write_report(comparison, tmp_path, sensitivity=scan)
    for name in ("index.html", "report.md", "report.json"):
        assert "model.layers.0.mlp.up_proj" in (tmp_path / name).read_text()


def test_a_folder_that_cannot_be_written_is_one_sentence(comparison: Comparison, tmp_path: Path) -> None:
    (tmp_path / "index.html").mkdir()
    (tmp_path / "index.html" / "in the way").write_text("x")
    with pytest.raises(InputError, match=r"index\.html cannot be written"):
        write_report(comparison, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_the_difference_of_two_answers_word_by_word() -> None:
    pieces = word_diff("one nodule at left", "two nodule at left side")
    assert "".join(p.text for p in pieces if p.kind != "new") == "one nodule at left"
    assert "".join(p.text for p in pieces if p.kind != "lost") == "two nodule at left side"
    assert [p.text for p in pieces if p.kind == "lost"] == ["one"]
    assert word_diff("same", "same")[0].kind == "same"
    assert word_diff("", "") == []
