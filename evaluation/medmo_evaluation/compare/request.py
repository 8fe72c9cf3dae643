"""What is compared, on what, and how."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from medmo_evaluation.compare.summary import RowKind
from medmo_evaluation.scoring import Mode
from medmo_models.artifact import Artifact
from medmo_models.errors import InputError

DEFAULT_CACHE_BYTES = 4 * 10**9
_LARGE_BYTES = 4 * 10**9


@dataclass(frozen=True)
class RoundToNearest:
    """A control: the reference with its text layers rounded to nearest, symmetrically, in memory."""

    bits: int
    group_size: int

    @property
    def name(self) -> str:
        """For the table."""
        return f"round-to-nearest {self.bits} bit, group {self.group_size}"

    @property
    def bits_per_weight(self) -> float:
        """With a 16-bit scale per group."""
        return self.bits + 16 / self.group_size


#: The control that every comparison runs unless it is told otherwise: what 4 bits cost without any skill.
YARDSTICK = RoundToNearest(4, 128)


@dataclass(frozen=True, kw_only=True)
class ModelPlan:
    """One model of a comparison and how to run it; None lets the runtime choose."""

    name: str
    kind: RowKind
    path: Path
    backend: str | None = None
    device: str | None = None
    dtype: str | None = None
    control: RoundToNearest | None = None


@dataclass(frozen=True, kw_only=True)
class CompareRequest:
    """One comparison.

    Attributes
    ----------
    artifacts : tuple of Path
    reference : Path
        The full-precision checkpoint.
    data : str
        See `medmo_evaluation.datasets.open_dataset`.
    out : Path
        Where records and report go; a comparison that was interrupted goes on there.
    backend, device : str, optional
        For the artifacts.
    max_new_tokens : int
    limit : int, optional
        Only the first samples.
    seed : int
        Of every bootstrap.
    mode : {"compat", "fixed"}
    controls : tuple of RoundToNearest
    noise_floor : bool
        Also run the reference in bfloat16.
    cache_bytes : int
        Largest size of the reference's stored distributions.
    """

    artifacts: tuple[Path, ...]
    reference: Path
    data: str
    out: Path
    backend: str | None = None
    device: str | None = None
    max_new_tokens: int = 160
    limit: int | None = None
    seed: int = 0
    mode: Mode = "fixed"
    controls: tuple[RoundToNearest, ...] = (YARDSTICK,)
    noise_floor: bool = True
    cache_bytes: int = DEFAULT_CACHE_BYTES


def reference_dtype(request: CompareRequest, reference: Artifact) -> str:
    """Return what the reference computes in: float32 on a CPU, but a large one stays in the 16 bits it is stored in."""
    on_cpu = request.device in (None, "cpu")
    return "float32" if on_cpu and reference.weight_bytes < _LARGE_BYTES else "bfloat16"


def parse_control(text: str) -> RoundToNearest:
    """Read ``round-to-nearest:bits=3,group=128``.

    Raises
    ------
    InputError
        If it is not understood.
    """
    kind, _, settings = text.partition(":")
    values = {"bits": "4", "group": "128", **dict(part.partition("=")[::2] for part in settings.split(",") if part)}
    bits, group = values.pop("bits"), values.pop("group")
    if (
        kind != "round-to-nearest"
        or values
        or bits not in ("2", "3", "4", "8")
        or not group.isdigit()
        or not int(group)
    ):
        raise InputError(
            f"--control {text} is not understood; write round-to-nearest:bits=3,group=128, with 2, 3, 4 or 8 bits."
        )
    return RoundToNearest(int(bits), int(group))
