"""Draw a box in the real window and wait to be killed, as a script: ``drawing_story.py ARTIFACT IMAGE FOLDER``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from medmo_desktop.shell.application import make_application, prepare_process


def main(artifact: Path, image: Path, folder: Path) -> None:
    """Draw a box; print its label once it is in the history, which another connection reads."""
    prepare_process()
    application = make_application(offscreen=True)
    from medmo_desktop.keeping.history import History
    from medmo_desktop.shell.main_window import MainWindow
    from medmo_desktop.shell.settings import ViewerSettings

    def wait(until: Callable[[], object]) -> None:
        end = time.monotonic() + 120
        while not until():
            assert time.monotonic() < end
            application.processEvents()
            time.sleep(0.01)

    settings = ViewerSettings(folder / "viewer.ini")
    settings.models = (str(artifact),)
    window = MainWindow(settings, folder / "history.sqlite")
    window.show()
    window.opening.open([image])
    wait(lambda: window.series_view.frame)
    window.board.edit(window.board.boxes.added("drawn before the kill", (10, 12, 60, 50)), "add")
    with History(folder / "history.sqlite") as history:
        wait(lambda: history.recent(1))
    print(window.board.boxes.boxes[0].id, flush=True)  # noqa: T201
    wait(lambda: False)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
