"""What commands share: JSON on stdout for scripts, tables for people, errors as one sentence."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from rich.console import Console

from medmo_models.errors import MedMOError

#: Progress and messages go to stderr; stdout belongs to the answer.
messages = Console(stderr=True, highlight=False)
results = Console(highlight=False, soft_wrap=True)
#: Packages that are not in the base install, by import name, and the extra that brings them.
_EXTRAS = {"torch": "torch", "onnx": "torch", "gptqmodel": "torch", "bitsandbytes": "torch", "scipy": "eval"}


def print_json(value: Any) -> None:
    """Print one JSON object on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()


def _leave(text: str, code: int) -> NoReturn:
    messages.print(f"medmo: {text}", markup=False, soft_wrap=True)
    raise SystemExit(code)


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """End the command with the error's exit code and its sentence instead of a traceback."""
    try:
        yield
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
