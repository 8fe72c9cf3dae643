"""Imports OpenVINO with its telemetry off."""

from __future__ import annotations

from types import ModuleType

from medmo_models.process import hide_openvino_telemetry


def import_openvino() -> ModuleType:
    """Return the module ``openvino``; every import of it in this project goes through here.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    hide_openvino_telemetry()
    import openvino

    module: ModuleType = openvino
    return module
