"""Makes what each engine runs out of one full-precision checkpoint, once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from medmo_export.onnx.options import OnnxOptions
from medmo_export.pipeline import ExportRequest, run_export
from peers.environments import ensure_converter, ensure_environment
from peers.layout import CONVERT, HERE, LLAMA_CPP, OPENVINO_GENAI, Layout

_QUANTIZATIONS = ("Q4_0", "Q4_K_M")


def prepare(layout: Layout) -> None:
    """Install the peers, convert the checkpoint for each, and export it for us; skip what is there.

    A model is written beside its place and moved there when it is whole. Exits with a sentence if a step fails.
    """
    for name in (LLAMA_CPP, OPENVINO_GENAI, CONVERT):
        _explained(f"installing {name}", lambda name=name: ensure_environment(layout, name))  # type: ignore[misc]
    writers: tuple[tuple[str | None, Callable[[Layout, Path], None]], ...] = (
        (None, _write_ours),
        (LLAMA_CPP, _write_gguf),
        (OPENVINO_GENAI, _write_openvino),
    )
    for environment, write in writers:
        destination = layout.model(environment)
        if destination.is_dir():
            print(f"{destination.name}: there already", flush=True)
            continue
        print(f"{destination.name}: writing", flush=True)
        destination.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".partial-") as partial:
            made = Path(partial) / "model"
            _explained(f"writing {destination.name}", lambda write=write, made=made: write(layout, made))  # type: ignore[misc]
            shutil.move(made, destination)


def _write_ours(layout: Layout, destination: Path) -> None:
    options = OnnxOptions(vision_bits=8)  # as the exports of OpenVINO GenAI are
    request = ExportRequest(
        method="onnx-int4", checkpoint=layout.checkpoint, destination=destination, round_to_nearest=True, onnx=options
    )
    run_export(request)


def _write_gguf(layout: Layout, destination: Path) -> None:
    """Write both quantizations and the vision encoder in 16 bits; the text model in 16 bits goes in between."""
    destination.mkdir()
    convert = [layout.python(CONVERT), HERE / "convert_gguf.py", ensure_converter(layout), layout.checkpoint]
    with tempfile.TemporaryDirectory(dir=destination.parent) as between:
        whole = Path(between) / "f16.gguf"
        _run([*convert, "--outtype", "f16", "--mmproj", "--outfile", destination / "mmproj-f16.gguf"])
        _run([*convert, "--outtype", "f16", "--outfile", whole])
        for kind in _QUANTIZATIONS:
            quantize = HERE / "quantize_gguf.py"
            files = (whole, destination / f"{kind}.gguf")
            _run([layout.python(LLAMA_CPP), quantize, *files, kind, str(os.cpu_count() or 1)])


def _write_openvino(layout: Layout, destination: Path) -> None:
    _run([layout.python(CONVERT), HERE / "export_openvino.py", layout.checkpoint, destination])


def _run(command: Sequence[str | Path]) -> None:
    """Run a command; show what it printed only if it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr[-4000:])
        done.check_returncode()


def _explained(doing: str, step: Callable[[], None]) -> None:
    try:
        step()
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"Failed while {doing}: {error!s:.300}")
