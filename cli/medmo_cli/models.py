"""``medmo models``: specs and installed artifacts."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from medmo_cli.output import errors_as_sentences, messages, print_json, results
from medmo_cli.progress import byte_progress
from medmo_models.artifact import open_model, verify_artifact
from medmo_models.errors import InputError
from medmo_models.library import find_model, import_model, list_models
from medmo_models.specs import SPECS
from medmo_runtime.memory import readable_bytes

app = typer.Typer(no_args_is_help=True, help="Specs and installed artifacts.")
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ModelArgument = Annotated[str, typer.Argument(help="A model directory or an installed name.")]


@app.command("list")
def list_command(json: JsonOption = False) -> None:
    """List what is installed and the models that this version knows."""
    with errors_as_sentences():
        installed = list_models()
        if json:
            entries = [{**asdict(entry), "path": str(entry.path)} for entry in installed]
            print_json({"installed": entries, "specs": [asdict(spec) for spec in SPECS]})
            return
        table = Table("name", "model", "method", "bits per weight", "size", "problem")
        for entry in installed:
            bits = "" if entry.bits_per_weight is None else f"{entry.bits_per_weight:.2f}"
            size = readable_bytes(entry.size_bytes)
            table.add_row(entry.name, entry.spec_id, entry.method, bits, size, entry.problem)
        results.print(table)
        results.print(f"Models that this version knows: {', '.join(spec.title for spec in SPECS)}.")


@app.command("info")
def info(model: ModelArgument, json: JsonOption = False) -> None:
    """Show one model's manifest."""
    with errors_as_sentences():
        artifact = open_model(find_model(model))
        facts = {
            "path": str(artifact.path),
            "id": artifact.id,
            "verified": artifact.verified,
            **asdict(artifact.manifest),
        }
        if json:
            print_json(facts)
            return
        table = Table(show_header=False)
        for key, value in facts.items():
            shown = f"{len(artifact.manifest.files)} files" if key == "files" else str(value)
            table.add_row(key, shown)
        results.print(table)


@app.command("verify")
def verify(model: ModelArgument, json: JsonOption = False) -> None:
    """Read every byte of an artifact and compare it with its manifest."""
    with errors_as_sentences():
        path = find_model(model)
        with byte_progress("hashing") as update:
            problems = verify_artifact(path, update)
        if json:
            print_json({"path": str(path), "ok": not problems, "problems": problems})
        elif not problems:
            results.print(f"{path}: every file is as its manifest says.", markup=False)
        if problems:
            raise InputError(" ".join(problems))


@app.command("import")
def import_command(
    directory: Annotated[Path, typer.Argument(help="An artifact or a Hugging Face checkpoint.")],
    name: Annotated[str | None, typer.Option(help="Install under this name.")] = None,
    json: JsonOption = False,
) -> None:
    """Copy a model into the library, checking every byte; a cancelled import resumes."""
    with errors_as_sentences():
        with byte_progress("copying and checking") as update:
            artifact = import_model(directory, name, update)
        if json:
            print_json({"path": str(artifact.path), "id": artifact.id})
        else:
            messages.print(f"installed {artifact.path.name} at {artifact.path}", markup=False)
