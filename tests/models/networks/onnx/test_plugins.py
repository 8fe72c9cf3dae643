"""Packages that plug an execution provider into ONNX Runtime are found, and what is wrong with one is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from medmo_models.networks.onnx.plugins import Plugin, _register_all, plugged_in, register_plugins


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(tmp_path)
    _register_all.cache_clear()
    yield tmp_path
    _register_all.cache_clear()


def install(folder: Path, name: str, code: str) -> None:
    """Lay a package out as pip does."""
    (folder / f"{name}-1.2.dist-info").mkdir()
    (folder / f"{name}-1.2.dist-info" / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.2\n"
    )
    (folder / f"{name}.py").write_text(code)


def ours(packages: Path) -> dict[str, Plugin]:
    return {one.package: one for one in register_plugins()}


def test_a_library_that_is_none_is_reported_with_its_providers(packages: Path) -> None:
    (packages / "library.so").write_bytes(b"no library")
    install(
        packages,
        "onnxruntime_ep_hollow",
        f"get_ep_names = lambda: ['HollowExecutionProvider']\n"
        f"get_library_path = lambda: {str(packages / 'library.so')!r}\n",
    )
    found = ours(packages)["onnxruntime-ep-hollow 1.2"]
    assert found.providers == ("HollowExecutionProvider",)
    assert found.problem is not None
    assert plugged_in("HollowExecutionProvider")
    assert not plugged_in("CPUExecutionProvider")


def test_a_module_that_cannot_be_imported_is_reported(packages: Path) -> None:
    install(packages, "onnxruntime_ep_broken", "raise OSError('a library is missing')\n")
    assert ours(packages)["onnxruntime-ep-broken 1.2"] == Plugin(
        "onnxruntime-ep-broken 1.2", (), "a library is missing"
    )


def test_other_packages_are_left_alone(packages: Path) -> None:
    install(packages, "onnxruntime_tools", "raise OSError('imported')\n")
    assert not any("tools" in one.package for one in register_plugins())
