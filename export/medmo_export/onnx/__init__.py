"""Writes a checkpoint as ONNX graphs: vision encoder, embedding and decoder, with 4-bit weights or in full precision.

The graphs are built node by node from the weights as stored: no tracing, no torch, one tensor in memory at a time.
"""
