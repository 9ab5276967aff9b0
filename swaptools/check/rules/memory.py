"""Family M: what an area costs the machine in memory before a page is swapped.

Needs the memory size; without it these rules are quiet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.check.registry import rule
from swaptools.check.remedies import headers
from swaptools.kernel.swapon import maxpages
from swaptools.rulebook import Severity
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.check.case import Case

#: A ghost holds compressed pages only, so more than this is never filled.
_ABSURD_TIMES: Final = 16
#: Part of memory from which its cost is worth a line.
_COSTLY_PART: Final = 100
#: Part of memory from which swapon(2) ended in a panic on machines with nothing else
#: to do: with 988 MB 6.1 took 869 MB, and died of 895.
_FATAL_PART: Final = 8 / 9


@rule(
    "M601",
    "kernel memory for this size is not to be had",
    Severity.ERROR,
    hint=headers.claim_less,
    field="last_page",
    refused_by=("out_of_memory",),
)
def refused_for_memory(case: Case) -> Iterator[str]:
    """One array over all slots alone is larger than memory.

    Kernel: mm/vmalloc.c __vmalloc_node_range().

    *Trips on:* ``swap_area(last_page=0xFFFFFFFF, area_bytes=4096)``
    (ghost-rfc-6.12, 3 GiB of memory)
    *Quiet on:* ``swap_area(last_page=0xFFFFFFFF, area_bytes=4096)``
    (ghost-rfc, 3 GiB of memory)
    """
    if case.verdict.test == "out_of_memory":
        yield _cost(case)


@rule(
    "M602",
    "swapon takes much kernel memory",
    Severity.WARNING,
    hint=headers.claim_less,
    field="last_page",
)
def costly(case: Case) -> Iterator[str]:
    """Kernels before 7.2 keep 2 to 3 bytes for each slot, used or not.

    If it does not fit, the OOM killer acts; there is no error then.

    Kernel: mm/swapfile.c SYSCALL_DEFINE2(swapon).

    *Trips on:* ``swap_area(last_page=1 << 28, area_bytes=4096)``
    (ghost-rfc-6.12, 3 GiB of memory)
    *Quiet on:* ``swap_area(last_page=1 << 20, area_bytes=4096)``
    (ghost-rfc-6.12, 3 GiB of memory)
    """
    ram_bytes = case.attempt.ram_bytes
    if ram_bytes is None or not case.verdict.accepted:
        return
    if _cost_bytes(case) * _COSTLY_PART > ram_bytes and not _is_fatal(case):
        yield _cost(case)


@rule(
    "M603",
    "advertised size absurd for this memory",
    Severity.WARNING,
    hint=headers.claim_less,
    field="last_page",
)
def absurd(case: Case) -> Iterator[str]:
    """free(1), SwapTotal and the commit limit believe what the header claims.

    A few times the memory is as much as compressed pages can ever fill.

    *Trips on:* ``swap_area(last_page=1 << 28, area_bytes=4096)``
    (ghost-rfc, 3 GiB of memory)
    *Quiet on:* ``swap_area(last_page=1 << 20, area_bytes=4096)``
    (ghost-rfc, 3 GiB of memory)
    """
    ram_bytes = case.attempt.ram_bytes
    if ram_bytes is None or not case.verdict.is_ghost:
        return
    times = case.claimed_bytes // ram_bytes
    if times > _ABSURD_TIMES:
        yield f"{format_size(case.claimed_bytes)} is {times} times the memory"


@rule(
    "M604",
    "swapon takes more memory than there is",
    Severity.ERROR,
    hint=headers.claim_less,
    field="last_page",
)
def fatal(case: Case) -> Iterator[str]:
    """No array alone is too large, but all of them are: the OOM killer acts.

    swapon(2) does not fail then; it goes on until nothing is left to kill, which
    is a panic. Seen on 5.10, 6.1, 6.12 and 6.18.

    Kernel: mm/oom_kill.c out_of_memory(), mm/swap_cgroup.c swap_cgroup_prepare().

    *Trips on:* ``swap_area(last_page=1 << 29, kind="block")`` (6.1, 1 GiB of memory)
    *Quiet on:* ``swap_area(last_page=1 << 29, kind="block")`` (7.2, 1 GiB of memory)
    """
    if case.verdict.accepted and _is_fatal(case):
        yield _cost(case)


def _is_fatal(case: Case) -> bool:
    ram_bytes = case.attempt.ram_bytes
    if ram_bytes is None:
        return False
    return _cost_bytes(case) > ram_bytes * _FATAL_PART


def _cost_bytes(case: Case) -> int:
    header = case.attempt.header
    if header is None:
        return 0
    is_ghost = case.is_taken_as_ghost
    return case.kernel_rules.static_bytes(maxpages(header), is_ghost)


def _cost(case: Case) -> str:
    cost = format_size(_cost_bytes(case))
    return (
        f"{cost} of kernel memory for {format_size(case.claimed_bytes)} of swap, out of"
        f" {format_size(case.attempt.ram_bytes or 0)}"
    )
