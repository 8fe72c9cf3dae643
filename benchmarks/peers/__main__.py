"""``python -m peers prepare MODEL OUT`` and ``python -m peers run MODEL OUT [--json FILE]``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from medmo_models.errors import MedMOError
from medmo_models.library import find_model
from medmo_models.process import go_offline, hide_torch, quiet_libraries
from peers.layout import ENGINES, Layout


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="peers", description="MedMO beside llama.cpp and OpenVINO GenAI.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("prepare", "run"):
        command = commands.add_parser(name)
        command.add_argument("model", help="folder of a full-precision checkpoint, or the name of an installed one")
        command.add_argument("out", type=Path, help="folder for environments and converted models")
    command.add_argument("--threads", type=int, default=2)
    command.add_argument("--side", type=int, help="side of the square image in pixels; 1024, or what the model takes")
    command.add_argument("--text-tokens", type=int, default=64)
    command.add_argument("--new-tokens", type=int, default=64)
    command.add_argument("--idle", type=float, default=0.0, help="seconds between loading and the question")
    command.add_argument("--rounds", type=int, default=3)
    engine_names = [one.name for one in ENGINES]
    command.add_argument("--engine", action="append", choices=engine_names, help="repeatable; all if not given")
    command.add_argument("--json", type=Path, help="write everything that was measured to this file, too")
    arguments = parser.parse_args()
    go_offline()
    quiet_libraries()
    layout = Layout(arguments.out.absolute(), find_model(arguments.model))
    if arguments.command == "prepare":
        from peers.prepare import prepare

        prepare(layout)
        return
    hide_torch()
    from peers.measure import Settings, largest_side, measure
    from peers.table import as_json, render

    arguments.side = arguments.side or largest_side(layout.checkpoint)
    names = ("threads", "side", "text_tokens", "new_tokens", "idle", "rounds")
    engines = tuple(one for one in ENGINES if arguments.engine is None or one.name in arguments.engine)
    run = measure(layout, Settings(**{name: getattr(arguments, name) for name in names}), engines)
    print(render(run))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(as_json(run), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except MedMOError as error:
        sys.exit(str(error))
