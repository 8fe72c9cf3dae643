"""Virtual environments for the peers, each from a file of pinned requirements."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from peers.layout import CONVERT, HERE, LLAMA_CPP, Layout, pinned_version

#: llama.cpp is compiled for this processor, by few processes.
_BUILD = {"CMAKE_ARGS": "-DGGML_NATIVE=ON", "CMAKE_BUILD_PARALLEL_LEVEL": "2"}


def ensure_environment(layout: Layout, name: str) -> None:
    """Make an environment, unless it is there with the same requirements."""
    requirements = HERE / f"requirements-{name}.txt"
    folder = layout.environment(name)
    mark, state = folder / ".ready", hashlib.sha256(requirements.read_bytes()).hexdigest()
    if mark.is_file() and mark.read_text(encoding="utf-8") == state:
        print(f"environment {name}: there already", flush=True)
        return
    print(f"environment {name}: installing (minutes)", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    install = [*_pip(layout, name), "install", "--quiet", "--requirement", str(requirements)]
    subprocess.run(install, check=True, env=os.environ | _BUILD)
    if name == CONVERT:
        _drop_broken_torchvision(layout)
    mark.write_text(state, encoding="utf-8")


def _drop_broken_torchvision(layout: Layout) -> None:
    """Remove torchvision if it was built for another torch: optimum-intel asks for it, converting does without."""
    works = [str(layout.python(CONVERT)), "-c", "import torchvision"]
    if subprocess.run(works, capture_output=True, check=False).returncode:
        subprocess.run([*_pip(layout, CONVERT), "uninstall", "--quiet", "--yes", "torchvision"], check=True)


def ensure_converter(layout: Layout) -> Path:
    """Return llama.cpp's converter, out of the source distribution that its environment was built from."""
    package = f"llama-cpp-python=={pinned_version(LLAMA_CPP)}"
    folder = layout.out / "sources"
    inside = f"llama_cpp_python-{pinned_version(LLAMA_CPP)}"
    converter = folder / inside / "vendor" / "llama.cpp" / "convert_hf_to_gguf.py"
    if not converter.is_file():
        print("llama.cpp's converter: unpacking the sources", flush=True)
        download = [*_pip(layout, LLAMA_CPP), "download", "--quiet", "--no-deps", "--no-binary", "llama-cpp-python"]
        subprocess.run([*download, "--dest", str(folder), package], check=True)
        with tarfile.open(folder / f"{inside}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return converter


def _pip(layout: Layout, name: str) -> list[str]:
    return [str(layout.python(name)), "-m", "pip", "--disable-pip-version-check"]
