"""lackey: the lines that valgrind prints, and none that it does not."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from swaptools.compiling import can_compile, fast
from swaptools.errors import TraceError
from swaptools.references import CODE, WRITE, Description, Order
from swaptools.traces import lackey
from swaptools.traces.formats import open_trace
from swaptools.traces.lackey_loop import parse
from tests.engines import ENGINES
from tests.traces.samples import LACKEY, Reference, read_all

if TYPE_CHECKING:
    from pathlib import Path


def test_each_access_is_a_reference_to_each_page_of_it(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(LACKEY)
    assert read_all(path) == [
        Reference(0x4001, CODE),
        Reference(0x4001, CODE),
        Reference(0x1FFEFFF, WRITE),
        Reference(0x4222),
        Reference(0x4223),
        Reference(0x421F, WRITE),
        Reference(0xFFFFFFFFFFFFE, CODE),
    ]
    with open_trace(str(path)) as found:
        assert found.about == Description("lackey", Order.ALL)


@pytest.mark.parametrize(
    "line",
    [
        b"I 04001090,3",
        b"I  4001090,3",
        b"I  04001090,0",
        b"I  04001090,03",
        b"I  04001090,100000",
        b"I  0400109G,3",
        b"I  0400109A,3",
        b"I  10000000004001090,3",
        b" X 04001090,3",
        b"L  04001090,3",
        b" L 04001090,3 ",
        b" L 04001090,3\r",
        b" L 04001090",
        b"I  048de992,6I  0011adc0,6",
        b"hello",
        b"",
        b"\0",
        b"= 25226== x",
    ],
)
def test_a_line_that_is_none_of_it(tmp_path: Path, line: bytes) -> None:
    """An error with its offset, or passed over; what is around it counts."""
    path = tmp_path / "t"
    path.write_bytes(LACKEY + line + b"\n" + LACKEY)
    with pytest.raises(TraceError, match="no line of lackey's") as caught:
        read_all(path, format_name="lackey")
    assert caught.value.offset == len(LACKEY)
    found = read_all(path, format_name="lackey", skip_broken=True)
    assert len(found) == 2 * 7


def test_an_access_at_the_end_of_all_addresses_ends_there(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b" L ffffffffffffffff,32\n L 0000000000000000,9000\n")
    last = Reference(0xFFFFFFFFFFFFF)
    assert read_all(path) == [last, Reference(0), Reference(1), Reference(2)]


def test_a_line_without_end_is_refused_before_it_is_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(LACKEY + b"x" * (1 << 20))
    with pytest.raises(TraceError, match="a line of more than 65536 bytes"):
        read_all(path, format_name="lackey", skip_broken=True)


def test_a_last_line_that_is_cut_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(LACKEY + b"I  0400109")
    said: list[str] = []
    assert len(read_all(path, tell=said.append)) == 7
    assert "ends within a line; used up to there" in said[0]


def random_lines(rng: Random, count: int) -> bytes:
    def one() -> str:
        kind = rng.choice(("I ", " L", " S", " M"))
        address = rng.getrandbits(rng.choice((16, 32, 47)))
        return f"{kind} {address:08x},{rng.choice((1, 2, 4, 8, 16, 32, 512, 4096))}\n"

    return "".join(one() for _ in range(count)).encode()


@pytest.mark.parametrize("compiled", ENGINES)
def test_the_loop_reads_what_the_grammar_says(compiled: bool) -> None:
    """Whole lines as the expression does; every line that is changed a bit, too."""
    from array import array

    run = fast(parse) if compiled else parse
    rng = Random(7)
    for _ in range(300):
        data = bytearray(random_lines(rng, rng.randrange(1, 4)))
        for _ in range(rng.randrange(3)):
            data[rng.randrange(len(data))] = rng.choice(b"IL SM,09afg\n=\0")
        text = bytes(data)
        if not text.endswith(b"\n"):
            continue
        pages, flags = array("q", bytes(8 * 64)), bytearray(64)
        count = run(memoryview(text), pages, flags)
        whole = lackey._LINE.findall(text)
        if count >= 0:
            assert len(whole) == text.count(b"\n")
            made = lackey._parsed(None, 0, text)  # type: ignore[arg-type]
            assert pages[:count].tolist() == made[0].tolist()
            assert flags[:count] == made[1]
        elif len(whole) == text.count(b"\n"):
            # It gives up at messages and at what hardly ever is.
            assert b"=" in text or any(
                len(digits) == 16 or int(size or 0) > 4096 for _, digits, size in whole
            )


@pytest.mark.compiled
def test_both_ways_read_a_long_trace_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can_compile():
        pytest.skip("the fast extra is not installed")
    path = tmp_path / "t"
    path.write_bytes(LACKEY + random_lines(Random(2), 3000) + LACKEY)
    plain = read_all(path)
    monkeypatch.setattr(lackey, "_WORTH_COMPILING", 0)
    assert read_all(path) == plain
