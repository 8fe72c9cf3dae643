"""``medmo-edge``: the viewer as a program of its own, which is also its own worker where it is packaged."""

from __future__ import annotations

import argparse
import runpy
import sys
from pathlib import Path

from medmo_models.errors import MedMOError
from medmo_runtime.worker.child import MODULE_ARGUMENT

#: What a packaged program may be asked to be.
_MODULES = ("medmo_runtime.worker.process", "medmo_desktop.machine.export_process")


def main() -> None:
    """Show the window, take a picture of it, or be a child process."""
    arguments = sys.argv[1:]
    if len(arguments) == 2 and arguments[0] == MODULE_ARGUMENT and arguments[1] in _MODULES:
        runpy.run_module(arguments[1], run_name="__main__")
        return
    options = _parser().parse_args(arguments)
    try:
        raise SystemExit(_run(options))
    except MedMOError as error:
        sys.stderr.write(f"medmo-edge: {error}\n")
        raise SystemExit(error.exit_code) from None


def _run(options: argparse.Namespace) -> int:
    from medmo_desktop.shell.application import run_viewer
    from medmo_desktop.shell.screenshot import ScreenshotRequest, take_screenshot

    if options.screenshot is None:
        return run_viewer(options.paths, language=options.language)
    image = options.paths[0] if options.paths else None
    text = take_screenshot(
        ScreenshotRequest(
            out=options.screenshot,
            image=image,
            prompt=options.prompt,
            artifacts=tuple(options.artifact),
            dark=options.dark,
            language=options.language or "en",
        )
    )
    if sys.stdout is not None:  # a program without a console has none
        sys.stdout.write(f"{text}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="medmo-edge",
        description="MedMO Edge: ask about medical images, offline. Research use only, not for diagnosis.",
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="images and folders to open")
    parser.add_argument("--screenshot", type=Path, metavar="OUT.png", help="write a picture of the window and end")
    parser.add_argument("--prompt", help="what to ask about the image, for --screenshot")
    parser.add_argument("--artifact", action="append", default=[], help="a model's folder, for --screenshot")
    parser.add_argument("--dark", action="store_true", help="the dark theme, for --screenshot")
    parser.add_argument("--language", help="of the window: en, de, or system")
    return parser


if __name__ == "__main__":
    main()
