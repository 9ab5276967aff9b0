"""A round of questions to one kernel, and what came of it.

Not here: which kernels, and how many questions (__main__.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tests.against_kernels import contents, headers, lives, pressure, shrink, sizes
from tests.against_kernels.ask import booted
from tests.against_kernels.guest import GuestDied, OrderFailed
from tests.against_kernels.packages import NotToBeHad
from tests.against_kernels.targets import PAGE
from tests.against_kernels.verdicts import court

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.against_kernel.oracle import Answer
    from tests.against_kernels.guest import Guest
    from tests.against_kernels.headers import Question
    from tests.against_kernels.lives import Life
    from tests.against_kernels.packages import Kernel
    from tests.against_kernels.programs import Program
    from tests.against_kernels.verdicts import Town

    #: The line of a program after which two sides part, and how.
    _Parts = Callable[[Guest, Program], tuple[int, str] | None]

#: In the order of their releases; a name is a series.
KERNELS = (
    *("5.10", "6.1", "6.12", "6.16", "6.17", "6.18"),
    *("6.19", "7.0", "7.1", "7.2", "7.3"),
)
#: Kernels that hand out slots ahead: of a few lives there nobody can say where the
#: pages went, and zswap's counters are told, and not judged.
SLOT_CACHE_UNTIL = (6, 14)
SHARE_WITH_SLOT_CACHE = 0.95
#: Before, what zswap charges a cgroup is told seconds late (6.1), or not at all.
SETS_SINCE = (6, 12)
#: Of so many batches the counts have to be the same; a loop that differs once goes on
#: differing, since the machine does not always repeat itself. A kernel that is not
#: here is told, and not judged; the yardsticks reach a third.
SHARE_OF_BATCHES = {"6.12": 0.7}
#: So many differences are made small and shown in full.
SHOWN = 4


class Amounts(NamedTuple):
    """How much is asked of each kernel."""

    headers: int
    lives: int
    #: Programs that compare zswap's counters.
    counters: int
    #: Programs under a limit of memory.
    pressure: int
    #: Whether areas larger than the machine's memory allows are tried.
    sizes: bool
    seed: int


@dataclass
class Part:
    """What came of one kind of question."""

    what: str
    asked: int = 0
    #: Pages of areas, or positions of pages, that were compared; told, not judged.
    detail: str = ""
    #: Each with the least that shows it.
    differences: list[str] = field(default_factory=list)
    #: Of ``asked``, so many were not compared to the end, and why.
    stopped: dict[str, int] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    #: What share has to agree; 0 is told, not judged.
    share: float = 1.0

    @property
    def is_good(self) -> bool:
        """Enough of it agrees."""
        return len(self.differences) <= (1 - self.share) * self.asked

    def __str__(self) -> str:
        return f"{self.what}: {self.figures}"

    @property
    def figures(self) -> str:
        """What came of it, in a line."""
        parts = [f"{self.asked} asked, {len(self.differences)} differ"]
        parts += [self.detail] if self.detail else []
        parts += [] if self.share else ["not judged"]
        parts += [f"{count} stopped: {why}" for why, count in self.stopped.items()]
        parts += [f"skipped {why}" for why in self.skipped]
        return "; ".join(parts)


# --- verdicts ------------------------------------------------------------------


def ask_headers(kernel: Kernel, where: Town, amounts: Amounts) -> Part:
    """Ask about files as they are, about every boundary, and about random headers."""
    part = Part("headers")
    with court(kernel, where) as there:
        part.skipped += there.skipped
        asked = headers.as_they_are(there.targets)
        asked += headers.by_hand(there.targets)
        rest = max(amounts.headers - len(asked), amounts.headers // 2)
        asked += headers.drawn(amounts.seed, rest, there.targets)
        answers = headers.ask(there.guest, asked)
        part.asked = len(asked)
        accepted = sum(answer.accepted for answer in answers)
        part.detail = f"{accepted} accepted"
        for question, answer in zip(asked, answers, strict=True):
            found = headers.disagreement(there.guest, question, answer)
            if found:
                if len(part.differences) < SHOWN:
                    question = _plainer(there.guest, question)
                part.differences.append(f"{question}: {found}")
        part.differences += list(_active(there.guest, asked, answers))
    return part


def _plainer(guest: Guest, question: Question) -> Question:
    if question.page is None or len(question.page) != PAGE:
        return question

    def still(page: bytes) -> bool:
        smaller = question._replace(page=page)
        (answer,) = headers.ask(guest, [smaller])
        return headers.disagreement(guest, smaller, answer) is not None

    return question._replace(page=shrink.plainer_page(question.page, still))


def _active(
    guest: Guest, asked: list[Question], answers: list[Answer]
) -> Iterator[str]:
    # What was taken as it stood is on, and is asked about once more.
    seen: set[str] = set()
    for question, answer in zip(asked, answers, strict=True):
        system = question.target.name.partition(":")[0]
        if question.page is None and answer.accepted and system not in seen:
            seen.add(system)
            found = headers.active_disagreement(guest, question.target)
            if found:
                yield f"{question}, active: {found}"


# --- slots ---------------------------------------------------------------------


def ask_lives(kernel: Kernel, amounts: Amounts) -> Part:
    """Follow pages to their slots."""
    part = Part("lives of pages")
    with booted(kernel.name) as guest:
        part.share = _share(guest)
        kinds = lives.kinds_for(guest)
        if not kinds:
            part.skipped.append("lives: neither zswap nor zram")
        if any(guest.has("folios") and not lives.has_folios(guest, k) for k in kinds):
            part.skipped.append("large folios where zswap takes none")
        drawn = [
            lives.draw(kind, amounts.seed + n, folios=lives.has_folios(guest, kind))
            for n in range(amounts.lives if kinds else 0)
            for kind in (kinds[n % len(kinds)],)
        ]
        steps = positions = 0
        for life, comparison in lives.compare_all(guest, drawn):
            part.asked += 1
            steps += comparison.steps
            positions += comparison.positions
            _count(part, comparison.stopped)
            if comparison.parted:
                part.differences.append(
                    _life_difference(guest, life, comparison, len(part.differences))
                )
        lines = sum(len(life.program) for life in drawn)
        part.detail = f"{steps} of {lines} steps, {positions} positions"
    return part


def _share(guest: Guest) -> float:
    is_ahead = lives.series(guest) <= SLOT_CACHE_UNTIL
    return SHARE_WITH_SLOT_CACHE if is_ahead else 1.0


def _life_difference(
    guest: Guest, life: Life, comparison: lives.Comparison, number: int
) -> str:
    assert comparison.parted is not None
    if number < SHOWN:
        return f"{life}: {_least(guest, life.program, comparison.parted, lives.parts)}"
    place, found = comparison.parted
    return f"{life}: {found}\n      {life.program[place]}"


def _least(
    guest: Guest, program: Program, parted: tuple[int, str], parts: _Parts
) -> str:
    # What differs, and below it the shortest program that shows it.
    place, found = parted
    program = shrink.shorter_program(program[: place + 1], _still(guest, parts))
    found = (parts(guest, program) or (0, found))[1]
    return "\n      ".join([found, *program])


def _still(guest: Guest, parts: _Parts) -> Callable[[Program], bool]:
    def still(program: Program) -> bool:
        try:
            return parts(guest, program) is not None
        except OrderFailed:
            return False  # a line needs one that is gone

    return still


def _count(part: Part, why: str | None) -> None:
    if why:
        part.stopped[why] = part.stopped.get(why, 0) + 1


# --- counters ------------------------------------------------------------------


def ask_counters(kernel: Kernel, amounts: Amounts) -> Part:
    """Compare what zswap counts, writeback included."""
    part = Part("sets of contents")
    with booted(kernel.name, contents.MEMORY_BYTES) as guest:
        if not guest.has("zswap"):
            part.skipped.append("counters: no zswap")
            return part
        if lives.series(guest) < SETS_SINCE:
            part.skipped.append("counters: no cgroup tells lengths")
            return part
        part.share = float(_share(guest) == 1.0)
        lengths = contents.measure(guest, contents.draw_contents(amounts.seed))
        drawn = contents.draw(amounts.seed, amounts.counters, lengths, guest.ram_bytes)
        written_back = 0
        boot = contents.Boot(guest, lengths)
        for name, program in drawn:
            comparison = boot.compare(program)
            part.asked += 1
            written_back += comparison.written_back
            _count(part, comparison.stopped)
            if comparison.parted:
                place, found = comparison.parted
                shown = f"{found}, line {place} ({program[place][:80]})"
                if not part.differences:  # minutes each
                    shown = _least(guest, program, comparison.parted, boot.parts)
                part.differences.append(f"{name}: {shown}")
        part.detail = f"{written_back} pages written back"
    return part


# --- memory that runs out -----------------------------------------------------


def ask_pressure(kernel: Kernel, amounts: Amounts) -> Part:
    """Compare how many pages batches page out, where a kernel has generations."""
    part = Part("batches under a limit")
    try:
        release, found = pressure.ask_kernel(
            kernel.name, pressure.SHORT[: amounts.pressure]
        )
    except NotToBeHad as why:
        part.skipped.append(f"limits: {why}")
        return part
    series = pressure.series(release)
    part.share = SHARE_OF_BATCHES.get(series, 0.0)
    for program in pressure.SHORT[: amounts.pressure]:
        told, ours = found[program], pressure.emulated(program, series)
        part.asked += len(told.nr_out)
        for number, (there, here) in enumerate(
            zip(told.nr_out, ours.nr_out, strict=True)
        ):
            if here != there:
                where = f"{program}, batch {number}"
                part.differences.append(f"{where}: {here}; kernel {there}")
    return part


# --- sizes ---------------------------------------------------------------------


def ask_sizes(kernel: Kernel) -> Part:
    """Claim more and more, until all was asked or the kernel has died."""
    part = Part("sizes")
    for found in sizes.ask_sizes(kernel):
        part.asked += 1
        part.differences += [found] if found else []
    return part


# --- all of it -----------------------------------------------------------------


def ask_all(kernel: Kernel, where: Town, amounts: Amounts) -> Iterator[Part]:
    """Ask everything; a kernel that dies is a difference, and the next part goes on."""
    parts: list[tuple[str, int, Callable[[], Part]]] = [
        ("headers", amounts.headers, lambda: ask_headers(kernel, where, amounts)),
        ("lives of pages", amounts.lives, lambda: ask_lives(kernel, amounts)),
        ("sets of contents", amounts.counters, lambda: ask_counters(kernel, amounts)),
        (
            "batches under a limit",
            amounts.pressure,
            lambda: ask_pressure(kernel, amounts),
        ),
        ("sizes", amounts.sizes, lambda: ask_sizes(kernel)),
    ]
    for what, amount, ask in parts:
        if not amount:
            continue
        try:
            yield ask()
        except GuestDied as why:
            yield Part(what, 1, differences=[f"the guest died: {why}"])
