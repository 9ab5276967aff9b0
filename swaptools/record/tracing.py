"""An instance of the kernel's tracing that tells page faults of some processes.

An instance of its own, so that nobody else's tracing is touched.

Not here: what a line says (traces/faults.py).

Kernel: Documentation/trace/ftrace.rst "Instances"; include/trace/events/exceptions.h.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from swaptools.errors import RecordError
from swaptools.record.kernel_files import set_file

if TYPE_CHECKING:
    from types import TracebackType

_PLACES: Final = (Path("/sys/kernel/tracing"), Path("/sys/kernel/debug/tracing"))
_NOT_THERE: Final = f"no tracing here: mount -t tracefs tracefs {_PLACES[0]}"
_EVENTS: Final = ("page_fault_user", "page_fault_kernel")
#: Larger than any number of a process. Kernel: include/linux/threads.h PID_MAX_LIMIT.
_NOBODY: Final = 1 << 22
#: Of each CPU: about a hundred thousand faults.
_BUFFER_KIB: Final = 16 << 10
_READ_BYTES: Final = 1 << 18
_LOST: Final = re.compile(rb"\[LOST ([0-9]+) EVENTS\]")


class Tracing:
    """The instance, for as long as the block lasts.

    Attributes:
        lost: Faults that the buffer had no room for.
    """

    def __init__(self) -> None:
        """Find where the kernel has it.

        Raises:
            RecordError: It has none, or not these events, or they are root's alone.
        """
        self.lost = 0
        place = next((one for one in _PLACES if (one / "instances").is_dir()), None)
        if place is None:
            raise RecordError(_NOT_THERE, 125)
        self._folder = place / "instances" / f"swapemu-{os.getpid()}"
        self._pipe = -1

    def __enter__(self) -> Tracing:
        """Begin to trace nobody."""
        try:
            self._folder.mkdir()
            self._set("buffer_size_kb", str(_BUFFER_KIB))
            self._set("options/event-fork", "1")
            self._set("options/record-tgid", "1")
            self._set("set_event_pid", str(_NOBODY))
            for event in _EVENTS:
                self._set(f"events/exceptions/{event}/enable", "1")
            flags = os.O_RDONLY | os.O_NONBLOCK
            self._pipe = os.open(self._folder / "trace_pipe", flags)
        except BaseException as exc:
            self._remove()
            if not isinstance(exc, OSError):
                raise
            reason = exc.strerror or str(exc)
            raise RecordError(f"{exc.filename}: {reason}", 125) from exc
        return self

    def _set(self, name: str, value: str) -> None:
        set_file(self._folder / name, value)

    def add(self, pid: int) -> None:
        """Trace a process, and all that it starts.

        Added to a list that is never empty: an empty one would mean everybody.
        """
        pids = os.open(self._folder / "set_event_pid", os.O_WRONLY)
        try:
            os.write(pids, str(pid).encode())
        finally:
            os.close(pids)

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Remove the instance."""
        self._remove()

    def _remove(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
        for event in _EVENTS:
            with contextlib.suppress(RecordError):
                self._set(f"events/exceptions/{event}/enable", "0")
        with contextlib.suppress(OSError):
            self._folder.rmdir()

    def read(self) -> bytes:
        """Return lines that have come, as far as they go; none when there are none."""
        try:
            data = os.read(self._pipe, _READ_BYTES)
        except BlockingIOError:
            return b""
        self.lost += sum(int(count) for count in _LOST.findall(data))
        return data
