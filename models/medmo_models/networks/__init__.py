"""Loads a Qwen3-VL network of each format in torch; needs medmo-edge[torch].

Export checks its own results with these, and the runtime's backends answer with them.
"""
