"""Areas that are wrong in one way each, and files that are no areas at all.

A situation is made anew for every command that is pasted. Those of a header can be
put anywhere, those of storage are about a file on some file system.

Not here: where they are put (surroundings.py).
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.against_kernel import places
from tests.builders import bitmap_page, header_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAGE: Final = places.PAGE
PAGES: Final = places.PAGES
AREA_BYTES: Final = PAGES * PAGE
#: 16 MiB.
CROWDED_PAGES: Final = (16 << 20) // PAGE
LABEL: Final = b"kept as it is"


class Situation(NamedTuple):
    """A file to be made, and who is asked about it."""

    name: str
    make: Callable[[Path], object]
    #: Asked of this kernel; the running one is asked for its own opinion, too.
    kernel: str = "running"
    #: Memory of the machine, None for this one's.
    ram_bytes: int | None = None
    #: Everything in it from this byte on is somebody's; None: nothing but swap.
    foreign_from: int | None = None


def headed(
    *, pages: int = PAGES, rest: Callable[[int], bytes] = os.urandom, **changes: Any
) -> Callable[[Path], object]:
    """Return a maker of a file that begins with such a header page."""

    def make(path: Path) -> None:
        page = header_page(**{"last_page": PAGES - 1, "label": LABEL, **changes})
        path.write_bytes(page + rest(max(pages * PAGE - len(page), 0)))
        path.chmod(0o600)

    return make


def _bitmap(path: Path) -> None:
    page = bitmap_page(set(range(1, PAGES)))
    path.write_bytes(page + os.urandom(AREA_BYTES - len(page)))
    path.chmod(0o600)


def _longer(path: Path) -> None:
    places.written(path)
    with path.open("ab") as file:
        file.write(bytes(AREA_BYTES))


def _zeros(path: Path) -> None:
    path.write_bytes(bytes(AREA_BYTES))
    path.chmod(0o600)


_SWABBED: Final = int.from_bytes((PAGES - 1).to_bytes(4, "big"), "little")
_ALL: Final = tuple(range(1, PAGES))

#: Of the header: a file, a device, a part of an image.
HEADERS: tuple[Situation, ...] = (
    Situation("blank", _zeros),
    Situation("version-2", headed(version=2)),
    Situation("last-page-0", headed(last_page=0, rest=bytes)),
    Situation("other-page-size", headed(page_size=4 * PAGE, last_page=PAGES // 4 - 1)),
    Situation("mixed-order", headed(last_page=_SWABBED)),
    Situation("version-0", _bitmap),
    Situation("bad-pages", headed(badpages=(3, 4, 4))),
    Situation("label-16", headed(label=b"0123456789abcdef")),
    Situation("padding", headed(patches=((1068 + 4 * 33, b"\1"),))),
    Situation("longer", _longer),
    Situation("shorter", headed(pages=PAGES // 2)),
    Situation("foreign-order", headed(byte_order="big")),
    Situation("nil-uuid", headed(uuid=None, version=2)),
)
#: Lists of bad pages, which only a device may have.
BAD_PAGES: tuple[Situation, ...] = (
    Situation("list-too-long", headed(nr_badpages=638)),
    Situation("out-of-range", headed(badpages=(5, 0, PAGES, 9))),
    Situation("duplicates", headed(badpages=(5, 5, 9))),
    Situation("duplicates-refused", headed(badpages=(5, 5, 9)), "7.2"),
    Situation("underflow", headed(pages=3, last_page=2, badpages=(1, 1, 1))),
    Situation("none-left", headed(badpages=_ALL)),
)
_GHOST: Final = headed(pages=1, ghost_flag=True)
_HUGE: Final = headed(pages=1, ghost_flag=True, last_page=1 << 28)
_GIB: Final = 1 << 30
#: Header-only areas, on kernels that know them.
GHOSTS: tuple[Situation, ...] = (
    Situation("ghost-grown", headed(ghost_flag=True, rest=bytes), "ghost-rfc"),
    Situation("ghost-grown-here", headed(ghost_flag=True, rest=bytes)),
    Situation("ghost-not-marked", headed(pages=1), "ghost-rfc"),
    Situation(
        "ghost-list", headed(pages=1, ghost_flag=True, nr_badpages=700), "ghost-rfc"
    ),
    Situation("ghost-costly", _HUGE, "ghost-rfc-6.12", 3 * _GIB),
    Situation("ghost-absurd", _HUGE, "ghost-rfc", 3 * _GIB),
    Situation(
        "ghost-too-large",
        headed(pages=1, ghost_flag=True, last_page=0xFFFFFFFF),
        "ghost-rfc-6.12",
        3 * _GIB,
    ),
    Situation(
        "ghost-fatal",
        headed(pages=1, ghost_flag=True, last_page=1 << 29),
        "ghost-rfc-6.12",
        _GIB,
    ),
    Situation("ghost-refused", _GHOST),
)


# --- storage -------------------------------------------------------------------


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
    Situation("longer-used-whole", _longer, "4.18"),
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
    places.written(path, pages=CROWDED_PAGES)
    os.sync()
    filler, left_bytes = path.with_name("filler"), CROWDED_PAGES * PAGE // 2
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


# --- what is no swap at all ------------------------------------------------------


def _text(path: Path) -> None:
    line = b"The magic is SWAPSPACE2, at the end of the first page.\n"
    text = (line * 2000)[: PAGE - 10] + b"SWAPSPACE2"
    path.write_bytes(text + line * 2000)


def _qcow2(path: Path) -> None:
    path.write_bytes(b"QFI\xfb\0\0\0\3" + bytes(PAGE) + os.urandom(AREA_BYTES))


def _made_by(*command: str) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        if shutil.which(command[0]) is None:
            raise NotImplementedError(command[0])
        path.touch(0o600)
        os.truncate(path, 16 << 20)
        subprocess.run(
            [*command, str(path)], check=True, capture_output=True, input=b""
        )

    return make


def _over_swap(make: Callable[[Path], object]) -> Callable[[Path], object]:
    # The page of swap that was there before has its magic still.
    def both(path: Path) -> None:
        make(path)
        with path.open("r+b") as file:
            file.seek(PAGE - 10)
            file.write(b"SWAPSPACE2")

    return both


def _luks(path: Path) -> None:
    path.write_bytes(b"LUKS\xba\xbe\0\2" + os.urandom(AREA_BYTES))


def _gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(os.urandom(AREA_BYTES)))


def _random(path: Path) -> None:
    path.write_bytes(os.urandom(AREA_BYTES))


def _late_byte(path: Path) -> None:
    path.write_bytes(bytes(AREA_BYTES) + b"x".ljust(512, b"\0"))


def _suspended(path: Path) -> None:
    places.written(path)
    with path.open("r+b") as file:
        file.seek(PAGE - 20)
        file.write(b"SWAPSPACE2S1SUSPEND\0")


def _neighbour_without_table(path: Path) -> None:
    places.written(path)
    with path.open("ab") as file:
        file.write(bytes(AREA_BYTES) + os.urandom(AREA_BYTES))


def _boot_loader(path: Path) -> None:
    headed(version=2, patches=((0, b"\xeb\x3c\x90" + os.urandom(500)),))(path)


_EXT4 = _made_by("mkfs.ext4", "-q", "-F", "-b", "1024")
_GPT = _made_by("sgdisk", "-n", "1:2048:+4M", "-n", "2:0:+4M", "-t", "2:8200")

#: Files in which every byte, or every byte from one on, is somebody's.
FOREIGN: tuple[Situation, ...] = tuple(
    Situation(f"foreign-{name}", make, foreign_from=start)
    for name, make, start in (
        ("text", _text, 0),
        ("qcow2", _qcow2, 0),
        ("ext4", _EXT4, 0),
        ("ext4-over-swap", _over_swap(_EXT4), 0),
        ("xfs-like", _made_by("mkfs.vfat"), 0),
        ("gpt", _GPT, 0),
        ("gpt-over-swap", _over_swap(_GPT), 0),
        ("luks", _luks, 0),
        ("gzip", _gzip, 0),
        ("random", _random, 0),
        ("late-byte", _late_byte, 0),
        ("hibernation", _suspended, 0),
        ("boot-loader", _boot_loader, 0),
        ("neighbour", _neighbour_without_table, AREA_BYTES),
    )
)
