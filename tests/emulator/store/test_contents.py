"""Bytes by number: references, lengths by codec, and numbers that come free."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.arena import Arena
from swaptools.emulator.core.constants import FIRST_CONTENT, NR_CODECS
from swaptools.emulator.core.engine import Engine
from swaptools.emulator.core.lengths import IS_ASKED
from swaptools.emulator.store import zswap
from swaptools.emulator.store.compress import CODEC_NAMES, Codec, get_codec
from swaptools.emulator.store.contents import ContentStore
from swaptools.errors import DecompressError
from swaptools.kernel.swapout_rules import AllocatorRules

DEFLATE = get_codec("deflate")
NOISE = random.Random(1).randbytes(4096)


@pytest.fixture
def store() -> ContentStore:
    arena = Arena(Engine(compiled=False), AllocatorRules(trial_order=()), 1)
    return ContentStore(arena, 4096)


def length(store: ContentStore, number: int, codec: Codec = DEFLATE) -> int:
    lengths = store._arena.slots.lengths
    return lengths[(number - FIRST_CONTENT) * NR_CODECS + codec.number]


def counting(codec: Codec) -> tuple[Codec, list[bytes]]:
    """A codec and what it was given to compress."""
    seen: list[bytes] = []

    def compress(page: bytes) -> bytes:
        seen.append(page)
        return codec.compress(page)

    return replace(codec, compress=compress), seen


def text(number: int) -> bytes:
    return (b"page %d " % number * 600)[:4096]


def test_there_is_a_number_for_each_codec() -> None:
    assert [get_codec("deflate").number] == [CODEC_NAMES.index("deflate")]
    assert len(CODEC_NAMES) == NR_CODECS


def test_a_content_goes_with_its_last_reference(store: ContentStore) -> None:
    number = store.add(NOISE, 2)
    store.measure(DEFLATE, [number])
    store.put(number)
    store.reap()
    assert store[number] == NOISE
    store.put(number)
    store.reap()
    assert len(store) == 0
    with pytest.raises(KeyError):
        store[number]
    again = store.add(text(1))
    assert again == number
    assert length(store, again) == 0


def test_zeros_have_no_number(store: ContentStore) -> None:
    numbers = store.add_pages([bytes(4096), NOISE, bytes(4096)])
    assert [number > 0 for number in numbers] == [False, True, False]
    assert len(store) == 1


@pytest.mark.parametrize("nr_pages", [1, 63, 64, 200])
def test_each_is_compressed_once(store: ContentStore, nr_pages: int) -> None:
    """In threads or not, all lengths are those of the codec, in order."""
    pages = [text(number) for number in range(nr_pages)]
    numbers = store.add_pages(pages)
    codec, seen = counting(DEFLATE)
    store.measure(codec, numbers)
    store.measure(codec, [*numbers, *numbers])
    assert sorted(seen) == sorted(pages)
    found = [length(store, number) for number in numbers]
    assert found == [len(DEFLATE.compress(page)) for page in pages]


def test_no_length_is_more_than_a_page(store: ContentStore) -> None:
    number = store.add(NOISE)
    store.measure(DEFLATE, [number])
    assert length(store, number) == 4096


def test_what_is_always_measured(store: ContentStore) -> None:
    before = store.add(text(1))
    store.measure_always(DEFLATE)
    after = [store.add(text(2)), *store.add_pages([text(3)])]
    assert all(length(store, number) for number in [before, *after])


@pytest.mark.parametrize("nr_pages", [1, 100])
def test_a_codec_that_gives_back_another_page_is_found_out(
    store: ContentStore, nr_pages: int
) -> None:
    """And what was asked for is asked for again."""
    liar = replace(DEFLATE, _expand=lambda _compressed, size: bytes(size))
    numbers = store.add_pages([text(number) for number in range(nr_pages)])
    for number in numbers:
        place = (number - FIRST_CONTENT) * NR_CODECS + DEFLATE.number
        store._arena.slots.lengths[place] = IS_ASKED
    with pytest.raises(DecompressError, match="not the page"):
        store.measure(liar, numbers)
    assert not any(length(store, number) for number in numbers)
    store.measure(DEFLATE, numbers)
    assert all(length(store, number) > 0 for number in numbers)


def test_a_page_out_compresses_what_it_may_store_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not what is elsewhere, what is swapped out, nor what was before."""
    codec, seen = counting(DEFLATE)
    monkeypatch.setattr(zswap, "get_codec", lambda _name: codec)
    machine = Machine(zswap=True, compiled=False)
    machine.swapon_pages(600)
    task = machine.task()
    task.write(0, 8, data=b"".join(text(number) for number in range(8)))
    del seen[:]  # zeros, when zswap was switched on
    task.pageout(2, 3)
    assert sorted(seen) == [text(number) for number in (2, 3, 4)]
    task.read(2, 2)
    task.pageout(0, 4)
    assert sorted(seen[3:]) == [text(number) for number in (0, 1)]
    assert task.read(0, 8) == b"".join(text(number) for number in range(8))


@pytest.mark.parametrize("what", ["fork", "shm", "hand"])
def test_other_ways_out_know_lengths_too(what: str) -> None:
    machine = Machine(zswap=True, compiled=False)
    device = machine.swapon_pages(600)
    task: Any = machine.task()
    if what == "hand":
        slot = device.alloc()
        device.write(slot, text(1))
    else:
        if what == "shm":
            task = machine.shm(4).map(task)
        task.write(0, data=text(1))
        (task.fork() if what == "fork" else task).read(0)
        task.write(0, data=text(1))
        task.pageout(0)
    assert machine.cgroups.root.zswap_bytes == len(DEFLATE.compress(text(1)))
    machine.check_invariants()
