"""What every process of ours does first: stay off the network, and keep notices off the terminal."""

from __future__ import annotations

import logging
import os


def go_offline() -> None:
    """Keep every library off the network: models are local files, and nothing is reported anywhere."""
    for name in (
        "HF_HUB_OFFLINE",
        "TRANSFORMERS_OFFLINE",
        "HF_HUB_DISABLE_TELEMETRY",
        "ORT_DISABLE_TELEMETRY",
        "DO_NOT_TRACK",
    ):
        os.environ[name] = "1"


def quiet_libraries() -> None:
    """Keep notices that no user can act on off the terminal: torch's compiler, bitsandbytes' kernels to download."""
    os.environ["TRANSFORMERS_NO_ADVISORY_WARNINGS"] = "1"  # among them: that torch is missing
    for name in ("torch.utils._pytree", "torch.utils.cpp_extension", "bitsandbytes.backends.cpu.ops"):
        logging.getLogger(name).setLevel(logging.ERROR)
