"""Quantizes a GGUF file, in llama.cpp's environment: ``python quantize_gguf.py SOURCE DESTINATION Q4_0 THREADS``."""

from __future__ import annotations

import ctypes
import sys

import llama_cpp

_TYPES = {"Q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0, "Q4_K_M": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M}


def main() -> None:
    """Quantize."""
    source, destination, kind, threads = sys.argv[1:]
    settings = llama_cpp.llama_model_quantize_default_params()
    settings.ftype, settings.nthread = _TYPES[kind], int(threads)
    llama_cpp.llama_backend_init()
    if llama_cpp.llama_model_quantize(source.encode(), destination.encode(), ctypes.byref(settings)):
        sys.exit(f"llama.cpp could not quantize to {kind}.")


if __name__ == "__main__":
    main()
