"""Runs the ``medmo`` command in this process and keeps what it printed."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from medmo_cli.main import main


@dataclass(frozen=True)
class Outcome:
    """Exit code and output of one run."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The single JSON value on stdout."""
        return json.loads(self.out)

    def sentence(self) -> str:
        """The error's one sentence, with the terminal's line breaks undone; fails on a traceback."""
        assert "Traceback" not in self.err
        lines = [line for line in self.err.splitlines() if line.startswith("medmo: ")]
        assert len(lines) == 1, self.err
        return lines[0]


def run_medmo(*arguments: str) -> Outcome:
    """Run ``medmo`` with arguments."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with patch.object(sys, "argv", ["medmo", *arguments]), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 0 if leaving.code is None else 1
    return Outcome(code, out.getvalue(), err.getvalue())
