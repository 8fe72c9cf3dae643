from __future__ import annotations

from pathlib import Path

import pytest

from support.command import run_medmo


def test_bnb_exports_once_and_again_only_with_overwrite(tmp_path: Path) -> None:
    out = tmp_path / "nf4"
    first = run_medmo("export", "bnb", "--model", "medmo-tiny", "--out", str(out), "--json")
    assert first.code == 0, first.err
    assert first.json["method"] == "bnb-nf4"
    assert first.json["bits_per_weight"] < 4.6
    assert first.json["self_check"]["top1"] > 0.8
    before = (out / "manifest.json").read_bytes()
    again = run_medmo("export", "bnb", "--model", "medmo-tiny", "--out", str(out))
    assert again.code == 2
    assert "--overwrite" in again.sentence()
    assert (out / "manifest.json").read_bytes() == before


@pytest.mark.parametrize("method", ["gptq", "bnb"])
def test_what_is_no_checkpoint_is_one_sentence_and_leaves_nothing(method: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run_medmo("export", method, "--model", str(tmp_path / "empty"), "--out", str(tmp_path / "out"))
    assert done.code == 2
    assert "config.json" in done.sentence()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty"]


def test_a_group_size_that_does_not_divide_is_refused_before_any_work(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run_medmo("export", "gptq", "--model", "medmo-tiny", "--out", str(out), "--group-size", "96")
    assert done.code == 2
    assert "96" in done.sentence()
    assert list(tmp_path.iterdir()) == []
