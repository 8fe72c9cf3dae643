"""How far a model's next-token distributions are from the reference's, token by token."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medmo_evaluation.compare.records import TokenRecord
from medmo_models.distributions import log_softmax


@dataclass(frozen=True)
class ReferenceDistributions:
    """The reference's distributions over the tokens of one answer.

    Attributes
    ----------
    labels : ndarray of int64, shape (tokens,)
        The reference's own answer.
    log_probabilities : ndarray of float32, shape (tokens, kept)
        Natural logarithms: of every token, or of the most probable ones.
    ids : ndarray of int32, shape (tokens, kept) or None
        Which tokens were kept; None if all of them, in the vocabulary's order.
    """

    labels: NDArray[np.int64]
    log_probabilities: NDArray[np.float32]
    ids: NDArray[np.int32] | None = None

    @property
    def tail(self) -> NDArray[np.float64]:
        """Probability of all tokens that were not kept, shape (tokens,)."""
        if self.ids is None:
            return np.zeros(len(self.labels))
        kept = np.exp(self.log_probabilities.astype(np.float64)).sum(axis=-1)
        missing: NDArray[np.float64] = np.clip(1.0 - kept, 0.0, None)
        return missing


def keep_distributions(
    logits: NDArray[np.float32], labels: NDArray[np.int64], kept: int | None
) -> ReferenceDistributions:
    """Keep the reference's distributions, whole or the ``kept`` most probable tokens and every label.

    Parameters
    ----------
    logits : ndarray of float32, shape (tokens, vocabulary)
    labels : ndarray of int64, shape (tokens,)
    kept : int or None
        None keeps all.
    """
    log_p = log_softmax(logits)
    if kept is None or kept >= logits.shape[1]:
        return ReferenceDistributions(labels, log_p.astype(np.float32))
    ranked = log_p.copy()
    ranked[np.arange(len(labels)), labels] = np.inf
    ids = np.argpartition(-ranked, kept - 1, axis=-1)[:, :kept].astype(np.int32)
    return ReferenceDistributions(labels, np.take_along_axis(log_p, ids, axis=-1).astype(np.float32), ids)


def compare_tokens(reference: ReferenceDistributions, logits: NDArray[np.float32]) -> TokenRecord:
    """Compare a model's logits over the same tokens.

    Parameters
    ----------
    reference : ReferenceDistributions
    logits : ndarray of float32, shape (tokens, vocabulary)

    Returns
    -------
    TokenRecord
        Where only a part of the vocabulary was kept, the rest counts as one more token, which makes the KLD a lower
        bound (the data processing inequality). A value that is no number gives an infinite KLD.
    """
    if not np.isfinite(logits).all():
        count = len(reference.labels)
        nothing = (0.0,) * count
        own = _label_probabilities(reference)
        confidence = tuple(np.exp(reference.log_probabilities.max(axis=-1).astype(np.float64)).tolist())
        return TokenRecord((float("inf"),) * count, own, nothing, confidence, (False,) * count)
    log_q = log_softmax(logits)
    log_p = reference.log_probabilities.astype(np.float64)
    p = np.exp(log_p)
    here = log_q if reference.ids is None else np.take_along_axis(log_q, reference.ids.astype(np.int64), axis=-1)
    kld = (p * (log_p - here)).sum(axis=-1)
    if reference.ids is not None:
        p_tail, q_tail = reference.tail, np.clip(1.0 - np.exp(here).sum(axis=-1), 1e-300, None)
        kld += np.where(p_tail > 0, p_tail * np.log(np.clip(p_tail, 1e-300, None) / q_tail), 0.0)
    best = log_p.argmax(axis=-1)
    if reference.ids is not None:
        best = reference.ids[np.arange(len(best)), best]
    q_label = np.exp(log_q[np.arange(len(reference.labels)), reference.labels])
    return TokenRecord(
        kld=tuple(np.clip(kld, 0.0, None).tolist()),  # rounding can leave -1e-9
        reference_probability=_label_probabilities(reference),
        probability=tuple(q_label.tolist()),
        reference_confidence=tuple(p.max(axis=-1).tolist()),
        same_top1=tuple((logits.argmax(axis=-1) == best).tolist()),
    )


def _label_probabilities(reference: ReferenceDistributions) -> tuple[float, ...]:
    if reference.ids is None:
        chosen = reference.log_probabilities[np.arange(len(reference.labels)), reference.labels]
    else:
        chosen = reference.log_probabilities[reference.ids == reference.labels[:, None]]
    return tuple(np.exp(chosen.astype(np.float64)).tolist())
