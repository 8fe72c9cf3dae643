"""Messages between two processes: a JSON object and raw blobs, each with its length before it. Nothing is pickled."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

_LENGTHS = struct.Struct("<II")
_BLOB = struct.Struct("<Q")
#: A longer object is no message of ours: the stream is out of step.
_LONGEST_OBJECT = 64 * 2**20


@dataclass(frozen=True)
class Message:
    """One message: its kind, JSON values, and binary blobs (pixels)."""

    kind: str
    values: dict[str, Any]
    blobs: tuple[bytes, ...] = ()


def write_message(
    stream: BinaryIO, kind: str, values: dict[str, Any] | None = None, blobs: Sequence[bytes | memoryview] = ()
) -> None:
    """Write one message and flush.

    Raises
    ------
    OSError
        If the other side is gone.
    """
    text = json.dumps({"kind": kind, "values": values or {}}).encode()
    stream.write(_LENGTHS.pack(len(text), len(blobs)))
    stream.write(text)
    for blob in blobs:
        stream.write(_BLOB.pack(len(blob)))
        stream.write(blob)
    stream.flush()


def read_message(stream: BinaryIO) -> Message | None:
    """Read one message; None at the end of the stream, also in the middle of a message.

    Raises
    ------
    ValueError
        If the stream holds something else.
    """
    head = _exactly(stream, _LENGTHS.size)
    if head is None:
        return None
    length, count = _LENGTHS.unpack(head)
    if length > _LONGEST_OBJECT:
        raise ValueError("the stream between the processes holds no message")
    text = _exactly(stream, length)
    blobs = []
    for _ in range(count):
        size = _exactly(stream, _BLOB.size)
        blob = None if size is None else _exactly(stream, _BLOB.unpack(size)[0])
        if blob is None:
            return None
        blobs.append(blob)
    if text is None:
        return None
    value = json.loads(text)
    return Message(value["kind"], value["values"], tuple(blobs))


def _exactly(stream: BinaryIO, size: int) -> bytes | None:
    """Return ``size`` bytes, None if the stream ends before."""
    parts = bytearray()
    while len(parts) < size:
        part = stream.read(size - len(parts))
        if not part:
            return None
        if len(part) == size:
            return part
        parts += part
    return bytes(parts)
