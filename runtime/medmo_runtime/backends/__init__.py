"""The backends, in one ordered tuple; each is a module with one class behind one contract."""

from medmo_runtime.backends.base import Backend
from medmo_runtime.backends.bnb import BitsAndBytesBackend
from medmo_runtime.backends.gptq import GptqBackend
from medmo_runtime.backends.onnx import OnnxBackend
from medmo_runtime.backends.onnx_openvino import OnnxOpenVinoBackend
from medmo_runtime.backends.openvino import OpenVinoBackend
from medmo_runtime.backends.reference import ReferenceBackend

BACKENDS: tuple[Backend, ...] = (
    GptqBackend(),
    OnnxBackend(),
    OnnxOpenVinoBackend(),
    OpenVinoBackend(),
    BitsAndBytesBackend(),
    ReferenceBackend(),
)

__all__ = ["BACKENDS", "Backend"]
