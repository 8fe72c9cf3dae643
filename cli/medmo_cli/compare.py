"""``medmo compare``: what quantization costs a model, on the user's own data."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from medmo_cli.output import errors_as_sentences, messages, print_json, results
from medmo_cli.progress import phase_progress
from medmo_models.errors import InputError
from medmo_models.library import find_model
from medmo_runtime.memory import readable_bytes

if TYPE_CHECKING:
    from medmo_evaluation.compare.summary import Comparison, ComparisonRow

#: What the table can be sorted by, with the figure of a row; None goes last.
SORTS = ("given", "kld", "f1", "accuracy", "size", "speed")


def sort_key(row: ComparisonRow, by: str) -> float:
    """Return what a row is sorted by, the best first."""
    missing = float("inf")
    if by == "kld":
        return -1.0 if row.kind == "reference" else row.tokens.kld_mean.value if row.tokens else missing
    if by == "f1":
        return -row.boxes.f1_50.value if row.boxes else missing
    if by == "accuracy":
        return -row.accuracies[0].accuracy.value if row.accuracies else missing
    if by == "size":
        return row.cost.bytes or missing
    return -row.cost.decode_tokens_per_s.value if row.cost.decode_tokens_per_s else missing


def command(
    artifacts: Annotated[list[str], typer.Argument(help="Artifacts: folders or installed names.")],
    reference: Annotated[str, typer.Option(help="The full-precision checkpoint that they were made from.")],
    data: Annotated[
        str,
        typer.Option(help="phantoms:seed=7,count=200, FILE.jsonl, coco:FILE, or a folder such as slake:DIR."),
    ],
    out: Annotated[Path, typer.Option(help="Folder of records and report; an interrupted comparison goes on there.")],
    backend: Annotated[str | None, typer.Option(help="For the artifacts; chosen if not given.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda:0, ...; chosen if not given.")] = None,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Longest answer in tokens.")] = 160,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first samples.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 0,
    mode: Annotated[str, typer.Option(help="fixed, or compat: read answers as MedEvalKit does.")] = "fixed",
    control: Annotated[
        list[str] | None,
        typer.Option(
            help="Run round-to-nearest:bits=3,group=128 of the reference as well; 4 bits if not given, none for none."
        ),
    ] = None,
    no_noise_floor: Annotated[bool, typer.Option("--no-noise-floor", help="Do not run the reference twice.")] = False,
    cache_limit: Annotated[float, typer.Option(min=0.001, help="GB for the reference's distributions.")] = 4.0,
    per_layer: Annotated[
        int | None, typer.Option(min=1, help="Also measure every layer alone, over this many samples.")
    ] = None,
    per_layer_bits: Annotated[
        float, typer.Option(min=4.0, max=8.5, help="Average bits per weight of the recipe that --per-layer proposes.")
    ] = 4.5,
    sort: Annotated[str, typer.Option(help="given, kld, f1, accuracy, size or speed.")] = "given",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare artifacts with their full-precision reference: accuracy, boxes, distributions, cost."""
    with errors_as_sentences():
        from medmo_evaluation.compare.request import YARDSTICK, CompareRequest, parse_control
        from medmo_evaluation.compare.run import run_comparison
        from medmo_evaluation.compare.sensitivity import scan_layers
        from medmo_evaluation.report import write_report

        if mode not in ("fixed", "compat"):
            raise InputError(f"There is no --mode {mode}; choose fixed or compat.")
        if sort not in SORTS:
            raise InputError(f"There is no --sort {sort}; choose one of {', '.join(SORTS)}.")
        request = CompareRequest(
            artifacts=tuple(find_model(name) for name in artifacts),
            reference=find_model(reference),
            data=data,
            out=out,
            backend=backend,
            device=device,
            max_new_tokens=max_new_tokens,
            limit=limit,
            seed=seed,
            mode="compat" if mode == "compat" else "fixed",
            controls=(YARDSTICK,) if not control else tuple(parse_control(c) for c in control if c != "none"),
            noise_floor=not no_noise_floor,
            cache_bytes=int(cache_limit * 1e9),
        )
        with phase_progress("comparing") as update:
            comparison = run_comparison(request, shlex.join(["medmo", *sys.argv[1:]]), update)
            scan = None if per_layer is None else scan_layers(request, per_layer, update, per_layer_bits)
        written = write_report(comparison, out, sort=sort, sensitivity=scan)
        if json:
            print_json(json_summary(comparison, sort))
            return
        results.print(table(comparison, sort))
        results.print(comparison.verdict, markup=False)
        messages.print(f"wrote {', '.join(str(path) for path in written)}", markup=False)
        messages.print("Research use only. Not for diagnosis.", style="dim")


def sorted_rows(comparison: Comparison, sort: str) -> list[ComparisonRow]:
    """Return the rows in the order that the user chose."""
    return list(comparison.rows) if sort == "given" else sorted(comparison.rows, key=lambda row: sort_key(row, sort))


def json_summary(comparison: Comparison, sort: str) -> dict[str, Any]:
    """Return the rows' main figures and the verdict; the whole is in report.json."""
    return {
        "rows": [_json_row(row) for row in sorted_rows(comparison, sort)],
        "verdict": comparison.verdict,
        "samples": comparison.samples,
        "pairs": [
            {
                "artifact": pair.name,
                "less": pair.other,
                "kld": None if pair.kld is None else [pair.kld.value, pair.kld.low, pair.kld.high],
                "same_answers": [pair.same_answer.value, pair.same_answer.low, pair.same_answer.high],
            }
            for pair in comparison.pairs
        ],
        "skipped": [{"id": key, "reason": reason} for key, reason in comparison.skipped],
        "metrics_version": comparison.metrics_version,
    }


def _json_row(row: ComparisonRow) -> dict[str, Any]:
    tokens, boxes = row.tokens, row.boxes
    accuracy = next((group for group in row.accuracies if group.group == "all"), None)
    return {
        "artifact": row.name,
        "kind": row.kind,
        "method": row.method,
        "backend": row.backend,
        "verdict": row.verdict.level,
        "kld": None
        if tokens is None
        else {"mean": tokens.kld_mean.value, "standard_error": tokens.kld_standard_error, **tokens.kld_percentiles},
        "top1": None if tokens is None else tokens.top1.value,
        "same_answers": None if row.agreement is None else row.agreement.same_answer.value,
        "perplexity_ratio": None if tokens is None else tokens.perplexity_ratio.value,
        "f1_50": None if boxes is None else boxes.f1_50.value,
        "mean_iou": None if boxes is None else boxes.mean_iou.value,
        "accuracy": None if accuracy is None else accuracy.accuracy.value,
        "bits_per_weight": row.cost.bits_per_weight,
        "bytes": row.cost.bytes,
        "peak_memory_bytes": row.cost.peak_memory_bytes,
        "decode_tokens_per_s": None if row.cost.decode_tokens_per_s is None else row.cost.decode_tokens_per_s.value,
    }


def table(comparison: Comparison, sort: str) -> Table:
    """Return the table for people."""
    made = Table(padding=(0, 0, 0, 1))
    made.add_column("model", overflow="fold", min_width=12)
    for heading in ("bits", "size", "KLD", "top-1", "F1@0.5", "accuracy", "tokens/s", "verdict"):
        made.add_column(heading, no_wrap=True)
    for row in sorted_rows(comparison, sort):
        tokens, boxes, cost = row.tokens, row.boxes, row.cost
        accuracy = next((group for group in row.accuracies if group.group == "all"), None)
        made.add_row(
            escape(row.name),
            "-" if cost.bits_per_weight is None else f"{cost.bits_per_weight:.2f}",
            "-" if cost.bytes is None else readable_bytes(cost.bytes),
            "-" if tokens is None else f"{tokens.kld_mean.value:.2g}",
            "-" if tokens is None else f"{tokens.top1.value:.1%}",
            "-" if boxes is None else f"{boxes.f1_50.value:.3f}",
            "-" if accuracy is None else f"{accuracy.accuracy.value:.3f}",
            "-" if cost.decode_tokens_per_s is None else f"{cost.decode_tokens_per_s.value:.0f}",
            row.verdict.level,
        )
    return made
