"""Artifacts that lack a file, or have another in its place."""

from __future__ import annotations

from pathlib import Path


def linked_without(artifact: Path, folder: Path, name: str) -> Path:
    """Link all files of an artifact but one into ``folder``; return it."""
    for entry in artifact.iterdir():
        if entry.name != name:
            (folder / entry.name).symlink_to(entry)
    return folder
