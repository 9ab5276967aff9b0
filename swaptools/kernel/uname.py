"""A kernel release as uname(2) or a person writes it, taken apart.

Not here: which rules such a kernel has (releases.py).

Kernel: Makefile KERNELRELEASE, scripts/setlocalversion.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import Final

from swaptools.records import NamedTuple


class Maker(Enum):
    """Whose kernel it is, as far as that matters to its rules."""

    #: kernel.org's, and what changes nothing that swap sees.
    MAINLINE = "mainline"
    #: Stable releases; before Debian 13 numbered by the ABI, not the point release.
    DEBIAN = "Debian"
    #: A series of its own under the ABI's number.
    UBUNTU = "Ubuntu"
    #: RHEL and what is built from it: much ported back, and no btrfs.
    RED_HAT = "Red Hat"
    #: Any other tree with changes of its own.
    OTHER = "other"

    @property
    def has_own_rules(self) -> bool:
        """Whether its changes can be any."""
        return self in (Maker.RED_HAT, Maker.OTHER)


class Release(NamedTuple):
    """What a release says of itself."""

    series: tuple[int, int]
    #: The third number; None when only the series was given.
    point: int | None
    maker: Maker
    #: The ABI's number where it stands for the point release (Debian, Ubuntu).
    build: int | None = None


#: As text: compiling them all takes longer than most runs need of any.
_RELEASE: Final = (
    r"(?ias)(?:(?:linux|kernel)[- ])?v?(?P<major>\d{1,3})\.(?P<minor>\d{1,3})"
    r"(?:\.(?P<point>\d{1,5}|[xy]))?(?P<rest>(?:[-+.~_ ]|rc\d).*)?"
)
_DEBIAN_FLAVOUR: Final = (
    r"(?:amd64|arm64|armmp|686|i386|riscv64|ppc64el|powerpc|s390x|loong64|mips|octeon"
    r"|alpha|parisc|sparc64|m68k|marvell|rpi|4kc|5kc|loongson)"
)
_DEBIAN: Final = (
    r"[-.+](?:0\.)?(?:deb\d|bpo)"
    rf"|-(?P<build>\d+)(?:-[a-z]+)*-{_DEBIAN_FLAVOUR}\b"
)
_UBUNTU: Final = (
    r"-(?P<build>\d+)(?:-[a-z]+)*-(?:generic|lowlatency|virtual|server|realtime|aws"
    r"|azure|gcp|gke|gkeop|kvm|oracle|oem|ibm|raspi|nvidia|fips|iotg|xilinx|allwinner"
    r"|starfive|laptop|bluefield|tegra|intel)\b"
)
_RED_HAT: Final = r"\.el\d(?!\w*uek)"
#: Trees that differ from kernel.org's in more than their configuration.
_OTHER: Final = (
    r"(?i)\.amzn|\.azl|\.cm\d|\.oe\d|\.an\d|\.al\d|\.tl\d|\.oc\d|\.ph\d|\.cip"
    r"|-android|microsoft|rpt-rpi|-rpi|-v[678]l?\+|-pve\b|-1[56]\d{4}\.|uek"
    r"|xanmod|liquorix|-zen\d|cachyos|tkg|-ck\d|-cros|-tegra|-qcom|\+$"
)


@lru_cache(64)
def parse_release(text: str) -> Release | None:
    """Take a release apart; None for what does not begin as one does.

    Args:
        text: ``6.1``, ``v6.12.41``, ``6.8.0-151-generic``, ``7.3-rc7``.

    >>> parse_release("6.12.74+deb13-amd64").point
    74
    >>> parse_release("nonsense")
    """
    match = re.fullmatch(_RELEASE, text.strip())
    if match is None:
        return None
    point, rest = match["point"], match["rest"] or ""
    maker, build = _maker(rest)
    return Release(
        series=(int(match["major"]), int(match["minor"])),
        point=int(point) if point and point.isdecimal() else _first_if_built(rest),
        maker=maker,
        build=build,
    )


def _first_if_built(rest: str) -> int | None:
    # "6.12-rc1" and "6.1-5-amd64" stand for the first release of the series.
    return 0 if re.match(r"[-~_]?(?:rc)?\d", rest, re.IGNORECASE) else None


def _maker(rest: str) -> tuple[Maker, int | None]:
    if not rest:
        return Maker.MAINLINE, None
    if found := re.search(_DEBIAN, rest):
        build = found["build"]
        return Maker.DEBIAN, int(build) if build else None
    if ".el" in rest and re.search(_RED_HAT, rest):
        return Maker.RED_HAT, None
    if re.search(_OTHER, rest):
        return Maker.OTHER, None
    if rest[1:2].isdigit() and (found := re.match(_UBUNTU, rest)):
        return Maker.UBUNTU, int(found["build"])
    return Maker.MAINLINE, None
