"""An export in a process of its own, free of Qt: progress comes back, and cancelling kills it and leaves nothing."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from medmo_desktop.machine.control import JobControl
from medmo_export.pipeline import check_packages
from medmo_export.request import ExportMethod
from medmo_models.artifact.staging import discard_staging
from medmo_models.errors import CancelledError, CannotRunError, InputError, ProcessDiedError
from medmo_runtime.worker.child import Child

_MODULE = "medmo_desktop.machine.export_process"

ExportFormat = Literal["gptq", "bnb-nf4", "bnb-fp4", "onnx-int4", "onnx-int4-rounded"]


@dataclass(frozen=True)
class ExportOrder:
    """What the user asks for.

    Attributes
    ----------
    checkpoint : Path
        A full-precision checkpoint; for ONNX also a GPTQ artifact.
    destination : Path
        The new artifact's folder, which must not exist unless ``overwrite`` is set.
    format : {"gptq", "bnb-nf4", "bnb-fp4", "onnx-int4", "onnx-int4-rounded"}
        ``onnx-int4`` calibrates as GPTQ does, ``onnx-int4-rounded`` rounds to the nearest value.
    calibration_samples : int
    device : str
        Where to quantize.
    overwrite : bool
        Replace what is at ``destination``, once the new artifact is whole.
    """

    checkpoint: Path
    destination: Path
    format: ExportFormat
    calibration_samples: int = 32
    device: str = "cpu"
    overwrite: bool = False

    @property
    def method(self) -> ExportMethod:
        """The artifact's method."""
        return "onnx-int4" if self.format == "onnx-int4-rounded" else self.format


@dataclass(frozen=True)
class ExportResult:
    """The artifact that was made, and how it compares with its source on held-out samples.

    ``mean_kld`` is in nats per token and ``top1`` the share of positions with the same most probable token; None if not
    measured.
    """

    path: Path
    bits_per_weight: float
    size_bytes: int
    mean_kld: float | None
    top1: float | None


def missing_packages(order_format: ExportFormat) -> str | None:
    """Return what has to be installed before this format can be exported, None if nothing."""
    try:
        check_packages("onnx-int4" if order_format == "onnx-int4-rounded" else order_format)
        if order_format == "onnx-int4":
            check_packages("gptq")
    except CannotRunError as error:
        return str(error)
    return None


def export_in_process(order: ExportOrder, control: JobControl) -> ExportResult:
    """Run an export in a child process.

    Raises
    ------
    InputError, CannotRunError
        As `medmo_export.pipeline.run_export`.
    ProcessDiedError
        If the process dies by itself; nothing is left behind.
    CancelledError
        If the user cancelled: the process was killed and nothing is left behind.
    """
    if order.destination.exists() and not order.overwrite:
        raise InputError(f"{order.destination.name} is already installed; choose another name.")
    control.check()
    child = Child(_MODULE)
    # Off the canceller's thread: a large process takes a moment to give its memory back.
    control.on_cancel(lambda: threading.Thread(target=child.kill).start())
    try:
        child.send("export", _values(order))
        return _listen(child, control)
    except ProcessDiedError as error:
        if control.cancelled:
            raise CancelledError("The export was cancelled; nothing was written.") from error
        raise ProcessDiedError(f"The export's process {error}; nothing was written.") from error
    finally:
        control.on_cancel(None)
        child.kill()
        discard_staging(order.destination)


def _values(order: ExportOrder) -> dict[str, object]:
    return {
        "method": order.method,
        "checkpoint": str(order.checkpoint),
        "destination": str(order.destination),
        "round_to_nearest": order.format == "onnx-int4-rounded",
        "calibration_samples": order.calibration_samples,
        "device": order.device,
        "overwrite": order.overwrite,
    }


def _listen(child: Child, control: JobControl) -> ExportResult:
    while True:
        message = child.receive()
        values = message.values
        if message.kind == "progress":
            control.report(values["phase"], values["done"], values["total"])
        elif message.kind == "failed":
            raise CannotRunError(values["text"])
        elif message.kind == "done":
            check = values["self_check"]
            return ExportResult(
                Path(values["path"]),
                values["bits_per_weight"],
                values["size_bytes"],
                check.get("mean_kld"),
                check.get("top1"),
            )
