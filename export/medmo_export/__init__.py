"""Quantizes a MedMO checkpoint to a 4-bit artifact."""
