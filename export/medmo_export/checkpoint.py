"""Whether a directory holds a checkpoint that can be quantized."""

from __future__ import annotations

from pathlib import Path

from medmo_models.artifact.checkpoint import read_checkpoint
from medmo_models.errors import InputError
from medmo_models.preprocessing import PromptPreparer

_FULL_PRECISION = ("bf16", "fp16", "fp32")


def check_checkpoint(path: Path, also: tuple[str, ...] = ()) -> str:
    """Read a checkpoint's configuration and headers, no weights, and refuse what cannot be exported.

    Parameters
    ----------
    path : Path
    also : tuple of str
        Methods that are allowed beside full precision.

    Returns
    -------
    str
        The checkpoint's method.

    Raises
    ------
    InputError
        If ``path`` is no directory, has no ``config.json``, is not of the Qwen3-VL architecture, has no
        safetensors weights (pickle files are never read), lacks a file or has one that is cut short, or is
        already quantized.
    """
    method = read_checkpoint(path).quantization.method
    if method not in (*_FULL_PRECISION, *also):
        raise InputError(f"{path} is already quantized ({method}); give the full-precision checkpoint.")
    return method


def check_preprocessing(path: Path) -> None:
    """Read a checkpoint's tokenizer, chat template and processor settings: an export needs them after hours of work.

    Raises
    ------
    InputError
        If one is missing or cannot be read.
    """
    PromptPreparer(path, read_checkpoint(path).spec.default_max_pixels)
