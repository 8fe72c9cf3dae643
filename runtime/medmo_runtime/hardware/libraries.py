"""Which libraries are installed and what they were built for, without importing the slow ones."""

from __future__ import annotations

import ast
import importlib.util
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from medmo_models.networks.onnx.library import import_onnxruntime
from medmo_runtime.hardware.facts import Libraries

_PACKAGES = ("torch", "gptqmodel", "bitsandbytes", "accelerate")
_ONNX_DISTRIBUTIONS = ("onnxruntime-gpu", "onnxruntime", "onnxruntime-directml", "onnxruntime-openvino")


def describe_libraries() -> Libraries:
    """Return the facts; never raises.

    torch takes seconds to import, so what it was built for is read from its file ``version.py``.
    """
    packages = {}
    for name in _PACKAGES:
        if (found := _version(name)) is not None and importlib.util.find_spec(name) is not None:
            packages[name] = found
    providers: tuple[str, ...] = ()
    for distribution in _ONNX_DISTRIBUTIONS:
        if (found := _version(distribution)) is not None:
            packages["onnxruntime"] = found
    try:
        providers = tuple(import_onnxruntime().get_available_providers())
    except Exception:  # a broken installation may raise anything while it loads its libraries
        packages.pop("onnxruntime", None)
    built = _torch_build() if "torch" in packages else {}
    return Libraries(
        packages=packages,
        torch_cuda=built.get("cuda"),
        torch_hip=built.get("hip"),
        torch_xpu=built.get("xpu"),
        onnx_providers=providers,
        sources={
            "packages": "the installed distributions",
            "torch_cuda": "torch/version.py",
            "onnx_providers": "onnxruntime.get_available_providers",
        },
    )


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _torch_build() -> dict[str, str]:
    """Read the constants ``cuda``, ``hip`` and ``xpu`` of torch's ``version.py``."""
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return {}
    try:
        tree = ast.parse((Path(found.origin).parent / "version.py").read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return {}
    built = {}
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        value = getattr(statement, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
                built[target.id] = value.value
    return built
