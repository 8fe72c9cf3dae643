"""The caller's side of the worker: a session in another process, restarted when it died."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from medmo_models.errors import CancelledError, CannotRunError, OutOfMemoryError, ProcessDiedError
from medmo_models.imaging import LoadedImage
from medmo_models.network_guard import AttemptKind
from medmo_models.seen_image import SeenImage
from medmo_runtime.answer import Answer, read_answer
from medmo_runtime.conversation import Turn
from medmo_runtime.generation import PhaseCallback, StopSignal, TextCallback
from medmo_runtime.measurements import Measurement
from medmo_runtime.worker.child import Child
from medmo_runtime.worker.frames import Message
from medmo_runtime.worker.protocol import Opened, OpenRequest, SentImages, read_error, read_opened

__all__ = ["OpenRequest", "WorkerSession", "measure_in_worker"]

_MODULE = "medmo_runtime.worker.process"
#: Characters of a library's error that are shown.
_LONGEST_FAULT = 300
_Result = TypeVar("_Result")
#: Told in words of what happens beside the answer: a death, a retry.
NoticeCallback = Callable[[str], None]
#: Told of each attempt of the worker's to reach the network, which its guard refused: the target's kind.
AttemptCallback = Callable[[AttemptKind], None]


class Cancellation(Protocol):
    """The user's wish to stop, as work that waits for a process is given it."""

    @property
    def cancelled(self) -> bool:
        """Whether the user cancelled."""
        ...

    def on_cancel(self, action: Callable[[], None] | None) -> None:
        """Have ``action`` called when the user cancels; at once if that has happened."""
        ...


class WorkerFaultError(RuntimeError):
    """A fault in MedMO Edge itself; the text is the worker's traceback."""


class WorkerSession:
    """A `Session` that lives in a process of its own.

    The process starts with the first use. If it dies, the call that was running raises `ProcessDiedError`, and the next
    call starts another one. Not for several threads at once, but for `stop` and `kill`.

    Parameters
    ----------
    request : OpenRequest
    auto : bool
        When memory runs out or the process dies, try once more with the next plan, and say so.
    on_notice : callable, optional
        Told of a retry, in words.
    on_network_attempt : callable, optional
        Told of each attempt of the worker's to reach the network; see `medmo_models.network_guard`.
    """

    def __init__(
        self,
        request: OpenRequest,
        *,
        auto: bool = False,
        on_notice: NoticeCallback | None = None,
        on_network_attempt: AttemptCallback | None = None,
    ) -> None:
        self._request = request
        self._auto = auto
        self._notice = on_notice or (lambda _text: None)
        self._network_attempt = on_network_attempt or (lambda _kind: None)
        self._child: Child | None = None
        self._images = SentImages()
        self._kept: Path | None = None
        self._phase = "starting"
        self._number = 0
        self._candidate: Opened | None = None
        self.opened: Opened | None = None

    def __enter__(self) -> WorkerSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The worker's process number, None while there is none."""
        return None if self._child is None else self._child.pid

    def open(self) -> Opened:
        """Start the process and load the model, unless it is loaded.

        Raises
        ------
        InputError, CannotRunError
            As `Session.open`; `NothingFitsHereError` if nothing can run it.
        ProcessDiedError
            If the process dies.
        """
        return self._with_retry(self._open)

    def _open(self) -> Opened:
        if self._child is not None and not self._child.alive:
            self.kill()
        if self._child is not None and self.opened is not None:
            return self.opened
        self._phase = "starting"
        if self._child is None:
            self._child, self._images = Child(_MODULE), SentImages()
        self._child.send("open", asdict(self._request))
        self._phase = "loading the model"
        message = self._receive("opened", {"chosen": self._note_choice})
        following = None if self._candidate is None else self._candidate.next_plan
        self.opened = replace(read_opened(message.values), next_plan=following)
        if self._kept is not None:
            self._call("keep-images", {"folder": str(self._kept)})
        return self.opened

    def _note_choice(self, message: Message) -> None:
        self._candidate = read_opened(message.values)

    def ask(
        self,
        images: Sequence[LoadedImage],
        prompt: str,
        *,
        history: Sequence[Turn] = (),
        max_new_tokens: int = 512,
        on_text: TextCallback | None = None,
        on_phase: PhaseCallback | None = None,
        stop: StopSignal | None = None,
    ) -> Answer:
        """Answer one question; parameters and errors as `ask_with_tokens`."""
        return self.ask_with_tokens(
            images,
            prompt,
            history=history,
            max_new_tokens=max_new_tokens,
            on_text=on_text,
            on_phase=on_phase,
            stop=stop,
        )[0]

    def ask_with_tokens(
        self,
        images: Sequence[LoadedImage],
        prompt: str,
        *,
        history: Sequence[Turn] = (),
        max_new_tokens: int = 512,
        on_text: TextCallback | None = None,
        on_phase: PhaseCallback | None = None,
        stop: StopSignal | None = None,
    ) -> tuple[Answer, tuple[int, ...]]:
        """Answer one question (see `Session.ask_with_tokens`); the phases begin with ``load`` where that is needed.

        Returns
        -------
        answer : Answer
        tokens : tuple of int
            The answer's token ids, without the one that ends it.

        Raises
        ------
        InputError
            If the prompt or an image cannot be prepared.
        OutOfMemoryError
            If memory runs out, also in the second try with ``auto``; everything is freed.
        ProcessDiedError
            If the process dies.
        """
        turns = [*history, Turn("user", prompt, tuple(images))]
        listen = stop or StopSignal()

        def once() -> tuple[Answer, tuple[int, ...]]:
            if self.opened is None and on_phase is not None:
                on_phase("load")
            self._open()
            return self._ask(turns, max_new_tokens, on_text, on_phase, listen)

        return self._with_retry(once)

    def _ask(
        self,
        turns: Sequence[Turn],
        max_new_tokens: int,
        on_text: TextCallback | None,
        on_phase: PhaseCallback | None,
        stop: StopSignal,
    ) -> tuple[Answer, tuple[int, ...]]:
        described, blobs = self._images.describe(turns)
        child = self._running()
        self._number = number = self._number + 1

        def send_stop() -> None:
            child.send("stop", {"number": number})

        def hear_text(message: Message) -> None:
            if on_text is not None and not on_text(message.values["piece"]):
                send_stop()

        def hear_phase(message: Message) -> None:
            self._phase = {"vision": "encoding the image", "prefill": "reading the prompt"}.get(
                message.values["name"], "writing the answer"
            )
            if on_phase is not None:
                on_phase(message.values["name"])

        self._phase = "preparing the prompt"
        values = {"turns": described, "max_new_tokens": max_new_tokens, "number": number}
        child.send("ask", values, blobs)
        if stop.is_set:
            send_stop()
        with stop.listening(send_stop):
            message = self._receive("answer", {"text": hear_text, "phase": hear_phase})
        return read_answer(message.values["answer"]), tuple(message.values["tokens"])

    def prepare(self, images: Sequence[LoadedImage], history: Sequence[Turn] = ()) -> None:
        """Encode images before the question is known (see `Session.prepare`)."""
        self._open()
        described, blobs = self._images.describe([*history, Turn("user", "", tuple(images))])
        self._phase = "encoding the image"
        self._call("prepare", {"turns": described}, blobs)

    def see(self, images: Sequence[LoadedImage]) -> tuple[SeenImage, ...]:
        """Return images as the model is given them (see `Session.see`)."""
        return self._with_retry(lambda: self._see(images))

    def _see(self, images: Sequence[LoadedImage]) -> tuple[SeenImage, ...]:
        self._open()
        described, blobs = self._images.describe([Turn("user", "", tuple(images))])
        self._phase = "preparing the image"
        self._running().send("see", {"turns": described}, blobs)
        message = self._receive("seen", {})
        return tuple(
            SeenImage(np.frombuffer(blob, dtype=np.uint8).reshape(facts["shape"]), facts["token_side"])
            for facts, blob in zip(message.values["images"], message.blobs, strict=True)
        )

    def keep_encoded_images(self, folder: Path) -> None:
        """Keep encoded images in ``folder`` (see `Session.keep_encoded_images`), also after a restart."""
        self._kept = folder
        if self.opened is not None:
            self._call("keep-images", {"folder": str(folder)})

    def close(self) -> None:
        """End the process and free its memory; a later call starts another one."""
        child, self._child, self.opened = self._child, None, None
        if child is not None:
            child.close()

    def kill(self) -> None:
        """End the process at once, from any thread; the call that is running raises `ProcessDiedError`."""
        # Taken first: another thread may be ending it as well.
        child, self._child, self.opened = self._child, None, None
        if child is not None:
            child.kill()

    def _running(self) -> Child:
        if self._child is None:
            raise CannotRunError("The model's process is closed.")
        return self._child

    def _call(self, kind: str, values: dict[str, Any], blobs: Sequence[memoryview] = ()) -> None:
        self._running().send(kind, values, blobs)
        self._receive("done", {})

    def _receive(self, wanted: str, others: dict[str, Callable[[Message], None]]) -> Message:
        """Wait for a message of one kind; hand others on."""
        child = self._running()
        while True:
            message = child.receive()
            if message.kind == wanted:
                return message
            if message.kind == "failed":
                raise read_error(message.values)
            if message.kind == "fault":
                raise WorkerFaultError(message.values["traceback"])
            if message.kind == "network-attempt":
                self._network_attempt(message.values["target"])
            else:
                others[message.kind](message)

    def _with_retry(self, action: Callable[[], _Result]) -> _Result:
        try:
            return self._explained(action)
        except (OutOfMemoryError, ProcessDiedError) as error:
            if not self._auto or self._candidate is None:
                raise
            failed = self._candidate
            self._request = replace(self._request, avoid=(*self._request.avoid, failed.key))
            self._notice(f"{error} Trying once more with the next plan.")
        result = self._explained(action)
        if self.opened is not None:
            given_up = f" ({'; '.join(self.opened.given_up)})" if self.opened.given_up else ""
            self._notice(f"The second try worked: {self.opened.title}{given_up}.")
        return result

    def _explained(self, action: Callable[[], _Result]) -> _Result:
        """Say in which phase it failed and what would need less; free what is left by ending the process."""
        try:
            return action()
        except ProcessDiedError as error:
            self.kill()
            what = "" if self._candidate is None else f" ({self._candidate.title})"
            less = self._less() if error.memory_ran_out else ""
            raise ProcessDiedError(
                f"The model's process{what} {error} while {self._phase}; the next question starts it again.{less}"
            ) from error
        except OutOfMemoryError as error:
            self.kill()
            raise OutOfMemoryError(f"{error}{self._less()}") from error

    def _less(self) -> str:
        """Say what would need less memory."""
        following = None if self._candidate is None else self._candidate.next_plan
        return f" This would need less: {following}." if following else " Nothing that needs less is left to try."


def measure_in_worker(
    artifact: Path,
    backend: str,
    device: str,
    dtype: str,
    judge: Path | None,
    timeout_s: float = 600.0,
    cancellation: Cancellation | None = None,
) -> Measurement:
    """Run one candidate's self-test in a process of its own.

    Parameters
    ----------
    artifact : Path
        What is timed.
    backend, device, dtype : str
    judge : Path, optional
        An artifact of the embedded model in the same format, on which correctness is judged; the artifact itself if
        not given.
    timeout_s : float
        A worker that takes longer is killed.
    cancellation : Cancellation, optional
        Kills the worker.

    Returns
    -------
    Measurement
        ``correct`` is False, with the reason, if the process died, raised a library's error or took too long.

    Raises
    ------
    MedMOError
        If it cannot be loaded.
    CancelledError
        If the user cancelled, which says nothing about the candidate.
    """
    child = Child(_MODULE)
    if cancellation is not None:
        # Off the canceller's thread: a large process takes a moment to give its memory back.
        cancellation.on_cancel(lambda: threading.Thread(target=child.kill).start())
    slow = threading.Event()

    def give_up() -> None:
        slow.set()
        child.kill()

    late = threading.Timer(timeout_s, give_up)
    late.start()
    try:
        values = {
            "artifact": str(artifact),
            "backend": backend,
            "device": device,
            "dtype": dtype,
            "judge": None if judge is None else str(judge),
        }
        child.send("self-test", values)
        while (message := child.receive()).kind == "network-attempt":
            pass  # the guard in the worker refused it
        if message.kind == "failed":
            raise read_error(message.values)
        if message.kind == "fault":  # whatever a backend's library raises: on this machine it does not work
            fault = message.values["traceback"].strip().splitlines()[-1]
            return Measurement(False, f"it failed: {fault[:_LONGEST_FAULT]}", 0.0, None, None, 0)
        return Measurement(**message.values["measurement"])
    except ProcessDiedError as error:
        if cancellation is not None and cancellation.cancelled:
            raise CancelledError("The self-test was cancelled.") from error
        reason = f"it took longer than {timeout_s:.0f} s" if slow.is_set() else f"its process {error}"
        return Measurement(False, reason, 0.0, None, None, 0)
    finally:
        if cancellation is not None:
            cancellation.on_cancel(None)
        late.cancel()
        child.close()
