"""Who asks: what swapon(2) wants of a process and of its kernel. A value, no I/O.

A verdict is what root gets; what this process lacks stands beside it.

Not here: finding it out (observe/caller.py), what to say of it (check/rules/caller.py).

Kernel: mm/swapfile.c SYSCALL_DEFINE2(swapon), kernel/capability.c capable().
"""

from __future__ import annotations

from swaptools.records import NamedTuple


class Caller(NamedTuple):
    """A process and its kernel; what could not be told is None.

    Without arguments: root, in no container, on a kernel with swap.
    """

    #: The kernel was built with swap (CONFIG_SWAP); another one has no swapon(2).
    has_swap: bool | None = True
    #: CAP_SYS_ADMIN is in its effective set.
    has_sys_admin: bool | None = True
    #: It lives in a user namespace of its own, whose capabilities do not count.
    is_in_user_namespace: bool | None = False
    #: What a seccomp filter does to swapon(2), ``EPERM`` or ``SIGSYS``; None when it
    #: lets the call through, or where there is none.
    filtered: str | None = None
