"""How late the viewer's event loop runs while a model loads and answers behind its panel.

A 5 ms timer in the thread of the windows notes by how much each of its ticks is late, and how long that thread
computed since the tick before. Lateness counts whatever else keeps the machine busy; where Linux tells how long the
thread waited for a processor (``/proc/thread-self/schedstat``), it is given without that wait as well. The panel works
on the embedded model: it opens it, encodes an image ahead, asks, streams, stops and asks again. Nothing else runs in
the process.

    python benchmarks/viewer_latency.py [--rounds N] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QElapsedTimer, QEventLoop, Qt, QTimer, SignalInstance
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget

from medmo_desktop.asking.controller import InferenceController
from medmo_desktop.asking.model_input_view import ModelInputView
from medmo_desktop.asking.panel import AskPanel
from medmo_desktop.asking.requests import ImageChoice
from medmo_desktop.findings.board import FindingBoard
from medmo_desktop.findings.list_view import FindingList
from medmo_desktop.shell.application import give_way_to_the_window
from medmo_models.imaging import image_from_pixels
from medmo_models.phantoms import make_phantom
from medmo_models.prompts import LOCALIZE_PROMPT, REPORT_PROMPT
from medmo_runtime.worker import OpenRequest

TICK_MS = 5
TARGET_MS = 50.0
LONGEST_WAIT_MS = 120_000


class Lateness:
    """Ticks every `TICK_MS` and notes how late each tick is and what was computed before it, by phase."""

    def __init__(self) -> None:
        self.phase = "idle"
        #: Late, late without the wait for a processor, computing; all in ms.
        self.times: dict[str, list[tuple[float, float, float]]] = {}
        self._computed, self._waited = time.thread_time(), processor_wait()
        self._clock = QElapsedTimer()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._clock.start()
        self._timer.start()

    def _tick(self) -> None:
        late = self._clock.nsecsElapsed() / 1e6 - TICK_MS
        self._clock.restart()
        computed, self._computed = time.thread_time() - self._computed, time.thread_time()
        waited, self._waited = processor_wait() - self._waited, processor_wait()
        times = (max(0.0, late), max(0.0, late - 1000 * waited), 1000 * computed)
        self.times.setdefault(self.phase, []).append(times)

    def rows(self) -> list[dict[str, Any]]:
        """Return ticks, and median, p99 and maximum of lateness and computing, of each phase and of all."""
        everything = {**self.times, "all": [one for times in self.times.values() for one in times]}
        return [{"phase": phase, "ticks": len(times), **_figures(times)} for phase, times in everything.items()]


def processor_wait() -> float:
    """Return for how many seconds this thread has waited for a processor so far; 0 where the system does not tell."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


def _figures(times: list[tuple[float, float, float]]) -> dict[str, float]:
    columns = dict(zip(("late", "own", "cpu"), np.array(times).T, strict=True))
    return {
        f"{kind}_{name}_ms": float(np.percentile(values, percent))
        for kind, values in columns.items()
        for name, percent in (("median", 50), ("p99", 99), ("max", 100))
    }


def wait_for(signal: SignalInstance) -> None:
    """Run the event loop until a signal comes."""
    loop = QEventLoop()
    signal.connect(loop.quit)
    QTimer.singleShot(LONGEST_WAIT_MS, loop.quit)
    loop.exec()
    signal.disconnect(loop.quit)


def rest(milliseconds: int) -> None:
    """Run the event loop for a while."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def choice(index: int, scale: int) -> ImageChoice:
    """Return a phantom enlarged to the size of a radiograph, made in the thread that reads it."""
    pixels = np.ascontiguousarray(make_phantom(31, index).pixels.repeat(scale, axis=0).repeat(scale, axis=1))
    return ImageChoice(f"phantom {index}", f"Phantom {index}", *pixels.shape[1::-1], lambda: image_from_pixels(pixels))


def run_story(artifact: Path, rounds: int) -> Lateness:
    """Open, encode ahead, ask, stop and look, through the panel, once the window stands."""
    images = [choice(index, 6) for index in range(rounds)]
    controller = InferenceController()
    board = FindingBoard()
    panel, boxes, saw = AskPanel(controller, board), FindingList(board), ModelInputView(controller)
    window = QWidget()
    layout = QHBoxLayout(window)
    for widget in (panel, boxes, saw):
        layout.addWidget(widget)
    window.resize(1600, 900)
    window.show()
    rest(1000)
    lateness = Lateness()
    rest(500)
    panel.prepares_ahead = True
    controller.phase.connect(lambda name: setattr(lateness, "phase", name))
    controller.failed.connect(lambda sentence, _retry: sys.exit(sentence))
    lateness.phase = "open"
    controller.open(OpenRequest((str(artifact),)))
    wait_for(controller.opened)
    for image in images:
        lateness.phase = "encode ahead"
        panel.show_images([image])
        rest(200)
        for prompt in (LOCALIZE_PROMPT, REPORT_PROMPT):
            panel.prompt.set_prompt(prompt)
            panel.prompt.ask_button.click()
            wait_for(panel.turn_added)
        controller.text.connect(controller.stop, Qt.ConnectionType.SingleShotConnection)
        panel.prompt.ask_button.click()
        wait_for(panel.turn_added)
        lateness.phase = "look"
        saw.show_images([image])
        saw.refresh()
        wait_for(controller.seen)
        rest(50)
    lateness.phase = "close"
    controller.close()
    rest(50)
    window.close()
    return lateness


def find_artifact(given: Path | None, folder: Path) -> Path:
    """Return the artifact to use: the embedded model, exported here, unless one is given."""
    if given is not None:
        return given
    from medmo_export.pipeline import ExportRequest, run_export
    from medmo_models.library import embedded_model_path

    request = ExportRequest(
        method="onnx-int4", checkpoint=embedded_model_path(), destination=folder / "tiny", round_to_nearest=True
    )
    return run_export(request).path


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--artifact", type=Path, help="an ONNX artifact; the embedded model, exported, if not given")
    parser.add_argument("--rounds", type=int, default=5, help="images")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    give_way_to_the_window()
    with tempfile.TemporaryDirectory() as folder:
        artifact = find_artifact(arguments.artifact, Path(folder))
        application = QApplication([])
        began = time.perf_counter()
        lateness = run_story(artifact, arguments.rounds)
        seconds = time.perf_counter() - began
        application.quit()
    rows = lateness.rows()
    worst = rows[-1]["own_max_ms"]
    if arguments.json:
        machine = {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "load": os.getloadavg(),
        }
        print(json.dumps({"machine": machine, "seconds": seconds, "target_ms": TARGET_MS, "rows": rows}, indent=2))
    else:
        print(f"{'':22} {'late, ms':^26} {'late, but for the processor':^26} {'computing, ms':^26}")
        print(f"{'phase':14} {'ticks':>7}" + 3 * f" {'median':>8} {'p99':>8} {'max':>8}")
        columns = [f"{kind}_{name}_ms" for kind in ("late", "own", "cpu") for name in ("median", "p99", "max")]
        for row in rows:
            print(f"{row['phase']:14} {row['ticks']:7d} " + " ".join(f"{row[column]:8.2f}" for column in columns))
        verdict = "met" if worst <= TARGET_MS else "missed"
        print(f"{verdict}: {TARGET_MS:g} ms are allowed, not counting the wait for a processor that other work took")
        print(f"load average of the machine, with what else ran on it: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
