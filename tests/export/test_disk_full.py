"""Exports to a disk that is full or read-only, or to a folder that is locked: one sentence, and nothing is left behind.

The disks are small tmpfs mounts in a mount namespace of the child's own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from medmo_models.library import embedded_model_path

_UNSHARE = ("unshare", "--user", "--map-root-user", "--mount")


def _namespaces_work() -> bool:
    try:
        return subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


every_format = pytest.mark.parametrize(
    "arguments",
    [("gptq", "--samples", "2"), ("bnb",), ("onnx", "--weights", "round-to-nearest")],
    ids=lambda value: value[0],
)
pytestmark = pytest.mark.skipif(not _namespaces_work(), reason="needs Linux with user namespaces")


def export_to(folder: Path, mount_options: str, *arguments: str) -> tuple[int, str, str]:
    """Run an export to a mount; return exit code, last line on stderr, and what is on the mount afterwards."""
    command = " ".join(
        [f"mount -t tmpfs -o {mount_options} tmpfs {folder} &&", '"$@";', "code=$?;", f"ls -A {folder};", "exit $code"]
    )
    medmo = [sys.executable, "-m", "medmo_cli", "export", *arguments]
    model = ["--model", str(embedded_model_path()), "--out", str(folder / "artifact")]
    finished = subprocess.run(
        [*_UNSHARE, "sh", "-c", command, "sh", *medmo, *model], capture_output=True, text=True, check=False
    )
    return finished.returncode, finished.stderr.strip().splitlines()[-1], finished.stdout.strip()


@pytest.mark.parametrize(
    ("size", "arguments"),
    [
        ("1m", ("gptq", "--samples", "2")),  # while layers are quantized, in a thread of GPTQModel's
        ("6m", ("gptq", "--samples", "2")),  # while the result is written
        ("4m", ("bnb",)),
        ("3m", ("onnx", "--weights", "round-to-nearest")),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_a_full_disk_is_a_sentence_and_leaves_nothing(tmp_path: Path, size: str, arguments: tuple[str, ...]) -> None:
    code, message, left = export_to(tmp_path, f"size={size}", *arguments)
    assert code == 2, message
    assert message == (
        f"medmo: The disk of {tmp_path} is full; free some space or choose another --out. Nothing was installed."
    )
    assert left == ""


@every_format
def test_a_read_only_disk_is_a_sentence(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code, message, left = export_to(tmp_path, "size=1m,ro", *arguments)
    assert code == 2, message
    assert message == f"medmo: {tmp_path} cannot be written: Read-only file system."
    assert left == ""


@every_format
def test_a_folder_without_permission_is_a_sentence(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """In a user namespace of no users, root owns its files as before, and cannot write where the owner may not."""
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    medmo = [sys.executable, "-m", "medmo_cli", "export", *arguments]
    model = ["--model", str(embedded_model_path()), "--out", str(locked / "artifact")]
    finished = subprocess.run(["unshare", "--user", *medmo, *model], capture_output=True, text=True, check=False)
    assert finished.returncode == 2, finished.stderr
    assert finished.stderr.strip().splitlines()[-1] == f"medmo: {locked} cannot be written: Permission denied."
    assert list(locked.iterdir()) == []
