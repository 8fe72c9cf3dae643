"""Errors for the person at the keyboard: each carries one sentence that says what to do."""

from __future__ import annotations


class MedMOError(Exception):
    """A problem that the user can act on; its text is one clear sentence.

    ``exit_code`` is what the ``medmo`` command exits with.
    """

    exit_code = 2


class InputError(MedMOError):
    """Wrong use or bad input: a file, an option, a checkpoint or an artifact. Exit code 2."""


class CannotRunError(MedMOError):
    """Nothing on this machine can do it; the text gives every backend's reason. Exit code 3."""

    exit_code = 3


class OutOfMemoryError(CannotRunError):
    """Memory ran out although the plan said that it would not. Exit code 3."""


class ProcessDiedError(CannotRunError):
    """The process that held the model ended by itself: killed or crashed. Exit code 3.

    Attributes
    ----------
    memory_ran_out : bool
        Whether that is known to be the reason.
    """

    memory_ran_out = False


class CancelledError(MedMOError):
    """The user cancelled. Exit code 130."""

    exit_code = 130
