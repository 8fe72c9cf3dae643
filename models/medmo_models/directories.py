"""Where MedMO Edge keeps a user's files: the cache and the installed models."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from medmo_models.errors import InputError

APPLICATION = "medmo-edge"


def user_cache_directory() -> Path:
    """Return the folder for files that can be lost without harm; it may not exist yet.

    ``MEDMO_CACHE_DIR`` if set, else the platform's cache folder (XDG Base Directory Specification 0.8,
    ``~/Library/Caches``, ``%LOCALAPPDATA%``).

    Raises
    ------
    InputError
        If neither the variable nor a home folder says where.
    """
    if chosen := os.environ.get("MEDMO_CACHE_DIR"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return _base("LOCALAPPDATA", "AppData/Local", "MEDMO_CACHE_DIR") / APPLICATION / "cache"
    if sys.platform == "darwin":
        return _home("MEDMO_CACHE_DIR") / "Library/Caches" / APPLICATION
    return _base("XDG_CACHE_HOME", ".cache", "MEDMO_CACHE_DIR") / APPLICATION


def models_directory() -> Path:
    """Return the folder of the installed models; it may not exist yet.

    ``MEDMO_MODELS_DIR`` if set, else ``models`` in the platform's data folder.

    Raises
    ------
    InputError
        If neither the variable nor a home folder says where.
    """
    if chosen := os.environ.get("MEDMO_MODELS_DIR"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return _base("LOCALAPPDATA", "AppData/Local", "MEDMO_MODELS_DIR") / APPLICATION / "models"
    if sys.platform == "darwin":
        return _home("MEDMO_MODELS_DIR") / "Library/Application Support" / APPLICATION / "models"
    return _base("XDG_DATA_HOME", ".local/share", "MEDMO_MODELS_DIR") / APPLICATION / "models"


def _base(variable: str, below_home: str, override: str) -> Path:
    """Return the absolute path in the environment variable, else a folder below home."""
    value = os.environ.get(variable, "")
    # The XDG specification (and common sense elsewhere) ignores relative paths.
    return Path(value) if Path(value).is_absolute() else _home(override) / below_home


def _home(override: str) -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        raise InputError(f"This user has no home folder; set {override} to the folder to use.") from error
