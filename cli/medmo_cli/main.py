"""The ``medmo`` command: a parser per verb over typed functions."""

from __future__ import annotations

import sys

import typer

from medmo_cli import ask, compare, demo, doctor, export, models, replay, view
from medmo_cli.interrupt import interrupts_remembered
from medmo_cli.output import errors_as_sentences
from medmo_models import __version__
from medmo_models.process import go_offline, quiet_libraries

app = typer.Typer(
    name="medmo",
    help="MedMO medical vision-language models in 4 bits, offline. Research use only, not for diagnosis.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.command)
app.command("doctor")(doctor.command)
app.command("ask")(ask.command)
app.command("view")(view.command)
app.command("compare")(compare.command)
app.command("replay")(replay.command)
app.add_typer(models.app, name="models")
app.add_typer(export.app, name="export")


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"medmo-edge {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Answer questions about medical images with 4-bit models on this machine."""


def main() -> None:
    """Run the command; exit codes are 0 done, 2 bad input, 3 cannot run here, 130 cancelled."""
    go_offline()
    quiet_libraries()
    with interrupts_remembered(), errors_as_sentences():
        app()


if __name__ == "__main__":
    main()
