"""Settings that are files of the kernel: written, or told of by their names.

write(2) fails where open(2) did not, and its error knows no name.

Not here: which files (limit.py, tracing.py, zram.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.errors import RecordError

if TYPE_CHECKING:
    from pathlib import Path


def set_file(path: Path, value: str) -> None:
    """Write a value to a file of the kernel.

    Raises:
        RecordError: It is not there, or takes no such value.
    """
    try:
        path.write_text(value)
    except OSError as exc:
        raise RecordError(f"{path}: {exc.strerror}", 125) from exc
