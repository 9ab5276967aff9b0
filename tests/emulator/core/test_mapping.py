"""Memory that grows: what was in it is in it, moved or copied, and zeros behind it."""

from __future__ import annotations

import mmap
from ctypes import c_int64
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from swaptools.emulator.core import mapping as module
from swaptools.emulator.core.mapping import Mapping
from swaptools.emulator.core.memory import Flat

_MIB = 1 << 20
_SIZES = [1, 4096, 4097, 3 * _MIB, 8 * _MIB + 1, 40 * _MIB, 41 * _MIB]


@pytest.fixture(params=["moved", "not there", "refused"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "not there":
        monkeypatch.setattr(module, "_mremap", None)
    if request.param == "refused":
        monkeypatch.setattr(module, "_mremap", lambda *_: module._MREMAP_FAILED)


@pytest.mark.sampled(6)
@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("is_sparse", [False, True])
def test_grown_again_and_again(is_sparse: bool) -> None:
    old = Mapping(_SIZES[0], is_sparse=is_sparse)
    for size, larger in pairwise(_SIZES):
        old[size - 1] = 1 + size % 255
        new = Mapping(larger, is_sparse=is_sparse)
        if len(new) == len(old):
            continue
        new.take(old)
        old = new
        here = [at for at in _SIZES if at <= size]
        assert [new[at - 1] for at in here] == [1 + at % 255 for at in here]
        assert new[size:] == bytes(len(new) - size)
        assert [part.first_byte for part in new.parts[1:]] == [
            part.first_byte + part.nr_bytes for part in new.parts[:-1]
        ]
        assert sum(part.nr_bytes for part in new.parts) == len(new)


def test_small_pages_are_not_kept_by_one_that_is_large() -> None:
    small, large, larger = Mapping(4097), Mapping(3 * _MIB), Mapping(5 * _MIB)
    small[4096] = 7
    large.take(small)
    assert (large[4096], len(large), len(large.parts)) == (7, 4 * _MIB, 1)
    larger.take(large)
    assert (larger[4096], [part.nr_bytes for part in larger.parts]) == (
        7,
        [4 * _MIB, 2 * _MIB],
    )


@pytest.mark.usefixtures("_way")
def test_buffer_that_grows_keeps_its_items_whoever_holds_the_old_one() -> None:
    memory = Flat()
    buffers: list[Any] = [memory.zeroed(c_int64, 3)]
    for length in (4, 512, 513, 1 << 17, (1 << 18) + 1):
        old = buffers[-1]
        old[len(old) - 1] = len(old)
        buffers.append(memory.grown(old, c_int64, length))
        new: Any = buffers[-1]
        assert [new[len(b) - 1] for b in buffers[:-1]] == [len(b) for b in buffers[:-1]]
        assert not any(new[len(old) :])
    assert all(b[0] in (0, 3) for b in buffers)  # nobody looks at nothing


def can_move() -> bool:
    """Whether this system can; Linux can since 5.7."""
    one, other = Mapping(1), Mapping(1)
    old, new = module._address_of(one), module._address_of(other)
    return module._move(old, new, len(one))


@pytest.mark.skipif(not can_move(), reason="no MREMAP_DONTUNMAP here")
def test_growing_takes_no_memory() -> None:
    def resident_bytes() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE

    old = Mapping(64 * _MIB)
    for at in range(0, len(old), mmap.PAGESIZE):
        old[at] = 1
    before = resident_bytes()
    new = Mapping(128 * _MIB)
    new.take(old)
    assert resident_bytes() - before < 8 * _MIB
    assert new[0] == new[len(old) - mmap.PAGESIZE] == 1
    assert old[0] == 0
