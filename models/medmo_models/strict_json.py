"""JSON read strictly: every key has a type, and an error names the file and the key."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from medmo_models.errors import InputError

T = TypeVar("T")


def read_json_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file.

    Raises
    ------
    InputError
        If the file is missing, unreadable, not JSON (RFC 8259: no NaN), or not an object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid JSON; restore the file from where it came.") from error
    if not isinstance(value, dict):
        raise InputError(f"{path} must hold a JSON object.")
    return value


def canonical_json(value: object) -> bytes:
    """Return the one UTF-8 text of a JSON value that is hashed: sorted keys, no white space."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


class JsonFields:
    """The fields of one JSON object, read by typed key.

    Parameters
    ----------
    value : object
        What was read; anything but an object raises.
    where : str
        The file, for error texts.
    prefix : str
        The path of keys to this object, for error texts: ``"source."``.
    """

    def __init__(self, value: object, where: str, prefix: str = "") -> None:
        self._where, self._prefix = where, prefix
        if not isinstance(value, dict):
            raise InputError(f'{where}: "{prefix.removesuffix(".")}" must be an object.')
        self._object: dict[str, object] = value
        self._read: set[str] = set()

    def fail(self, key: str, problem: str) -> NoReturn:
        """Raise the InputError that names the file and the key."""
        raise InputError(f'{self._where}: "{self._prefix}{key}" {problem}.')

    def value(self, key: str) -> object:
        """Return a required value of any type."""
        self._read.add(key)
        if key not in self._object:
            self.fail(key, "is missing")
        return self._object[key]

    def text(self, key: str) -> str:
        """Return a required string."""
        value = self.value(key)
        return value if isinstance(value, str) else self.fail(key, "must be a string")

    def choice(self, key: str, options: tuple[T, ...]) -> T:
        """Return a required string that is one of ``options``."""
        value = self.text(key)
        found = [option for option in options if option == value]
        names = ", ".join(str(option) for option in options)
        return found[0] if found else self.fail(key, f"must be one of {names}, not {value!r:.60}")

    def integer(self, key: str, minimum: int = 0) -> int:
        """Return a required whole number, at least ``minimum``."""
        value = self.value(key)
        # bool is a subclass of int in Python, but not in JSON.
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            self.fail(key, f"must be a whole number, at least {minimum}")
        return value

    def integers(self, key: str) -> tuple[int, ...]:
        """Return a required list of whole numbers, none negative."""
        value = self.value(key)
        if not isinstance(value, list):
            self.fail(key, "must be a list of whole numbers")
        items = JsonFields({str(index): item for index, item in enumerate(value)}, self._where, f"{self._prefix}{key}.")
        return tuple(items.integer(str(index)) for index in range(len(value)))

    def number(self, key: str) -> float:
        """Return a required number that is not negative."""
        value = self.value(key)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or value < 0:
            self.fail(key, "must be a number that is not negative")
        return float(value)

    def boolean(self, key: str) -> bool:
        """Return a required true or false."""
        value = self.value(key)
        return value if isinstance(value, bool) else self.fail(key, "must be true or false")

    def optional(self, key: str, read: Callable[[str], T]) -> T | None:
        """Return None for a required key that is null, else what ``read`` makes of it."""
        return None if self.value(key) is None else read(key)

    def fields(self, key: str) -> JsonFields:
        """Return the fields of a required object."""
        return JsonFields(self.value(key), self._where, f"{self._prefix}{key}.")

    def __iter__(self) -> Iterator[str]:
        return iter(self._object)

    def __contains__(self, key: str) -> bool:
        return key in self._object

    def refuse_others(self) -> None:
        """Raise for the first key that nothing has read: a typing error must not pass in silence."""
        for key in self._object:
            if key not in self._read:
                self.fail(key, "is not a known key")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
