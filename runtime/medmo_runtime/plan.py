"""Fits a model into the memory there is: cost is lowered in a stated order until it fits, and the plan says how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from medmo_runtime.memory import MEASURES, SMALLER_IMAGES, Measure, MemoryParts, Workload, readable_bytes

#: Predicts the memory of a workload under measures.
Predict = Callable[[Workload, frozenset[Measure]], MemoryParts]


@dataclass(frozen=True)
class MemoryPlan:
    """How a model will be run, and the memory that it will need.

    Attributes
    ----------
    measures : tuple of str
        What is done to need less, in `MEASURES`' order.
    workload : Workload
    wished_pixels : int
        The image area that was asked for; ``workload.max_pixels`` is less if the image has to shrink.
    parts : MemoryParts
    step : int
        Where in the order of what may be given up this plan was found, 0 first.
    """

    measures: tuple[Measure, ...]
    workload: Workload
    wished_pixels: int
    parts: MemoryParts
    step: int = 0

    @property
    def total(self) -> int:
        """Bytes on the device at the peak."""
        return self.parts.total

    @property
    def shrinks_image(self) -> bool:
        """Whether images have to be smaller than was asked for."""
        return self.workload.max_pixels < self.wished_pixels

    @property
    def key(self) -> str:
        """A name for comparisons between plans of one candidate."""
        return str(self.step)

    @property
    def given_up(self) -> tuple[str, ...]:
        """What is given up to fit, in words; empty if nothing."""
        words = tuple(MEASURES[measure] for measure in self.measures)
        if not self.shrinks_image:
            return words
        side = int(self.workload.max_pixels**0.5)
        return (*words, f"images are shrunk to the area of {side} x {side} pixels")


@dataclass(frozen=True)
class PlanSearch:
    """The plan that fits, if any, and all that were tried, the first one first."""

    fitting: MemoryPlan | None
    tried: tuple[MemoryPlan, ...]


def find_plan(
    predict: Predict,
    workload: Workload,
    offered: tuple[Measure, ...],
    free_bytes: int | None,
    avoid: frozenset[str] = frozenset(),
) -> PlanSearch:
    """Return the plan that gives up least and fits.

    Measures are added one by one in `MEASURES`' order, each on top of the ones before; then the image shrinks. What
    turns out to be needless in the end is not done, unless a plan failed before: predictions are not trusted then.

    Parameters
    ----------
    predict : callable
    workload : Workload
    offered : tuple of str
        The measures that the backend can take.
    free_bytes : int or None
        None means that nothing tells: the first plan is taken.
    avoid : frozenset of str
        Keys of plans that failed although they should have fitted; plans up to the last of them are passed over.
    """
    plans = [
        MemoryPlan(measures, shrunk, workload.max_pixels, predict(shrunk, frozenset(measures)), step)
        for step, (measures, shrunk) in enumerate(_steps(workload, offered))
    ]
    failed = max((plan.step for plan in plans if plan.key in avoid), default=-1)
    for plan in plans[failed + 1 :]:
        if free_bytes is None or plan.total <= free_bytes:
            needed = plan if free_bytes is None or avoid else _without_needless(plan, predict, free_bytes)
            return PlanSearch(needed, tuple(plans[: plan.step + 1]))
    return PlanSearch(None, tuple(plans))


def _without_needless(plan: MemoryPlan, predict: Predict, free_bytes: int) -> MemoryPlan:
    """Take measures back without which the plan fits too, the dearest first."""
    for measure in reversed(plan.measures):
        kept = tuple(other for other in plan.measures if other != measure)
        parts = predict(plan.workload, frozenset(kept))
        if parts.total <= free_bytes:
            plan = replace(plan, measures=kept, parts=parts)
    return plan


def _steps(workload: Workload, offered: tuple[Measure, ...]) -> list[tuple[tuple[Measure, ...], Workload]]:
    ordered = tuple(measure for measure in MEASURES if measure in offered)
    steps = [(ordered[:count], workload) for count in range(len(ordered) + 1)]
    smaller = [pixels for pixels in SMALLER_IMAGES if pixels < workload.max_pixels]
    return steps + [(ordered, replace(workload, max_pixels=pixels)) for pixels in smaller]


def describe_shortage(plan: MemoryPlan, free_bytes: int) -> str:
    """Return for example ``needs 5.1 GB, 4.0 GB are free, 1.1 GB are missing``."""
    missing = max(0, plan.total - free_bytes)
    return (
        f"needs {readable_bytes(plan.total)}, {readable_bytes(free_bytes)} are free, {readable_bytes(missing)} missing"
    )
