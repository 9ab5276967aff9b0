"""Remedies that change how long a file is: give it pages back, cut what is behind.

Only a whole file is ever grown or cut, never the image around an area.

Not here: what fills holes (storage.py), what writes a header alone (headers.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.check.remedies import commands, contents, ways
from swaptools.check.remedies.headers import anew, claiming_less, new_header
from swaptools.check.remedies.obstacles import in_the_way
from swaptools.check.remedies.ways import Way, choose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.check.case import Case
    from swaptools.rulebook import Remedy


def lengthen(case: Case) -> Remedy:
    """Give a file the pages its header claims; else have the header claim less."""
    refused = in_the_way(case) or contents.not_swap(case)
    if refused is not None:
        return refused
    if not case.is_file or case.area_bytes < case.page_size:
        return new_header(case)
    whole = anew(case, case.claimed_bytes)
    return choose(case, [*_growing(case), *whole, *claiming_less(case)])


def _growing(case: Case) -> Iterator[Way]:
    needs_bytes = case.claimed_bytes - case.area_bytes + commands.hole_bytes(case)
    yield Way(
        "give it the bytes back that its header claims",
        commands.allocate(case, case.claimed_bytes),
        ways.with_storage(case.area, case.claimed_bytes),
        needs_bytes,
    )


def cut_to_claim(case: Case) -> Remedy:
    """Remove what lies behind the header's last page, if that is nothing."""
    refused = in_the_way(case) or contents.not_swap(case) or contents.unclaimed(case)
    return refused or choose(case, _cutting(case))


def cut_or_allocate(case: Case) -> Remedy:
    """Remove what lies behind the header's last page, or fill the hole there."""
    refused = in_the_way(case) or contents.not_swap(case)
    if refused is not None:
        return refused
    blank = contents.unclaimed(case) is None
    return choose(case, [*(_cutting(case) if blank else ()), *allocated(case)])


def _cutting(case: Case) -> Iterator[Way]:
    if case.is_file:
        yield Way(
            "cut off what no slot needs: zeros behind the last page",
            [commands.truncate(case, case.claimed_bytes)],
            ways.cut(case.area, case.claimed_bytes),
        )


def allocated(case: Case) -> Iterator[Way]:
    """Give every hole of a file storage."""
    yield Way(
        "allocate what is missing",
        commands.allocate(case, case.area_bytes),
        ways.with_storage(case.area, case.area_bytes),
        commands.hole_bytes(case),
    )


def cut_to_header(case: Case) -> Remedy:
    """Leave a marked ghost its header page; a kernel without ghosts wants it real."""
    refused = in_the_way(case) or contents.not_swap(case) or contents.unclaimed(case)
    if refused is not None:
        return refused
    if not case.is_file or not case.kernel_rules.accepts_ghost:
        return new_header(case)
    text = "cut it to its header, as it is marked: what lies behind is zeros"
    command = commands.truncate(case, case.page_size)
    return choose(case, [Way(text, [command], ways.cut(case.area, case.page_size))])
