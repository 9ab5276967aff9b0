"""SIGKILL and Ctrl-C at random moments of ghost-mkswap over an area that is there.

As a script, a long run: ``python -m tests.hostile.kills --moments 200``. The command
itself is started each time, and killed at a random moment of its life. What it leaves
has to be the old file or the new one, whole, and the next run has to leave nothing
beside it. Prints figures, and exits with 1 when that was not so.

Not here: each step that changes a file, one after the other
(create/test_killed.py).
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.builders import header_page

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE: Final = 4096
_LABELS: Final = ("old", "new", "other", "again")
#: In the order of the labels: the same length twice, then longer, then shorter.
_PAGES: Final = (2048, 2048, 4096, 1024)


class Area(NamedTuple):
    """An area as asked for."""

    pages: int
    label: str

    def is_at(self, path: Path) -> bool:
        """Tell whether it is there, whole: header, length, and storage for it all."""
        status = path.stat()
        with path.open("rb") as file:
            page = file.read(PAGE)
        return (
            page == header_page(last_page=self.pages - 1, label=self.label.encode())
            and status.st_size == self.pages * PAGE
            and status.st_blocks * 512 >= status.st_size
            and status.st_mode & 0o7777 == 0o600
        )


def command(path: Path, area: Area) -> list[str]:
    """The command that makes an area over what is there."""
    uuid = "6f8a0e3c-52a1-4c3b-9d47-1c2f3a4b5c6d"
    words = ["ghost-mkswap", "--real", "-f", "-q", "-p", str(PAGE), "-e", "little"]
    words += ["-U", uuid, "-L", area.label, str(path), str(area.pages * PAGE)]
    program = f"import sys; sys.argv = {words!r}; from swaptools.cli import start;"
    return [sys.executable, "-c", f"{program} sys.exit(start.ghost_mkswap())"]


def run(path: Path, area: Area) -> float:
    """Run the command to its end; how long that took, in seconds."""
    began = time.monotonic()
    subprocess.run(command(path, area), check=True)
    return time.monotonic() - began


def moments(count: int, how: signal.Signals, seed: int) -> Iterator[str]:
    """Stop the command so many times; what came of each, in a word."""
    chance = Random(seed)
    with tempfile.TemporaryDirectory(prefix="swaptools-") as scratch:
        path = Path(scratch) / "area"
        old = Area(_PAGES[0], _LABELS[0])
        path.touch()
        run(path, old)
        lasts = run(path, old)
        for number in range(count):
            new = Area(*_next(number))
            # Most of them late, when files change, and not while Python starts.
            begin = chance.choice((0.0, 0.5, 0.7, 0.9)) * lasts
            quiet = subprocess.DEVNULL  # Python is not silent while it starts
            with subprocess.Popen(command(path, new), stderr=quiet) as process:
                time.sleep(chance.uniform(begin, 1.1 * lasts))
                process.send_signal(how)
            yield _outcome(path, old, new, process.returncode)
            beside = len(os.listdir(scratch)) > 1  # noqa: PTH208
            if beside:
                yield "left a temporary name"
            lasts = (lasts + run(path, new)) / 2
            if os.listdir(scratch) != ["area"] or not new.is_at(path):  # noqa: PTH208
                yield "FAULT: the next run did not clean up"
            old = new


def _next(number: int) -> tuple[int, str]:
    turn = (number + 1) % len(_PAGES)
    return _PAGES[turn], _LABELS[turn]


def _outcome(path: Path, old: Area, new: Area, status: int) -> str:
    when = "stopped" if status else "ended first"
    if new.is_at(path):
        return f"{when}, new"
    return f"{when}, old" if old.is_at(path) else "FAULT: neither old nor new"


def main() -> None:
    """Run as long as the options say, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, prog="tests.hostile.kills")
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    is_faulty = False
    for how in (signal.SIGKILL, signal.SIGINT):
        found = Counter(moments(options.moments, how, options.seed))
        print(f"{how.name} at {options.moments} moments:")
        for what, count in sorted(found.items()):
            print(f"  {count:4} {what}")
        is_faulty |= any(what.startswith("FAULT") for what in found)
        is_faulty |= how == signal.SIGINT and "left a temporary name" in found
    sys.exit(is_faulty)


if __name__ == "__main__":
    main()
