"""``medmo demo``: the main job on the embedded model, start to end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from medmo_cli.output import errors_as_sentences, messages, print_json, results
from medmo_models.errors import InputError
from medmo_runtime.memory import readable_bytes
from medmo_runtime.session import Session


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table("format", "weights", "box F1 at IoU 0.5", "agreement", "tokens/s")
    for row in rows:
        speed = "-" if row["decode_tokens_per_s"] is None else f"{row['decode_tokens_per_s']:.1f}"
        size = readable_bytes(row["bytes"])
        table.add_row(row["format"], size, f"{row['f1_50']:.3f}", f"{row['agreement']:.3f}", speed)
    return table


def run_demo(out: Path, count: int) -> dict[str, Any]:
    """Export, choose, answer, measure; return the object that ``--json`` prints."""
    # Imported here: scoring needs scipy, which only the demo's and the evaluation's extras install.
    from medmo_cli.demo_steps import answer_images, export_formats, measure_formats

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out} cannot be made a folder ({error.strerror}); choose another --out.") from error
    began = time.perf_counter()
    messages.print("[1/3] quantizing the embedded model to 4 bits")
    artifacts = export_formats(out)
    messages.print("[2/3] choosing a backend and answering")
    with Session.open(artifacts) as session:
        best = session.choice.chosen
        messages.print(f"      chosen: {best.title} ({session.choice.reason})", markup=False)
        answered = answer_images(session, out)
        chosen = {
            "artifact": best.artifact.manifest.method,
            "backend": best.backend.name,
            "device": best.device,
            "reason": session.choice.reason,
        }
    messages.print(f"[3/3] measuring every format on {count} held-out phantoms")
    rows = measure_formats(artifacts, count)
    return {
        "rows": [vars(row) for row in rows],
        "chosen": chosen,
        "overlays": [str(entry.overlay) for entry in answered if entry.overlay is not None],
        "answers": [{"name": e.name, "task": e.task, "prompt": e.prompt, **e.answer.to_json()} for e in answered],
        "artifacts": [str(artifact.path) for artifact in artifacts],
        "out": str(out),
        "seconds": time.perf_counter() - began,
    }


def command(
    out: Annotated[Path, typer.Option(help="Where artifacts and pictures go.")] = Path("medmo-demo"),
    count: Annotated[int, typer.Option(min=1, help="Held-out phantoms per format.")] = 24,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Quantize the embedded model, answer on phantoms and a real DICOM image, draw the boxes."""
    with errors_as_sentences():
        report = run_demo(out, count)
        if json:
            print_json(report)
            return
        for entry in report["answers"]:
            results.print(f"{entry['name']}, {entry['task']}: {entry['text']}", markup=False)
        results.print(_table(report["rows"]))
        results.print("agreement: share of answer tokens whose most probable choice is the same as in full precision")
        results.print(f"pictures and artifacts are in {out} ({report['seconds']:.0f} s):", markup=False)
        for overlay in report["overlays"]:
            results.print(f"  {overlay}", markup=False)
        messages.print("The embedded model knows phantoms only: its answer about the real image means nothing.")
        messages.print("Research use only. Not for diagnosis.")
