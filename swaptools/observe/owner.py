"""Who owns a file, where a user namespace has no number for everybody.

Not here: what this process may do (caller.py).

Kernel: fs/stat.c, kernel/user_namespace.c from_kuid_munged(), uid_m_show().
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.observe.proc import read_text

if TYPE_CHECKING:
    import os

_UID_MAP: Final = "/proc/self/uid_map"
#: As nearly everybody leaves /proc/sys/kernel/overflowuid.
_OVERFLOW_UID: Final = 65534


def owner_uid(status: os.stat_result) -> int | None:
    """Return the owner's number; None where this user namespace cannot name him.

    Whoever has no number in it, root of the machine included, is shown as nobody.
    """
    uid = status.st_uid
    if uid != _OVERFLOW_UID:
        return uid
    lines = (line.split() for line in (read_text(_UID_MAP) or "").splitlines())
    ranges = [(int(words[0]), int(words[2])) for words in lines if len(words) == 3]
    is_mapped = any(first <= uid < first + count for first, count in ranges)
    return uid if is_mapped else None
