"""``medmo view``: the desktop viewer, or a picture of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from medmo_cli.output import errors_as_sentences, print_json
from medmo_models.errors import InputError
from medmo_models.library import find_model


def command(
    paths: Annotated[list[Path] | None, typer.Argument(help="Images and folders to open.")] = None,
    screenshot: Annotated[
        Path | None, typer.Option(help="Write a picture of the window to this PNG and end; needs no display.")
    ] = None,
    prompt: Annotated[str | None, typer.Option(help="What to ask about the image, for --screenshot.")] = None,
    artifact: Annotated[
        list[str] | None, typer.Option(help="A model directory or installed name, for --screenshot.")
    ] = None,
    dark: Annotated[bool, typer.Option("--dark", help="The dark theme, for --screenshot.")] = False,
    size: Annotated[str, typer.Option(help="Width x height of the window, for --screenshot.")] = "1440x900",
    panel: Annotated[
        str | None,
        typer.Option(help="For --screenshot: show-models, show-machine, show-compare, show-tags, model-view."),
    ] = None,
    language: Annotated[str | None, typer.Option(help="Of the window: en, de, or system.")] = None,
    json: Annotated[bool, typer.Option("--json", help="With --screenshot, print one JSON object.")] = False,
) -> None:
    """Look at images and ask about them, in a window."""
    with errors_as_sentences():
        # Qt is an extra, and slow to import for commands that have no window.
        from medmo_desktop.shell.application import run_viewer
        from medmo_desktop.shell.screenshot import ScreenshotRequest, take_screenshot

        if screenshot is None:
            if prompt is not None or artifact or dark or panel is not None:
                raise InputError("--prompt, --artifact, --dark and --panel go with --screenshot OUT.png.")
            raise typer.Exit(run_viewer(list(paths or ()), language=language))
        if len(paths or ()) > 1:
            raise InputError("--screenshot shows one image; name one.")
        request = ScreenshotRequest(
            out=screenshot,
            image=paths[0] if paths else None,
            prompt=prompt,
            artifacts=tuple(str(find_model(name)) for name in artifact or ()),
            dark=dark,
            size=_read_size(size),
            panel=panel,
            language=language or "en",
        )
        text = take_screenshot(request)
        if json:
            print_json({"picture": str(screenshot), "text": text})


def _read_size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()) or min(int(width), int(height)) < 200:
        raise InputError(f"--size {text} is not width x height in pixels, for example --size 1440x900.")
    return int(width), int(height)
