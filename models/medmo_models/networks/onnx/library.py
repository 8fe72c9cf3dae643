"""Imports ONNX Runtime with its telemetry off."""

from __future__ import annotations

import os
from types import ModuleType


def import_onnxruntime() -> ModuleType:
    """Return the module ``onnxruntime``; every import of it in this project goes through here.

    Notes
    -----
    From 1.31 on its wheels carry Microsoft's telemetry: at the first session it writes a device id and a database of
    events below the user's cache folder, to be sent to events.data.microsoft.com. The variable must be set before the
    first import (measured on Linux: ``disable_telemetry_events`` alone comes too late for the files).
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    # Whoever imported it before us did so without the variable.
    onnxruntime.disable_telemetry_events()
    module: ModuleType = onnxruntime
    return module
