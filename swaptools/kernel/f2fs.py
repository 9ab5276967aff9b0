"""f2fs: no log, no compression, and what is off its sections is moved first.

Moving fails at a hole, so that a hole is met where the move began, under another
error and line. Sections are taken to be of one segment, and to begin on bounds of
the device, as mkfs.f2fs(8) makes them.

Not here: file systems that leave files where they are (iomap.py, page_io.py).

Kernel: fs/f2fs/data.c f2fs_swap_activate(), check_swap_activate(),
f2fs_migrate_blocks().
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from swaptools.backing import InodeFlags
from swaptools.kernel.attempt import Refusal
from swaptools.kernel.page_io import generic_swapfile_activate
from swaptools.kernel.walks import storage_runs, whole_pages_bytes

if TYPE_CHECKING:
    from swaptools.kernel.attempt import Attempt
    from swaptools.kernel.walks import Activation, Run

#: Kernel: include/linux/f2fs_fs.h F2FS_BLKSIZE, DEFAULT_BLOCKS_PER_SEGMENT.
_SECTION_BYTES: Final = 512 * 4096
_LOG: Final = "Swapfile not supported in LFS mode"
_HOLES: Final = "Swapfile has holes"
_TAIL: Final = "Swapfile: last extent is not aligned to section"
_MOVED: Final = (
    "Swapfile ({}) is not align to section: 1) creat(),"
    " 2) ioctl(F2FS_IOC_SET_PIN_FILE), 3) fallocate(2097152 * N)"
)


def f2fs_swap_activate(attempt: Attempt, max_pages: int) -> Activation:
    """Look at the mount, the inode, and then at the blocks."""
    backing, files = attempt.backing, attempt.files
    if _refuses_log(attempt):
        return Refusal("EINVAL", _line(attempt, _LOG), "log_structured")
    if files.f2fs_refuses_compressed and backing.has_flag(InodeFlags.COMPRESSED):
        return Refusal("EINVAL", fault="compressed")
    if backing.extents is None:
        return max_pages
    if files.f2fs == "pages":
        return generic_swapfile_activate(attempt, max_pages)
    end_bytes = whole_pages_bytes(attempt)
    walk = _Walk(
        tuple(storage_runs(backing.extents, end_bytes)),
        min(end_bytes, max_pages * attempt.page_size),
        end_bytes,
        moves_tail=files.f2fs == "sections_and_tail",
    )
    fault = walk.fault()
    if fault is None:
        return max_pages
    errno, said = fault
    return Refusal(errno, _line(attempt, walk.first_line or said), "hole")


def _refuses_log(attempt: Attempt) -> bool:
    if not attempt.backing.is_log_structured:
        return False
    if attempt.files.f2fs_refuses_lfs == "without_zones":
        return not attempt.backing.is_on_zones
    return attempt.files.f2fs_refuses_lfs == "always"


# Kernel: fs/f2fs/super.c f2fs_printk().
def _line(attempt: Attempt, said: str) -> str:
    return f"F2FS-fs ({attempt.backing.device_name or '<unknown>'}): {said}"


class _Walk:
    # Places are in bytes from the start of the file.
    def __init__(
        self,
        runs: tuple[Run, ...],
        max_bytes: int,
        end_bytes: int,
        *,
        moves_tail: bool,
    ) -> None:
        self.runs = runs
        #: As far as the header reaches, and as far as the file does.
        self.max_bytes = max_bytes
        self.end_bytes = end_bytes
        #: From 6.12; before, what is left of a last section stays where it is.
        self.moves_tail = moves_tail
        #: What was logged before the walk ended.
        self.first_line: str | None = None

    # The error and the line of a hole, if one is met.
    def fault(self) -> tuple[str, str] | None:
        position = nr_moved = 0
        while position < self.max_bytes:
            run = self._run_at(position)
            if run is None:
                return "EINVAL", _HOLES
            length = run.offset_bytes + run.length_bytes - position
            physical = run.physical_bytes + position - run.offset_bytes
            if not (physical % _SECTION_BYTES or length % _SECTION_BYTES):
                position += length
                continue
            nr_moved += 1
            moved = self._moved_bytes(position, length)
            if moved and self._has_hole(position, position + moved):
                errno = "EINVAL" if self.moves_tail else "ENOENT"
                return errno, _MOVED.format(nr_moved)
            position += moved or length
        return None

    # How much is moved: whole sections, and what is left of the file at its end.
    def _moved_bytes(self, position: int, length: int) -> int:
        moved = -(-length // _SECTION_BYTES) * _SECTION_BYTES
        if position + moved > self.max_bytes:
            moved -= _SECTION_BYTES
        if moved or self.moves_tail:
            return moved or self.end_bytes - position
        self.first_line = self.first_line or _TAIL
        return 0

    def _run_at(self, position: int) -> Run | None:
        number = bisect_right(self.runs, position, key=lambda run: run.offset_bytes)
        run = self.runs[number - 1] if number else None
        is_in = run and position < run.offset_bytes + run.length_bytes
        return run if is_in else None

    def _has_hole(self, start: int, end: int) -> bool:
        position = start
        while position < min(end, self.end_bytes):
            run = self._run_at(position)
            if run is None:
                return True
            position = run.offset_bytes + run.length_bytes
        return end > self.end_bytes
