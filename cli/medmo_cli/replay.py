"""``medmo replay``: ask a case file's question again and print the difference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from medmo_cli.interrupt import check_interrupt
from medmo_cli.output import errors_as_sentences, messages, print_json, results
from medmo_cli.self_tests import self_tests_wanted, test_before_use
from medmo_desktop.keeping.case_file import Case, read_case
from medmo_desktop.keeping.replay import ReplayDifference, asked, replay, replay_request
from medmo_models.artifact import Artifact, open_model
from medmo_models.artifact.manifest import MANIFEST_NAME, read_manifest
from medmo_models.errors import InputError
from medmo_models.library import find_model, list_models
from medmo_runtime.answer import AnswerStats
from medmo_runtime.overlay import RESEARCH_NOTICE


def command(
    case: Annotated[Path, typer.Argument(help="A case file that the viewer saved.")],
    backend: Annotated[
        str | None, typer.Option(help="onnx, gptq, bnb or reference; the case's own if not given.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda:0, ...; the case's own if not given.")] = None,
    artifact: Annotated[
        str | None, typer.Option(help="A model directory or installed name; the case's own model if not given.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Ask a case's question again, with its pixels, prompt and limits, and print what differs.

    Exit code 0 whether the answer is the same or not (the verdict says which), 2 for bad input, 3 if it cannot run.
    """
    with errors_as_sentences():
        kept = read_case(case)
        answered_by, _ = asked(kept)
        model = _find_artifact(kept, artifact)
        same_model = model.id == answered_by.id
        if not same_model:
            messages.print("note: this is another model than the one that answered", markup=False)
        request = replay_request(kept, [model.path], same_model=same_model, backend=backend, device=device)
        if self_tests_wanted(True):
            test_before_use(request)
        difference = replay(kept, request, on_text=_go_on)
        check_interrupt()
        if json:
            print_json(difference.to_json())
        else:
            _print(difference)


def _go_on(_piece: str) -> bool:
    check_interrupt()
    return True


def _find_artifact(case: Case, name: str | None) -> Artifact:
    """Return the named model, else the installed one that answered, by its id."""
    if name is not None:
        return open_model(find_model(name))
    wanted, _ = asked(case)
    for installed in list_models():
        has_manifest = installed.problem is None and (installed.path / MANIFEST_NAME).is_file()
        if has_manifest and read_manifest(installed.path).artifact_id == wanted.id:
            return open_model(installed.path)
    raise InputError(
        f"The model that answered ({wanted.spec_id}, {wanted.method}, id {wanted.id[:12]}) is not installed; "
        "give its folder, or another model, with --artifact."
    )


def _print(difference: ReplayDifference) -> None:
    table = Table("", "case", "replay")
    for name, before, after in _rows(difference):
        table.add_row(name, escape(before), escape(after))
    results.print(table)
    if difference.boxes:
        results.print(_box_table(difference))
    if not difference.same_text:
        results.print("Words (lost in [-...-], new in {+...+}):", markup=False)
        marks = {"same": ("", ""), "lost": ("[-", "-]"), "new": ("{+", "+}")}
        text = "".join(marks[piece.kind][0] + piece.text + marks[piece.kind][1] for piece in difference.words)
        results.print(text, markup=False)
    if difference.first_different_token is not None:
        results.print(f"The first different token is number {difference.first_different_token} (from 0).")
    results.print(difference.verdict, markup=False, style="bold")
    messages.print(RESEARCH_NOTICE, style="dim")


def _rows(difference: ReplayDifference) -> list[tuple[str, str, str]]:
    before, after = difference.before, difference.after
    rows = [
        ("model", f"{before.spec_id} {before.method}", f"{after.spec_id} {after.method}"),
        ("id", before.id[:12], after.id[:12]),
        (
            "backend",
            f"{before.backend}/{before.device} {before.dtype}",
            f"{after.backend}/{after.device} {after.dtype}",
        ),
    ]
    return rows + [
        (name, one, other)
        for (name, one), (_, other) in zip(
            _figures(difference.stats_before), _figures(difference.stats_after), strict=True
        )
    ]


def _figures(stats: AnswerStats) -> list[tuple[str, str]]:
    speed = stats.decode_tokens_per_s
    return [
        ("tokens", str(stats.new_tokens)),
        ("finished", stats.finish_reason),
        ("load", f"{stats.load_s:.2f} s"),
        ("vision", f"{stats.vision_s:.2f} s"),
        ("prefill", f"{stats.prefill_s:.2f} s"),
        ("decode", "-" if speed is None else f"{speed:.1f} tokens/s"),
    ]


def _box_table(difference: ReplayDifference) -> Table:
    table = Table("finding", "case (px)", "replay (px)", "IoU", "corner shift")
    for box in difference.boxes:
        places = ["-" if one is None else ", ".join(f"{edge:.1f}" for edge in one) for one in (box.before, box.after)]
        iou = "lost" if box.after is None else "new" if box.iou is None else f"{box.iou:.3f}"
        shift = "-" if box.corner_shift is None else f"{box.corner_shift:.1f} px"
        table.add_row(escape(box.label or "(no label)"), *places, iou, shift)
    return table
