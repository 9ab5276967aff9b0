"""What differs from kernel to kernel, in words: for lists and the documentation.

Not here: how a list looks (cli/kernels.py), the page (docs/kernels.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from swaptools.kernel.profiles import PROFILES
from swaptools.kernel.releases import first_releases
from swaptools.kernel.swapon_rules import (
    VMALLOC_LINE,
    VMALLOC_LINE_4_18,
    VMALLOC_LINE_5_4,
    VMALLOC_LINE_WITHOUT_CPUSETS,
)
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from swaptools.kernel.profiles import KernelProfile
    from swaptools.kernel.swapon_rules import SlotArray

_REFUSED: Final = {False: "taken", True: "refused"}
_FOUND: Final = {False: "not tested", True: "refused"}
_YES: Final = {False: "no", True: "yes"}

#: Rule -> what it is about, and its values in words.
TOPICS: Final[Mapping[str, tuple[str, Mapping[Any, str]]]] = {
    "swapon.refuses_zoned": ("zoned device", _REFUSED),
    "swapon.refuses_unlinked": ("file whose name is gone", _REFUSED),
    "swapon.refuses_encrypted": ("file encrypted by its file system", _REFUSED),
    "swapon.refuses_large_folios": ("blocks larger than pages", _FOUND),
    "swapon.reads_short_blocks": (
        "device shorter than its block",
        {True: "read to its end", False: "EIO"},
    ),
    "swapon.asks_extents_first": (
        "asked first",
        {False: "memory, bad pages", True: "file system"},
    ),
    "swapon.reports_badpage_range": (
        "bad page out of range",
        {False: "refused, silent", True: "refused, named"},
    ),
    "swapon.refuses_duplicate_badpages": (
        "bad page listed twice",
        {False: "counts twice", True: "refused, named"},
    ),
    "swapon.counts_within_list": (
        "no page left is seen",
        {False: "behind the list", True: "within the list"},
    ),
    "swapon.accepts_ghost": ("area of one page", {False: "too short", True: "a ghost"}),
    "swapon.ghost_is_dynamic": (
        "clusters of a ghost",
        {False: "made at once", True: "made on demand"},
    ),
    "swapon.default_priority": (
        "default priority",
        {"descending": "-2, -3, ...", "equal": "-1"},
    ),
    "swapon.adding_ends_with": ('"Adding" ends with', {"FS": "FS", "": "the flags"}),
    "swapon.pads_proc_swaps": (
        "/proc/swaps separates by",
        {False: "one tab", True: "two tabs"},
    ),
    "swapon.arrays": ("bytes a slot", {}),
    "swapon.vmalloc_line": (
        "array larger than memory",
        {
            VMALLOC_LINE_4_18: "vmalloc: allocation failure, mode:0x14080c0",
            VMALLOC_LINE_5_4: "vmalloc: allocation failure, mode:0xdc0",
            VMALLOC_LINE: "vmalloc error, mode:0xdc0",
            VMALLOC_LINE_WITHOUT_CPUSETS: "vmalloc error, mode:0xdc0, no cpuset",
        },
    ),
    "files.ext4": ("ext4", {}),
    "files.ext4_bmap_maps_unwritten": (
        "bmap of reserved blocks",
        {False: "holes", True: "blocks"},
    ),
    "files.exfat": ("exFAT", {}),
    "files.btrfs": ("btrfs", {"none": "has holes", "own": "its own"}),
    "files.btrfs_sharing": (
        "btrfs: shared is",
        {
            "last_snapshot": "older than a snapshot",
            "cross_reference": "a quick look",
            "backrefs": "what is",
        },
    ),
    "files.f2fs": (
        "f2fs",
        {
            "pages": "page by page",
            "sections": "moves to sections",
            "sections_and_tail": "moves all of it",
        },
    ),
    "files.f2fs_refuses_compressed": ("f2fs: compressed file", _REFUSED),
    "files.f2fs_refuses_lfs": (
        "f2fs: mode=lfs",
        {
            "never": "taken",
            "always": "refused",
            "without_zones": "refused without zones",
        },
    ),
    "files.nfs_counts_blocks": ("NFS: holes", {False: "taken", True: "refused"}),
    "files.smb": (
        "SMB",
        {
            "none": "has holes",
            "counts_blocks": "holes refused",
            "refused": "refused, silent",
        },
    ),
    "files.iomap_names_file": ("iomap names the file", _YES),
    "files.iomap_refuses_no_page": (
        "iomap: no page on page bounds",
        {False: "counted below 0", True: "refused"},
    ),
    "files.iomap_heeds_header": (
        "iomap: file beyond its header",
        {False: "used", True: "left alone"},
    ),
}


class Difference(NamedTuple):
    """A rule that two kernels have different."""

    topic: str
    before: str
    after: str


class Change(NamedTuple):
    """A release, and what it has different from the one before."""

    release: str
    profile: KernelProfile
    differences: tuple[Difference, ...]
    #: Name of the one before, which may be another tree's; None for the first.
    previous: str | None


def rules(profile: KernelProfile) -> dict[str, str]:
    """Return every rule of a kernel in words, by its topic, in order."""
    found = {}
    for path, value in _values(profile).items():
        topic, words = TOPICS.get(path, (_plain(path), {}))
        found[topic] = words[value] if value in words else _word(value)
    return found


def between(older: KernelProfile, newer: KernelProfile) -> tuple[Difference, ...]:
    """Return what is not the same on two kernels."""
    before, after = rules(older), rules(newer)
    return tuple(
        Difference(topic, before[topic], word)
        for topic, word in after.items()
        if word != before[topic]
    )


def by_profile() -> Iterator[Change]:
    """Yield every profile; a mainline one beside the one before.

    One with patches is compared with the kernel that they are for.
    """
    older: KernelProfile | None = None
    for name, profile in PROFILES.items():
        if profile.ghost is not None:
            older = PROFILES["6.12" if name.endswith("6.12") else "7.2"]
        differences = between(older, profile) if older else ()
        yield Change(name, profile, differences, older.name if older else None)
        older = profile


def by_release() -> Iterator[Change]:
    """Yield the releases that changed a rule, kernel.org's, oldest first."""
    older: KernelProfile | None = None
    for release, profile in first_releases():
        differences = between(older, profile) if older else ()
        if differences:
            yield Change(release, profile, differences, older.name if older else None)
        older = profile


def _values(profile: KernelProfile) -> dict[str, Any]:
    # In the order of TOPICS, others behind.
    found = {
        f"{group}.{name}": value
        for group in ("swapon", "files", "allocator", "zswap", "zsmalloc")
        for name, value in getattr(profile, group)._asdict().items()
    }
    order = {path: number for number, path in enumerate(TOPICS)}
    return dict(sorted(found.items(), key=lambda item: order.get(item[0], len(order))))


def _plain(path: str) -> str:
    group, _, name = path.partition(".")
    return f"{group}: {name.replace('_', ' ')}"


def _word(value: object) -> str:
    if isinstance(value, bool):
        return _YES[value]
    if isinstance(value, tuple):
        return ", ".join(map(_item, value)) or "none"
    return str(value)


def _item(value: str | SlotArray) -> str:
    if isinstance(value, str):
        return value
    element, slots = value.element_bytes, value.slots_per_element
    share = f"{element}/{slots}" if element % slots else f"{element // slots}"
    return f"{value.name} {share}"
