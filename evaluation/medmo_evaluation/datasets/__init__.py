"""Datasets of questions with true answers, read from local disk only."""

from medmo_evaluation.datasets.registry import open_dataset
from medmo_evaluation.datasets.sample import Dataset, EvaluationSample, SkippedSample

__all__ = ["Dataset", "EvaluationSample", "SkippedSample", "open_dataset"]
