from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from medmo_models import library
from medmo_models.artifact import open_artifact, open_model, verify_artifact
from medmo_models.artifact.hashing import CHUNK_BYTES
from medmo_models.errors import CancelledError, InputError
from medmo_models.library import find_model, import_model, list_models
from support.model_files import GPTQ, GPTQ_CONFIG, flip_byte, make_artifact, set_old_times, write_checkpoint

WEIGHTS = "model.safetensors"


@pytest.fixture
def models(private_folders: Path) -> Path:
    return private_folders / "models"


@pytest.fixture(params=["artifact", "checkpoint"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    if request.param == "artifact":
        make_artifact(folder)
    else:
        write_checkpoint(folder)
    set_old_times(folder)
    return folder


def installed_names() -> list[str]:
    return [model.name for model in list_models() if model.name != library.EMBEDDED_NAME]


def test_an_import_is_a_verified_artifact_with_the_identity_of_its_source(source: Path, models: Path) -> None:
    seen: list[tuple[int, int]] = []
    imported = import_model(source, "mine", lambda done, total: seen.append((done, total)))
    assert imported.path == models / "mine"
    assert imported.verified
    assert imported.id == open_model(source).id
    assert verify_artifact(imported.path) == []
    assert seen[-1][0] == seen[-1][1]
    assert [path.name for path in models.iterdir()] == ["mine"]
    assert find_model("mine") == imported.path


def test_only_the_files_of_the_model_are_imported(source: Path) -> None:
    before = open_model(source).manifest.files
    (source / "training_args.bin").write_bytes(b"\x80\x04K\x01.")
    imported = import_model(source, "mine")
    assert imported.manifest.files == before
    assert not (imported.path / "training_args.bin").exists()


def test_links_are_copied_as_files(tmp_path: Path) -> None:
    made = make_artifact(tmp_path / "made")
    (made.path / WEIGHTS).rename(tmp_path / "blob")
    (made.path / WEIGHTS).symlink_to(tmp_path / "blob")
    assert not (import_model(made.path, "mine").path / WEIGHTS).is_symlink()


def kill_import(source: Path, name: str, share: float) -> None:
    """Run an import that dies by SIGKILL when ``share`` of its work is done."""
    program = (
        "import os, sys; from pathlib import Path; from medmo_models.library import import_model\n"
        "def progress(done, total):\n"
        "    if done > float(sys.argv[3]) * total: os.kill(os.getpid(), 9)\n"
        "import_model(Path(sys.argv[1]), sys.argv[2], progress)"
    )
    arguments = [sys.executable, "-c", program, str(source), name, str(share)]
    assert subprocess.run(arguments, timeout=60, check=False).returncode == -signal.SIGKILL


def test_a_killed_import_never_loads_and_resumes_where_it_stopped(source: Path, models: Path) -> None:
    kill_import(source, "mine", 0.3 if (source / "manifest.json").exists() else 0.5)
    partial = models / ".mine.partial"
    stopped = (partial / WEIGHTS).stat()
    assert CHUNK_BYTES <= stopped.st_size < (source / WEIGHTS).stat().st_size
    assert installed_names() == []
    with pytest.raises(InputError, match="is neither a folder nor an installed model"):
        find_model("mine")
    with pytest.raises(InputError, match="is an unfinished export or import"):
        open_model(partial)

    seen = [0]
    imported = import_model(source, "mine", lambda done, _: seen.append(done))
    assert imported.id == open_model(source).id
    assert verify_artifact(imported.path) == []
    # The same file went on, and what was there was not copied a second time.
    assert (imported.path / WEIGHTS).stat().st_ino == stopped.st_ino
    assert stopped.st_size in [after - before for before, after in pairwise(seen)]
    assert [path.name for path in models.iterdir()] == ["mine"]


@pytest.mark.parametrize("change", ["damaged", "longer", "stranger"])
def test_a_partial_copy_that_is_not_the_beginning_is_copied_again(source: Path, models: Path, change: str) -> None:
    kill_import(source, "mine", 0.3 if (source / "manifest.json").exists() else 0.5)
    partial = models / ".mine.partial"
    if change == "damaged":
        flip_byte(partial / WEIGHTS, keep_time=True)
    elif change == "longer":
        (partial / WEIGHTS).write_bytes(bytes(10_000_000))
    else:
        (partial / "old.safetensors").write_bytes(b"old")
    imported = import_model(source, "mine")
    assert verify_artifact(imported.path) == []
    assert imported.id == open_model(source).id


def test_a_cancelled_import_keeps_what_it_has(source: Path, models: Path) -> None:
    def cancel(done: int, total: int) -> None:
        if done > 0.7 * total:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        import_model(source, "mine", cancel)
    assert (models / ".mine.partial" / WEIGHTS).stat().st_size == (source / WEIGHTS).stat().st_size
    assert installed_names() == []
    assert import_model(source, "mine").id == open_model(source).id


def test_a_damaged_source_is_refused_and_nothing_is_installed(tmp_path: Path) -> None:
    made = make_artifact(tmp_path / "made")
    flip_byte(made.path / WEIGHTS, keep_time=False)
    with pytest.raises(InputError, match=r"made/model\.safetensors is damaged"):
        import_model(made.path, "mine")
    assert installed_names() == []


def test_a_source_that_lists_a_pickle_is_refused(tmp_path: Path, models: Path) -> None:
    made = make_artifact(tmp_path / "made")
    manifest = made.path / "manifest.json"
    manifest.write_text(manifest.read_text().replace(WEIGHTS, "model.pkl"))
    (made.path / WEIGHTS).rename(made.path / "model.pkl")
    with pytest.raises(InputError, match=r"model\.pkl is not a kind of file"):
        import_model(made.path, "mine")
    assert not models.exists()


def test_the_same_model_again_is_opened_and_a_damaged_one_is_replaced(source: Path) -> None:
    first = import_model(source, "mine")
    inode = (first.path / WEIGHTS).stat().st_ino
    assert import_model(source, "mine") == first
    assert (first.path / WEIGHTS).stat().st_ino == inode
    flip_byte(first.path / WEIGHTS, keep_time=False)
    assert import_model(source, "mine").id == first.id
    assert verify_artifact(first.path) == []


def test_a_name_that_is_taken_is_refused(source: Path, tmp_path: Path) -> None:
    first = import_model(source, "mine")
    other = write_checkpoint(tmp_path / "other", seed=9)
    with pytest.raises(InputError, match="mine is already installed and is another model"):
        import_model(other, "mine")
    assert open_artifact(first.path).id == first.id


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "", "a\nb", "medmo-tiny"])
def test_what_cannot_be_a_name_is_refused(tmp_path: Path, models: Path, name: str) -> None:
    source = write_checkpoint(tmp_path / "source")
    with pytest.raises(InputError, match="name"):
        import_model(source, name)
    assert not models.exists()


def test_a_full_disk_is_found_before_copying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_checkpoint(tmp_path / "source")
    usage = shutil.disk_usage(tmp_path)._replace(free=3 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(InputError, match="has 3 MiB free, but the model needs 4 MiB more"):
        import_model(source)


@pytest.mark.parametrize("content", ["nothing", "empty", "file"])
def test_a_source_that_is_no_model_is_refused(tmp_path: Path, models: Path, content: str) -> None:
    if content == "empty":
        (tmp_path / "source").mkdir()
    elif content == "file":
        (tmp_path / "source").touch()
    with pytest.raises(InputError, match=r"is not a folder|is no model"):
        import_model(tmp_path / "source")
    assert not models.exists()


def test_the_list_describes_every_model_and_names_what_is_broken(tmp_path: Path, models: Path) -> None:
    import_model(make_artifact(tmp_path / "a").path)
    write_checkpoint(models / "dropped-in", GPTQ, GPTQ_CONFIG)
    (models / "broken").mkdir()
    (models / "broken" / "manifest.json").write_text("{}")
    (models / "notes.txt").touch()
    listed = {model.name: model for model in list_models()}
    assert installed_names() == ["a", "broken", "dropped-in"]
    assert (listed["a"].spec_id, listed["a"].method, listed["a"].problem) == ("medmo-tiny", "bf16", None)
    assert listed["a"].size_bytes == sum(path.stat().st_size for path in (models / "a").iterdir()) - (
        (models / "a" / "manifest.json").stat().st_size
    )
    assert listed["dropped-in"].method == "gptq"
    assert listed["broken"].method is None
    assert '"schema_version" is missing' in str(listed["broken"].problem)


def test_the_embedded_model_is_always_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded = make_artifact(tmp_path / "embedded").path
    monkeypatch.setattr(library, "embedded_model_path", lambda: embedded)
    assert find_model("medmo-tiny") == embedded
    assert [model.name for model in list_models()] == ["medmo-tiny"]


def test_a_path_wins_over_a_name(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = import_model(source, "mine")
    assert find_model("mine") == imported.path
    (tmp_path / "here" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    assert Path(os.path.realpath(find_model("mine"))) == tmp_path / "here" / "mine"


def test_an_unknown_name_lists_the_known_ones(source: Path) -> None:
    import_model(source, "mine")
    with pytest.raises(InputError, match=r"'yours' is neither a folder .*installed: .*mine"):
        find_model("yours")
