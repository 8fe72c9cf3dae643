"""The figures of a comparison, as the report, the JSON file and the table show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from medmo_evaluation.boxes import LabelledBox
from medmo_evaluation.metrics.intervals import Interval

#: Version of the metrics' definitions; figures of different versions do not compare.
METRICS_VERSION = 1
#: ``reference``: full precision. ``artifact``: what the user compares. ``control``: a known damage or a plain
#: rounding that shows what the figures mean. ``noise``: the reference again by another way of computing.
RowKind = Literal["reference", "artifact", "control", "noise"]
#: ``same``: within the noise floor. ``small``, ``clear``: a loss that the intervals show. ``broken``: not this model.
VerdictLevel = Literal["same", "small", "clear", "broken"]


@dataclass(frozen=True)
class ConfidenceBin:
    """KLD of the tokens whose reference confidence is in [low, high)."""

    low: float
    high: float
    tokens: int
    mean_kld: float | None


@dataclass(frozen=True, kw_only=True)
class TokenFigures:
    """Teacher-forced distribution figures over all answer tokens.

    ``kld_percentiles`` has the keys ``50``, ``90``, ``95``, ``99``, ``99.9`` and ``max``. Intervals of means are
    bootstrapped over samples; ``kld_standard_error`` and ``top1_standard_error`` are over tokens.
    ``kld_histogram`` counts tokens by decade of KLD: pairs of the lower edge's log10 and the count.
    """

    samples: int
    tokens: int
    kld_mean: Interval
    kld_standard_error: float
    kld_percentiles: Mapping[str, float]
    kld_histogram: tuple[tuple[float, int], ...]
    kld_by_confidence: tuple[ConfidenceBin, ...]
    perplexity_ratio: Interval
    top1: Interval
    top1_standard_error: float
    delta_p_mean: float
    delta_p_rms: float


@dataclass(frozen=True, kw_only=True)
class AgreementFigures:
    """Answers against the reference's: ``same_answer`` is the share that is the same, word for word."""

    samples: int
    same_answer: Interval


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """What sets two models apart on the same samples: the first's figure less the other's, resampled together.

    ``kld`` is the difference of mean KLDs, None where one is infinite; ``same_answer`` that of the shares of answers
    that are the reference's word for word.
    """

    name: str
    other: str
    kld: Interval | None
    same_answer: Interval


@dataclass(frozen=True, kw_only=True)
class BoxFigures:
    """Boxes against the truth, and against the reference's boxes (``drift``).

    ``matched``: same label, IoU of at least 0.9 with the reference's box; ``moved``: matched below that;
    ``lost`` and ``new``: only in the reference, only here. ``corner_shift_px`` is the mean distance of corners of
    matched and moved boxes in pixels of the original image. ``parse_failures`` counts answers with a malformed or
    truncated block. ``ap_50_95`` is None without scored boxes; ``ap_scores`` says what the scores were.
    """

    images: int
    f1_50: Interval
    f1_50_95: Interval
    mean_iou: Interval
    mean_giou: Interval
    ap_50_95: float | None
    ap_scores: Literal["token probabilities", "all 1.0"]
    f1_50_as_pixels: float | None
    parse_failures: int
    count_difference: Interval
    drift_iou: Interval | None
    matched: int
    moved: int
    lost: int
    new: int
    corner_shift_px: float | None


@dataclass(frozen=True, kw_only=True)
class AccuracyFigures:
    """Closed and choice questions of one group (all, a task, a modality)."""

    group: str
    questions: int
    accuracy: Interval
    difference: Interval
    """Accuracy minus the reference's, paired bootstrap."""
    right_to_wrong: int
    wrong_to_right: int
    changed_answers: int
    mcnemar_p: float


@dataclass(frozen=True, kw_only=True)
class TextFigures:
    """Open questions and reports of one task: means over samples, BLEU over the corpus (0 to 100)."""

    group: str
    samples: int
    bleu: float
    rouge_l: Interval
    token_f1: Interval
    exact_match: Interval


@dataclass(frozen=True, kw_only=True)
class CostFigures:
    """What running costs: medians over samples with the 10th and 90th percentile as interval; None where not known."""

    bytes: int | None
    bits_per_weight: float | None
    peak_memory_bytes: int | None
    load_s: float | None
    vision_s: Interval | None
    prefill_s: Interval | None
    decode_tokens_per_s: Interval | None


@dataclass(frozen=True)
class RowVerdict:
    """The row's verdict and the sentence that gives its figures."""

    level: VerdictLevel
    text: str


@dataclass(frozen=True, kw_only=True)
class ComparisonRow:
    """One model of the comparison. ``tokens`` is None for the reference itself."""

    name: str
    kind: RowKind
    method: str
    artifact_id: str | None
    artifact_path: str | None
    backend: str
    device: str
    dtype: str
    tokens: TokenFigures | None
    boxes: BoxFigures | None
    f1_50_difference: Interval | None
    """F1@0.5 minus the reference's, paired bootstrap over images."""
    accuracies: tuple[AccuracyFigures, ...]
    texts: tuple[TextFigures, ...]
    cost: CostFigures
    verdict: RowVerdict
    agreement: AgreementFigures | None = None
    """None for the reference itself."""


@dataclass(frozen=True, kw_only=True)
class WorstSample:
    """A sample on which a row is furthest from the reference, with what a picture of it needs.

    ``picture`` is a PNG or JPEG of the image without any text, at most 768 px wide; None for text questions. Boxes are
    in pixels of the original image, whose size is given.
    """

    row: str
    sample_id: str
    reason: str
    task: str
    prompt: str
    true_answer: str | None
    reference_text: str
    text: str
    mean_kld: float | None
    width: int
    height: int
    picture: Path | None
    true_boxes: tuple[LabelledBox, ...]
    reference_boxes: tuple[LabelledBox, ...]
    boxes: tuple[LabelledBox, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Everything that the report shows."""

    metrics_version: int
    created: str
    command: str
    machine: Mapping[str, str]
    tools: Mapping[str, str]
    seed: int
    dataset: str
    dataset_sha256: str
    samples: int
    skipped: tuple[tuple[str, str], ...]
    """Id and reason of each sample that was left out."""
    reference_cache: str
    """How the reference's logits were stored and what that costs in precision."""
    rows: tuple[ComparisonRow, ...]
    worst: tuple[WorstSample, ...]
    verdict: str
    """Two to four sentences: which artifact to use, what it costs, what is broken, what the data cannot tell."""
    notes: tuple[str, ...]
    pairs: tuple[PairedDifference, ...] = ()
    """Every two artifacts, and every artifact with every control."""
