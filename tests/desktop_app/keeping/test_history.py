from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from medmo_desktop.findings.marks import BoxSet
from medmo_desktop.keeping.history import History
from medmo_models.errors import CannotRunError, InputError
from medmo_models.imaging import image_from_pixels
from support.cases import corrected_boxes, make_case, make_drawn_case, noise

WRITER = """
import sys
from pathlib import Path
from medmo_desktop.keeping.history import History
from support.cases import make_case
history = History(Path(sys.argv[1]))
while True:
    record = make_case()
    history.add(record)
    print(record.id, flush=True)
"""


def test_records_are_found_again_by_their_image_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "new" / "history.sqlite"
    one, two = image_from_pixels(noise()), image_from_pixels(noise(seed=1))
    first, second, other = make_case(one), make_case(one), make_case(two)
    with History(path) as history:
        for record in (first, second, other):
            history.add(record)
    with History(path) as history:
        assert history.notice is None
        assert history.for_image(one.sha256) == [second, first]
        assert history.recent(2) == [other, second]
        assert history.get(first.id) == first
        assert history.for_image("0" * 64) == []


def test_the_user_s_corrections_are_kept(tmp_path: Path) -> None:
    record = make_case()
    boxes = corrected_boxes(record.boxes)
    with History(tmp_path / "history.sqlite") as history:
        history.add(record)
        history.update_boxes(record.id, boxes)
    with History(tmp_path / "history.sqlite") as history:
        found = history.get(record.id)
        assert found is not None
        assert found.boxes == boxes
        assert found.answer == record.answer
        with pytest.raises(InputError, match="no longer"):
            history.update_boxes("f" * 32, boxes)


def test_what_is_deleted_is_nowhere_in_the_files(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    records = [make_case() for _ in range(3)]
    with History(path) as history:
        for record in records:
            history.add(record)
        history.delete(records[0].id)
        assert records[0].id.encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert history.recent(9) == [records[2], records[1]]
        history.clear()
        assert b"Detect all abnormalities" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert history.recent(9) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_only_this_user_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    path.touch(mode=0o644)
    with History(path) as history:
        history.add(make_case())
        files = list(tmp_path.iterdir())
        assert len(files) == 3, "the database, its log and the log's index"
        for file in files:
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("acknowledged", [1, 7, 20])
def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path, acknowledged: int) -> None:
    path = tmp_path / "history.sqlite"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert writer.stdout is not None
    with writer:
        ids = [writer.stdout.readline().strip() for _ in range(acknowledged)]
        os.kill(writer.pid, signal.SIGKILL)
        ids += [line.strip() for line in writer.stdout if line.endswith("\n")]
    assert all(ids)
    with History(path) as history:
        assert history.notice is None
        kept = {record.id for record in history.recent(10_000)}
        assert set(ids) <= kept
        assert len(kept) <= len(ids) + 1
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_several_threads_write_through_one_history(tmp_path: Path) -> None:
    records = [make_case() for _ in range(24)]
    with History(tmp_path / "history.sqlite") as history, ThreadPoolExecutor(4) as pool:
        list(pool.map(history.add, records))
        assert {record.id for record in history.recent(99)} == {record.id for record in records}


def test_two_viewers_share_one_file(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    with History(path) as one, History(path) as two:
        one.add(first := make_case())
        two.add(second := make_case())
        assert one.recent(9) == [second, first]


@pytest.mark.parametrize("damage", ["not a database at all" * 100, None])
def test_a_damaged_file_is_moved_aside_and_said(tmp_path: Path, damage: str | None) -> None:
    path = tmp_path / "history.sqlite"
    with History(path) as history:
        for _ in range(30):
            history.add(make_case())
    content = bytearray(path.read_bytes())
    if damage is None:
        content[4096 : 4096 * 6] = os.urandom(4096 * 5)
    else:
        content = bytearray(damage.encode())
    path.write_bytes(content)
    with History(path) as history:
        assert history.recent(9) == []
        assert history.notice is not None
        history.add(make_case())
    (aside,) = tmp_path.glob("*.damaged-*")
    assert aside.read_bytes() == bytes(content)
    assert aside.name in history.notice


def test_a_newer_history_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    History(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(CannotRunError, match="newer medmo"):
        History(path)
    assert path.exists()


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(CannotRunError, match="cannot be opened"):
        History(tmp_path / "file" / "history.sqlite")


def test_drawn_boxes_have_one_record_per_image_that_goes_with_the_last_box(tmp_path: Path) -> None:
    record = make_drawn_case()
    path = tmp_path / "history.sqlite"
    with History(path) as history:
        history.keep_drawn(record.id, record.boxes, lambda: record)
        fewer = record.boxes.deleted(record.boxes.boxes[0].id)
        history.keep_drawn(record.id, fewer, lambda: pytest.fail("it is there already"))
    with History(path) as history:
        assert history.for_image(record.images[0].sha256) == [replace(record, boxes=fewer)]
        history.keep_drawn(record.id, BoxSet(), lambda: record)
        assert history.recent(9) == []
