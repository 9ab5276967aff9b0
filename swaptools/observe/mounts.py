"""The mount a descriptor is on: type, options, device.

Not here: what is mounted where, for people (proc.py).

Kernel: fs/proc_namespace.c show_mountinfo(); fs/proc/fd.c seq_show().
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_MOUNTINFO = Path("/proc/self/mountinfo")
_MNT_ID = re.compile(rb"^mnt_id:\s*(\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of mountinfo."""

    #: ``ext4``, ``btrfs``, ``fuse.sshfs``.
    filesystem: str
    #: What was mounted, as the mounter called it: ``/dev/vda1``, ``tmpfs``.
    source: str
    #: Options of this mount, and of the file system whichever way it is mounted.
    options: frozenset[str]
    super_options: frozenset[str]


@dataclass(slots=True)
class Mounts:
    """The mounts of this process, read once and again when one is unknown."""

    _by_id: dict[int, Mount] = field(default_factory=dict)

    def of_descriptor(self, descriptor: int) -> Mount | None:
        """Return the mount of an open file; None where /proc does not say."""
        mount_id = _mount_id(descriptor)
        if mount_id is None:
            return None
        if mount_id not in self._by_id:
            self._by_id = _read_mounts()
        return self._by_id.get(mount_id)


def parse_mountinfo(text: str) -> dict[int, Mount]:
    """Parse the text of /proc/self/mountinfo; the key is the mount's number.

    >>> parse_mountinfo("7 1 8:1 / /a ro - ext4 /dev/vda rw")[7].filesystem
    'ext4'
    """
    mounts = {}
    for line in text.splitlines():
        left, separator, right = line.partition(" - ")
        words, about = left.split(" "), right.split(" ")
        if not separator or len(words) < 6 or len(about) < 3:
            continue
        mounts[int(words[0])] = Mount(
            filesystem=about[0],
            source=about[1],
            options=frozenset(words[5].split(",")),
            super_options=frozenset(about[2].split(",")),
        )
    return mounts


def _read_mounts() -> dict[int, Mount]:
    try:
        text = _MOUNTINFO.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return {}
    return parse_mountinfo(text)


def _mount_id(descriptor: int) -> int | None:
    try:
        text = Path(f"/proc/self/fdinfo/{descriptor}").read_bytes()
    except OSError:
        return None
    match = _MNT_ID.search(text)
    return int(match[1]) if match else None
