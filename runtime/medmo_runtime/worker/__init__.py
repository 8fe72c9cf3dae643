"""Inference in a process of its own: a crash or a lack of memory there does not take the caller with it."""

from medmo_runtime.worker.client import OpenRequest, WorkerSession

__all__ = ["OpenRequest", "WorkerSession"]
