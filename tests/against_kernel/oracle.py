"""Ask the running kernel what it thinks of an area, and what it logs meanwhile."""

from __future__ import annotations

import errno
import itertools
import os
import re
from typing import TYPE_CHECKING, NamedTuple

from tests.against_kernel import rig

if TYPE_CHECKING:
    from pathlib import Path

#: What others on this machine may log meanwhile; none of it is about swapon(2).
_OTHERS = ("zram: ", "loop", "EXT4-fs ", "XFS ", "BTRFS info ", "device-mapper: ")
_ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")
_RECORD_BYTES = 8192
_numbers = itertools.count()


class Answer(NamedTuple):
    """What swapon(2) said."""

    #: ``EINVAL``; None when the area was taken.
    errno: str | None
    #: What was logged meanwhile, oldest first.
    lines: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        """Whether the area was swapped on."""
        return self.errno is None

    @property
    def message(self) -> str | None:
        """The first log line of a refusal."""
        return self.lines[0] if self.errno and self.lines else None


def ask_kernel(path: Path | str) -> Answer:
    """Swap on, and off again at once; the log is cut between two markers."""
    number = next(_numbers)
    begin, end = (f"swaptools {os.getpid()} {number} {word}" for word in "<>")
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    try:
        os.lseek(log, 0, os.SEEK_END)
        rig.kernel_log(begin)
        error = rig.swapon_errno(path)
        rig.kernel_log(end)
        if not error:
            assert rig.swapoff_errno(path) == 0
        lines = _read_lines(log)
    finally:
        os.close(log)
    between = lines[lines.index(begin) + 1 : lines.index(end)]
    ours = tuple(line for line in between if not line.startswith(_OTHERS))
    return Answer(errno.errorcode[error] if error else None, ours)


def _read_lines(log: int) -> list[str]:
    # One record a read: "priority,number,time,flags;text", unprintables escaped.
    lines: list[str] = []
    while True:
        try:
            record = os.read(log, _RECORD_BYTES)
        except BlockingIOError:
            return lines
        text = record.partition(b";")[2].partition(b"\n")[0]
        raw = _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), text)
        lines.append(os.fsdecode(raw))
