"""Datasets of questions with true answers, read from local disk only."""
