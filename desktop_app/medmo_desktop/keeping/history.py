"""The history: every answer and every image with drawn boxes, in a local SQLite database that survives a kill.

A record is in the file, flushed to the disk, when `History.add` returns: WAL with synchronous=FULL
(sqlite.org/pragma.html#pragma_synchronous). Only this user may read the file, and what is deleted is overwritten.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medmo_desktop.findings.marks import BoxSet
from medmo_desktop.keeping.record import CaseRecord, read_record
from medmo_desktop.keeping.typed_json import parse_json_object
from medmo_models.errors import CannotRunError, InputError

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _create(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE cases (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
        " image_sha256 TEXT, record TEXT NOT NULL)"
    )
    connection.execute("CREATE INDEX cases_by_image ON cases (image_sha256)")


#: From each version of the database to the next, from an empty file on.
_MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_create,)


class _DamagedError(Exception):
    """The file is no sound database."""


class History:
    """The history in one file. May be used from any thread, one call at a time; others wait.

    Parameters
    ----------
    path : Path
        Created, with its folder, if it is not there.

    Attributes
    ----------
    notice : str or None
        What the user must be told: a damaged file was moved aside and an empty history begun.

    Raises
    ------
    CannotRunError
        If the file cannot be opened, or a newer medmo wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notice: str | None = None
        self._lock = threading.Lock()
        try:
            self._connection = _open(path)
        except _DamagedError:
            self.notice = (
                f"The history {path} was damaged; it was moved to {_move_aside(path)} and an empty one was begun."
            )
            try:
                self._connection = _open(path)
            except _DamagedError as error:
                raise CannotRunError(f"The history {path} cannot be written soundly; check the disk.") from error

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def add(self, record: CaseRecord) -> None:
        """Keep a record; it is on the disk when this returns.

        Raises
        ------
        CannotRunError
            If it cannot be written, for example because the disk is full.
        """
        subject = record.subject
        row = (record.id, None if subject is None else subject.sha256, _text(record))
        with self._transaction() as connection:
            connection.execute("INSERT INTO cases (id, image_sha256, record) VALUES (?, ?, ?)", row)

    def update_boxes(self, record_id: str, boxes: BoxSet) -> None:
        """Replace a record's boxes by what the user made of them.

        Raises
        ------
        InputError
            If there is no such record.
        CannotRunError
            If it cannot be written.
        """
        with self._transaction() as connection:
            found = connection.execute("SELECT record FROM cases WHERE id = ?", (record_id,)).fetchone()
            if found is None:
                raise InputError("This answer is no longer in the history.")
            text = _text(replace(self._read(found[0]), boxes=boxes))
            connection.execute("UPDATE cases SET record = ? WHERE id = ?", (text, record_id))

    def keep_drawn(self, record_id: str, boxes: BoxSet, make: Callable[[], CaseRecord]) -> None:
        """Keep boxes that were drawn on an image without a question, as they are now; without any, forget the record.

        Parameters
        ----------
        record_id : str
            `medmo_desktop.keeping.record.drawn_record_id`.
        boxes : BoxSet
        make : callable
            Returns the record, with these boxes, where there is none yet.

        Raises
        ------
        CannotRunError
            If it cannot be written.
        """
        if not boxes.boxes:
            self.delete(record_id)
        elif self.get(record_id) is None:
            self.add(make())
        else:
            self.update_boxes(record_id, boxes)

    def get(self, record_id: str) -> CaseRecord | None:
        """Return the record with an id, None if there is none."""
        return next(iter(self._select("WHERE id = ?", (record_id,))), None)

    def for_image(self, sha256: str) -> list[CaseRecord]:
        """Return the records whose boxes belong to an image (by the SHA-256 of its file), newest first."""
        return self._select("WHERE image_sha256 = ? ORDER BY number DESC", (sha256,))

    def recent(self, count: int) -> list[CaseRecord]:
        """Return the last ``count`` records, newest first."""
        return self._select("ORDER BY number DESC LIMIT ?", (count,))

    def delete(self, record_id: str) -> None:
        """Remove one record for good; without effect if there is none."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM cases WHERE id = ?", (record_id,))
        self._forget_removed()

    def clear(self) -> None:
        """Remove all records for good."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM cases")
        self._forget_removed()

    def _forget_removed(self) -> None:
        """Empty the log, which still holds pages from before (PRAGMA secure_delete covers the database alone)."""
        with self._errors_explained():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _select(self, where: str, values: Sequence[Any]) -> list[CaseRecord]:
        with self._errors_explained():
            rows = self._connection.execute(f"SELECT record FROM cases {where}", values).fetchall()  # noqa: S608
        return [self._read(text) for (text,) in rows]

    def _read(self, text: str) -> CaseRecord:
        where = f"a record of the history {self.path}"
        return read_record(parse_json_object(text, where), where)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._errors_explained():
            # IMMEDIATE: a second viewer waits for its turn here, not in the middle.
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                if _is_damage(error):
                    text = f"The history {self.path} is damaged; start the viewer again: it is then moved aside."
                    raise CannotRunError(text) from error
                raise CannotRunError(f"The history {self.path} cannot be used: {error}.") from error


def _text(record: CaseRecord) -> str:
    return json.dumps(record.to_json(), ensure_ascii=False, allow_nan=False)


def _open(path: Path) -> sqlite3.Connection:
    """Open and, where needed, create or migrate the database."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)  # SQLite gives its two files beside it the same permissions
    except OSError as error:
        raise CannotRunError(f"The history {path} cannot be opened: {error.strerror}.") from error
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON").fetchall()
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise _DamagedError
        _migrate(connection, path)
    except sqlite3.Error as error:
        connection.close()
        if _is_damage(error):
            raise _DamagedError from error
        raise CannotRunError(f"The history {path} cannot be opened: {error}.") from error
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(_MIGRATIONS):
        connection.execute("ROLLBACK")
        raise CannotRunError(f"The history {path} was written by a newer medmo; update medmo.")
    for step in _MIGRATIONS[version:]:
        step(connection)
    connection.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
    connection.execute("COMMIT")


def _is_damage(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGED  # the low byte is the primary code


def _move_aside(path: Path) -> Path:
    """Rename a damaged database and its log, and return the new name."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    try:
        for suffix in ("-wal", "-shm", ""):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise CannotRunError(f"The damaged history {path} cannot be moved aside: {error.strerror}.") from error
    return aside
