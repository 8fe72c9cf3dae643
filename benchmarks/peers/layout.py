"""Where the prepared environments and models lie, and which engines there are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
LLAMA_CPP, OPENVINO_GENAI, CONVERT = "llama-cpp", "openvino-genai", "convert"
#: The requirement that names a peer's version.
_PACKAGES = {LLAMA_CPP: "llama-cpp-python", OPENVINO_GENAI: "openvino-genai"}


def pinned_version(environment: str) -> str:
    """Return the version of a peer that its requirements name."""
    for line in (HERE / f"requirements-{environment}.txt").read_text(encoding="utf-8").splitlines():
        name, _, pinned = line.partition("==")
        if name == _PACKAGES[environment]:
            return pinned
    raise ValueError(f"no version of {_PACKAGES[environment]} is named")


def checkpoint_key(checkpoint: Path) -> str:
    """Return what tells one checkpoint from another: its settings, its tokenizer and the sizes of its files."""
    digest = hashlib.sha256()
    for name in ("config.json", "tokenizer.json"):
        digest.update((checkpoint / name).read_bytes())
    for path in sorted(checkpoint.glob("*.safetensors")):
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
    return digest.hexdigest()[:12]


@dataclass(frozen=True)
class Layout:
    """The folders below ``out`` that belong to one checkpoint."""

    out: Path
    checkpoint: Path

    def environment(self, name: str) -> Path:
        """Return the folder of a virtual environment."""
        return self.out / "environments" / name

    def python(self, name: str) -> Path:
        """Return the interpreter of an environment."""
        return self.environment(name) / "bin" / "python"

    def model(self, environment: str | None) -> Path:
        """Return the folder of the checkpoint in a peer's format, or in ours."""
        if environment is None:
            name = f"medmo-{version('medmo-edge')}"
        else:
            name = f"{environment}-{pinned_version(environment)}"
        return self.out / checkpoint_key(self.checkpoint) / name


@dataclass(frozen=True)
class Engine:
    """One row: the module that measures, the environment it runs in (None is ours), and what it is told to use."""

    name: str
    module: str
    environment: str | None
    variant: str

    @property
    def is_peer(self) -> bool:
        """Whether it is not ours."""
        return self.environment is not None


ENGINES = (
    Engine("medmo onnx", "medmo", None, "onnx"),
    Engine("medmo onnx-openvino", "medmo", None, "onnx-openvino"),
    Engine("medmo openvino", "medmo", None, "openvino"),
    Engine("llama.cpp Q4_0", "llama_cpp", LLAMA_CPP, "Q4_0"),
    Engine("llama.cpp Q4_K_M", "llama_cpp", LLAMA_CPP, "Q4_K_M"),
    Engine("OpenVINO GenAI int4", "openvino_genai", OPENVINO_GENAI, "int4"),
)
