"""Exports of one record for other programs; each carries the research notice."""
