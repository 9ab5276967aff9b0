"""Which rules a kernel has, by the name of a profile or by any release.

Rules that changed within a series, or between two profiles, are decided by the
whole release; a kernel between two profiles is judged as the older one.

Not here: the profiles (profiles.py), how a release is written (uname.py), the
release of the running kernel.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from swaptools.errors import SelectionError
from swaptools.kernel.profiles import (
    K4_18,
    K5_4,
    K5_10,
    K5_15,
    K6_1,
    K6_6,
    K6_8,
    K6_12,
    K6_18,
    K6_19,
    K7_0,
    K7_1,
    K7_2,
    K7_3,
    PROFILES,
    KernelProfile,
)
from swaptools.kernel.uname import Maker, Release, parse_release
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from swaptools.kernel.file_rules import FileRules
    from swaptools.kernel.swapon_rules import SwapOnRules


class Reason(StrEnum):
    """Why a kernel's answer is not certain; the values are JSON's."""

    #: Judged as the older one.
    BETWEEN = "between_profiles"
    #: The rules were read in source; nobody asked such a kernel.
    READ_ONLY = "read_only"
    #: A tree with changes of its own, judged as the kernel.org release it names.
    DISTRIBUTION = "distribution"
    #: Judged as 4.18.
    OLDER = "older_than_4.18"
    #: Judged as the newest profile.
    NEWER = "newer_than_profiles"


#: Releases or builds, in order, and the rules from each on.
Steps = tuple[tuple[tuple[int, ...], KernelProfile], ...]


class Kernel(NamedTuple):
    """A kernel somebody asks about, and the rules it is judged by."""

    #: As it was asked for.
    asked: str
    profile: KernelProfile
    #: Why the answer may differ from that kernel's; None: it was confirmed.
    reason: Reason | None

    @property
    def exact(self) -> bool:
        """Whether a kernel with these rules was asked."""
        return self.reason is None


def _read(
    profile: KernelProfile,
    swapon: SwapOnRules | None = None,
    files: FileRules | None = None,
) -> KernelProfile:
    # A profile with rules that were read, and that nobody tried.
    return profile._replace(
        confirmed_by=None,
        swapon=swapon or profile.swapon,
        files=files or profile.files,
    )


def _takes_encrypted(profile: KernelProfile) -> KernelProfile:
    return _read(profile, profile.swapon._replace(refuses_encrypted=False))


# Files that the file system encrypts are refused late in most series: "mm/swap:
# reject swapon() on filesystem-level encrypted files" is in 6.1.187, 6.12.108,
# 6.18.49 and 7.1.13, in 5.15.224, and came to 6.6 between 149 and 153.
def _refuses_encrypted(profile: KernelProfile) -> KernelProfile:
    return _read(profile, profile.swapon._replace(refuses_encrypted=True))


# "crypto: lzo - Fix compression buffer overrun" came in 6.12.31, 6.14.9 and 6.15.
def _lzo_overruns(profile: KernelProfile) -> KernelProfile:
    zswap = profile.zswap._replace(enospc_compressors=("lzo", "lzo-rle"))
    return profile._replace(confirmed_by=None, zswap=zswap)


_5_0: Final = _read(K4_18, files=K4_18.files._replace(btrfs="own"))
# ext4_bmap() is iomap_bmap().
_5_7: Final = _read(K5_4, files=K5_4.files._replace(ext4_bmap_maps_unwritten=False))
# "ext4: implement swap_activate aops using iomap".
_5_9_5: Final = _read(K5_4, files=K5_4.files._replace(ext4="iomap"))
# "mm/swap: consider max pages in iomap_swapfile_add_extent" came in 5.10.65.
_5_10: Final = _read(K5_10, files=K5_10.files._replace(iomap_heeds_header=False))
_5_15: Final = _takes_encrypted(K5_15)
_5_19: Final = _read(_5_15, files=K5_15.files._replace(smb="refused"))._replace(
    allocator=K6_1.allocator
)
_6_1: Final = _takes_encrypted(K6_1)
# "zsmalloc: rework zspage chain size selection", and in 6.4 "zsmalloc: fine-grained
# inuse ratio based fullness grouping".
_6_3: Final = _6_1._replace(zsmalloc=K6_6.zsmalloc._replace(fullness_groups="quarters"))
_6_4: Final = _6_3._replace(zsmalloc=K6_6.zsmalloc)
_6_12_42: Final = _takes_encrypted(K6_12)
# "mm: swap: correctly use maxpages in swapon syscall" came in 6.12.42 and 6.17.
_6_12_8: Final = _read(_6_12_42, _6_12_42.swapon._replace(asks_extents_first=False))
# "btrfs: fix swap file activation failure due to extents that used to be shared".
_6_12: Final = _read(
    _6_12_8, files=K6_12.files._replace(btrfs_sharing="cross_reference")
)
# "mm: zswap: support large folios in zswap_store()".
_6_13: Final = _6_12_8._replace(zswap=K6_12.zswap._replace(takes_large_folios=True))
# "mm, swap: remove swap slot cache"; a CPU has one cluster for all areas from then on.
_6_15: Final = _6_13._replace(
    allocator=K6_12.allocator._replace(
        slots_cache_pages=0,
        clusters_are_of="machine",
        rotational="clusters",
        frees_runs=False,
    ),
)
# Seen on 6.16.12 and 6.17.13, like all other rules of theirs.
_6_16: Final = _read(_6_15, _6_15.swapon._replace(refuses_large_folios=True))
_6_17: Final = _read(_6_16, _6_16.swapon._replace(asks_extents_first=True))
_7_1: Final = _takes_encrypted(K7_1)

#: The first kernel.org release of each set of rules, oldest first.
_SINCE: Final = {
    "4.18": K4_18,
    "5.0": _5_0,
    "5.4": K5_4,
    "5.7": _5_7,
    "5.9.5": _5_9_5,
    "5.10": _5_10,
    "5.10.65": K5_10,
    "5.15": _5_15,
    "5.15.224": K5_15,
    "5.16": _5_15,
    "5.19": _5_19,
    "6.1": _6_1,
    "6.1.187": K6_1,
    "6.2": _6_1,
    "6.3": _6_3,
    "6.4": _6_4,
    "6.6": K6_6,
    "6.6.153": _refuses_encrypted(K6_6),
    "6.7": K6_6,
    "6.8": K6_8,
    "6.12": _lzo_overruns(_6_12),
    "6.12.8": _lzo_overruns(_6_12_8),
    "6.12.31": _6_12_8,
    "6.12.42": _6_12_42,
    "6.12.108": K6_12,
    "6.13": _lzo_overruns(_6_13),
    "6.14.9": _6_13,
    "6.15": _6_15,
    "6.16": _6_16,
    "6.17": _6_17,
    "6.18": K6_18,
    "6.18.49": _refuses_encrypted(K6_18),
    "6.19": K6_19,
    "7.0": K7_0,
    "7.1": _7_1,
    "7.1.13": K7_1,
    "7.2": K7_2,
    "7.3": K7_3,
}
_STEPS: Final[Steps] = tuple(
    (tuple(int(number) for number in first.split(".")), profile)
    for first, profile in _SINCE.items()
)
#: Where the number of a build says more than the point release: the first build
#: of each set of rules. Debian's 5.10.70-1 is ABI 9, its 6.1.187-1 is ABI 53.
_BUILDS: Final[dict[tuple[Maker, tuple[int, int]], Steps]] = {
    (Maker.DEBIAN, (5, 10)): (((0,), _5_10), ((9,), K5_10)),
    (Maker.DEBIAN, (6, 1)): (((0,), _6_1), ((53,), K6_1)),
    (Maker.UBUNTU, (5, 15)): (((0,), _5_15), ((204,), K5_15)),
    (Maker.UBUNTU, (6, 8)): (((0,), K6_8), ((148,), _refuses_encrypted(K6_8))),
    (Maker.UBUNTU, (7, 0)): (((0,), K7_0), ((39,), _refuses_encrypted(K7_0))),
}
#: Kernels of clouds and boards count from here, in steps of their own.
_UBUNTU_FLAVOURS: Final = 1000


@lru_cache(64)
def find_kernel(name: str) -> Kernel:
    """Return the rules of a kernel.

    Args:
        name: A profile's, or a release: ``6.1``, ``6.12.41``, ``v7.3-rc7``,
            ``6.8.0-151-generic``. The name of a series stands for the release
            that its profile was held against.

    Raises:
        SelectionError: It is neither; the message lists the profiles.

    >>> find_kernel("6.14.2").profile.name, find_kernel("6.14.2").exact
    ('6.12', False)
    """
    profile = PROFILES.get(name)
    if profile is not None:
        return Kernel(name, profile, _unless_confirmed(profile))
    release = parse_release(name)
    if release is None:
        known = ", ".join(PROFILES)
        raise SelectionError(
            f"no kernel {name!r}; known: any release, such as 6.12.41, and {known}"
        )
    profile = _rules(release)
    return Kernel(name, profile, _reason(release, profile))


def first_releases() -> tuple[tuple[str, KernelProfile], ...]:
    """Return the first kernel.org release of each set of rules, oldest first."""
    return tuple(_SINCE.items())


def _rules(release: Release) -> KernelProfile:
    series = ".".join(map(str, release.series))
    if release.point is None and series in PROFILES:
        return PROFILES[series]
    builds = _BUILDS.get((release.maker, release.series))
    if builds and release.build is not None and release.build < _UBUNTU_FLAVOURS:
        return _last(builds, (release.build,))
    return _last(_STEPS, (*release.series, release.point or 0))


def _last(steps: Steps, version: tuple[int, ...]) -> KernelProfile:
    # The rules of the last step that is not beyond the version, or the first.
    (_, profile), *later = steps
    for first, rules in later:
        profile = rules if first <= version else profile
    return profile


def _reason(release: Release, profile: KernelProfile) -> Reason | None:
    if release.series < _STEPS[0][0]:
        return Reason.OLDER
    is_flavour = (release.build or 0) >= _UBUNTU_FLAVOURS
    if release.maker.has_own_rules or is_flavour:
        return Reason.DISTRIBUTION
    if release.series > _STEPS[-1][0]:
        return Reason.NEWER
    if ".".join(map(str, release.series)) != profile.name:
        return Reason.BETWEEN
    if release.maker == Maker.UBUNTU and profile.confirmed_by:
        return Reason.DISTRIBUTION
    return _unless_confirmed(profile)


def _unless_confirmed(profile: KernelProfile) -> Reason | None:
    return None if profile.confirmed_by else Reason.READ_ONLY
