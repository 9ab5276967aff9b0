"""Family P: what the process that asks lacks, and its kernel.

The verdict is what root would get; these say what swapon(2) would tell this
process. Quiet where nothing is known of it, as about another kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.check.registry import rule
from swaptools.rulebook import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.check.case import Case


@rule(
    "P001",
    "kernel without swap",
    Severity.ERROR,
    hint="boot a kernel that was built with CONFIG_SWAP",
    refused_by=("without_swap",),
    needs_header=False,
)
def without_swap(case: Case) -> Iterator[str]:
    """Built without CONFIG_SWAP, it has no such call, and no /proc/swaps.

    Kernel: kernel/sys_ni.c, mm/swapfile.c procswaps_init().

    *Trips on:* ``swap_area(), Caller(has_swap=False)``
    *Quiet on:* ``swap_area(), Caller()``
    """
    if not case.attempt.has_swap:
        yield "swapon(2) is not there: this kernel was built without CONFIG_SWAP"


@rule(
    "P002",
    "no privilege to swap on",
    Severity.NOTE,
    hint="run swapon as root; in a container, on its host or with that capability",
    needs_header=False,
)
def without_capability(case: Case) -> Iterator[str]:
    """The verdict is root's; root in a container often lacks this capability.

    Kernel: mm/swapfile.c SYSCALL_DEFINE2(swapon).

    *Trips on:* ``swap_area(), Caller(has_sys_admin=False)``
    *Quiet on:* ``swap_area(), Caller()``
    """
    if case.caller is not None and case.caller.has_sys_admin is False:
        yield "this process lacks CAP_SYS_ADMIN: swapon(2) would answer EPERM"


@rule(
    "P003",
    "root of a user namespace only",
    Severity.NOTE,
    hint="run swapon outside of it, as root of the machine",
    needs_header=False,
)
def in_user_namespace(case: Case) -> Iterator[str]:
    """Swap is the machine's: only the first namespace's capabilities count.

    Rootless containers, and unshare(1) with -U, live in one.

    Kernel: kernel/capability.c capable().

    *Trips on:* ``swap_area(), Caller(is_in_user_namespace=True)``
    *Quiet on:* ``swap_area(), Caller()``
    """
    caller = case.caller
    if caller and caller.is_in_user_namespace and caller.has_sys_admin:
        yield (
            "CAP_SYS_ADMIN is that of a user namespace:"
            " swapon(2) would answer EPERM to this process"
        )


@rule(
    "P004",
    "seccomp filter in front of swapon(2)",
    Severity.NOTE,
    hint="run swapon outside of the container, or of the systemd unit, that filters",
    needs_header=False,
)
def filtered(case: Case) -> Iterator[str]:
    """Container runtimes and SystemCallFilter= refuse it whatever the privilege.

    Kernel: kernel/seccomp.c __seccomp_filter().

    *Trips on:* ``swap_area(), Caller(filtered="EPERM")``
    *Quiet on:* ``swap_area(), Caller()``
    """
    if case.caller is None or case.caller.filtered is None:
        return
    answer = case.caller.filtered
    verb = "kills with" if answer.startswith("SIG") else "answers"
    yield f"a seccomp filter of this process {verb} {answer} before the kernel is asked"
