"""Open, ask and export in the real window, as a script: ``offline_story.py ARTIFACT IMAGE FOLDER``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from medmo_desktop.shell.application import make_application, prepare_process


def main(artifact: Path, image: Path, folder: Path) -> None:
    """Run the story; the last line on stdout counts attempts, answers and exported files."""
    prepare_process()
    application = make_application(offscreen=True)
    from medmo_desktop.shell.main_window import MainWindow
    from medmo_desktop.shell.settings import ViewerSettings

    def wait(until: Callable[[], bool]) -> None:
        end = time.monotonic() + 120
        while not until():
            assert time.monotonic() < end, f"waited too long; the window says: {window.strip.label.text()}"
            application.processEvents()
            time.sleep(0.005)

    settings = ViewerSettings(folder / "viewer.ini")
    settings.models = (str(artifact),)
    window = MainWindow(settings, folder / "history.sqlite")
    window.show()
    window.opening.open([image])
    wait(lambda: window.series_view.frame is not None and window.controller.state.opened is not None)
    window.panel.ask("Detect and localize all abnormalities in this image.")
    wait(lambda: window.panel.current_turn is not None)
    names = {"export-png": "a.png", "export-json": "a.json", "export-coco": "a.coco.json", "save-case": "a.medmocase"}
    for command, name in names.items():
        window.exporting.export(command, folder / name)
        wait((folder / name).exists)
    attempts = window.network.attempts
    window.close()
    print(f"attempts {attempts} boxes {len(window.board.boxes)} files {len(list(folder.glob('a.*')))}")  # noqa: T201


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
