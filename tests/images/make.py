"""Make the golden images that are not there yet; never overwrite one.

    python -m tests.images.make

Each case becomes a folder: area.img.xz, NOTE (who made it, the exact command,
the checksum) and a first expect.json, to be read critically before it is
committed. From then on the folder is the truth and this only tells how it came
about.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from click.testing import CliRunner

from swaptools.cli import swapinfo
from tests.builders import bitmap_page, header_page, suspend_tail
from tests.searching import PATH

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
UUID_TEXT = "6f8a0e3c-52a1-4c3b-9d47-1c2f3a4b5c6d"
TUXONICE = bytes.fromhex("edc302e99856e50c")
#: Keys of a row that depend on where the image lies, not on what it holds.
PLACE = ("path", "allocated_bytes", "active")

_NUMBERS = re.compile(r"\[[\d,\s]+\]")


class Command(NamedTuple):
    """Commands for a shell in an empty directory that leave a file ``area.img``."""

    text: str


#: Folder -> the commands, or a function in this file that returns the bytes.
CASES: dict[str, Command | Callable[[], bytes]] = {
    "mkswap-4k": Command(
        "truncate -s 40960 area.img;"
        f" mkswap -q -p 4096 -L 'made by mkswap' -U {UUID_TEXT} area.img"
    ),
    "mkswap-64k": Command(
        f"truncate -s 655360 area.img; mkswap -q -p 65536 -L x -U {UUID_TEXT} area.img"
    ),
    "mkswap-nil-uuid": Command(
        "truncate -s 40960 area.img; mkswap -q -p 4096 -U clear area.img"
    ),
    "mkswap-ghost": Command(
        "truncate -s 4096 area.img;"
        f" mkswap -q -f -p 4096 -L ghost -U {UUID_TEXT} area.img 1048576"
    ),
    "ghost": Command(
        f"ghost-mkswap -q -p 4096 -e little -L ghost -U {UUID_TEXT} area.img 64G"
    ),
    "ghost-64k-big": Command(
        f"ghost-mkswap -q -p 64K -e big -L g -U {UUID_TEXT} area.img 256T"
    ),
    "real-8k-big": Command(
        f"ghost-mkswap -q --real -p 8192 -e big -L real -U {UUID_TEXT} area.img 80K"
    ),
    "old-64k-behind-4k": Command(
        f"ghost-mkswap -q --real -p 64K -e little -L old -U {UUID_TEXT} area.img 640K;"
        f" ghost-mkswap -q -p 4096 -e little --no-flag -L new -U {UUID_TEXT} new 40K;"
        " dd if=new of=area.img conv=notrunc status=none"
    ),
}


def hand_made(function: Callable[[], bytes]) -> Callable[[], bytes]:
    """Enter a function's bytes under its name."""
    CASES[function.__name__.replace("_", "-")] = function
    return function


@hand_made
def version_0() -> bytes:
    """Ten pages, page 3 bad, in the bitmap form that kernels took until 2.6.28."""
    return bitmap_page({1, 2, 4, 5, 6, 7, 8, 9}) + bytes(36864)


@hand_made
def suspended() -> bytes:
    """An area with the kernel's hibernation header over the page end."""
    return header_page(last_page=9, patches=(suspend_tail(),)) + bytes(36864)


@hand_made
def suspended_64k_big() -> bytes:
    """The same on a big-endian machine with 64 KiB pages."""
    tail = suspend_tail(byte_order="big", flags=9)
    page = header_page(page_size=65536, byte_order="big", last_page=1, patches=(tail,))
    return page + bytes(65536)


@hand_made
def suspended_by_user_space() -> bytes:
    """User-space suspend: the old magic kept, the other fields not filled."""
    tail = suspend_tail(hw_sig=0, crc32=0, image=0, flags=0, sig=b"ULSUSPEND\0")
    return header_page(last_page=9, patches=(tail,)) + bytes(36864)


@hand_made
def resumed() -> bytes:
    """After a resume: the magic is back, the other fields are residue."""
    tail = suspend_tail(sig=b"SWAPSPACE2")
    return header_page(last_page=9, patches=(tail,)) + bytes(36864)


@hand_made
def tuxonice() -> bytes:
    """TuxOnIce's magic at byte 0 before an untouched header."""
    return header_page(last_page=9, patches=((0, TUXONICE),)) + bytes(36864)


@hand_made
def bad_pages_big() -> bytes:
    """A bad page list in big-endian order, one page twice."""
    page = header_page(byte_order="big", last_page=9, badpages=(3, 7, 3))
    return page + bytes(36864)


@hand_made
def hostile() -> bytes:
    """Every number at its limit, a label of sixteen bytes that are no UTF-8."""
    return header_page(
        last_page=0xFFFFFFFF, nr_badpages=0xFFFFFFFF, label=b"\x1b[31m" + b"\xff" * 11
    )


@hand_made
def cut_short() -> bytes:
    """A real area of ten pages of which two and a half are left."""
    return header_page(last_page=9) + bytes(6144)


def main() -> None:
    """Make every case that has no folder."""
    for name, how in CASES.items():
        folder = HERE / name
        if folder.exists():
            continue
        with tempfile.TemporaryDirectory() as directory:
            image = Path(directory, "area.img")
            if isinstance(how, Command):
                note = _run(how, image.parent)
            else:
                image.write_bytes(how())
                note = f"{how.__doc__}\n\nBy hand: {how.__name__}() of make.py.\n"
            data = image.read_bytes()
            row = _look(image)
        folder.mkdir()
        checksum = hashlib.sha256(data).hexdigest()
        (folder / "area.img.xz").write_bytes(lzma.compress(data, preset=9))
        (folder / "NOTE").write_text(f"{note}\nsha256 of area.img: {checksum}\n")
        lines = json.dumps(row, indent=2) + "\n"
        (folder / "expect.json").write_text(_NUMBERS.sub(_on_one_line, lines))
        sys.stdout.write(f"{name}: read its expect.json before you commit it\n")


def _run(command: Command, directory: Path) -> str:
    subprocess.run(
        ["sh", "-ec", f"umask 077; {command.text}"],
        cwd=directory,
        env={"PATH": PATH},
        check=True,
    )
    lines = "\n".join(f"    {line.strip()}" for line in command.text.split(";"))
    programs_used = {shlex.split(line)[0] for line in command.text.split(";")}
    maker = next(name for name in ("mkswap", "ghost-mkswap") if name in programs_used)
    version = subprocess.run(
        [maker, "--version"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": PATH},
    ).stdout.strip()
    return f"{version}:\n\n{lines}\n"


def _on_one_line(numbers: re.Match[str]) -> str:
    return re.sub(r"\s+", "", numbers[0]).replace(",", ", ")


def _look(image: Path) -> dict[str, object]:
    done = CliRunner().invoke(swapinfo.main, ["--json", str(image)])
    (row,) = json.loads(done.stdout)["swapareas"]
    for key in PLACE:
        del row[key]
    found: dict[str, object] = row
    return found


if __name__ == "__main__":
    main()
