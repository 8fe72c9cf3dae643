"""A picture of the real window with an answer in it, without anybody at the keyboard."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer

from medmo_desktop.shell.application import make_application, prepare_process, private_folders
from medmo_desktop.shell.settings import ViewerSettings
from medmo_desktop.shell.theme import apply_theme
from medmo_desktop.translations.languages import use_language
from medmo_models.errors import CannotRunError, InputError

#: Model loading and answer; a real model on a slow machine takes minutes.
_LONGEST_WAIT_MS = 30 * 60 * 1000
#: After the answer, what is still being drawn or read.
_SETTLE_MS = 400


@dataclass(frozen=True, kw_only=True)
class ScreenshotRequest:
    """What to show.

    Attributes
    ----------
    out : Path
        The PNG file.
    image : Path or None
        None for the first page.
    prompt : str or None
        Asked about the image; None to show the image alone.
    artifacts : tuple of str
        The model; the embedded one if empty.
    dark : bool
    size : tuple of int
        Width and height of the window in logical pixels.
    select : bool
        Whether to select the first box.
    language : str
        ``system``, or a language's code.
    panel : str or None
        The command that opens another panel, for example ``show-models``.
    """

    out: Path
    image: Path | None = None
    prompt: str | None = None
    artifacts: tuple[str, ...] = ()
    dark: bool = False
    size: tuple[int, int] = (1440, 900)
    select: bool = True
    panel: str | None = None
    language: str = "en"


def take_screenshot(request: ScreenshotRequest) -> str:
    """Render the window and write the picture; return the answer's text, empty without a question.

    Raises
    ------
    InputError
        If the image or the picture's name is wrong.
    CannotRunError
        If the question cannot be answered here.
    """
    if request.out.suffix.lower() != ".png":
        raise InputError(f"The picture is a PNG file, but {request.out} does not end in .png; choose such a name.")
    prepare_process()
    application = make_application(offscreen=True)
    use_language(application, request.language)
    apply_theme(application, "dark" if request.dark else "light")
    from medmo_desktop.shell.main_window import MainWindow

    with tempfile.TemporaryDirectory(prefix="medmo-") as folder:
        where = private_folders(Path(folder))
        settings = ViewerSettings(where.settings)
        settings.models = request.artifacts
        settings.theme = "dark" if request.dark else "light"
        window = MainWindow(settings, where.history)
        window.resize(*request.size)
        window.show()
        try:
            return _Photographer(window, request).run()
        finally:
            window.close()
            window.deleteLater()


class _Photographer:
    """Waits for one thing after the other, in an event loop of its own."""

    def __init__(self, window: object, request: ScreenshotRequest) -> None:
        from medmo_desktop.shell.main_window import MainWindow

        assert isinstance(window, MainWindow)
        self._window, self._request = window, request
        self._loop = QEventLoop()
        self._problem: Exception | None = None
        self._answer = ""

    def run(self) -> str:
        """Do it all; return the answer's text."""
        request, window = self._request, self._window
        if request.image is not None:
            self._wait(
                window.series_view.frame_changed, lambda: window.opening.open([_existing(request)], remember=False)
            )
        if request.image is not None and request.prompt is not None:
            window.panel.prompt.set_prompt(request.prompt)
            self._wait(window.panel.turn_added, lambda: self._ask(request.prompt or ""))
        if request.select and window.board.boxes.boxes:
            window.board.select(window.board.boxes.boxes[0].id)
        if request.panel is not None:
            window.actions_[request.panel].trigger()
        window.strip.say("")
        self._settle()
        if not window.grab().save(str(request.out)):
            raise InputError(f"{request.out} cannot be written; is its folder there?")
        return self._answer

    def _ask(self, prompt: str) -> None:
        # The model is being opened since the image is on screen; a question waits for it.
        if self._window.controller.state.opened is None:
            self._window.controller.opened.connect(lambda _opened: self._window.panel.ask(prompt))
        else:
            self._window.panel.ask(prompt)

    def _wait(self, signal: object, begin: Callable[[], object]) -> None:
        window = self._window
        done = self._done
        signal.connect(done)  # type: ignore[attr-defined]
        window.controller.failed.connect(self._fail)
        window.bridge.problem.connect(self._fail)
        window.opening.problems.connect(self._fail)
        limit = QTimer()
        limit.setSingleShot(True)
        limit.timeout.connect(lambda: self._fail("It took too long."))
        limit.start(_LONGEST_WAIT_MS)
        QTimer.singleShot(0, begin)
        self._loop.exec()
        limit.stop()
        signal.disconnect(done)  # type: ignore[attr-defined]
        for one in (window.controller.failed, window.bridge.problem, window.opening.problems):
            one.disconnect(self._fail)
        if self._problem is not None:
            raise self._problem

    def _done(self, result: object) -> None:
        from medmo_desktop.asking.conversations import AnsweredTurn

        if isinstance(result, AnsweredTurn):
            self._answer = result.result.answer.text
        self._loop.quit()

    def _fail(self, sentence: object, *_: object) -> None:
        if isinstance(sentence, list):
            self._problem = InputError(str(sentence[0]))
        else:
            self._problem = CannotRunError(str(sentence))
        self._loop.quit()

    def _settle(self) -> None:
        """Wait until the panels have what they read in the background, and the last of it is drawn."""
        from medmo_desktop.machine.jobs import JobRunner

        runners = self._window.findChildren(JobRunner)
        for _ in range(_LONGEST_WAIT_MS // _SETTLE_MS):
            QTimer.singleShot(_SETTLE_MS, self._loop.quit)
            self._loop.exec()
            if not any(runner.busy for runner in runners):
                return


def _existing(request: ScreenshotRequest) -> Path:
    assert request.image is not None
    return request.image
