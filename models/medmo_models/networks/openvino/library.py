"""Imports OpenVINO with its telemetry off."""

from __future__ import annotations

import sys
from types import ModuleType


def import_openvino() -> ModuleType:
    """Return the module ``openvino``; every import of it in this project goes through here.

    Raises
    ------
    ImportError
        If it is not installed.

    Notes
    -----
    Importing it reports the import to Google Analytics and writes a client id and counters to ``~/intel``, through its
    dependency ``openvino_telemetry`` (2026.4, seen with strace). Without that package OpenVINO takes a stub of its own,
    so the package is made to look absent.
    """
    if "openvino" not in sys.modules:
        # An entry of None makes an import fail (Python reference, 5.3.1 The module cache).
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    module: ModuleType = openvino
    return module
