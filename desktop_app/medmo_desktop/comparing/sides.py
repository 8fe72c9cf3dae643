"""Asks two models the same, one after the other, so that only one is in memory at a time. Free of Qt."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from medmo_desktop.comparing.noise import brighter
from medmo_desktop.machine.control import JobControl
from medmo_desktop.machine.embedded_copy import make_fast_copy
from medmo_export.embedded import find_embedded
from medmo_models.errors import CancelledError, ProcessDiedError
from medmo_models.imaging import LoadedImage
from medmo_runtime.answer import Answer
from medmo_runtime.generation import PhaseCallback, TextCallback
from medmo_runtime.proving import prove_request, self_tests_wanted
from medmo_runtime.worker import OpenRequest, WorkerSession
from medmo_runtime.worker.protocol import Opened

#: Phases of one side in their order.
PHASES = ("load", "vision", "prefill", "decode")
_END_AGAIN_S = 0.05


@dataclass(frozen=True)
class Side:
    """One of the two models.

    Attributes
    ----------
    artifact : Path
        Its folder.
    backend, device : str or None
        To be chosen if None.
    name : str
        For the reader; the folder's if empty.
    to_make : bool
        Whether it is the embedded model's 4-bit copy, which is made first if it is still missing.
    """

    artifact: Path
    backend: str | None = None
    device: str | None = None
    name: str = ""
    to_make: bool = False

    @property
    def title(self) -> str:
        """What the reader calls it."""
        return self.name or self.artifact.name


@dataclass(frozen=True)
class Question:
    """What both are asked.

    Attributes
    ----------
    image : callable
        Makes the image as the model gets it, window applied; called in the background.
    prompt : str
    max_new_tokens : int
    max_pixels : int or None
        Largest area that the image is resized to; each model's own limit if None.
    measure_noise : bool
        Whether the first model is asked once more, about the image one grey level brighter (see `noise`).
    """

    image: Callable[[], LoadedImage]
    prompt: str
    max_new_tokens: int = 512
    max_pixels: int | None = None
    measure_noise: bool = False


@dataclass(frozen=True)
class SideAnswer:
    """One model's answer and how it was run; ``again`` is its answer about the image one grey level brighter."""

    side: Side
    opened: Opened
    answer: Answer
    again: Answer | None = None


@dataclass(frozen=True, eq=False)
class TwoAnswers:
    """Both answers about one image."""

    image: LoadedImage
    first: SideAnswer
    second: SideAnswer


#: Told the number of the side (0 or 1) and the piece of text that it wrote.
OnText = Callable[[int, str], None]
#: Puts a phase (``image``, ``make``, ``test``, one of `PHASES`, or ``noise``) of a side into words.
PhaseWords = Callable[[int, str], str]


def ask_both(
    sides: tuple[Side, Side],
    question: Question,
    control: JobControl,
    on_text: OnText = lambda _side, _piece: None,
    words: PhaseWords = lambda side, phase: f"{('first', 'second')[side]}: {phase}",
) -> TwoAnswers:
    """Ask both sides, and report in which phase they are.

    Before, a copy that is to be made is made, and a backend that was never tested on this machine is (see
    `medmo_runtime.proving`).

    Raises
    ------
    InputError, CannotRunError, OutOfMemoryError, ProcessDiedError
        As `WorkerSession.ask`, `make_fast_copy` and `prove_request`.
    CancelledError
        If the user cancelled; the model's process is gone then.
    """
    steps = 2 * len(PHASES)
    control.report(words(0, "image"), 0, steps)
    image = question.image()
    for number, side in enumerate(sides):
        if side.to_make:
            _make(words(number, "make"), control)
    answers = []
    for number, side in enumerate(sides):

        def report(phase: str, number: int = number) -> None:
            control.report(words(number, phase), number * len(PHASES) + PHASES.index(phase), steps)

        def hear(piece: str, number: int = number) -> bool:
            on_text(number, piece)
            return not control.cancelled

        noise = words(number, "noise") if question.measure_noise and number == 0 else None
        request = _request(side, question)
        if self_tests_wanted():

            def tell(_said: str, number: int = number) -> None:
                control.report(words(number, "test"), number * len(PHASES), steps)

            prove_request(request, _judge, tell, control, torch_here=False)
        answers.append(_ask(side, request, question, image, control, hear, report, noise))
    return TwoAnswers(image, answers[0], answers[1])


def _make(words: str, control: JobControl) -> None:
    """Make the embedded model's copy, with the export's own phases behind the words for it."""
    making = JobControl(lambda phase, done, total: control.report(f"{words}: {phase}", done, total))
    control.on_cancel(making.cancel)
    try:
        make_fast_copy(making)
    finally:
        control.on_cancel(None)


def _judge(method: str) -> Path | None:
    """Return the embedded model in a format if it is at hand: a test is not worth minutes of quantizing."""
    found = find_embedded(method)
    return None if found is None else found.path


def _request(side: Side, question: Question) -> OpenRequest:
    return OpenRequest(
        (str(side.artifact),),
        backend=side.backend,
        device=side.device,
        max_pixels=question.max_pixels,
        new_tokens=question.max_new_tokens,
    )


def _ask(
    side: Side,
    request: OpenRequest,
    question: Question,
    image: LoadedImage,
    control: JobControl,
    hear: TextCallback,
    report: PhaseCallback,
    noise: str | None,
) -> SideAnswer:
    worker = WorkerSession(request)
    finished = threading.Event()

    def end() -> None:
        # A process that was just being started escapes the first time.
        worker.kill()
        while not finished.wait(_END_AGAIN_S):
            worker.kill()

    # Ending the process waits for it, which is not for the canceller's thread.
    control.on_cancel(lambda: threading.Thread(target=end).start())
    try:
        report("load")
        opened = worker.open()
        control.check()
        answer = worker.ask(
            [image], question.prompt, max_new_tokens=question.max_new_tokens, on_text=hear, on_phase=report
        )
        control.check()
        again = None
        if noise is not None:
            control.report(noise, len(PHASES), 2 * len(PHASES))
            again = worker.ask([brighter(image)], question.prompt, max_new_tokens=question.max_new_tokens)
            control.check()
        return SideAnswer(side, opened, answer, again)
    except ProcessDiedError as error:
        if control.cancelled:
            raise CancelledError("The comparison was cancelled.") from error
        raise
    finally:
        control.on_cancel(None)
        finished.set()
        worker.close()
