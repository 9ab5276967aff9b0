"""Verdicts: header pages on targets, a kernel's answer to each beside swapcheck's.

Not here: where headers are written (targets.py), areas larger than the machine's
memory allows (sizes.py).
"""

from __future__ import annotations

import errno
import itertools
import random
import re
import struct
from typing import TYPE_CHECKING, NamedTuple

from swaptools.check import check_area
from tests.against_kernel import comparison, mutations
from tests.against_kernel.oracle import Answer
from tests.against_kernels.guest import JOB_SECONDS
from tests.against_kernels.targets import PAGE, Target
from tests.builders import header_page, with_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.against_kernels.guest import Guest, Reply

#: Of the headers on devices, how many are valid up to their bad page list.
BAD_LISTS = 0.6
#: Headers in one job.
BATCH = 400

#: btrfs logs 100 lines in 5 seconds, and swallows the others.
BTRFS_LINES = 90
BTRFS_REST = "rest 5500"

#: Around what UBSAN and a WARNING print before the line that is swapon's own.
_CUT, _END = "------------[ cut here ]------------", "---[ end trace "
#: The process, where the kernel names it.
_COMM = re.compile(r"^init: ")
_ZEROS = re.compile(rb"\0{8,}")
_OTHERS = ("BTRFS info ", "btrfs_printk: ", "_btrfs_printk: ", "zram: ", "loop")


class Question(NamedTuple):
    """A target, and what is written there before; None leaves it as it is."""

    target: Target
    page: bytes | None = None

    @property
    def orders(self) -> Iterator[str]:
        """What the guest is told; the last order is the question."""
        if self.page is not None:
            data = self.page[: self.target.area.area_bytes]
            yield f"put {self.target.path} 0 {' '.join(pieces(data))}"
        yield self.target.order.format(self.target.path)

    def __str__(self) -> str:
        return f"{self.target.name}: {described(self.page)}"


def pieces(data: bytes) -> Iterator[str]:
    """Write bytes as the guest reads them: hexadecimal, long runs of zeros short."""
    position = 0
    for match in _ZEROS.finditer(data):
        if match.start() > position:
            yield data[position : match.start()].hex()
        yield f"z{len(match[0])}"
        position = match.end()
    if position < len(data) or not data:
        yield data[position:].hex() or "z0"


def described(page: bytes | None) -> str:
    """Name the words of a page that are not zero."""
    if page is None:
        return "as it is"
    words = struct.unpack(f"<{PAGE // 4}I", page.ljust(PAGE, b"\0"))
    known = [f"{4 * n}:{word:#x}" for n, word in enumerate(words) if word]
    return f"{' '.join(known[:40])}{' ...' if len(known) > 40 else ''}"


# --- asking --------------------------------------------------------------------


def ask(
    guest: Guest, questions: Sequence[Question], seconds: float = JOB_SECONDS
) -> list[Answer]:
    """Have a kernel answer, in order, each batch within ``seconds``."""
    answers = []
    for first in range(0, len(questions), BATCH):
        batch = questions[first : first + BATCH]
        orders = [list(each) for each in _slowly(batch)]
        replies = guest.ask(itertools.chain.from_iterable(orders), seconds)
        last = itertools.accumulate(len(each) for each in orders)
        answers += [answer_of(replies[place - 1]) for place in last]
    return answers


def _slowly(questions: Sequence[Question]) -> Iterator[Iterator[str]]:
    on_btrfs = 0
    for question in questions:
        yield _rested(question, needs_rest=on_btrfs >= BTRFS_LINES)
        on_btrfs = on_btrfs % BTRFS_LINES + question.target.name.startswith("btrfs")


def _rested(question: Question, *, needs_rest: bool) -> Iterator[str]:
    if needs_rest:
        yield BTRFS_REST
    yield from question.orders


def answer_of(reply: Reply) -> Answer:
    """Read what swapon(2) said, and of the log what was its own."""
    code = int(reply.value("swapon") or 0)
    lines = tuple(_COMM.sub("", line) for line in _without_traces(reply.log))
    if not code:
        lines = tuple(line for line in lines if line.startswith("Adding "))
        assert lines, reply
    return Answer(errno.errorcode[code] if code else None, lines)


def _without_traces(lines: Iterable[str]) -> Iterator[str]:
    is_trace = False
    for line in lines:
        is_trace = is_trace or line == _CUT
        if not is_trace and not line.startswith(_OTHERS):
            yield line
        is_trace = is_trace and not line.startswith(_END)


def disagreement(guest: Guest, question: Question, answer: Answer) -> str | None:
    """Say where swapcheck's answer is another, or None."""
    area = question.target.area
    if question.page is not None:
        area = with_page(area, question.page)
    report = check_area(area, guest.release, PAGE, guest.ram_bytes)
    return comparison.compare(report, answer)


def active_disagreement(guest: Guest, target: Target) -> str | None:
    """Ask about what is on already."""
    page = target.area.header.build() if target.area.header else b""
    written, question = Question(target, page).orders
    replies = guest.ask([written, f"hold {target.path}", question, "reset"])
    area = target.area._replace(active=True)
    report = check_area(area, guest.release, PAGE, guest.ram_bytes)
    return comparison.compare(report, answer_of(replies[2]))


# --- questions -----------------------------------------------------------------


def as_they_are(targets: Iterable[Target]) -> list[Question]:
    """Ask about what was there before any header of ours; states last."""
    return [Question(target) for target in targets]


def drawn(seed: int, count: int, targets: Sequence[Target]) -> list[Question]:
    """Draw headers on targets that take them, as many on devices as on files."""
    takers = [target for target in targets if target.takes_headers]
    devices = [t for t in takers if t.area.backing and t.area.kind == "block"]
    files = [t for t in takers if t.area.kind == "file"]
    return [
        _drawn(
            random.Random(f"{seed}:{number}"), (files, devices)[number % 2] or takers
        )
        for number in range(count)
    ]


def _drawn(rng: random.Random, targets: Sequence[Target]) -> Question:
    target = rng.choice(targets)
    area_pages = (target.area.area_bytes or 0) // PAGE
    is_list = (
        target.area.kind == "block" and area_pages > 1 and rng.random() < BAD_LISTS
    )
    make = mutations.bad_list_header if is_list else mutations.any_header
    return Question(target, make(rng, area_pages))


def by_hand(targets: Sequence[Target]) -> list[Question]:
    """Every boundary of a header, on each device and on one file of each kind."""
    seen: set[tuple[str, str | None]] = set()
    questions = []
    for target in targets:
        filesystem = target.area.backing.filesystem if target.area.backing else None
        key = (target.name if target.area.kind == "block" else "file", filesystem)
        if not target.takes_headers or key in seen or target.area.area_bytes == 0:
            continue
        seen.add(key)
        pages = (target.area.area_bytes or 0) // PAGE
        questions += [Question(target, page) for page in _hand_made(pages)]
    return questions


def _hand_made(pages: int) -> Iterator[bytes]:
    for last in (0, 1, 2, pages - 2, pages - 1, pages, 0x7FFFFFFF, 0xFFFFFFFF):
        yield header_page(last_page=max(last, 0))
        yield header_page(last_page=max(last, 0), byte_order="big")
    last = max(pages - 1, 1)
    for version in (0, 2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        yield header_page(last_page=last, version=version)
        yield header_page(last_page=last, version=version, byte_order="big")
    for magic in (b"SWAP-SPACE", b"S1SUSPEND\0", b"swapspace2", bytes(10)):
        yield header_page(last_page=last, magic=magic)
    for bad in _bad_lists(last):
        yield header_page(last_page=last, badpages=bad)
        yield header_page(last_page=last, badpages=bad, byte_order="big")
    for count in (637, 638, 0xFFFFFFFF):
        yield header_page(last_page=last, nr_badpages=count)
        yield header_page(last_page=last, nr_badpages=count, byte_order="big")
    yield header_page(last_page=last, label=b"sixteen bytes it", uuid=None)
    yield header_page(last_page=last, ghost_flag=True)


def _bad_lists(last: int) -> Iterator[tuple[int, ...]]:
    # In and out of the area, twice, and all of it; which fault comes first counts.
    yield from ((0,), (1,), (last,), (last + 1,), (0xFFFFFFFF,), (0x80000000,))
    yield from ((1, 1), (1, 0), (last, last + 1), (last, last), (0, 1, 1))
    everything = tuple(range(1, min(last, 630) + 1))
    yield from (everything, everything[1:], (*everything, 1), (1, *everything))
    yield (*everything, last + 1)
    yield (*everything[1:], everything[-1], everything[-1], 1)
    yield (1,) * 3
    yield (last,) * 600
