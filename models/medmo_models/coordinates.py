"""The unit in which a model writes box coordinates: a field of its spec, read by the parser and the evaluator."""

from __future__ import annotations

from typing import Literal, get_args

#: ``relative-1000``: a 0-1000 grid over the original image's width and height (Qwen3-VL's convention,
#: QwenLM/Qwen3-VL issues 1486 and 1659). ``pixels``: pixels of the image as the model saw it, after its own resize.
CoordinateSpace = Literal["relative-1000", "pixels"]

COORDINATE_SPACES: tuple[CoordinateSpace, ...] = get_args(CoordinateSpace)

#: Length of either side of the image in the ``relative-1000`` space.
GRID_SIZE = 1000.0
