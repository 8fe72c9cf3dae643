"""The `onnx` backend: our ONNX graphs on ONNX Runtime's execution providers, without torch."""

from medmo_runtime.backends.onnx.backend import OnnxBackend

__all__ = ["OnnxBackend"]
