"""What commands share: JSON on stdout for scripts, tables for people, errors as one sentence."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from medmo_models.errors import MedMOError
from medmo_runtime.choose import NothingFitsError
from medmo_runtime.memory import readable_bytes
from medmo_runtime.worker.protocol import (
    CandidateSummary,
    NothingFitsHereError,
    shortage_words,
    summarize_candidates,
)

#: Progress and messages go to stderr; stdout belongs to the answer.
messages = Console(stderr=True, highlight=False)
results = Console(highlight=False, soft_wrap=True)
#: Packages that are not in the base install, by import name, and the extra that brings them.
_EXTRAS = {
    "PySide6": "desktop",
    "platformdirs": "desktop",
    "torch": "torch",
    "onnx": "torch",
    "openvino": "openvino",
    "gptqmodel": "torch",
    "bitsandbytes": "torch",
    "scipy": "eval",
}


def print_json(value: Any) -> None:
    """Print one JSON object on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()


def _leave(text: str, code: int) -> NoReturn:
    messages.print(f"medmo: {text}", markup=False, soft_wrap=True)
    raise SystemExit(code)


def _shortage_table(rows: Sequence[CandidateSummary]) -> Table:
    """Return what was tried, each with the cheapest plan, and how much is missing."""
    table = Table("tried", "needs", "free", "missing", "with")
    for row in rows:
        needs, free = ("-" if count is None else readable_bytes(count) for count in (row.needs_bytes, row.free_bytes))
        what = "; ".join(row.given_up) or ("-" if row.needs_bytes is not None else row.problem or "-")
        table.add_row(*map(escape, (row.title, needs, free, shortage_words(row), what)))
    return table


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """End the command with the error's exit code and its sentence instead of a traceback."""
    try:
        yield
    except (NothingFitsError, NothingFitsHereError) as error:
        rows = error.candidates if isinstance(error, NothingFitsHereError) else summarize_candidates(error.candidates)
        messages.print(_shortage_table(rows))
        _leave(str(error), error.exit_code)
    except MedMOError as error:
        _leave(str(error), error.exit_code)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        _leave(f"this needs the package {error.name}: install medmo-edge[{_EXTRAS[error.name]}].", 3)
    except KeyboardInterrupt:
        _leave("cancelled", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        _leave(f"{error.strerror or error}{where}.", 2)
