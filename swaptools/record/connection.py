"""A connection that valgrind has opened: one process, or one and what it forked.

Not here: what is done with its references (lackey.py of this room).
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from swaptools.record.memory import Memory
from swaptools.traces.lackey import batches, parsed
from swaptools.traces.lines import MAX_LINE_BYTES

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from swaptools.references import References

_COMMAND: Final = re.compile(rb"^==([0-9]{1,10})== Command: ([^\n]*)", re.MULTILINE)
#: Of the first lines, in which a process names itself.
_PREAMBLE_BYTES: Final = 1 << 16


class Connection:
    """The lines that have come so far.

    Attributes:
        task: Number of the task.
        name: What it runs, once that is known.
        memory: That of the process, once it has named itself.
        offset: Bytes that have been parsed.
        broken: Lines that were none of lackey's.
    """

    def __init__(self, task: int) -> None:
        """Begin with nothing."""
        self.task = task
        self.name: str | None = None
        self.memory = Memory(None)
        self.offset = 0
        self.broken = 0
        self._rest = b""

    def skip(self, _reason: str, _offset: int, count: int = 1) -> None:
        """Pass lines over that a program has written among valgrind's."""
        self.broken += count

    def references(self, data: bytes) -> Iterator[References]:
        """Yield what the lines say that are whole by now."""
        head, newline, rest = data.rpartition(b"\n")
        if not newline:
            self._rest += data
            if len(self._rest) > MAX_LINE_BYTES:
                self._rest, self.broken = b"", self.broken + 1
            return
        whole = self._rest + head + newline
        self._rest = rest
        if self.name is None and self.offset < _PREAMBLE_BYTES:
            self._find_name(whole)
        begun, self.offset = self.offset, self.offset + len(whole)
        yield from batches(*parsed(self, begun, whole), self.task)

    def _find_name(self, lines: bytes) -> None:
        found = _COMMAND.search(lines)
        if found is not None:
            command = found[2].decode("utf-8", "backslashreplace")
            self.name = f"{int(found[1])}: {command}"
            self.memory = Memory(int(found[1]))


def is_ours(connection: socket.socket) -> bool:
    """Tell whether a process of the same user is at the other end of a connection.

    Anybody on the machine can connect to a port. Where the kernel does not say whose
    it is, as in a container without /proc, it is taken for ours.

    Kernel: net/ipv4/tcp_ipv4.c get_tcp4_sock(), which prints what is read here.
    """
    address, port = connection.getpeername()
    number = int.from_bytes(bytes(map(int, address.split("."))), "little")
    wanted = f"{number:08X}:{port:04X}"
    try:
        with open("/proc/net/tcp", encoding="ascii") as table:
            for line in table:
                words = line.split()
                if len(words) > 7 and words[1] == wanted:
                    return int(words[7]) == os.geteuid()
    except (OSError, ValueError):
        return True
    return True
