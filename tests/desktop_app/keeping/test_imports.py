from __future__ import annotations

import os
import subprocess
import sys


def test_replaying_needs_neither_qt_nor_torch_nor_highdicom() -> None:
    """The base install, without the viewer's packages, can replay a case."""
    code = (
        "import sys, medmo_cli.replay, medmo_desktop.keeping.history\n"
        "print(*({'PySide6', 'torch', 'highdicom'} & set(sys.modules)))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == ""
