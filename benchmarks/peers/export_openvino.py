"""Exports a checkpoint for OpenVINO GenAI, in the environment for conversions: ``python export_openvino.py MODEL OUT``.

4 bits, symmetric, groups of 128, every layer of the decoder; what optimum-intel's int4 export leaves in 8 bits (head,
embedding, vision encoder) stays so. The same as ``optimum-cli export openvino --weight-format int4 --sym --group-size
128 --ratio 1.0``, without the command's own process.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Export."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # reports every import of OpenVINO otherwise
    from optimum.commands.optimum_cli import main as optimum_cli

    checkpoint, destination = sys.argv[1:]
    options = "--task image-text-to-text --weight-format int4 --sym --group-size 128 --ratio 1.0"
    sys.argv = ["optimum-cli", "export", "openvino", "--model", checkpoint, *options.split(), destination]
    optimum_cli()


if __name__ == "__main__":
    main()
