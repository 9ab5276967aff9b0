"""What this process may do: read_caller() finds out what swapon(2) will ask.

A seccomp filter does not say what it does, so a child asks it, in a way that no
kernel can take for a wish: no path, and flags that do not exist.

Not here: what is swapped on (proc.py), who owns a file (owner.py).

Kernel: fs/proc/array.c proc_pid_status(), include/uapi/linux/capability.h,
include/linux/nsfs.h PROC_USER_INIT_INO; mm/swapfile.c SYSCALL_DEFINE2(swapon)
looks at the flags before anything else.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Final

from swaptools.caller import Caller
from swaptools.observe.proc import kernel_has_swap, read_text

_STATUS: Final = "/proc/self/status"
_USER_NAMESPACE: Final = "/proc/self/ns/user"
#: What the link of the first user namespace says on every machine.
_FIRST: Final = f"user:[{0xEFFFFFFD}]"
_CAP_SYS_ADMIN: Final = 1 << 21
#: ``Seccomp:`` of a process with a filter.
_FILTERED: Final = "2"
_ASK: Final = (
    "import ctypes; libc = ctypes.CDLL(None, use_errno=True);"
    "libc.swapon(None, -1); print(ctypes.get_errno())"
)
#: What the kernel itself answers to that.
_LET_THROUGH: Final = frozenset({errno.EINVAL, errno.EFAULT})
_PATIENCE_SECONDS: Final = 10


def read_caller() -> Caller:
    """Find out what this process may do, and whether its kernel has swap."""
    lines = (line.partition(":") for line in (read_text(_STATUS) or "").split("\n"))
    status = {name: value.strip() for name, _, value in lines}
    has_sys_admin = _has_sys_admin(status.get("CapEff"))
    return Caller(
        has_swap=kernel_has_swap(),
        has_sys_admin=has_sys_admin,
        is_in_user_namespace=is_in_user_namespace(),
        # Without the capability the answer is known, filter or not.
        filtered=_ask_filter()
        if has_sys_admin and status.get("Seccomp") == _FILTERED
        else None,
    )


def _has_sys_admin(effective: str | None) -> bool | None:
    if effective is None:  # no /proc: nobody but root has it as a rule
        return None if os.geteuid() == 0 else False
    return bool(int(effective, 16) & _CAP_SYS_ADMIN)


def is_in_user_namespace() -> bool | None:
    """Tell whether this is another user namespace than the first; None if unknown."""
    try:
        return os.readlink(_USER_NAMESPACE) != _FIRST
    except OSError:
        return None


def _ask_filter() -> str | None:
    # Imported here: few processes have a filter and the capability.
    import signal
    import subprocess

    if not sys.executable:
        return None
    try:
        ran = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _ASK],
            capture_output=True,
            timeout=_PATIENCE_SECONDS,
        )
        if ran.returncode < 0:
            return signal.Signals(-ran.returncode).name
        number = int(ran.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return None if number in _LET_THROUGH else errno.errorcode.get(number)
