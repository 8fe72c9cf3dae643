"""Whether an execution provider's attention is right: the artifact's attention alone, beside the CPU provider's.

Attention is where a provider was found wrong. Here it is seen before a model is loaded (docs/adr/0007).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_models.networks.onnx.library import import_onnxruntime
from medmo_models.networks.onnx.sessions import CPU_PROVIDER, Provider, open_session
from medmo_models.networks.onnx.settings import ATTENTION_NAME
from medmo_models.specs import Architecture

#: New tokens of each run: a prompt longer than any subgroup of a GPU (64), a next turn on top of it, and an answer.
_RUNS = (70, 9, 1, 1)
#: Values are normally distributed. Float32 kernels differ by 1e-6, wrong ones by 0.1 and more.
_TOLERANCE = 1e-3


def attention_difference(directory: Path, shape: Architecture, provider: Provider) -> float | None:
    """Return the largest difference of a provider's attention from the CPU provider's.

    Parameters
    ----------
    directory : Path
        An ONNX artifact; one that was exported before it had ``attention.onnx`` gives None.
    shape : Architecture
    provider : Provider

    Raises
    ------
    CannotRunError
        If the provider cannot run.
    """
    path = directory / ATTENTION_NAME
    if not path.is_file():
        return None
    expected, actual = (_attended(path, shape, one) for one in (CPU_PROVIDER, provider))
    return float(np.abs(expected - actual).max()) if np.isfinite(actual).all() else float("inf")


def attention_is_right(directory: Path, shape: Architecture, provider: Provider) -> bool:
    """Whether `attention_difference` is rounding alone; True if there is nothing to see it with."""
    difference = attention_difference(directory, shape, provider)
    return difference is None or difference <= _TOLERANCE


def _attended(path: Path, shape: Architecture, provider: Provider) -> NDArray[np.float32]:
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = open_session(path, options, provider)
    random = np.random.default_rng(1)
    places = sum(_RUNS)
    angles = random.normal(size=(places, shape.head_dim // 2)).astype(np.float32)
    heads = {"query": shape.heads, "key": shape.key_value_heads, "value": shape.key_value_heads}
    tokens = {
        name: random.normal(size=(1, places, count * shape.head_dim)).astype(np.float32)
        for name, count in heads.items()
    }
    empty = np.zeros((1, shape.key_value_heads, places, shape.head_dim), dtype=np.float32)
    caches = {kind: onnxruntime.OrtValue.ortvalue_from_numpy(empty) for kind in ("key", "value")}
    results, used = [], 0
    for count in _RUNS:
        inputs: dict[str, NDArray[Any]] = {name: values[:, used : used + count] for name, values in tokens.items()}
        used += count
        inputs |= {
            "rotary_cos": np.cos(angles),
            "rotary_sin": np.sin(angles),
            "seqlens_k": np.asarray([used - 1], dtype=np.int32),
            "total_sequence_length": np.asarray(used, dtype=np.int32),
        }
        results.append(_run(session, inputs, caches))
    return np.concatenate(results)


def _run(session: Any, inputs: dict[str, NDArray[Any]], caches: dict[str, Any]) -> NDArray[np.float32]:
    binding = session.io_binding()
    for name, value in inputs.items():
        binding.bind_cpu_input(name, np.ascontiguousarray(value))
    for kind, cache in caches.items():
        binding.bind_ortvalue_input(f"past_key_values.0.{kind}", cache)
        binding.bind_ortvalue_output(f"present.0.{kind}", cache)
    binding.bind_output("attended", "cpu")
    session.run_with_iobinding(binding)
    attended: NDArray[np.float32] = binding.get_outputs()[-1].numpy()[0]
    return attended.copy()
