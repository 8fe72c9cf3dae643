"""The artifact: a self-describing, hashed folder that exports write and runtimes read."""

from medmo_models.artifact.hashing import Progress
from medmo_models.artifact.manifest import (
    Calibration,
    FileEntry,
    Manifest,
    ManifestFacts,
    Method,
    Source,
    files_digest,
)
from medmo_models.artifact.store import (
    Artifact,
    ArtifactWriter,
    create_artifact,
    open_artifact,
    open_model,
    verify_artifact,
)

__all__ = [
    "Artifact",
    "ArtifactWriter",
    "Calibration",
    "FileEntry",
    "Manifest",
    "ManifestFacts",
    "Method",
    "Progress",
    "Source",
    "create_artifact",
    "files_digest",
    "open_artifact",
    "open_model",
    "verify_artifact",
]
