"""Compares what quantization costs in accuracy, in size and in speed."""
