"""Token patterns of the box formats that MedMO and the Qwen-VL family write.

Every pattern is linear in the length of the text: repeats are possessive, and an attempt that fails stops before the
place where the next attempt can start.
"""

from __future__ import annotations

import re

#: ASCII digits only (`fold_width` has made full-width ones ASCII). A number glued to letters, to another point or to a
#: dash, such as ``5mm``, ``1.2.3`` or ``10-20``, is a word.
NUMBER = r"[-+]?(?>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[-+]?[0-9]+)?+(?![\w.+-])"
_POINT = rf"\(\s*+{NUMBER}\s*+,\s*+{NUMBER}\s*+\)"
_BOX_OPEN = r"<box>|<\|box_start\|>"
_BOX_CLOSE = r"</box>|<\|box_end\|>"
_TAGS = (
    *("<box>", "</box>", "<ref>", "</ref>", "<think>", "</think>"),
    *("<|box_start|>", "<|box_end|>", "<|object_ref_start|>", "<|object_ref_end|>"),
)

#: What matters outside boxes and objects. Points count only as a run, ``(1,2),(3,4)``: one point is no box.
PROSE = re.compile(
    rf"""(?P<box_open>{_BOX_OPEN})
    | (?P<box_close>{_BOX_CLOSE})
    | (?P<object>\{{(?=\s*+(?:"|\Z)))
    | (?P<array>\[(?=\s*+(?:\{{\s*+"|\Z)))
    | (?P<array_end>\])
    | (?P<cut_points>(?:{_POINT}\s*+,\s*+)++\([\s0-9.,+-]*+\Z)
    | (?P<points>{_POINT}(?:\s*+,\s*+{_POINT})++)
    | (?P<stray_key>bbox_2d)""",
    re.VERBOSE | re.IGNORECASE,
)

#: What matters inside a JSON object. A string ends at its quote, or unclosed at a line's end or a box tag.
OBJECT = re.compile(
    rf"""(?P<box_open>{_BOX_OPEN})
    | (?P<box_close>{_BOX_CLOSE})
    | (?P<object>\{{)
    | (?P<object_end>\}})
    | (?P<string>"(?P<content>(?:[^"\\\n<]++|\\[^\n]|<(?!/?box|\|box))*+)(?P<closed>"(?P<key>\s*+:)?+)?+)""",
    re.VERBOSE | re.IGNORECASE,
)

#: Cuts the inside of a box into tokens; it matches at every position.
NUMBERS = re.compile(
    rf"""(?P<box_open>{_BOX_OPEN})
    | (?P<box_close>{_BOX_CLOSE})
    | (?P<open>[\[(])
    | (?P<close>[\])])
    | (?P<brace>[{{}}])
    | (?P<separator>[\s,;]++)
    | (?P<number>{NUMBER})
    | (?P<quote>")
    | (?P<word>[^\s,;\[\](){{}}<"]++|<)""",
    re.VERBOSE | re.IGNORECASE,
)

_THINK = re.compile(r"<(/?)think>", re.IGNORECASE)

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_FOLDED = _FULL_WIDTH | str.maketrans({"\u3000": " ", "、": ",", "\u2212": "-"})


def fold_width(text: str) -> str:
    """Replace full-width characters by their ASCII forms, one for one, so that positions stay valid."""
    return text.translate(_FOLDED)


def cut_unfinished_tag(text: str) -> str:
    """Drop the start of a known tag from the end of the text: ``...]]</bo`` becomes ``...]]``."""
    start = text.rfind("<", max(0, len(text) - max(map(len, _TAGS))))
    if start < 0:
        return text
    tail = text[start:].lower()
    unfinished = any(tag.startswith(tail) and tag != tail for tag in _TAGS)
    return text[:start] if unfinished else text


def blank_thinking(text: str) -> tuple[str, bool]:
    """Overwrite thoughts with line breaks, one per character, so that positions stay valid.

    Returns
    -------
    str
        A closing tag without an opening one ends a thought that began with the text (chat templates may write the
        opening tag themselves).
    bool
        Whether the text ends inside a thought.
    """
    thoughts: list[tuple[int, int]] = []
    thinking_since: int | None = None
    for tag in _THINK.finditer(text):
        if not tag[1]:
            thinking_since = tag.start() if thinking_since is None else thinking_since
        elif thinking_since is None:
            thoughts = [(0, tag.end())]
        else:
            thoughts.append((thinking_since, tag.end()))
            thinking_since = None
    if thinking_since is not None:
        thoughts.append((thinking_since, len(text)))
    pieces: list[str] = []
    position = 0
    for start, end in thoughts:
        pieces += [text[position:start], "\n" * (end - start)]
        position = end
    return "".join([*pieces, text[position:]]), thinking_since is not None
