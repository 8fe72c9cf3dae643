"""Runs the graphs of an ONNX artifact with OpenVINO, over the same weights, without torch."""
