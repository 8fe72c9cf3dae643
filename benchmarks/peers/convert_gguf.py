"""Runs llama.cpp's converter on a checkpoint, in the environment for conversions.

``python convert_gguf.py CONVERTER CHECKPOINT ...`` passes everything on to ``convert_hf_to_gguf.py``. That knows a
tokenizer by a hash of what it makes of a test text; the one of the embedded model, which is in the random checkpoints
as well, is Qwen's with a smaller vocabulary, so it is not known, and is taken for what it is.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Run the converter."""
    converter = Path(sys.argv[1])
    sys.path[:0] = [str(converter.parent), str(converter.parent / "gguf-py")]
    from conversion.base import TextModel

    recognize = TextModel.get_vocab_base_pre

    def recognize_or_qwen(self: Any, tokenizer: Any) -> str:
        try:
            return str(recognize(self, tokenizer))
        except NotImplementedError:
            return "qwen2"

    TextModel.get_vocab_base_pre = recognize_or_qwen
    del sys.argv[0]
    runpy.run_path(str(converter), run_name="__main__")


if __name__ == "__main__":
    main()
