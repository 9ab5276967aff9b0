"""Page faults as text: perf script, and the kernel's own tracing.

``comm pid [cpu] seconds: page_fault_user: address=0x... ip=... error_code=0x...``,
with ``exceptions:`` in front where perf wrote it; ``page_fault_kernel`` as well, by
which system calls fault in what they read or write for a program. perf's own event
``page-faults`` has an address and no error code. Bit 0 of that code is a page that was
there, and was not to be written to yet: such a fault is no miss, and passed over. Bit 1
is a write, bit 4 a fetch of an instruction. Faults at the kernel's own addresses are
passed over as well, and so are lines of other events.

Kernel: include/trace/events/exceptions.h, arch/x86/include/asm/trap_pf.h.
Not here: recording them (record/faults.py).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from swaptools.references import CODE, WRITE, Description, Order
from swaptools.traces.batcher import Batcher
from swaptools.traces.fltrace import nanoseconds
from swaptools.traces.lines import lines, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.references import References
    from swaptools.traces.source import Source

NAME: Final = "page-faults"
_PAGE_SHIFT: Final = 12
#: Above is the kernel, on every architecture of 64 bits.
_USER_END: Final = 1 << 63
_HEAD: Final = (
    rb"\s*(.{1,64}?)[\s-]([0-9]{1,10})(?:/[0-9]{1,10})?\s+(?:\(\s*([0-9]{1,10}|-+)\)\s+)?"
    rb"(?:\[[0-9]{1,5}\]\s+)?"
    rb"(?:[^\s:]{1,16}\s+)?([0-9]{1,10}\.[0-9]{1,9}):\s+(?:[0-9]{1,10}\s+)?"
)
_FAULT: Final = re.compile(
    _HEAD
    + rb"(?:exceptions:)?page_fault_(?:user|kernel):\s+address=(?:0x)?([0-9a-f]{1,16})"
    rb"\s.*\berror_code=0x([0-9a-f]{1,8})\b.*"
)
_COUNTED: Final = re.compile(
    _HEAD + rb"(?:page-|minor-|major-)?faults(?::[a-zA-Z]+)?:\s+([0-9a-f]{1,16})()\b.*"
)
#: Lines that should be understood, whatever else there is.
_CLAIMS: Final = re.compile(rb"page_fault_(?:user|kernel):|[ :-]faults(?::[a-zA-Z]+)?:")
_LOOKED_AT: Final = 64
#: What tracefs begins with, also where nothing happened.
_HEADER: Final = b"# tracer: "


class Fault(NamedTuple):
    """One fault."""

    #: Number of the process, or of the thread where nothing tells which process.
    task: int
    #: What the thread is called, as it stands there.
    command: bytes
    time_ns: int
    address: int
    flags: int
    #: The page was in memory, and what was asked for is the right to write to it.
    is_present: bool

    @property
    def page(self) -> int:
        """Number of the page."""
        return self.address >> _PAGE_SHIFT

    @property
    def is_miss(self) -> bool:
        """Tell whether a page of a program was not there."""
        return self.address < _USER_END and not self.is_present


def parse_fault(line: bytes) -> Fault | None:
    """Return what a line says of a fault; None where it is none."""
    found = _FAULT.fullmatch(line) or _COUNTED.fullmatch(line)
    if found is None:
        return None
    command, thread, process, seconds, address, code = found.groups()
    is_known = process is not None and process.isdigit()
    task, error_code = int(process if is_known else thread), int(code or b"0", 16)
    if task >= 1 << 32:
        return None
    flags = (WRITE if error_code & 2 else 0) | (CODE if error_code & 16 else 0)
    at, time_ns = int(address, 16), nanoseconds(seconds)
    return Fault(task, command, time_ns, at, flags, error_code & 1 != 0)


def looks_like(head: bytes, _path: str) -> bool:
    """Tell whether there are faults among the first lines, or a header of ftrace."""
    if b"\0" in head:
        return False
    if head.startswith(_HEADER):
        return True
    first = head.split(b"\n")[:-1][:_LOOKED_AT]
    return any(parse_fault(line) for line in first if len(line) < 1024)


def describe(_source: Source) -> Description:
    """Return what the format says of every trace in it."""
    return Description(NAME, Order.FAULTS)


def read(source: Source) -> Iterator[References]:
    """Yield the faults, each a reference to a page."""
    batcher = Batcher()
    is_one = not source.peek(1) or source.peek(len(_HEADER)) == _HEADER
    for at, line in lines(source):
        if _CLAIMS.search(line) is None:
            continue
        is_one = True
        fault = parse_fault(line)
        if fault is None:
            source.skip(f"no page fault: {text_of(line)}", at)
        elif fault.is_miss:
            yield from batcher.add(
                fault.page, 1, fault.flags, fault.task, fault.time_ns
            )
    yield from batcher.flush()
    if not is_one:
        source.tell(f"{source.path}: no line of it is of a page fault")
