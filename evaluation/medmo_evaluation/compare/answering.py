"""Asks one model every sample: a free answer, and its distributions over the reference's own answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medmo_evaluation.compare.records import RecordedBox, SampleRecord, TokenRecord
from medmo_evaluation.compare.records_file import RecordsFile, StoredRecords
from medmo_evaluation.compare.reference_store import ReferenceStore
from medmo_evaluation.datasets.sample import Dataset, EvaluationSample
from medmo_evaluation.metrics.token_metrics import ReferenceDistributions, compare_tokens
from medmo_models.errors import InputError
from medmo_models.imaging import LoadedImage, image_from_pixels, load_image
from medmo_models.preprocessing import PreparedPrompt
from medmo_runtime.session import AskedQuestion, Session

#: Called with samples done and their number.
Progress = Callable[[int, int], None]


def answer_dataset(
    session: Session,
    dataset: Dataset,
    count: int,
    records: RecordsFile,
    store: ReferenceStore,
    max_new_tokens: int,
    *,
    is_reference: bool,
    usable: set[str] | None,
    progress: Progress,
) -> None:
    """Ask the first ``count`` samples, going on where the records end.

    Parameters
    ----------
    session : Session
    dataset : Dataset
    count : int
    records : RecordsFile
    store : ReferenceStore
        Written if ``is_reference``, else read.
    max_new_tokens : int
    is_reference : bool
    usable : set of str or None
        The samples that the reference could answer; None for the reference.
    progress : callable
    """
    done = records.open()
    if not done.model:
        records.describe_model(**_describe(session))
    for index in range(count):
        sample = dataset[index]
        if not _is_done(sample.id, done) and (usable is None or sample.id in usable):
            try:
                images = [load(image) for image in sample.images]
                asked = session.ask_with_tokens(images, sample.prompt, max_new_tokens=max_new_tokens)
            except InputError as error:
                records.skip(sample.id, str(error))
                progress(index + 1, count)
                continue
            tokens = _store_reference(session, asked, index, store) if is_reference else None
            tokens = tokens or _compare(session, asked.prompt, store.read(index))
            records.add(make_record(sample, asked, tokens))
        progress(index + 1, count)


def load(image: Path | NDArray[np.uint8]) -> LoadedImage:
    """Read an image of a sample."""
    return load_image(image) if isinstance(image, Path) else image_from_pixels(image)


def make_record(sample: EvaluationSample, asked: AskedQuestion, tokens: TokenRecord | None) -> SampleRecord:
    """Put an answer into the form of the records."""
    answer = asked.answer
    image = answer.image
    return SampleRecord(
        sample_id=sample.id,
        text=answer.text,
        boxes=tuple(
            RecordedBox(finding.label, box.pixels, box.raw, box.confidence)
            for finding in answer.findings
            for box in finding.boxes
        ),
        marks=tuple(dict.fromkeys([*answer.marks, *(m for f in answer.findings for b in f.boxes for m in b.marks)])),
        finish_reason=answer.stats.finish_reason,
        image_size=None if image is None else (image.width, image.height),
        model_size=None if image is None else (image.model_width, image.model_height),
        reused=0 < answer.stats.image_tokens <= answer.stats.cached_tokens,
        new_tokens=answer.stats.new_tokens,
        vision_s=answer.stats.vision_s,
        prefill_s=answer.stats.prefill_s,
        decode_tokens_per_s=answer.stats.decode_tokens_per_s,
        peak_memory_bytes=answer.stats.peak_memory_bytes,
        tokens=tokens if tokens is not None and tokens.kld else None,
    )


def _store_reference(session: Session, asked: AskedQuestion, index: int, store: ReferenceStore) -> TokenRecord:
    """Compute and store the reference's distributions over its own answer, the token that ends it included."""
    logits = answer_logits(session, asked.prompt, asked.tokens)
    labels = [*asked.tokens]
    if asked.answer.stats.finish_reason == "stop":
        labels.append(int(logits[-1].argmax()))
    kept = store.add(index, logits[: len(labels)], np.asarray(labels, dtype=np.int64))
    return compare_tokens(kept, logits[: len(labels)])


def _compare(session: Session, prompt: PreparedPrompt, reference: ReferenceDistributions) -> TokenRecord:
    count = len(reference.labels)
    logits = answer_logits(session, prompt, reference.labels[: max(count - 1, 0)])
    return compare_tokens(reference, logits[:count])


def answer_logits(session: Session, prompt: PreparedPrompt, tokens: Any) -> NDArray[np.float32]:
    """Return the logits that predict each of ``tokens`` after a prompt, and what follows them.

    Returns
    -------
    ndarray of float32, shape (len(tokens) + 1, vocabulary)
    """
    answer = np.asarray(tokens, dtype=np.int64)
    whole = dataclasses.replace(
        prompt,
        input_ids=np.concatenate([prompt.input_ids, answer]),
        token_types=np.concatenate([prompt.token_types, np.zeros_like(answer)]),
    )
    return session.model.logits(whole, len(prompt.input_ids) - 1)


def _is_done(sample_id: str, done: StoredRecords) -> bool:
    return sample_id in done.records or sample_id in done.skipped


def _describe(session: Session) -> dict[str, Any]:
    chosen = session.choice.chosen
    return {
        "backend": chosen.backend.name,
        "device": chosen.device,
        "dtype": chosen.dtype,
        "load_s": session.load_s,
    }
