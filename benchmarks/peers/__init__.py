"""MedMO beside llama.cpp and OpenVINO GenAI: the same checkpoint, image, question and threads, in one run.

``python -m peers prepare MODEL OUT`` makes what the peers need, ``python -m peers run MODEL OUT`` measures, with
``benchmarks`` in ``PYTHONPATH`` (``make peers MODEL=... OUT=...`` does both).
"""
