"""Reads the inside of a box: numbers in any bracketing, put together in groups of four."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from medmo_runtime.grounding.lexer import NUMBERS
from medmo_runtime.grounding.results import Coordinates

#: No image has a side of a million pixels; larger numbers are noise.
LARGEST_NUMBER = 1e6
#: Longer literals carry no more information and are not worth converting.
LONGEST_LITERAL = 32


@dataclass(frozen=True)
class Quad:
    """Four numbers in the order in which the model wrote them, with their place in the text."""

    values: Coordinates
    span: tuple[int, int]
    has_decimal_point: bool

    @property
    def is_zero(self) -> bool:
        """Whether all four are zero, the way some models say that there is nothing to box."""
        return not any(self.values)


@dataclass
class NumberBlock:
    """The numbers of one block and how the block ended.

    Attributes
    ----------
    quads : list of Quad
    malformed : bool
        Some numbers do not form a box, or the block was not closed before other text went on.
    truncated : bool
        The text ended inside the block.
    end : int
        Where reading goes on.
    label_start : int
        Where the text of the next label may begin: after the closing tag or, without one, the last number or bracket.
    """

    quads: list[Quad] = field(default_factory=list)
    malformed: bool = False
    truncated: bool = False
    end: int = 0
    label_start: int = 0


@dataclass(frozen=True)
class _Number:
    value: float
    span: tuple[int, int]
    has_decimal_point: bool


class _Runs:
    """Groups numbers: a run between two brackets is a box (four numbers) or half of one (two)."""

    def __init__(self, block: NumberBlock) -> None:
        self._block = block
        self._run: list[_Number] = []
        self._half: list[_Number] = []
        self._spoiled = False

    def number(self, literal: str, span: tuple[int, int]) -> None:
        """Add a number; one that is too large spoils its run."""
        value = float(literal) if len(literal) <= LONGEST_LITERAL else LARGEST_NUMBER + 1
        if abs(value) > LARGEST_NUMBER:
            self._spoiled = True
        else:
            self._run.append(_Number(value, span, "." in literal))

    def spoil(self) -> None:
        """Note a word among the numbers."""
        self._spoiled = True

    def end_run(self) -> None:
        """Close the run at a bracket or at the end of the block."""
        run, self._run = self._run, []
        spoiled, self._spoiled = self._spoiled, False
        if not run and not spoiled:
            return
        if len(run) == 2 and not spoiled:
            run, self._half = self._half + run, []
            if len(run) == 2:
                self._half = run
                return
        self._drop_half()
        if len(run) == 4 and not spoiled:
            x1, y1, x2, y2 = (number.value for number in run)
            span = (run[0].span[0], run[3].span[1])
            self._block.quads.append(Quad((x1, y1, x2, y2), span, any(n.has_decimal_point for n in run)))
        else:
            self._block.malformed = True

    def finish(self) -> None:
        """Close the last run and the block."""
        self.end_run()
        self._drop_half()

    def _drop_half(self) -> None:
        if self._half:
            self._half = []
            self._block.malformed = True


def read_numbers(text: str, start: int, end: int, *, kind: Literal["tag", "json", "points"]) -> NumberBlock:
    """Read a block of box coordinates.

    Parameters
    ----------
    text : str
        Folded by `medmo_runtime.grounding.lexer.fold_width`.
    start, end : int
        The first character after the opening tag or the JSON key, and where the text ends.
    kind : {"tag", "json", "points"}
        A tag block ends at its closing tag, a JSON value at a quote, a brace or the array's end, points at ``end``.

    Returns
    -------
    NumberBlock
        A block that the text cuts off keeps its complete boxes; a number at the cut may lack digits and is dropped.
    """
    block = NumberBlock(end=start, label_start=start)
    runs = _Runs(block)
    depth = 0
    for token in NUMBERS.finditer(text, start, end):
        name = token.lastgroup
        if name == "box_close" and kind == "tag":
            block.end = block.label_start = token.end()
            runs.finish()
            return block
        if _ends_block(name, kind, depth):
            block.malformed |= kind == "tag" or depth > 0 or (name != "box_open" and block.label_start == start)
            runs.finish()
            return block
        block.end = token.end()
        if name == "number":
            runs.number(token[0], token.span())
        elif name in ("open", "close"):
            runs.end_run()
            depth = max(0, depth + (1 if name == "open" else -1))
        elif name != "separator":
            runs.spoil()
        if name in ("number", "open", "close"):
            block.label_start = token.end()
    if kind == "points":
        runs.finish()
    else:
        block.truncated = True
    return block


def _ends_block(name: str | None, kind: str, depth: int) -> bool:
    if name in ("box_open", "box_close"):
        return True
    if kind == "json" and (name in ("quote", "brace") or (name == "close" and depth == 0)):
        return True
    return name in ("word", "quote", "brace") and depth == 0
