"""Reads the boxes in a model's answer and converts them to pixels of the original image."""

from medmo_runtime.grounding.boxes import to_pixels
from medmo_runtime.grounding.parser import parse_grounding
from medmo_runtime.grounding.results import AnswerMark, Box, BoxMark, Finding, Grounding

__all__ = ["AnswerMark", "Box", "BoxMark", "Finding", "Grounding", "parse_grounding", "to_pixels"]
