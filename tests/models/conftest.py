"""Keep the tests of models away from the user's own folders."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def private_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("user")
    monkeypatch.setenv("MEDMO_CACHE_DIR", str(folder / "cache"))
    monkeypatch.setenv("MEDMO_MODELS_DIR", str(folder / "models"))
    return folder
