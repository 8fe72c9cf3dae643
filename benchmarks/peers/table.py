"""A run as tables for people, and as JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from peers.results import EngineResult, Run, Spread, spread_of

_MISSING = "-"
#: What is written in one column of an engine's row.
Column = Callable[[Run, EngineResult], str]


def render(run: Run) -> str:
    """Return the tables in Markdown: median (least..most of the rounds)."""
    settings, side = run.settings, run.settings["side"]
    lines = [
        f"{run.processor}, threads: {settings['threads']}, rounds: {settings['rounds']}, one image of {side} x {side}, "
        f"{settings['new_tokens']} new tokens, asked {settings['idle']:g} s after loading",
        _bandwidths(run.bandwidths),
        "",
        *_table(run, _TIMES),
        "",
        *_table(run, _SIZES),
    ]
    if len({one.prompt_tokens for engine in run.engines for one in engine.timings}) > 1:
        lines += ["", "The engines' prompts differ in length: compare prefill per token."]
    return "\n".join(lines)


def _bandwidths(read: tuple[float, ...]) -> str:
    spread = spread_of([*read])
    if spread is None:
        return "read bandwidth: not measured, because nothing decoded"
    middle, low, high = (one / 1e9 for one in (spread.median, spread.least, spread.most))
    return f"read bandwidth, {len(read)} times while decoding: {middle:.1f} GB/s ({low:.1f}..{high:.1f})"


def as_json(run: Run) -> dict[str, Any]:
    """Return everything, the derived figures included."""
    engines = [
        {
            **asdict(engine),
            "bound_share": _optional(run.bound_share(engine)),
            "step_bytes": run.step_bytes(engine),
            "decode_against_best_peer": _optional(run.against_best_peer(engine, "decode_tokens_per_s", most=True)),
            "first_token_against_best_peer": _optional(run.against_best_peer(engine, "first_token_s", most=False)),
            "start_against_best_peer": _optional(run.against_best_peer(engine, "start_to_first_token_s", most=False)),
        }
        for engine in run.engines
    ]
    return {
        "settings": run.settings,
        "processor": run.processor,
        "bandwidths_bytes_per_s": run.bandwidths,
        "cache_shape": asdict(run.shape),
        "engines": engines,
    }


def _optional(spread: Spread | None) -> dict[str, float] | None:
    return None if spread is None else asdict(spread)


def _table(run: Run, columns: dict[str, Column]) -> list[str]:
    head = ["engine", *columns]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for engine in run.engines:
        cells = [f"cannot: {engine.cannot}"] if engine.cannot else [cell(run, engine) for cell in columns.values()]
        cells += [""] * (len(columns) - len(cells))
        lines.append("| " + " | ".join([f"{engine.name} ({engine.version})", *cells]) + " |")
    return lines


def _cell(spread: Spread | None, scale: float = 1, digits: int | None = None) -> str:
    if spread is None:
        return _MISSING
    scaled = [one * scale for one in (spread.median, spread.least, spread.most)]
    if digits is None:
        digits = 3 if abs(scaled[0]) < 1 else 2 if abs(scaled[0]) < 10 else 1
    middle, least, most = (f"{one:.{digits}f}" for one in scaled)
    return middle if least == most else f"{middle} ({least}..{most})"


def _figure(name: str, scale: float = 1, digits: int | None = None) -> Column:
    return lambda _, engine: _cell(engine.spread(name), scale, digits)


def _decode_ratio(run: Run, engine: EngineResult) -> str:
    return _cell(run.against_best_peer(engine, "decode_tokens_per_s", most=True), digits=2)


def _least_ratio(figure: str) -> Column:
    return lambda run, engine: _cell(run.against_best_peer(engine, figure, most=False), digits=2)


def _gigabytes(value: float | None) -> str:
    return _MISSING if value is None else f"{value / 1e9:.2f}" if value >= 1e8 else f"{value / 1e9:.4f}"


_TIMES: dict[str, Column] = {
    "load s": _figure("load_s"),
    "vision s": _figure("vision_s"),
    "prefill s": _figure("prefill_s"),
    "prompt tokens": _figure("prompt_tokens", digits=0),
    "image to first token s": _figure("first_token_s"),
    "first token / best peer's": _least_ratio("first_token_s"),
    "start to first token s": _figure("start_to_first_token_s"),
    "start / best peer's": _least_ratio("start_to_first_token_s"),
    "decode tokens/s": _figure("decode_tokens_per_s"),
    "decode / best peer's": _decode_ratio,
}
_SIZES: dict[str, Column] = {
    "on disk GB": lambda _, engine: _gigabytes(engine.disk_bytes),
    "peak memory GB": _figure("peak_bytes", 1e-9),
    "read per token GB": lambda run, engine: _gigabytes(run.step_bytes(engine)),
    "of the bandwidth bound %": lambda run, engine: _cell(run.bound_share(engine), 100),
    "outside of the graphs %": _figure("outside_share", 100),
}
