"""JSON to frozen dataclasses, strictly: the types are the schema, and an error names the key."""

from __future__ import annotations

import dataclasses
import json
import math
import types
from collections.abc import Sequence
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

from medmo_models.errors import InputError

T = TypeVar("T")


def parse_json_object(text: str | bytes, where: str) -> dict[str, Any]:
    """Return the JSON object in a text.

    Raises
    ------
    InputError
        If it is not JSON (RFC 8259: no NaN) or not an object; ``where`` names the source in the sentence.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is not valid JSON; restore it from where it came.") from error
    if not isinstance(value, dict):
        raise InputError(f"{where} must hold a JSON object.")
    return value


def read_dataclass(kind: type[T], value: object, where: str) -> T:
    """Return what JSON says as a dataclass.

    Parameters
    ----------
    kind : dataclass type
        Fields of str, int, float, bool, None, literals, tuples, other dataclasses and unions of these. A field with a
        default may be missing, so that what an older version wrote stays readable.
    value : object
    where : str
        The file, for error texts.

    Raises
    ------
    InputError
        Naming the first key that is missing, unknown or of another type.
    """
    result: T = _read(kind, value, where, "")
    return result


def _read(hint: Any, value: object, where: str, key: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _read_fields(hint, value, where, key)
    origin, options = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _read_union(options, value, where, key)
    if origin is Literal:
        if value not in options:
            raise _problem(where, key, f"must be one of {', '.join(map(str, options))}")
        return value
    if origin is tuple:
        return _read_tuple(options, value, where, key)
    return _read_simple(hint, value, where, key)


def _read_fields(kind: Any, value: object, where: str, key: str) -> Any:
    if not isinstance(value, dict):
        raise _problem(where, key, "must be an object")
    hints = get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}
    prefix = f"{key}." if key else ""
    for name in value:
        if name not in fields:
            raise _problem(where, f"{prefix}{name}", "is not a known key")
    for name, field in fields.items():
        no_default = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if name not in value and no_default:
            raise _problem(where, f"{prefix}{name}", "is missing")
    return kind(**{name: _read(hints[name], one, where, f"{prefix}{name}") for name, one in value.items()})


def _read_union(options: Sequence[Any], value: object, where: str, key: str) -> Any:
    if value is None and type(None) in options:
        return None
    others = [option for option in options if option is not type(None)]
    if len(others) == 1:
        return _read(others[0], value, where, key)
    for option in others:
        try:
            return _read(option, value, where, key)
        except InputError:
            continue
    raise _problem(where, key, "is of another type than expected")


def _read_tuple(options: Sequence[Any], value: object, where: str, key: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise _problem(where, key, "must be a list")
    if len(options) == 2 and options[1] is Ellipsis:
        options = [options[0]] * len(value)
    if len(options) != len(value):
        raise _problem(where, key, f"must have {len(options)} items")
    return tuple(
        _read(option, one, where, f"{key}.{index}")
        for index, (option, one) in enumerate(zip(options, value, strict=True))
    )


def _read_simple(hint: Any, value: object, where: str, key: str) -> Any:
    # bool is a subclass of int in Python, but not in JSON.
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if hint is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if hint in (str, bool) and isinstance(value, hint):
        return value
    names = {float: "a number", int: "a whole number", str: "a string", bool: "true or false"}
    raise _problem(where, key, f"must be {names[hint]}")


def _problem(where: str, key: str, problem: str) -> InputError:
    return InputError(f'{where}: "{key}" {problem}.')


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
