"""The Python of the README runs as it stands, with the paths alone changed."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest
from PIL import Image

from medmo_models.library import embedded_model_path
from medmo_models.phantoms import make_phantom

README = Path(__file__).parents[1] / "README.md"
MODEL, IMAGE = "medmo-4b-gptq", "chest.dcm"


def test_the_python_examples_run_and_print_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    picture = tmp_path / "phantom.png"
    phantom = next(one for one in (make_phantom(21, index) for index in range(99)) if len(one.findings) == 2)
    Image.fromarray(phantom.pixels).save(picture)
    shown: list[str] = []
    names: dict[str, object] = {}
    for block in blocks:
        assert MODEL in block
        assert IMAGE in block
        program = block.replace(MODEL, embedded_model_path().as_posix()).replace(IMAGE, picture.as_posix())
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(program, "README.md", "exec"), names)
        shown.append(out.getvalue())
    assert re.search(r"\w+ \[\(\d+\.\d+, ", shown[0]), shown[0]  # a label and its boxes in pixels
    assert len(shown[1].splitlines()) >= 2
