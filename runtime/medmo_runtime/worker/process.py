"""The worker's own side: ``python -m medmo_runtime.worker.process`` loads a model and answers over a pipe."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from medmo_models.errors import MedMOError, OutOfMemoryError
from medmo_models.network_guard import AttemptKind, block_unless_allowed, guard
from medmo_models.process import go_offline, hide_torch, quiet_libraries, return_freed_memory

if TYPE_CHECKING:
    from medmo_models.artifact import Artifact
    from medmo_runtime.generation import StopSignal
    from medmo_runtime.session import Session
    from medmo_runtime.worker.frames import Message


class Worker:
    """Reads requests, answers them one at a time; ``stop`` reaches the one that runs.

    Parameters
    ----------
    requests, replies : binary streams
    """

    def __init__(self, requests: BinaryIO, replies: BinaryIO) -> None:
        from medmo_runtime.worker.protocol import SentImages

        self._requests, self._replies = requests, replies
        self._writing = threading.Lock()
        self._waiting: queue.Queue[Message | None] = queue.Queue()
        self._images = SentImages()
        self._session: Session | None = None
        self._stop: StopSignal | None = None
        self._stop_number = -1

    def run(self) -> None:
        """Answer until the caller closes the pipe or says so."""
        guard.listen(self._report_attempt)
        threading.Thread(target=self._read, daemon=True).start()
        while (message := self._waiting.get()) is not None and message.kind != "close":
            self._handle(message)
        if self._session is not None:
            self._session.close()

    def _read(self) -> None:
        from medmo_runtime.worker.frames import read_message

        while (message := read_message(self._requests)) is not None:
            if message.kind == "stop":
                self._stop_number = message.values["number"]
                if self._stop is not None:
                    self._stop.set()
            else:
                self._waiting.put(message)
        # Nobody is left to answer to; a run inside of a library would not notice.
        os._exit(0)

    def _send(self, kind: str, **values: Any) -> None:
        from medmo_runtime.worker.frames import write_message

        with self._writing:  # the network guard reports from any thread
            write_message(self._replies, kind, values)

    def _report_attempt(self, kind: AttemptKind) -> None:
        with contextlib.suppress(OSError):
            self._send("network-attempt", target=kind)

    def _handle(self, message: Message) -> None:
        from medmo_runtime.worker.protocol import describe_error

        actions: dict[str, Callable[[Message], None]] = {
            "open": self._open,
            "ask": self._ask,
            "prepare": self._prepare,
            "see": self._see,
            "keep-images": self._keep_images,
            "self-test": self._self_test,
        }
        try:
            actions[message.kind](message)
        except MedMOError as error:
            self._send("failed", **describe_error(error))
        except MemoryError:
            self._send("failed", **describe_error(OutOfMemoryError("Memory ran out.")))
        except Exception:
            self._send("fault", traceback=traceback.format_exc())

    def _open(self, message: Message) -> None:
        from medmo_models.artifact import open_model
        from medmo_runtime.worker.protocol import OpenRequest, describe_choice

        request = OpenRequest(**{**message.values, "artifacts": tuple(message.values["artifacts"])})
        artifacts = [open_model(Path(folder)) for folder in request.artifacts]
        if request.preprocessing == "standard":
            _prepare_process(artifacts)
        from medmo_runtime.session import Session

        session = Session.open(
            artifacts,
            backend=request.backend,
            device=request.device,
            dtype=request.dtype,
            preprocessing="readme" if request.preprocessing == "readme" else "standard",
            max_pixels=request.max_pixels,
            images=request.images,
            new_tokens=request.new_tokens,
            avoid=frozenset(request.avoid),
            ignore_memory=request.ignore_memory,
            before_load=lambda choice, following: self._send(
                "chosen", **asdict(describe_choice(choice, 0.0, following))
            ),
        )
        self._session = session
        self._send("opened", **asdict(describe_choice(session.choice, session.load_s)))

    def _opened_session(self) -> Session:
        from medmo_models.errors import CannotRunError

        if self._session is None:
            raise CannotRunError("No model is loaded.")
        return self._session

    def _ask(self, message: Message) -> None:
        from medmo_runtime.generation import StopSignal

        turns = self._images.read(message.values["turns"], message.blobs)
        self._stop = stop = StopSignal()
        if self._stop_number >= message.values["number"]:
            stop.set()

        def on_text(piece: str) -> bool:
            self._send("text", piece=piece)
            return not stop.is_set

        asked = self._opened_session().ask_with_tokens(
            turns[-1].images,
            turns[-1].text,
            history=turns[:-1],
            max_new_tokens=message.values["max_new_tokens"],
            on_text=on_text,
            on_phase=lambda name: self._send("phase", name=name),
            stop=stop,
        )
        self._stop = None
        self._send("answer", answer=asked.answer.to_json(), tokens=asked.tokens)

    def _prepare(self, message: Message) -> None:
        turns = self._images.read(message.values["turns"], message.blobs)
        self._opened_session().prepare(turns[-1].images, history=turns[:-1])
        self._send("done")

    def _see(self, message: Message) -> None:
        from medmo_runtime.worker.frames import write_message

        turns = self._images.read(message.values["turns"], message.blobs)
        seen = self._opened_session().see(turns[-1].images)
        rows = [{"shape": list(one.pixels.shape), "token_side": one.token_side} for one in seen]
        write_message(self._replies, "seen", {"images": rows}, [one.pixels.data.cast("B") for one in seen])

    def _keep_images(self, message: Message) -> None:
        self._opened_session().keep_encoded_images(Path(message.values["folder"]))
        self._send("done")

    def _self_test(self, message: Message) -> None:
        from medmo_models.artifact import open_model

        folders = [message.values[name] for name in ("artifact", "judge") if message.values[name] is not None]
        _prepare_process([open_model(Path(folder)) for folder in folders])
        from medmo_runtime.self_test import run_named_self_test

        measurement = run_named_self_test(**message.values)
        self._send("measured", measurement=asdict(measurement))


def _prepare_process(artifacts: list[Artifact]) -> None:
    """Save memory where only ONNX Runtime will compute."""
    if all(one.manifest.method.startswith("onnx") for one in artifacts):
        hide_torch()
        return_freed_memory()


def main() -> None:
    """Answer on the streams that this process was started with.

    Whatever a library prints goes to the standard error stream: the pipe for answers is moved out of its reach.
    """
    block_unless_allowed()
    go_offline()
    quiet_libraries()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to act on
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    Worker(requests, replies).run()


if __name__ == "__main__":
    main()
