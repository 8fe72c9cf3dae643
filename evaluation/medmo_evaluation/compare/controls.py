"""Models whose damage is known: the reference with layers rounded in memory."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from medmo_evaluation.compare.request import ModelPlan, RoundToNearest
from medmo_models.artifact import Artifact, open_model
from medmo_models.artifact.weights import TEXT_LINEAR
from medmo_runtime.backends.reference import ReferenceBackend
from medmo_runtime.candidates import Search, examine
from medmo_runtime.choose import Choice
from medmo_runtime.hardware import probe_machine
from medmo_runtime.session import Session

if TYPE_CHECKING:
    import torch


def open_session(plan: ModelPlan) -> Session:
    """Load one model of a comparison.

    Raises
    ------
    InputError, CannotRunError
        As `Session.open`.
    """
    artifact = open_model(plan.path)
    if plan.control is None:
        return Session.open([artifact], backend=plan.backend, device=plan.device, dtype=plan.dtype)
    return rounded_session(artifact, plan.control, plan.device or "cpu", plan.dtype)


def rounded_session(artifact: Artifact, control: RoundToNearest, device: str, dtype: str | None = None) -> Session:
    """Load a full-precision checkpoint and round its text layers.

    Parameters
    ----------
    artifact : Artifact
    control : RoundToNearest
    device : str
    dtype : str, optional
        Of weights and activations; it should be the reference's, so that only the rounding differs.
    """
    # Here, so that a worker without torch models never loads torch: its peak memory would show it.
    from medmo_runtime.backends.torch_model import TorchModel

    backend = ReferenceBackend()
    candidate = examine(artifact, backend, device, Search(probe_machine(), dtype=dtype))
    began = time.perf_counter()
    model = backend.load(artifact, device, candidate.dtype)
    assert isinstance(model, TorchModel)
    for name, module in model.network.named_modules():
        if TEXT_LINEAR.search(f"{name}.") and hasattr(module, "weight"):
            module.weight.data = round_weight(module.weight.data, control.bits, control.group_size)
    choice = Choice(candidate, f"control: {control.name}", (candidate,))
    return Session(choice, model, time.perf_counter() - began)


def round_weight(weight: torch.Tensor, bits: int, group_size: int) -> torch.Tensor:
    """Round a weight matrix to 2**bits values per group of inputs, symmetrically around zero.

    Parameters
    ----------
    weight : Tensor, shape (outputs, inputs)
    bits : int
    group_size : int
        The last group may be smaller.

    Returns
    -------
    Tensor
        Of the same dtype; the grid is GPTQ's symmetric one: steps of 2 max / (2**bits - 1), scales in 16 bits.
    """
    import torch

    outputs, inputs = weight.shape
    padded = torch.nn.functional.pad(weight.float(), (0, -inputs % group_size)).reshape(outputs, -1, group_size)
    middle = 2 ** (bits - 1)
    scales = (padded.abs().amax(dim=2, keepdim=True) * 2 / (2**bits - 1)).half().float().clamp(min=1e-7)
    values = (padded / scales).round().clamp(-middle, middle - 1)
    rounded: torch.Tensor = (values * scales).reshape(outputs, -1)[:, :inputs]
    return rounded.to(weight.dtype).contiguous()
