"""Runs our ONNX graphs with ONNX Runtime and numpy alone: no torch is imported here."""
