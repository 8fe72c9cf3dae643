"""The `openvino` backend: the weights of an ONNX artifact on OpenVINO's CPU plug-in, without torch."""

from medmo_runtime.backends.openvino.backend import OpenVinoBackend

__all__ = ["OpenVinoBackend"]
