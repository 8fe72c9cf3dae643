"""The metrics, each defined once and free of files and models."""
