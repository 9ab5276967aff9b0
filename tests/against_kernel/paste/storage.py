"""Files that are wrong under a good header: holes, sizes, modes, no room beside them.

Not here: the header (situations.py), the file systems (surroundings.py).
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from tests.against_kernel import places
from tests.against_kernel.paste.situations import (
    AREA_BYTES,
    PAGE,
    Situation,
    headed,
    longer,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: 16 MiB.
_CROWDED_PAGES: Final = (16 << 20) // PAGE


def _sparse_blank(path: Path) -> None:
    path.touch(0o600)
    os.truncate(path, AREA_BYTES)


def _sparse_version_2(path: Path) -> None:
    headed(pages=1, version=2)(path)
    os.truncate(path, AREA_BYTES)


def _cut_sparse(path: Path) -> None:
    headed(pages=1)(path)
    os.truncate(path, AREA_BYTES // 2)


def _readable(path: Path) -> None:
    places.written(path).chmod(0o644)


def _of_somebody(path: Path) -> None:
    os.chown(places.written(path), 1000, 1000)


def _empty(path: Path) -> None:
    path.touch(0o600)


def _short(path: Path) -> None:
    path.write_bytes(bytes(100))


def _end_with_data(path: Path) -> None:
    places.written(path)
    os.truncate(path, AREA_BYTES + 8 * PAGE)
    with path.open("ab") as file:
        file.write(b"somebody's")


def _too_large(path: Path) -> None:
    headed(pages=1, last_page=(1 << 30) // PAGE - 1)(path)
    os.truncate(path, 1 << 30)


def _cut_from_too_large(path: Path) -> None:
    headed(last_page=(1 << 30) // PAGE - 1)(path)


#: Of the file under the area.
STORAGE: tuple[Situation, ...] = (
    Situation("empty", _empty),
    Situation("short", _short),
    Situation("sparse-blank", _sparse_blank),
    Situation("sparse-version-2", _sparse_version_2),
    Situation("cut-sparse", _cut_sparse),
    Situation("too-large", _too_large),
    Situation("cut-from-too-large", _cut_from_too_large),
    Situation("readable", _readable),
    Situation("of-somebody", _of_somebody),
    Situation("longer-used-whole", longer, "4.18"),
    Situation("end-with-data", _end_with_data, foreign_from=AREA_BYTES + 8 * PAGE),
    *(
        Situation(make.__name__, make)
        for make in places.FILES
        if make.__name__ != "symlink"
    ),
)


@contextmanager
def crowded(path: Path) -> Iterator[Path]:
    """A file that takes more than what is left besides it."""
    places.written(path, pages=_CROWDED_PAGES)
    os.sync()
    filler, left_bytes = path.with_name("filler"), _CROWDED_PAGES * PAGE // 2
    with filler.open("wb") as file, suppress(OSError):  # btrfs promises too much
        while (free_bytes := shutil.disk_usage(path.parent).free) > 2 * left_bytes:
            held_bytes = file.seek(0, os.SEEK_END)
            length = free_bytes - left_bytes
            os.posix_fallocate(file.fileno(), held_bytes, length)
    try:
        yield path
    finally:
        filler.unlink()


#: States of the project's places, and one of our own.
STATES: Final = (*places.STATES, crowded)
