"""F1 and mean IoU by hand-computed cases; intervals against scipy's bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import scipy.stats

from medmo_evaluation.boxes import FloatBox, LabelledBox
from medmo_evaluation.grounding_score import (
    ImageScore,
    accuracy_interval,
    f1,
    f1_interval,
    mean_iou,
    mean_iou_interval,
    score_image,
)
from medmo_evaluation.metrics.intervals import Interval, bootstrap

BOX: FloatBox = (0, 0, 10, 10)
HALF: FloatBox = (0, 0, 10, 5)  # IoU 0.5 with BOX
LESS: FloatBox = (0, 0, 10, 4.99)
FAR: FloatBox = (50, 50, 60, 60)


def cysts(*boxes: FloatBox) -> list[LabelledBox]:
    return [LabelledBox("Cyst", box) for box in boxes]


@pytest.mark.parametrize(
    ("predicted", "true", "counts", "expected"),
    [
        pytest.param([], [], (0, 0, 0), 1.0, id="nothing to find, nothing said"),
        pytest.param([], cysts(BOX, FAR), (0, 0, 2), 0.0, id="none predicted"),
        pytest.param(cysts(BOX), [], (0, 1, 0), 0.0, id="none true"),
        pytest.param(cysts(BOX), cysts(BOX), (1, 1, 1), 1.0, id="right"),
        pytest.param(cysts(BOX), cysts(BOX, FAR), (1, 1, 2), 2 / 3, id="one of two found"),
        pytest.param(cysts(BOX, BOX), cysts(BOX), (1, 2, 1), 2 / 3, id="said twice"),
        pytest.param(cysts(BOX, FAR, (20, 20, 30, 30)), cysts(BOX), (1, 3, 1), 1 / 2, id="two too many"),
        pytest.param([LabelledBox("Mass", BOX)], cysts(BOX), (0, 1, 1), 0.0, id="right place, wrong label"),
        pytest.param([LabelledBox("CYST", BOX)], cysts(BOX), (1, 1, 1), 1.0, id="label in capitals"),
        pytest.param(cysts(HALF), cysts(BOX), (1, 1, 1), 1.0, id="exactly at the threshold"),
        pytest.param(cysts(LESS), cysts(BOX), (0, 1, 1), 0.0, id="just under the threshold"),
    ],
)
def test_f1_of_one_image(
    predicted: list[LabelledBox], true: list[LabelledBox], counts: tuple[int, int, int], expected: float
) -> None:
    score = score_image(predicted, true)
    assert (score.true_positives, score.predicted, score.true) == counts
    assert f1([score]) == pytest.approx(expected)
    assert f1_interval([score]).value == pytest.approx(expected)


def test_the_threshold_can_be_chosen() -> None:
    assert score_image(cysts(HALF), cysts(BOX), threshold=0.75).true_positives == 0
    assert score_image(cysts(LESS), cysts(BOX), threshold=0.25).true_positives == 1


def test_f1_counts_boxes_over_all_images() -> None:
    scores = [
        score_image(cysts(BOX), cysts(BOX)),
        score_image([], []),  # adds nothing, neither good nor bad
        score_image(cysts(FAR), cysts(BOX, HALF)),
    ]
    assert f1(scores) == pytest.approx(2 * 1 / (2 + 3))
    assert f1([]) == 1.0


def test_mean_iou_takes_every_matched_pair_and_no_other() -> None:
    scores = [
        score_image(cysts(BOX), cysts(BOX)),  # 1
        score_image(cysts((0, 0, 10, 2)), cysts(BOX)),  # 0.2: under the threshold, yet a pair
        score_image(cysts(FAR), cysts(BOX)),  # no pair
    ]
    assert mean_iou(scores) == pytest.approx(0.6)
    assert mean_iou_interval(scores).value == pytest.approx(0.6)
    assert mean_iou(scores[2:]) == mean_iou_interval(scores[2:]).value == 0.0


def random_scores(count: int) -> list[ImageScore]:
    rng = np.random.default_rng(count)
    scores = []
    for _ in range(count):
        found = int(rng.integers(0, 3))
        extra, missed = rng.integers(0, 2, size=2)
        ious = tuple(rng.uniform(0.5, 1.0, size=found).tolist())
        scores.append(ImageScore(found, found + int(extra), found + int(missed), ious))
    return scores


def accuracy_of_scores(scores: Sequence[ImageScore], seed: int = 0) -> Interval:
    return accuracy_interval([score.predicted == score.true for score in scores], seed)


INTERVALS = [f1_interval, mean_iou_interval, accuracy_of_scores]


@pytest.mark.parametrize("interval", INTERVALS)
def test_an_interval_holds_its_value_and_shrinks_with_more_images(interval: Callable[..., Interval]) -> None:
    few, many = interval(random_scores(25)), interval(random_scores(400))
    for figure in (few, many):
        assert 0 <= figure.low < figure.value < figure.high <= 1
    # Sixteen times the images, a quarter of the width; the two samples differ a little.
    assert (many.high - many.low) / (few.high - few.low) == pytest.approx(1 / 4, rel=0.35)


@pytest.mark.parametrize("interval", INTERVALS)
def test_an_interval_follows_from_its_seed(interval: Callable[..., Interval]) -> None:
    scores = random_scores(25)
    assert interval(scores, seed=3) == interval(scores, seed=3)
    assert interval(scores, seed=4).value == interval(scores, seed=3).value


def test_another_seed_draws_other_images() -> None:
    scores = random_scores(25)
    assert mean_iou_interval(scores, seed=4).low != mean_iou_interval(scores, seed=3).low


def test_an_interval_over_images_moves_boxes_of_one_image_together() -> None:
    # Four images, each with ten boxes that are all found or all missed: over single boxes it would be far narrower.
    scores = [ImageScore(10, 10, 10, (1.0,) * 10), ImageScore(0, 0, 10, ())] * 2
    figure = f1_interval(scores)
    assert (figure.low, figure.high) == (0.0, 1.0)


def test_the_interval_of_a_mean_is_scipys() -> None:
    values = np.random.default_rng(5).gamma(2.0, size=60)
    figure = bootstrap(values[:, None], lambda rows: rows.mean(axis=(-2, -1)), seed=0)
    expected = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=10_000, method="percentile", random_state=np.random.default_rng(1)
    )
    assert figure.value == pytest.approx(values.mean())
    # A percentile of 10,000 resamples has itself an error of about 0.03 standard errors.
    tolerance = 0.15 * expected.standard_error
    assert figure.low == pytest.approx(expected.confidence_interval.low, abs=tolerance)
    assert figure.high == pytest.approx(expected.confidence_interval.high, abs=tolerance)


def test_certain_results_have_no_width() -> None:
    assert accuracy_interval([True] * 9) == Interval(1.0, 1.0, 1.0)
    assert accuracy_interval([False] * 9) == Interval(0.0, 0.0, 0.0)


@pytest.mark.parametrize("interval", [f1_interval, mean_iou_interval, accuracy_interval])
def test_nothing_measured_has_no_interval(interval: Callable[..., Interval]) -> None:
    with pytest.raises(ValueError, match="nothing to resample"):
        interval([])


def test_an_interval_is_written_with_three_digits() -> None:
    assert str(Interval(0.65432, 0.6, 0.7)) == "0.654 [0.600, 0.700]"
