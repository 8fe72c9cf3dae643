"""MedEvalKit's prompts, which scores depend on (MedEvalKit, 9b12e3b, utils/question_formats.py)."""

from __future__ import annotations

from collections.abc import Sequence

REPORT = (
    "You are a helpful assistant. Please generate a report for the given images, including both findings and "
    "impressions. Return the report in the following format: Findings: {} Impression: {}."
)


def multiple_choice(question: str, options: Sequence[str]) -> str:
    """Ask for the letter of an option."""
    listed = "\n".join(options)
    return (
        f"\nQuestion: {question}\nOptions: \n{listed}\nAnswer with the option's letter from the given choices directly."
    )


def yes_no(question: str) -> str:
    """Ask for yes or no."""
    return f"{question}\nPlease output 'yes' or 'no'(no extra output)."


def closed(question: str, language: str = "en") -> str:
    """Ask for a word or phrase."""
    if language == "zh":
        return f"{question}\n请用一个单词或者短语回答该问题。"
    return f"{question}\nAnswer the question using a single word or phrase."


def open_question(question: str, language: str = "en") -> str:
    """Ask for a short answer."""
    if language == "zh":
        return f"{question}\n请简要回答该问题。"
    return f"{question}\nPlease answer the question concisely."
