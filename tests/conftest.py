"""Every test has its own cache and model library, and no network."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

#: They have an environment of their own: ``make webgpu``.
collect_ignore = ["webgpu"]

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
# Self-tests before the first use would run in every test of the command: those that test them ask for them.
os.environ["MEDMO_SKIP_SELF_TEST"] = "1"


@pytest.fixture(autouse=True)
def private_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    root: Path = tmp_path_factory.mktemp("user")
    monkeypatch.setenv("MEDMO_CACHE_DIR", str(root / "cache"))
    monkeypatch.setenv("MEDMO_MODELS_DIR", str(root / "models"))
    return root


@pytest.fixture(scope="session")
def processor_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tokenizer, chat template and processor settings, without weights; to read, not to change."""
    from support.checkpoints import shared_tokenizer  # imports torch, which most tests do without
    from tiny_training.skeleton import save_processor

    folder: Path = tmp_path_factory.mktemp("processor")
    save_processor(folder, shared_tokenizer())
    return folder
