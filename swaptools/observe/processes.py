"""The processes that /proc shows: names, what each has in swap, what is hidden.

One pass survives whatever ends meanwhile. Kernel threads and zombies have no
memory of their own and are left out.

Not here: their mappings (smaps.py), their page tables (pagemap.py).

Kernel: fs/proc/array.c proc_pid_status(), fs/proc/task_mmu.c task_mem();
include/linux/nsfs.h PROC_PID_INIT_INO; fs/proc/root.c for hidepid=.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROC = "/proc"
_FIELD: Final = re.compile(
    rb"^(Name|State|Threads|VmSwap|RssAnon):[ \t]*([^\n]*)$", re.MULTILINE
)
#: What the link of the first pid namespace says on every machine.
_FIRST_NAMESPACE: Final = f"pid:[{0xEFFFFFFC}]"
#: A process that ended while it was looked at, or whose memory has gone by now.
_GONE: Final = (FileNotFoundError, ProcessLookupError)


class Process(NamedTuple):
    """A process with memory of its own."""

    pid: int
    #: The command's name as the kernel has it: 15 bytes, any bytes but NUL.
    name: str
    #: Its anonymous pages that are in swap; a page that several processes have is in
    #: each. Shared memory is not in it.
    swap_bytes: int
    #: Its anonymous pages that are in memory.
    anonymous_bytes: int


class Processes(NamedTuple):
    """What one pass over /proc found."""

    found: tuple[Process, ...]
    #: Processes that are there and may not be looked at.
    unreadable: tuple[int, ...]


def read_processes() -> Processes:
    """Look at every process that /proc shows.

    Raises:
        OSError: There is no /proc to look at.
    """
    found, unreadable = [], []
    for pid in list_pids():
        try:
            process = read_process(pid)
        except PermissionError:
            unreadable.append(pid)
        else:
            found += [process] if process else []
    return Processes(tuple(found), tuple(unreadable))


def list_pids() -> list[int]:
    """List the numbers of the processes that /proc shows, smallest first.

    Raises:
        OSError: There is no /proc to look at.
    """
    pids = sorted(int(name) for name in os.listdir(_PROC) if name.isdecimal())
    if not pids:
        raise FileNotFoundError(2, "no process is shown, /proc is not mounted", _PROC)
    return pids


def read_process(pid: int) -> Process | None:
    """Look at one process; None when it has ended, or has no memory of its own.

    Where its first thread has ended alone, the kernel shows its memory by the numbers
    of the others: it comes with the lowest of them.

    Raises:
        PermissionError: It is there and may not be looked at.
    """
    try:
        fields = _fields(pid)
        if b"VmSwap" not in fields:
            pid, fields = _other_thread(pid, fields)
    except _GONE:
        return None
    if b"VmSwap" not in fields:
        return None
    name = unescaped_name(fields.get(b"Name", b""))
    anonymous = _kib(fields.get(b"RssAnon", b""))
    return Process(pid, name, _kib(fields[b"VmSwap"]), anonymous)


def _fields(pid: int) -> dict[bytes, bytes]:
    with open(place(pid, "status"), "rb", buffering=0) as file:
        return dict(_FIELD.findall(file.read()))


def _other_thread(
    pid: int, fields: dict[bytes, bytes]
) -> tuple[int, dict[bytes, bytes]]:
    is_zombie = fields.get(b"State", b"").startswith(b"Z")
    if not is_zombie or fields.get(b"Threads") in (None, b"0", b"1"):
        return pid, fields
    for thread in sorted(int(name) for name in os.listdir(place(pid, "task"))):
        if thread != pid:
            return thread, _fields(thread)
    return pid, fields


def unescaped_name(name: bytes) -> str:
    r"""Undo what the kernel writes for a line end and a backslash in a name.

    >>> unescaped_name(rb"a\nb\\c")
    'a\nb\\c'
    """
    plain = re.sub(rb"\\([n\\])", lambda m: b"\n" if m[1] == b"n" else m[1], name)
    return plain.decode("utf-8", "surrogateescape")


def place(pid: int, name: str) -> str:
    """Return the path of a file of a process."""
    return f"{_PROC}/{pid}/{name}"


def is_gone(exc: OSError) -> bool:
    """Tell whether an error says that a process has ended, or lost its memory."""
    return isinstance(exc, _GONE)


def hidden_processes() -> Iterator[str]:
    """Say, a sentence each, why there may be processes that /proc does not show."""
    try:
        namespace = os.readlink(f"{_PROC}/self/ns/pid")
    except OSError:
        namespace = _FIRST_NAMESPACE
    if namespace != _FIRST_NAMESPACE:
        yield "processes outside of this pid namespace are not shown"
    option = _hidepid()
    if option is not None and os.geteuid() != 0:
        yield f"/proc is mounted with hidepid={option}: processes of others are hidden"


def _hidepid() -> str | None:
    # The last mount on /proc counts. Kernel: fs/proc/root.c proc_show_options().
    option = None
    try:
        with open(
            f"{_PROC}/self/mountinfo", encoding="utf-8", errors="replace"
        ) as file:
            for line in file:
                left, _, right = line.partition(" - ")
                if left.split(" ")[4:5] == ["/proc"] and right.startswith("proc "):
                    match = re.search(r"\bhidepid=(\w+)", right)
                    option = match[1] if match else None
    except OSError:
        return None
    return None if option in ("0", "off") else option


def _kib(text: bytes) -> int:
    number = text.split(b" ", 1)[0]
    return int(number) * 1024 if number.isdigit() else 0
