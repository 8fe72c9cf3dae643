"""How late the viewer's event loop runs while a model loads and answers behind its panel.

A 5 ms timer in the thread of the windows notes by how much each of its ticks is late. The panel works on the embedded
model: it opens it, encodes an image ahead, asks, streams, stops and asks again. Nothing else runs in the process.

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
from medmo_models.imaging import image_from_pixels
from medmo_models.phantoms import make_phantom
from medmo_models.prompts import LOCALIZE_PROMPT, REPORT_PROMPT
from medmo_runtime.worker import OpenRequest

TICK_MS = 5
TARGET_MS = 50.0
LONGEST_WAIT_MS = 120_000


class Lateness:
    """Ticks every `TICK_MS` and notes how late each tick is, by phase."""

    def __init__(self) -> None:
        self.phase = "idle"
        self.late_ms: dict[str, list[float]] = {}
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
        self.late_ms.setdefault(self.phase, []).append(max(0.0, late))

    def rows(self) -> list[dict[str, Any]]:
        """Return ticks, median, p99 and maximum of each phase and of all."""
        everything = {**self.late_ms, "all": [value for values in self.late_ms.values() for value in values]}
        return [
            {
                "phase": phase,
                "ticks": len(values),
                "median_ms": float(np.median(values)),
                "p99_ms": float(np.percentile(values, 99)),
                "max_ms": max(values),
            }
            for phase, values in everything.items()
        ]


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

    request = ExportRequest("onnx-int4", embedded_model_path(), folder / "tiny", round_to_nearest=True)
    return run_export(request).path


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--artifact", type=Path, help="an ONNX artifact; the embedded model, exported, if not given")
    parser.add_argument("--rounds", type=int, default=5, help="images")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        artifact = find_artifact(arguments.artifact, Path(folder))
        application = QApplication([])
        began = time.perf_counter()
        lateness = run_story(artifact, arguments.rounds)
        seconds = time.perf_counter() - began
        application.quit()
    rows = lateness.rows()
    worst = rows[-1]["max_ms"]
    if arguments.json:
        machine = {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "load": os.getloadavg(),
        }
        print(json.dumps({"machine": machine, "seconds": seconds, "target_ms": TARGET_MS, "rows": rows}, indent=2))
    else:
        print(f"{'phase':14} {'ticks':>7} {'median ms':>10} {'p99 ms':>8} {'max ms':>8}")
        for row in rows:
            times = f"{row['median_ms']:10.2f} {row['p99_ms']:8.2f} {row['max_ms']:8.2f}"
            print(f"{row['phase']:14} {row['ticks']:7d} {times}")
        verdict = "met" if worst <= TARGET_MS else "missed"
        print(f"{verdict}: the latest tick was {worst:.1f} ms late, {TARGET_MS:g} ms are allowed")
        print(f"load average of the machine, with what else ran on it: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
