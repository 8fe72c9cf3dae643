"""The export's own side: ``python -m medmo_desktop.machine.export_process`` runs one export and can be killed.

It reads one message ``export`` and writes ``progress``, then ``done`` or ``failed``, framed as the worker's messages.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

from medmo_models.errors import MedMOError
from medmo_models.network_guard import block_unless_allowed
from medmo_models.process import go_offline, quiet_libraries


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Run the export that the first message asks for."""
    from medmo_runtime.worker.frames import read_message, write_message

    message = read_message(requests)
    if message is None:
        return
    threading.Thread(target=_leave_with_the_caller, args=(requests,), daemon=True).start()

    def report(phase: str, done: int, total: int) -> None:
        write_message(replies, "progress", {"phase": phase, "done": done, "total": total})

    try:
        write_message(replies, "done", _export(message.values, report))
    except MedMOError as error:
        write_message(replies, "failed", {"text": str(error)})
    except MemoryError:
        write_message(replies, "failed", {"text": "Memory ran out during the export; nothing was written."})


def _export(values: dict[str, Any], report: Any) -> dict[str, Any]:
    from medmo_export.pipeline import ExportRequest, run_export

    paths = {"checkpoint": Path(values["checkpoint"]), "destination": Path(values["destination"])}
    artifact = run_export(ExportRequest(**{**values, **paths}), report)
    manifest = artifact.manifest
    return {
        "path": str(artifact.path),
        "bits_per_weight": manifest.bits_per_weight,
        "size_bytes": manifest.size_bytes,
        "self_check": dict(manifest.self_check or {}),
    }


def _leave_with_the_caller(requests: BinaryIO) -> None:
    """End this process when the caller's end of the pipe closes, as it does when the caller dies."""
    requests.read()
    os._exit(1)


def main() -> None:
    """Serve on the streams that this process was started with; whatever a library prints is thrown away."""
    block_unless_allowed()
    go_offline()
    quiet_libraries()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to act on
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    serve(requests, replies)


if __name__ == "__main__":
    main()
