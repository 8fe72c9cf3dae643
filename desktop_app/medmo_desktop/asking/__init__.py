"""Questions and answers: the thread that talks to the worker process, and the panel beside the image."""
