"""The viewer's tests: drawn into memory, and nothing may be left behind."""

from __future__ import annotations

import contextlib
import gc
import os
import threading
import time
from collections.abc import Callable, Iterator

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before Qt is loaded

import psutil
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QThread, QThreadPool
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from medmo_desktop.translations.languages import use_language
from medmo_export.pipeline import ExportRequest, run_export
from medmo_models.artifact import Artifact
from medmo_models.library import embedded_model_path

#: Threads and processes that were told to end may take this long.
_PATIENCE_S = 5.0


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> QApplication:
    """The application in English, as the viewer makes it: plural forms are in the translation."""
    use_language(qapp, "en")
    return qapp


@pytest.fixture(scope="session")
def answering_onnx(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """The embedded model as 4-bit ONNX, rounded to nearest."""
    folder = tmp_path_factory.mktemp("onnx") / "tiny"
    return run_export(
        ExportRequest(method="onnx-int4", checkpoint=embedded_model_path(), destination=folder, round_to_nearest=True)
    )


def _own_threads() -> set[object]:
    """Return the threads that code of ours started and that run: Python's, and Qt's with a loop of their own.

    Pools keep threads that wait for work, and Python keeps a stand-in for each forever: neither is a leak.
    """
    stand_in = type(threading.main_thread()).__module__, "_DummyThread"
    python = {one for one in threading.enumerate() if (type(one).__module__, type(one).__name__) != stand_in}
    loops = {one for one in gc.get_objects() if isinstance(one, QThread) and isValid(one) and one.isRunning()}
    return {*python, *loops} - {QThread.currentThread()}


def _children() -> set[int]:
    found = set()
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE:
                found.add(child.pid)
    return found


def _windows() -> set[QWidget]:
    application = QApplication.instance()
    return set(QApplication.topLevelWidgets()) if isinstance(application, QApplication) else set()


def _wait_until(settled: Callable[[], bool]) -> bool:
    end = time.monotonic() + _PATIENCE_S
    while not settled():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail a test after which threads, processes or windows are left that were not there before."""
    threads, children, windows = _own_threads(), _children(), _windows()
    yield
    if QCoreApplication.instance() is None:
        return
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QCoreApplication.processEvents()
    QThreadPool.globalInstance().waitForDone(int(_PATIENCE_S * 1000))
    if not _wait_until(lambda: _own_threads() <= threads):
        pytest.fail(f"threads left behind: {_own_threads() - threads}")
    if not _wait_until(lambda: _children() <= children):
        pytest.fail(f"processes left behind: {sorted(_children() - children)}")
    left = [f"{type(one).__name__} {one.objectName()}" for one in _windows() - windows if one.isVisible()]
    if left:
        pytest.fail(f"windows left behind: {left}")
