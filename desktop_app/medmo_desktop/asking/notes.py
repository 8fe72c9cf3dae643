"""What the person should know about an answer beside its text, in words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from medmo_desktop.asking.requests import AskResult

translate = QCoreApplication.translate


def answer_notes(result: AskResult) -> list[str]:
    """Return the notes of an answer, most important first, each one sentence."""
    answer = result.answer
    notes = []
    if answer.stats.finish_reason == "cancelled":
        notes.append(translate("AnswerNotes", "You stopped this answer; it is not part of the conversation."))
    if answer.stats.finish_reason == "length":
        notes.append(
            translate("AnswerNotes", "The answer reached its limit of {0} tokens and ends there.").format(
                answer.stats.new_tokens
            )
        )
    notes += [_mark_words(mark) for mark in answer.marks]
    given_up = [translate("AnswerNotes", "To fit the memory, {0}.").format(words) for words in answer.backend.given_up]
    chosen = translate("AnswerNotes", "{method} on {backend}/{device}: {reason}.").format(
        method=answer.artifact.method,
        backend=answer.backend.name,
        device=answer.backend.device,
        reason=answer.backend.reason.rstrip("."),
    )
    return [*notes, *given_up, chosen]


def cost_words(result: AskResult) -> str:
    """Return what an answer cost, on one line."""
    stats = result.answer.stats
    words = [translate("AnswerNotes", "{0} tokens").format(stats.new_tokens)]
    if stats.decode_tokens_per_s is not None:
        words.append(translate("AnswerNotes", "{0:.1f} tokens/s").format(stats.decode_tokens_per_s))
    if stats.cached_tokens:
        words.append(
            translate("AnswerNotes", "{0} of {1} prompt tokens reused").format(stats.cached_tokens, stats.prompt_tokens)
        )
    return ", ".join(words)


def _mark_words(mark: str) -> str:
    """Return what the parser or the runtime says of an answer as a whole, in words."""
    words = {
        "truncated": translate("AnswerNotes", "The answer ends in the middle of a box: the last one is missing."),
        "malformed": translate("AnswerNotes", "Something that looks like a box could not be read and was left out."),
        "loop": translate("AnswerNotes", "The model repeated itself; repeats were left out."),
    }
    return words.get(mark, mark)
