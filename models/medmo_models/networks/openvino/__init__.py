"""Runs the graphs of an ONNX artifact with OpenVINO, over the same weights; neither torch nor ONNX Runtime's kernels."""
