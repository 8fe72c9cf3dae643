"""The reference's answers and distributions on disk, one file per sample, in bounded space."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from medmo_evaluation.metrics.token_metrics import ReferenceDistributions, keep_distributions
from medmo_models.errors import InputError

_FLOAT_BYTES, _ID_BYTES = 4, 4
#: Fewer kept tokens would make the lower bound of the KLD worthless.
_FEWEST_KEPT = 64


class ReferenceStore:
    """What the reference said to each sample.

    Parameters
    ----------
    folder : Path
    samples : int
        Samples of the dataset.
    limit_bytes : int
        Of all files together. A sample has an equal share: while the whole vocabulary fits into it, all log
        probabilities are stored in float32, which loses nothing that a figure shows; else the most probable
        tokens that fit, and the rest counts as one token.
    """

    def __init__(self, folder: Path, samples: int, limit_bytes: int) -> None:
        self._folder = folder
        self._share = max(limit_bytes // max(samples, 1), 1)
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, index: int, logits: NDArray[np.float32], labels: NDArray[np.int64]) -> ReferenceDistributions:
        """Store one sample's distributions.

        Parameters
        ----------
        index : int
        logits : ndarray of float32, shape (tokens, vocabulary)
        labels : ndarray of int64, shape (tokens,)
        """
        kept = keep_distributions(logits, labels, self.kept(len(labels), logits.shape[1]))
        tensors = {"labels": kept.labels, "log_probabilities": kept.log_probabilities}
        if kept.ids is not None:
            tensors["ids"] = kept.ids
        with written_beside(self._path(index)) as part:
            save_file(tensors, part)
        return kept

    def read(self, index: int) -> ReferenceDistributions:
        """Return one sample's distributions.

        Raises
        ------
        InputError
            If the file is missing or damaged.
        """
        path = self._path(index)
        try:
            tensors = load_file(path)
            return ReferenceDistributions(tensors["labels"], tensors["log_probabilities"], tensors.get("ids"))
        except (OSError, SafetensorError, KeyError) as error:
            raise InputError(
                f"{path} is missing or damaged; delete {self._folder.parent} and compare again."
            ) from error

    def kept(self, tokens: int, vocabulary: int) -> int | None:
        """Return how many tokens of the vocabulary are stored for an answer, None for all."""
        if tokens * vocabulary * _FLOAT_BYTES <= self._share:
            return None
        return max(_FEWEST_KEPT, self._share // max(tokens, 1) // (_FLOAT_BYTES + _ID_BYTES))

    def describe(self) -> str:
        """Say how the distributions are stored and what that costs in precision."""
        partial, tails, size = 0, [0.0], 0
        files = sorted(self._folder.glob("*.safetensors"))
        for file in files:
            size += file.stat().st_size
            stored = self.read(int(file.stem))
            if stored.ids is not None:
                partial += 1
                tails.append(float(stored.tail.max()))
        text = f"{len(files)} answers in {size / 1e6:.1f} MB, log probabilities in float32"
        if not partial:
            return f"{text} over the whole vocabulary: no loss."
        return (
            f"{text}; of {partial} answers only the most probable tokens, the rest counted as one token "
            f"(at most {max(tails):.1e} of probability), so their KLD is a lower bound."
        )

    def _path(self, index: int) -> Path:
        return self._folder / f"{index:07d}.safetensors"


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """Give a temporary file in the same folder that takes ``path``'s place when the block ends well."""
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        part = Path(file.name)
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
