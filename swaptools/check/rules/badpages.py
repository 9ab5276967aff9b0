"""Family B: the bad page list.

Not here: the list of a ghost, which is not bounded (ghost.py).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from swaptools.check.registry import rule
from swaptools.check.remedies import headers
from swaptools.format.constants import (
    BADPAGES_OFFSET,
    SWSUSP_BYTES,
    max_swap_badpages,
)
from swaptools.kernel.swapon import badpages_on_file, list_too_long
from swaptools.rulebook import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.check.case import Case


@rule(
    "B301",
    "bad pages on a regular file",
    Severity.ERROR,
    hint=headers.new_badpage_list,
    field="nr_badpages",
    refused_by=("badpages_on_file",),
)
def on_file(case: Case) -> Iterator[str]:
    """A list is for devices; on a file the kernel refuses without a word.

    Kernel: mm/swapfile.c read_swap_header().

    *Trips on:* ``swap_area(badpages=(3,))``
    *Quiet on:* ``swap_area(badpages=(3,), kind="block")``
    """
    header = case.attempt.header
    if header is None or case.is_taken_as_ghost:
        return
    if badpages_on_file(case.attempt, header):
        yield f"nr_badpages {header.nr_badpages}, on a file it has to be 0"


@rule(
    "B302",
    "bad page list longer than its room",
    Severity.ERROR,
    hint=headers.new_badpage_list,
    field="nr_badpages",
    refused_by=("list_too_long", "swabbed_list_too_long"),
)
def too_long(case: Case) -> Iterator[str]:
    """The list ends in front of the magic; the kernel refuses without a word.

    Kernel: include/linux/swap.h MAX_SWAP_BADPAGES.

    *Trips on:* ``swap_area(nr_badpages=638, kind="block")``
    *Quiet on:* ``swap_area(badpages=range(1, 638), last_page=999, kind="block")``
    """
    header = case.attempt.header
    if header is not None and list_too_long(case.attempt, header):
        limit = max_swap_badpages(case.page_size)
        yield f"nr_badpages {header.nr_badpages}, there is room for {limit}"


@rule(
    "B303",
    "bad page outside the area",
    Severity.ERROR,
    hint=headers.new_badpage_list,
    field="badpages",
    refused_by=("setup_bad_slots",),
)
def out_of_range(case: Case) -> Iterator[str]:
    """Page 0 is the header, and pages end at ``last_page``; 7.1 names the entry.

    Kernel: mm/swapfile.c setup_swap_map().

    *Trips on:* ``swap_area(badpages=(1, 256), last_page=255, kind="block")``
    *Quiet on:* ``swap_area(badpages=(1, 255), last_page=255, kind="block")``
    """
    header = case.attempt.header
    if header is None or header.last_page == 0 or case.ignores_badpages:
        return
    wrong = [
        (number, page)
        for number, page in enumerate(header.badpages)
        if page == 0 or page > header.last_page
    ]
    if wrong:
        number, page = wrong[0]
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        yield f"badpages[{number}] is {page}, not in 1..{header.last_page}{more}"


@rule(
    "B304",
    "bad page listed twice",
    Severity.ERROR,
    hint=headers.new_badpage_list,
    field="badpages",
    refused_by=("setup_bad_slots",),
)
def duplicate_refused(case: Case) -> Iterator[str]:
    """Kernels before 7.1 took this and counted the page twice.

    Kernel: mm/swapfile.c setup_swap_map().

    *Trips on:* ``swap_area(badpages=(7, 7), kind="block")`` (7.2)
    *Quiet on:* ``swap_area(badpages=(7, 8), kind="block")`` (7.2)
    """
    if case.kernel_rules.refuses_duplicate_badpages and not case.ignores_badpages:
        yield from _duplicates(case)


@rule(
    "B305",
    "bad page listed twice costs two pages",
    Severity.WARNING,
    hint=headers.new_badpage_list,
    field="badpages",
)
def duplicate_counted(case: Case) -> Iterator[str]:
    """Each entry is taken off the usable pages, whether new or not; 7.1 refuses it.

    Kernel: mm/swapfile.c setup_swap_map().

    *Trips on:* ``swap_area(badpages=(7, 7), kind="block")``
    *Quiet on:* ``swap_area(badpages=(7, 8), kind="block")``
    """
    if case.verdict.accepted and not case.kernel_rules.refuses_duplicate_badpages:
        yield from _duplicates(case)


@rule(
    "B306",
    "usable pages underflow",
    Severity.ERROR,
    hint=headers.new_badpage_list,
    field="badpages",
)
def underflow(case: Case) -> Iterator[str]:
    """Enough duplicates take the count below zero, and the kernel believes in 16 TiB.

    It hands out slots that are not there. Never swap such an area on.

    Kernel: mm/swapfile.c setup_swap_map().

    *Trips on:* ``swap_area(badpages=(1, 1, 1), last_page=2, kind="block")``
    *Quiet on:* ``swap_area(badpages=(1, 1), last_page=9, kind="block")``
    """
    verdict = case.verdict
    if verdict.underflows:
        yield (
            f"{len(verdict.badpages)} entries for {verdict.max - 1} pages: the kernel"
            f" counts {verdict.pages} usable"
        )


@rule(
    "B307",
    "no usable page left",
    Severity.ERROR,
    hint=headers.new_badpage_list,
    field="badpages",
    refused_by=("no_usable_page",),
)
def none_left(case: Case) -> Iterator[str]:
    """Every page is bad, or none lies on page bounds of its device.

    Kernel: mm/swapfile.c SYSCALL_DEFINE2(swapon).

    *Trips on:* ``swap_area(badpages=(1, 2, 3), last_page=3, kind="block")``
    *Quiet on:* ``swap_area(badpages=(1, 2), last_page=3, kind="block")``
    """
    if case.verdict.test != "no_usable_page":
        return
    header = case.attempt.header
    listed = header.nr_badpages if header else 0
    yield (
        f"{listed} bad pages leave nothing"
        if listed
        else "blocks smaller than a page leave no whole page but the header"
    )


@rule(
    "B308",
    "hibernation would write over the bad page list",
    Severity.WARNING,
    hint="do not hibernate to this area",
    field="badpages",
)
def under_suspend_header(case: Case) -> Iterator[str]:
    """The suspend header takes the last 40 bytes of the page and does not restore all.

    Kernel: kernel/power/swap.c struct swsusp_header.

    *Trips on:* ``swap_area(badpages=range(1, 633), last_page=999, kind="block")``
    *Quiet on:* ``swap_area(badpages=range(1, 631), last_page=999, kind="block")``
    """
    header = case.attempt.header
    safe = (case.page_size - SWSUSP_BYTES - BADPAGES_OFFSET) // 4
    if header is not None and case.verdict.accepted and header.nr_badpages > safe:
        yield f"{header.nr_badpages} entries, those behind number {safe} are lost"


def _duplicates(case: Case) -> Iterator[str]:
    header = case.attempt.header
    counts = Counter(header.badpages if header else ())
    repeated = [page for page, count in counts.items() if count > 1]
    if repeated:
        page = repeated[0]
        more = f", and {len(repeated) - 1} more" if len(repeated) > 1 else ""
        yield f"page {page} is listed {counts[page]} times{more}"
