"""Keep answers of booted kernels for the default suite.

``python -m tests.against_kernels.record [KERNEL...]`` as root writes

tests/kernel/booted/RELEASE.json.xz: what each kernel says to every peculiar file as
it stands, to the boundaries of a header, and to some that are drawn;

tests/emulator/booted/RELEASE.json.xz: where it puts the pages of short programs.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.against_kernels import headers, lives, programs
from tests.against_kernels.ask import booted as up
from tests.against_kernels.packages import NotToBeHad, get_kernel
from tests.against_kernels.programs import Watch
from tests.against_kernels.rounds import KERNELS
from tests.against_kernels.verdicts import Court, Town, court, town
from tests.emulator import booted as booted_programs
from tests.emulator.booted import Recorded
from tests.kernel import booted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from swaptools.area import SwapArea
    from tests.against_kernel.oracle import Answer
    from tests.against_kernels.guest import Guest
    from tests.against_kernels.headers import Question
    from tests.against_kernels.packages import Kernel

SEED = 20_261_126
DRAWN = 300
#: Of each answer on each kind of target, so many are kept.
MOST_ALIKE = 6
#: Pages with more are full of noise.
MOST_PIECES = 16
#: Lives are short: their answers are longer than all else here.
STEPS = 30
LIVES_OF_A_KIND = 1
#: What the paths of this machine's scratch files begin with in a recording.
ROOT = "/areas"


def questions(there: Court) -> list[Question]:
    """Draw what may be kept: quiet pages, many kinds."""
    quiet = [
        question
        for question in headers.drawn(SEED, 4 * DRAWN, there.targets)
        if len(list(headers.pieces(question.page or b""))) <= MOST_PIECES
    ]
    hand = headers.by_hand(there.targets)
    return [*headers.as_they_are(there.targets), *hand, *quiet[:DRAWN]]


def kept(there: Court) -> Iterator[tuple[SwapArea, booted.Case, str]]:
    """Ask, and keep a few answers of each kind."""
    asked = questions(there)
    counts: dict[tuple[object, ...], int] = {}
    for question, answer in zip(asked, headers.ask(there.guest, asked), strict=True):
        area = question.target.area
        kind = question.target.name if area.kind == "block" else _filesystem(area)
        is_drawn = question.page is not None
        key = (kind, answer.errno, _general(answer.message), is_drawn)
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= MOST_ALIKE or not is_drawn:
            yield _moved(question, answer, str(there.scratch))


def _filesystem(area: SwapArea) -> str | None:
    return area.backing.filesystem if area.backing else None


def _general(message: str | None) -> str:
    # Numbers and paths make no other answer.
    words = (message or "").split()
    return " ".join(word for word in words if word.isalpha())


def _moved(
    question: Question, answer: Answer, scratch: str
) -> tuple[SwapArea, booted.Case, str]:
    area = question.target.area
    page = question.page if question.page is not None else _page_of(area)
    backing = area.backing
    if backing is not None and backing.resolved_path:
        path = backing.resolved_path.replace(scratch, ROOT)
        backing = backing._replace(resolved_path=path, mount_point=None)
    area = area._replace(path=area.path.replace(scratch, ROOT), backing=backing)
    message = answer.message and answer.message.replace(scratch, ROOT)
    kib = int(answer.lines[0].split()[1].removesuffix("k")) if answer.accepted else None
    case = booted.Case(area, answer.errno, message, kib)
    return area, case, " ".join(headers.pieces(page[: area.area_bytes]))


def _page_of(area: SwapArea) -> bytes:
    return area.header.build() if area.header else b""


def recorded(guest: Guest) -> list[Recorded]:
    """Have short programs done; lives that stay apart from each other."""
    asked = [(name, program) for name, program in lives.BY_HAND.items()]
    asked += [
        (str(life), life.program)
        for kind in lives.kinds_for(guest)
        for seed in range(LIVES_OF_A_KIND)
        for folios in (lives.has_folios(guest, kind),)
        for life in (lives.draw(kind, seed, folios=folios, steps=STEPS),)
    ]
    answers = programs.ask_kernel(
        guest, [program for _, program in asked], Watch(settled=True)
    )
    assert not any(state.foreign for states in answers for state in states)
    return [
        Recorded(name, program, tuple(states))
        for (name, program), states in zip(asked, answers, strict=True)
    ]


def _record(kernel: Kernel, where: Town) -> None:
    with court(kernel, where) as there:
        guest = there.guest
        path = booted.save(guest.release, guest.ram_bytes, SEED, kept(there))
        _say(path, len(booted.load(guest.release).cases))
    with up(kernel.name) as guest:
        path = booted_programs.save(guest.release, recorded(guest))
        _say(path, len(booted_programs.load(guest.release)))


def _say(path: Path, answers: int) -> None:
    where = f"{path.parents[1].name}/{path.parent.name}/{path.name}"
    sys.stdout.write(f"{where}: {answers} answers, {path.stat().st_size} bytes\n")
    sys.stdout.flush()


def _main() -> None:
    with town() as where:
        _record_all(where)


def _record_all(where: Town) -> None:
    for name in sys.argv[1:] or KERNELS:
        try:
            kernel = get_kernel(name)
        except NotToBeHad as why:
            sys.stdout.write(f"{name}: skipped, {why}\n")
            continue
        _record(kernel, where)


if __name__ == "__main__":
    _main()
