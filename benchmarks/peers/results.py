"""One run's measurements, and what they say about each engine."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from statistics import harmonic_mean, median

from peers.bounds import CacheShape, bound_share, step_bytes
from peers.job import Timing


@dataclass(frozen=True)
class Spread:
    """The median of the rounds, and the least and most."""

    median: float
    least: float
    most: float


@dataclass(frozen=True)
class EngineResult:
    """An engine's rounds.

    Attributes
    ----------
    name, version : str
    is_peer : bool
    disk_bytes : int
    rounds : tuple of Timing or None
        None for a round that failed.
    bandwidths : tuple of tuple of float
        Bytes a second that the machine read in each round's pauses, between two steps of decoding.
    cannot : str, optional
        Why no round succeeded.
    """

    name: str
    version: str
    is_peer: bool
    disk_bytes: int
    rounds: tuple[Timing | None, ...]
    bandwidths: tuple[tuple[float, ...], ...]
    cannot: str | None = None

    @property
    def timings(self) -> tuple[Timing, ...]:
        """The rounds that succeeded."""
        return tuple(timing for timing in self.rounds if timing is not None)

    def spread(self, figure: str) -> Spread | None:
        """Return the spread of a figure of `Timing`; None if it was not measured."""
        return spread_of([getattr(timing, figure) for timing in self.timings])


@dataclass(frozen=True)
class Run:
    """Everything that was measured in one run.

    Attributes
    ----------
    settings : dict
        What all engines were given.
    processor : str
    shape : CacheShape
    engines : tuple of EngineResult
    """

    settings: dict[str, float]
    processor: str
    shape: CacheShape
    engines: tuple[EngineResult, ...]

    def bound_share(self, engine: EngineResult) -> Spread | None:
        """Return which share of the bandwidth bound decoding reached, round by round.

        Pauses are equally many steps apart, so reading alone would take what it takes at their harmonic mean.
        """
        rounds = zip(engine.rounds, engine.bandwidths, strict=True)
        return spread_of(
            [
                bound_share(one.decode_tokens_per_s, self._step_bytes(one), harmonic_mean(read))
                for one, read in rounds
                if one and read
            ]
        )

    @property
    def bandwidths(self) -> tuple[float, ...]:
        """Bytes a second that the machine read in all pauses of all engines."""
        return tuple(chain.from_iterable(chain.from_iterable(engine.bandwidths for engine in self.engines)))

    def step_bytes(self, engine: EngineResult) -> float | None:
        """Return the bytes that a decode step reads."""
        return self._step_bytes(engine.timings[0]) if engine.timings else None

    def _step_bytes(self, one: Timing) -> float:
        return step_bytes(one.weight_bytes, self.shape, one.prompt_tokens, one.new_tokens, one.cache_value_bytes)

    def best_peer(self, figure: str, *, most: bool) -> EngineResult | None:
        """Return the peer with the largest (or least) median of a figure."""
        peers = [engine for engine in self.engines if engine.is_peer and engine.timings]
        choose = max if most else min
        return choose(peers, key=lambda peer: median(getattr(one, figure) for one in peer.timings), default=None)

    def against_best_peer(self, engine: EngineResult, figure: str, *, most: bool) -> Spread | None:
        """Return an engine's figure over the best peer's, round by round: what a round's noise does to both cancels."""
        best = self.best_peer(figure, most=most)
        if best is None:
            return None
        pairs = zip(engine.rounds, best.rounds, strict=False)
        return spread_of([getattr(own, figure) / getattr(peer, figure) for own, peer in pairs if own and peer])


def spread_of(values: list[float | None]) -> Spread | None:
    """Return the spread of the values that are there; None if there are none."""
    present = [value for value in values if value is not None]
    return Spread(median(present), min(present), max(present)) if present else None
