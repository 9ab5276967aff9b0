"""What is found out about the memory of a process."""

from __future__ import annotations

import ctypes
import mmap
import os
import tempfile
import zlib

import pytest

from swaptools.record.lengths import MOST_PAGES, Lengths
from swaptools.record.memory import Mapping, Memory, parse_maps, with_kinds
from swaptools.references import ANONYMOUS, CODE, FILE, WRITE
from tests.conftest import needs_proc
from tests.traces.samples import Reference, batch

PRIVATE = FILE | 1 << 7
MAPS = b"""\
55d0c8a01000-55d0c8a03000 r-xp 00001000 08:01 131 /usr/bin/a b
55d0c8c00000-55d0c8c21000 rw-p 00000000 00:00 0                  [heap]
7f10a0000000-7f10a0001000 rw-s 00000000 00:01 9 /dev/zero (deleted)
7f10a0001000-7f10a0002000 rw-s 00000000 00:01 9 /memfd:x (deleted)
7f10a0002000-7f10a0003000 rw-s 00000000 08:01 132 /var/db
7f10a0003000-7f10a0004000 rw-p 00000000 00:00 0
7ffc00000000-7ffc00001000 r-xp 00000000 00:00 0                  [vdso]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]
"""


def test_mappings() -> None:
    """Of files, private or not; of nothing; of shared memory; of the kernel's."""
    assert parse_maps(MAPS) == [
        Mapping(0x55D0C8A01, 0x55D0C8A03, PRIVATE),
        Mapping(0x55D0C8C00, 0x55D0C8C21, ANONYMOUS),
        Mapping(0x7F10A0000, 0x7F10A0001, ANONYMOUS),
        Mapping(0x7F10A0001, 0x7F10A0002, ANONYMOUS),
        Mapping(0x7F10A0002, 0x7F10A0003, FILE),
        Mapping(0x7F10A0003, 0x7F10A0004, ANONYMOUS),
        Mapping(0x7FFC00000, 0x7FFC00001, 0),
        Mapping(0xFFFFFFFFFF600, 0xFFFFFFFFFF601, 0),
    ]
    with pytest.raises(ValueError, match=r"unpack|invalid"):
        parse_maps(b"nonsense\n")


def address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory)) >> 12


@needs_proc
def test_a_process() -> None:
    """Ourselves: a file that is mapped private, one that is shared, and nothing."""
    with tempfile.TemporaryFile() as file:
        file.write(bytes(4096))
        file.flush()
        private = mmap.mmap(file.fileno(), 4096, flags=mmap.MAP_PRIVATE)
        shared = mmap.mmap(file.fileno(), 4096)
        anonymous = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        anonymous[:5] = b"hello"
        pages = [address(one) for one in (private, shared, anonymous)]
        memory = Memory(os.getpid())
        memory.learn([*pages, 1])
        assert [memory.flags(page, 0) for page in (*pages, 1)] == [
            FILE,
            FILE,
            ANONYMOUS,
            0,
        ]
        assert memory.flags(pages[0], CODE) == CODE
        assert memory.flags(pages[0], WRITE) == ANONYMOUS | WRITE
        assert memory.flags(pages[0], 0) == ANONYMOUS
        assert memory.flags(pages[1], WRITE) == FILE | WRITE
        assert [memory.is_anonymous(page) for page in pages] == [True, False, True]
        assert memory.read(pages[2]) == b"hello".ljust(4096, b"\0")
    assert memory.read(1) == b""
    assert memory.read(1 << 60) == b""


@pytest.mark.parametrize("pid", [None, 1 << 22])
def test_a_process_that_is_not_there(pid: int | None) -> None:
    memory = Memory(pid)
    memory.learn([1, 2])
    assert memory.flags(1, WRITE) == WRITE
    assert memory.read(1) == b""


def test_kinds_of_references_of_several_tasks() -> None:
    one = batch([Reference(1, WRITE, 0), Reference(1, 0, 1)])
    first, second = Memory(None), Memory(None)
    first._kinds, second._kinds = {1: PRIVATE}, {1: int(FILE)}
    flags = with_kinds(one.pages, one.flags, one.tasks, {0: first, 1: second})
    assert list(flags) == [ANONYMOUS | WRITE, FILE]


def test_lengths() -> None:
    """By each codec; zeros have none, and what does not get smaller a page's."""
    lengths = Lengths()
    noise = os.urandom(4096)
    text = (b"some text " * 410)[:4096]
    for data in (bytes(4096), noise, text):
        lengths.add(data)
    assert lengths.found["deflate"][:2] == [0, 4096]
    raw = zlib.compressobj(-1, zlib.DEFLATED, -11, 8)
    assert lengths.found["deflate"][2] == len(raw.compress(text) + raw.flush())
    assert {len(found) for found in lengths.found.values()} == {3}


@pytest.mark.slow
def test_a_sample_is_of_all_that_came_and_stays_small() -> None:
    lengths = Lengths()
    lengths._codecs = [codec for codec in lengths._codecs if codec.name == "deflate"]
    for number in range(MOST_PAGES + 2000):
        lengths.add(bytes(4096) if number < MOST_PAGES else b"x" * 4096)
    (found,) = lengths.found.values()
    assert len(found) == MOST_PAGES
    later = sum(length > 0 for length in found)
    assert 1100 < later < 1600  # a third of all


@needs_proc
def test_a_look_takes_an_anonymous_page_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 1000.0)
    anonymous = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    anonymous[:] = b"a" * 4096
    pages = batch([Reference(address(anonymous))]).pages
    lengths = Lengths()
    for _ in range(3):
        lengths.look(Memory(os.getpid()), pages)
    assert lengths.looked == 1
    lengths.look(Memory(os.getpid()), pages[:0])
    lengths._last = 0.0
    lengths.look(Memory(os.getpid()), batch([Reference(1)]).pages)
    assert lengths.looked == 1
