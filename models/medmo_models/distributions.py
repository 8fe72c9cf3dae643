"""Distributions over the next token."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return log probabilities along the last axis in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def divergence(reference: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the KLD of each row, the sum over the vocabulary of p (ln p - ln q) in nats; p is the reference.

    Parameters
    ----------
    reference, other : ndarray of float32, shape (tokens, vocabulary)
        Logits.
    """
    log_p, log_q = log_softmax(reference), log_softmax(other)
    result: NDArray[np.float64] = (np.exp(log_p) * (log_p - log_q)).sum(axis=-1)
    return result
