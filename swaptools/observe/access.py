"""Why something may not be done with a name: access(2), with its errno.

``os.access`` says no and not why: a read-only subvolume, an immutable directory and
a mode are three reasons.

Not here: what a file's own flags say (backing.py).
"""

from __future__ import annotations

import os


def denial(directory: int, mode: int) -> OSError | None:
    """Ask whether this process may use an open directory so.

    Args:
        directory: Descriptor of it; one of O_PATH does.
        mode: As access(2) has it, ``os.W_OK | os.X_OK``.

    Returns:
        Why not, None when it may. It is the real user who is asked about.
    """
    import ctypes  # where something was refused, and nowhere else

    libc = ctypes.CDLL(None, use_errno=True)
    if not libc.faccessat(directory, b".", mode, 0):
        return None
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
