from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medmo_models.artifact import Artifact, create_artifact, open_artifact, open_model, verify_artifact
from medmo_models.errors import CancelledError, InputError
from support.model_files import (
    FULL,
    REST,
    TINY_CONFIG,
    flip_byte,
    make_artifact,
    set_old_times,
    tiny_facts,
    write_safetensors,
)

TESTS = Path(__file__).parents[2]
WEIGHTS = "model.safetensors"


@pytest.fixture
def artifact(tmp_path: Path) -> Artifact:
    made = make_artifact(tmp_path / "out")
    set_old_times(made.path)
    return made


def folder_content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_was_made_opens_and_says_what_it_is(artifact: Artifact, tmp_path: Path) -> None:
    opened = open_artifact(tmp_path / "out")
    assert opened == artifact
    assert verify_artifact(opened.path) == []
    assert opened.verified
    assert opened.manifest.method == "bf16"
    assert opened.spec.id == "medmo-tiny"
    assert opened.spec.architecture.vocabulary_size == 8192
    assert opened.weight_bytes == (opened.path / WEIGHTS).stat().st_size
    assert set(opened.manifest.files) == {"config.json", WEIGHTS}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_id_is_the_content_not_the_folder(artifact: Artifact, tmp_path: Path) -> None:
    assert make_artifact(tmp_path / "elsewhere").id == artifact.id
    assert make_artifact(tmp_path / "other", seed=1).id != artifact.id
    moved = artifact.path.rename(tmp_path / "renamed")
    assert open_artifact(moved).id == artifact.id


def test_the_manifest_decides_the_coordinate_space(tmp_path: Path) -> None:
    with create_artifact(tmp_path / "out") as writer:
        (writer.path / "config.json").write_text(json.dumps(TINY_CONFIG))
        write_safetensors(writer.path / WEIGHTS, FULL)
        made = writer.finish(tiny_facts(coordinate_space="pixels"))
    assert made.spec.coordinate_space == open_model(tmp_path / "out").spec.coordinate_space == "pixels"


def truncate(folder: Path) -> None:
    os.truncate(folder / WEIGHTS, 1000)


def remove(folder: Path) -> None:
    (folder / WEIGHTS).unlink()


def add(folder: Path) -> None:
    (folder / "code.py").write_text("print()")


def add_hidden(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub/.hidden.json").write_text("{}")


def link_out(folder: Path) -> None:
    (folder / WEIGHTS).rename(folder.parent / "outside.safetensors")
    (folder / WEIGHTS).symlink_to("../outside.safetensors")


def link_folder(folder: Path) -> None:
    (folder / "sub").symlink_to(folder.parent)


def loop(folder: Path) -> None:
    remove(folder)
    (folder / WEIGHTS).symlink_to(WEIGHTS)


def replace_by_folder(folder: Path) -> None:
    remove(folder)
    (folder / WEIGHTS).mkdir()


def list_pickle(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["weights.pt"] = manifest["files"][WEIGHTS]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "weights.pt").write_bytes((folder / WEIGHTS).read_bytes())


def change_spec(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "spec_id": "medmo-8b"}))


def lose_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("{}")


DAMAGES: list[tuple[Callable[[Path], None], str, str]] = [
    (lambda folder: flip_byte(folder / WEIGHTS, keep_time=False), WEIGHTS, "is damaged: its SHA-256"),
    (lambda folder: flip_byte(folder / "config.json", keep_time=False), "config.json", "is damaged: its SHA-256"),
    (truncate, WEIGHTS, "has 1000 bytes where the manifest says"),
    (remove, WEIGHTS, "is missing"),
    (add, "code.py", "is not listed"),
    (add_hidden, "sub/.hidden.json", "is not listed"),
    (link_out, WEIGHTS, "is a link that leaves the artifact"),
    (link_folder, "sub", "is not listed"),
    (loop, WEIGHTS, "is missing"),
    (replace_by_folder, WEIGHTS, "is missing"),
    (list_pickle, "weights.pt", "is not a kind of file"),
    (change_spec, "manifest.json", '"spec_id" is "medmo-8b", but config.json has the shape of "medmo-tiny"'),
    (lose_manifest, "manifest.json", '"schema_version" is missing'),
]


@pytest.mark.parametrize(("damage", "name", "sentence"), DAMAGES)
def test_damage_is_named_by_open_and_by_verify(
    artifact: Artifact, damage: Callable[[Path], None], name: str, sentence: str
) -> None:
    open_artifact(artifact.path)
    damage(artifact.path)
    with pytest.raises(InputError) as caught:
        open_artifact(artifact.path)
    assert str(artifact.path / name) in str(caught.value)
    assert sentence in str(caught.value)
    assert str(caught.value) in verify_artifact(artifact.path)


def test_verify_finds_what_restores_size_and_time_and_open_learns_of_it(artifact: Artifact) -> None:
    open_artifact(artifact.path)
    flip_byte(artifact.path / WEIGHTS, keep_time=True)
    open_artifact(artifact.path)  # the documented limit of a load that stays fast
    (problem,) = verify_artifact(artifact.path)
    assert WEIGHTS in problem
    with pytest.raises(InputError, match="is damaged"):
        open_artifact(artifact.path)


def test_verify_lists_every_problem(artifact: Artifact) -> None:
    flip_byte(artifact.path / WEIGHTS, keep_time=False)
    (artifact.path / "config.json").unlink()
    add(artifact.path)
    problems = verify_artifact(artifact.path)
    for sentence in (f"{WEIGHTS} is damaged", "config.json is missing", "code.py is not listed"):
        assert any(sentence in problem for problem in problems)


def test_what_a_file_manager_leaves_is_no_stranger(artifact: Artifact) -> None:
    (artifact.path / ".DS_Store").write_bytes(b"\0")
    assert open_artifact(artifact.path).id == artifact.id


def test_opening_reports_progress_and_can_be_cancelled(artifact: Artifact) -> None:
    seen: list[tuple[int, int]] = []
    open_artifact(artifact.path, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (artifact.manifest.size_bytes, artifact.manifest.size_bytes)

    def cancel(done: int, total: int) -> None:
        raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        verify_artifact(artifact.path, cancel)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, InputError])
def test_a_failed_export_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    def export() -> None:
        with create_artifact(tmp_path / "out") as writer:
            write_safetensors(writer.path / WEIGHTS, FULL)
            raise error

    with pytest.raises(error):
        export()
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_never_finishes_is_a_mistake_in_the_program(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="finish"), create_artifact(tmp_path / "out"):
        pass
    assert list(tmp_path.iterdir()) == []


def bad_pickle(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04K\x01.")


def bad_weights(folder: Path) -> None:
    os.truncate(folder / WEIGHTS, 5000)


def bad_link(folder: Path) -> None:
    (folder / "notes.txt").symlink_to("/etc/hostname")


def bad_shape(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({**TINY_CONFIG, "model_type": "llama"}))


def no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


@pytest.mark.parametrize(
    ("spoil", "facts", "sentence"),
    [
        (bad_pickle, {}, "pytorch_model.bin is not a kind of file that an artifact may hold"),
        (bad_weights, {}, "model.safetensors is cut short"),
        (bad_link, {}, "notes.txt is a link that leaves the artifact"),
        (bad_shape, {}, 'the model is a "llama"'),
        (no_config, {}, "config.json is not among the files"),
        (lambda _: None, {"spec_id": "medmo-4b"}, 'has the shape of "medmo-tiny"'),
        (lambda _: None, {"bits": 0}, '"bits" must be a whole number, at least 1'),
    ],
)
def test_finish_refuses_what_would_not_open(
    tmp_path: Path, spoil: Callable[[Path], None], facts: dict[str, Any], sentence: str
) -> None:
    def export() -> None:
        with create_artifact(tmp_path / "out") as writer:
            (writer.path / "config.json").write_text(json.dumps(TINY_CONFIG))
            write_safetensors(writer.path / WEIGHTS, {**FULL, **REST})
            spoil(writer.path)
            writer.finish(tiny_facts(**facts))

    with pytest.raises(InputError) as caught:
        export()
    assert sentence in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_destination_is_refused_before_the_work(artifact: Artifact) -> None:
    before = folder_content(artifact.path)
    with (
        pytest.raises(InputError, match="already exists; choose another --out or pass --overwrite"),
        create_artifact(artifact.path),
    ):
        pytest.fail("the work began")
    assert folder_content(artifact.path) == before


def test_overwrite_replaces_an_artifact_at_the_end_only(artifact: Artifact, tmp_path: Path) -> None:
    with create_artifact(artifact.path, overwrite=True) as writer:
        (writer.path / "config.json").write_text(json.dumps(TINY_CONFIG))
        write_safetensors(writer.path / WEIGHTS, {**FULL, **REST}, seed=5)
        assert open_artifact(artifact.path).id == artifact.id
        replacement = writer.finish(tiny_facts())
    assert open_artifact(artifact.path).id == replacement.id != artifact.id
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_failed_overwrite_keeps_the_old_artifact(artifact: Artifact, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), create_artifact(artifact.path, overwrite=True):
        raise KeyboardInterrupt
    assert open_artifact(artifact.path).id == artifact.id
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("content", ["thesis.txt", "manifest.json", None])
def test_overwrite_never_replaces_another_folder(tmp_path: Path, content: str | None) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    if content:
        (folder / content).write_text('{"name": "a web app"}')
    with (
        pytest.raises(InputError, match="is not an artifact, so it is not replaced"),
        create_artifact(folder, overwrite=True),
    ):
        pytest.fail("the work began")
    assert [path.name for path in folder.iterdir()] == ([content] if content else [])


def test_overwrite_never_loses_a_file_that_is_not_the_artifacts(artifact: Artifact) -> None:
    (artifact.path / "my notes.txt").write_text("keep")
    with pytest.raises(InputError, match=r"my notes\.txt is not listed"):
        make_artifact(artifact.path, overwrite=True)
    assert (artifact.path / "my notes.txt").read_text() == "keep"


def test_a_destination_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(InputError, match=r"file cannot be written: "),
        create_artifact(tmp_path / "file" / "out"),
    ):
        pytest.fail("the work began")


def test_two_exports_to_one_destination_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Another process is writing"), create_artifact(tmp_path / "out"):
        make_artifact(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def run_and_kill(program: str, *arguments: str) -> None:
    """Run a program that kills itself the way the system's out-of-memory killer does."""
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run([sys.executable, "-c", program, *arguments], env=environment, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL


def test_a_killed_export_never_loads_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    run_and_kill(
        "import json, os, sys; from pathlib import Path; from support.model_files import *\n"
        "with create_artifact(Path(sys.argv[1])) as writer:\n"
        "    (writer.path / 'config.json').write_text(json.dumps(TINY_CONFIG))\n"
        "    write_safetensors(writer.path / 'model.safetensors', {**FULL, **REST})\n"
        "    (writer.path / 'leftover.json').touch()\n"
        "    os.kill(os.getpid(), 9)",
        str(tmp_path / "out"),
    )
    (staging,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    for attempt in (open_model, open_artifact):
        with pytest.raises(InputError, match="is an unfinished export or import"):
            attempt(staging)
    assert set(make_artifact(tmp_path / "out").manifest.files) == {"config.json", WEIGHTS}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_overwrite_that_the_system_refuses_keeps_the_old_artifact(
    artifact: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def refuse_staging(path: Path, target: Path) -> Path:
        if path.name.endswith(".partial"):
            raise PermissionError(13, "Permission denied")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse_staging)
    with pytest.raises(InputError, match="out cannot be written: Permission denied"):
        make_artifact(artifact.path, seed=5, overwrite=True)
    assert open_artifact(artifact.path).id == artifact.id
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_overwrite_killed_between_its_two_renames_loses_nothing(artifact: Artifact, tmp_path: Path) -> None:
    run_and_kill(
        "import os, sys; from pathlib import Path; from support.model_files import *\n"
        "out = Path(sys.argv[1])\n"
        "def kill(event, arguments):\n"
        "    if event == 'os.rename' and str(arguments[1]) == str(out): os.kill(os.getpid(), 9)\n"
        "sys.addaudithook(kill)\n"
        "make_artifact(out, seed=5, overwrite=True)",
        str(artifact.path),
    )
    assert not artifact.path.exists()
    with pytest.raises(InputError, match="already exists"):
        make_artifact(artifact.path)
    assert open_artifact(artifact.path).id == artifact.id


def test_what_is_no_artifact_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not an artifact: it has no manifest\.json"):
        open_artifact(tmp_path)
    with pytest.raises(InputError, match="is no model: it has neither"):
        open_model(tmp_path)
    with pytest.raises(InputError, match="is not a folder"):
        open_model(tmp_path / "gone")
    assert "manifest.json does not exist" in verify_artifact(tmp_path)[0]
