"""Free text against a true text: exact match, token F1, ROUGE-L and BLEU."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medmo_evaluation.compare.summary import TextFigures
from medmo_evaluation.metrics.intervals import bootstrap_mean

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_WORDS = re.compile(r"[a-z0-9]+")


def normalize(text: str) -> str:
    """Return lower case without punctuation, articles and repeated spaces (SQuAD's evaluation script)."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(text: str, true: str) -> bool:
    """Whether two texts are the same after `normalize`."""
    return normalize(text) == normalize(true)


def token_f1(text: str, true: str) -> float:
    """Return F1 over the words of both texts after `normalize` (SQuAD); 1.0 if both are empty."""
    found, expected = normalize(text).split(), normalize(true).split()
    if not found or not expected:
        return float(found == expected)
    common = sum((Counter(found) & Counter(expected)).values())
    return 2 * common / (len(found) + len(expected))


def rouge_l(text: str, true: str) -> float:
    """Return ROUGE-L's F1 over lower-case words of letters and digits (Lin 2004; google's rouge-score, no stemmer)."""
    found, expected = _WORDS.findall(text.lower()), _WORDS.findall(true.lower())
    if not found or not expected:
        return 0.0
    common = _longest_common(found, expected)
    return 2 * common / (len(found) + len(expected))


def corpus_bleu(texts: Sequence[str], true: Sequence[str]) -> float:
    """Return sacrebleu's corpus BLEU with its default tokenizer, 0 to 100."""
    from sacrebleu import corpus_bleu as bleu

    return float(bleu(list(texts), [list(true)]).score)


@dataclass(frozen=True)
class TextAnswer:
    """One free answer and its truth."""

    group: str
    text: str
    true: str


def summarize_texts(answers: Sequence[TextAnswer], seed: int) -> tuple[TextFigures, ...]:
    """Return the figures of every group, in the order in which the groups first appear."""
    groups = dict.fromkeys(answer.group for answer in answers)
    return tuple(_group(group, [a for a in answers if a.group == group], seed) for group in groups)


def _group(group: str, answers: Sequence[TextAnswer], seed: int) -> TextFigures:
    pairs = [(answer.text, answer.true) for answer in answers]
    return TextFigures(
        group=group,
        samples=len(answers),
        bleu=corpus_bleu([text for text, _ in pairs], [true for _, true in pairs]),
        rouge_l=bootstrap_mean(np.array([rouge_l(*pair) for pair in pairs]), seed),
        token_f1=bootstrap_mean(np.array([token_f1(*pair) for pair in pairs]), seed),
        exact_match=bootstrap_mean(np.array([exact_match(*pair) for pair in pairs], dtype=np.float64), seed),
    )


def _longest_common(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the length of the longest common subsequence."""
    lengths = [0] * (len(second) + 1)
    for word in first:
        above_left = 0
        for place, other in enumerate(second, start=1):
            above = lengths[place]
            lengths[place] = above_left + 1 if word == other else max(above, lengths[place - 1])
            above_left = above
    return lengths[-1]
