from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from medmo_models.artifact.hashing import CHUNK_BYTES, Meter, sha256_file
from medmo_models.errors import CancelledError, InputError
from support.model_files import flip_byte, set_old_times


def make_file(folder: Path, name: str = "weights.safetensors", size: int = 3 * CHUNK_BYTES + 17) -> Path:
    path = folder / name
    path.write_bytes(os.urandom(size))
    set_old_times(folder)
    return path


def true_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_hash_is_sha256_and_progress_ends_at_the_total(tmp_path: Path) -> None:
    path, seen = make_file(tmp_path), []
    meter = Meter(path.stat().st_size, lambda done, total: seen.append((done, total)))
    assert sha256_file(path, meter) == true_hash(path)
    assert len(seen) == 4
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)


def test_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    path = make_file(tmp_path)
    remembered = sha256_file(path)
    flip_byte(path, keep_time=True)
    steps: list[int] = []
    assert sha256_file(path, Meter(path.stat().st_size, lambda done, _: steps.append(done))) == remembered
    assert steps == [path.stat().st_size]
    assert sha256_file(path, use_cache=False) == true_hash(path) != remembered
    # What a full reading found replaces what was remembered.
    assert sha256_file(path) == true_hash(path)


def test_a_changed_time_a_changed_size_and_another_file_are_read(tmp_path: Path) -> None:
    path = make_file(tmp_path)
    sha256_file(path)
    flip_byte(path, keep_time=False)
    assert sha256_file(path) == true_hash(path)

    with path.open("ab") as file:
        file.write(b"x")
    set_old_times(tmp_path)
    assert sha256_file(path) == true_hash(path)

    status = path.stat()
    other = make_file(tmp_path, "other", status.st_size)
    other.replace(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert sha256_file(path) == true_hash(path)


def test_a_file_that_may_still_change_within_a_clock_tick_is_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "fresh"
    path.write_bytes(b"a" * 100)
    sha256_file(path)
    flip_byte(path, keep_time=True)
    assert sha256_file(path) == true_hash(path)


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b'{"sha256": 3}', b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_cache_costs_time_only(tmp_path: Path, private_folders: Path, garbage: bytes) -> None:
    path = make_file(tmp_path)
    sha256_file(path)
    entries = list((private_folders / "cache/hashes").iterdir())
    assert len(entries) == 1
    entries[0].write_bytes(garbage)
    flip_byte(path, keep_time=True)
    assert sha256_file(path) == true_hash(path)
    assert sha256_file(path) == true_hash(path)


def test_a_cache_that_cannot_be_written_costs_time_only(
    tmp_path: Path, private_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_file(tmp_path)
    (private_folders / "file").touch()
    monkeypatch.setenv("MEDMO_CACHE_DIR", str(private_folders / "file"))
    assert sha256_file(path) == true_hash(path)


def test_nothing_of_a_path_is_kept_in_the_cache(tmp_path: Path, private_folders: Path) -> None:
    sha256_file(make_file(tmp_path, "patient-name.safetensors"))
    (entry,) = (private_folders / "cache/hashes").iterdir()
    assert "patient" not in entry.name + entry.read_text()


def test_cancelling_stops_the_reading_and_remembers_nothing(tmp_path: Path) -> None:
    path = make_file(tmp_path)

    def cancel(done: int, total: int) -> None:
        assert done < total
        raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        sha256_file(path, Meter(path.stat().st_size, cancel))
    flip_byte(path, keep_time=True)
    assert sha256_file(path) == true_hash(path)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gone cannot be read: No such file"):
        sha256_file(tmp_path / "gone")


def test_concurrent_processes_lose_nothing(tmp_path: Path, private_folders: Path) -> None:
    paths = [make_file(tmp_path, f"{index}.safetensors", 1000) for index in range(12)]
    program = (
        "import sys; from pathlib import Path; from medmo_models.artifact.hashing import sha256_file\n"
        "for _ in range(20):\n    for name in sys.argv[1:]: sha256_file(Path(name), use_cache=False)"
    )
    arguments = [sys.executable, "-c", program]
    # Each takes another order, and every file is everybody's.
    workers = [subprocess.Popen(arguments + [str(path) for path in paths[turn:] + paths[:turn]]) for turn in (0, 4, 8)]
    assert [worker.wait(timeout=60) for worker in workers] == [0, 0, 0]
    hashes = [true_hash(path) for path in paths]
    for path in paths:
        flip_byte(path, keep_time=True)
    assert [sha256_file(path) for path in paths] == hashes
    assert len(list((private_folders / "cache/hashes").iterdir())) == len(paths)
