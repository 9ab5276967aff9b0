"""A /proc with processes of our own making, under any directory."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from swaptools.observe import pagemap, processes

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PAGE = pagemap.PAGE_SIZE
PRESENT, SWAPPED, FILE = 1 << 63, 1 << 62, 1 << 61


def swapped(type_number: int, slot: int) -> int:
    """An entry of pagemap for a page in swap, its soft-dirty bit set."""
    return SWAPPED | 1 << 55 | slot << 5 | type_number


class FakeProc:
    """Processes are added one by one."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        root.mkdir(exist_ok=True)
        monkeypatch.setattr(processes, "_PROC", str(root))
        monkeypatch.setattr(pagemap, "can_scan", lambda: False)

    def kernel_thread(self, pid: int) -> None:
        """A process without memory, whose files cannot be read."""
        self._write(pid, "status", "Name:\tkthreadd\nKthread:\t1\n")

    def process(
        self,
        pid: int,
        name: str = "cat",
        *mappings: Mapped,
        vm_swap: int | None = None,
    ) -> None:
        """A process with these mappings; VmSwap as they have it, if not told."""
        smaps = "".join(mapping.smaps for mapping in mappings)
        swap = sum(m.swap for m in mappings)
        private = sum(m.swap for m in mappings if "s" not in m.permissions)
        pss = sum(m.swap // m.holders for m in mappings if "s" not in m.permissions)
        vm_swap = private if vm_swap is None else vm_swap
        self._write(
            pid, "status", f"Name:\t{name}\nRssAnon:\t8 kB\nVmSwap:\t{vm_swap:8} kB\n"
        )
        rollup = f"0-1 ---p 00000000 00:00 0    [rollup]\nRss: 8 kB\nSwap: {swap} kB\n"
        self._write(pid, "smaps_rollup", f"{rollup}SwapPss: {pss} kB\n")
        self._write(pid, "smaps", smaps)
        with (self.root / str(pid) / "pagemap").open("wb") as file:
            for mapping in mappings:
                file.seek(mapping.start // PAGE * 8)
                file.write(struct.pack(f"<{len(mapping.entries)}Q", *mapping.entries))

    def _write(self, pid: int, name: str, text: str) -> None:
        place = self.root / str(pid)
        place.mkdir(exist_ok=True)
        (place / name).write_text(text, encoding="utf-8", errors="surrogateescape")


class Mapped:
    """One mapping; sizes in KiB."""

    def __init__(
        self,
        start: int,
        entries: tuple[int, ...] = (),
        *,
        swap: int | None = None,
        holders: int = 1,
        permissions: str = "rw-p",
        name: str = "",
        device: str = "00:00",
        inode: int = 0,
    ) -> None:
        self.start, self.entries = start, entries
        nr_swapped = sum(entry >> 62 == 1 for entry in entries)
        self.swap = nr_swapped * PAGE // 1024 if swap is None else swap
        self.holders, self.permissions = holders, permissions
        end = start + max(1, len(entries)) * PAGE
        pss = 0 if "s" in permissions else self.swap // holders
        head = f"{start:x}-{end:x} {permissions} 00000000 {device} {inode}"
        self.smaps = (
            f"{head:<72} {name}\nSize: 4 kB\nRss: 8 kB\nPss: 3 kB\nAnonymous: 4 kB\n"
            f"Swap: {self.swap:15} kB\nSwapPss: {pss:12} kB\nLocked: 0 kB\n"
            "THPeligible:    0\nVmFlags: rd wr mr mw me ac sd \n"
        )
