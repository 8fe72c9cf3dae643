"""Opens graphs with ONNX Runtime on one execution provider, or says why that cannot be."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

from medmo_models.errors import CannotRunError, InputError
from medmo_models.networks.onnx.library import import_onnxruntime
from medmo_models.networks.onnx.plugins import plugged_in, plugin_devices

#: A provider's name in ONNX Runtime with its options.
Provider = tuple[str, dict[str, Any]]
CPU_PROVIDER: Provider = ("CPUExecutionProvider", {})
#: Those that need CUDA's libraries.
_CUDA_PROVIDERS = ("CUDAExecutionProvider", "NvTensorRTRTXExecutionProvider")
#: Which nodes the WebGPU provider leaves to the CPU, one name a line (its webgpu_provider_options.h). Only as an entry
#: of the session's options it has an effect (1.27).
_LEFT_TO_CPU = "ep.webgpuexecutionprovider.forceCpuNodeNames"
#: Makes ONNX Runtime's CPU attention compute all scores of a head at once, not tile by tile; read when a session is
#: opened, and there is no option of a session for it (1.31).
_WHOLE_ROWS = "ORT_GQA_DISABLE_FLASH_ATTENTION"


@contextmanager
def attention_in_whole_rows() -> Iterator[None]:
    """Open sessions in the ``with`` block whose attention does without tiles, unless the user has set the variable.

    Over a cache in 8 bits that is faster for one token, and takes the memory of all scores for many
    (docs/performance.md, Attention without tiles).
    """
    if _WHOLE_ROWS in os.environ:
        yield
        return
    os.environ[_WHOLE_ROWS] = "1"
    try:
        yield
    finally:
        del os.environ[_WHOLE_ROWS]


def session_options(threads: int | None) -> Any:
    """Return the options that all our graphs take; ``threads`` of a CPU run are ONNX Runtime's own choice if None."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # Optimizers of the extended level hold 16-bit weights in 32 bits (at the 4B shape the vision encoder loads in
    # 0.05 GB instead of 2.6, ONNX Runtime 1.31); what they fuse, the graphs have fused already.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    if threads is not None:
        options.intra_op_num_threads = threads
    return options


def open_session(path: Path, options: Any, provider: Provider, *, left_to_cpu: Sequence[str] = ()) -> Any:
    """Return an ``InferenceSession`` of a graph.

    Parameters
    ----------
    path : Path
    options : SessionOptions
    provider : Provider
        The one that runs it. What it has no kernel for runs on the CPU; if it cannot be had at all, this raises.
    left_to_cpu : sequence of str
        Names of nodes that the WebGPU provider is to leave to the CPU.

    Raises
    ------
    InputError
        If the graph is missing or damaged.
    CannotRunError
        If the provider cannot run it.
    """
    if not path.is_file():
        raise InputError(f"{path} is missing; import or export the artifact again.")
    name = provider[0]
    if left_to_cpu:
        options.add_session_config_entry(_LEFT_TO_CPU, "\n".join(left_to_cpu))
    try:
        session = _session(path, options, provider)
    except CannotRunError:
        raise
    except Exception as error:  # ONNX Runtime's errors share no base but Exception
        if type(error).__name__ in ("InvalidGraph", "InvalidProtobuf", "NoSuchFile", "InvalidArgument"):
            raise InputError(f"{path} is damaged; import or export the artifact again.") from error
        raise CannotRunError(f"ONNX Runtime cannot run {path} on {name}: {_short(error)}") from error
    if name not in session.get_providers():
        # A provider whose own libraries are missing is left out with nothing but a line in the log.
        raise CannotRunError(f"ONNX Runtime cannot run {path} on {name}: it could not load the provider.")
    return session


def _session(path: Path, options: Any, provider: Provider) -> Any:
    onnxruntime = import_onnxruntime()
    name, settings = provider
    # 16-bit weights are widened while they are used; folding would hold them all in 32 bits.
    common = {"disabled_optimizers": ["ConstantFolding"], "enable_fallback": 0}
    if name in _CUDA_PROVIDERS:
        preload_cuda_libraries()
    if name == CPU_PROVIDER[0] or not plugged_in(name):
        return onnxruntime.InferenceSession(path, options, providers=[provider], **common)
    devices = plugin_devices(name)
    number = int(settings.get("device_id", 0))
    if number >= len(devices):
        raise CannotRunError(f"ONNX Runtime lists no device {number} for {name} here.")
    given = {key: str(value) for key, value in settings.items() if key != "device_id"}
    options.add_provider_for_devices([devices[number]], given)
    return onnxruntime.InferenceSession(path, options, **common)


@cache
def preload_cuda_libraries() -> None:
    """Load the CUDA libraries that torch's wheels bring, before the first session that needs them.

    They lie in packages of their own where no loader looks; ``onnxruntime.preload_dlls`` knows these. It prints what
    it misses, which a session then says in one sentence.
    """
    onnxruntime = import_onnxruntime()
    if hasattr(onnxruntime, "preload_dlls"):
        with redirect_stdout(io.StringIO()):
            onnxruntime.preload_dlls()


def _short(error: Exception) -> str:
    """Return what ONNX Runtime says without the place in its source that it begins with."""
    text = " ".join(str(error).split())
    return f"{text.rpartition(' was false. ')[2]:.200}"
