"""Every test has its own cache and model library, and no network."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"


@pytest.fixture(autouse=True)
def private_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    root: Path = tmp_path_factory.mktemp("user")
    monkeypatch.setenv("MEDMO_CACHE_DIR", str(root / "cache"))
    monkeypatch.setenv("MEDMO_MODELS_DIR", str(root / "models"))
    return root
