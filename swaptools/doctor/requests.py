"""Who asks for an area to be swapped on. Pure.

Not here: who names one to resume from (resumes.py), whether that is right (rules/).

systemd: src/fstab-generator/fstab-generator.c, src/shared/fstab-util.c
fstab_node_to_udev_node().
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from swaptools.config.config import CRYPTTAB, FSTAB
from swaptools.config.options import Options
from swaptools.config.text import Place
from swaptools.config.units import swap_unit_name
from swaptools.observe.system import Found, tag_of
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.config.crypttab import CryptEntry
    from swaptools.observe.system import System

#: What udev leaves as it is in the name of a link.
_PLAIN: Final = re.compile(r"[A-Za-z0-9#+\-.:=@_\x80-\U0010ffff]")
#: Why a request of fstab(5) is passed over there.
IN_CONTAINER: Final = "systemd swaps nothing on in a container"
_NO: Final = frozenset({"0", "no", "n", "false", "f", "off"})
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,9}", re.ASCII)


class Request(NamedTuple):
    """Something that has an area swapped on."""

    #: As written.
    name: str
    place: Place
    found: Found
    #: ``fstab``, ``unit`` or ``dphys-swapfile``.
    kind: str
    options: Options = Options("")
    is_auto: bool = True
    is_nofail: bool = False

    @property
    def node(self) -> str:
        """The path by which systemd knows it."""
        return node_of(self.name)

    @property
    def unit_name(self) -> str:
        """The name of systemd's unit for it."""
        return swap_unit_name(self.node)

    @property
    def priority(self) -> int | None:
        """As asked for; None for none, or one that is no number."""
        return number(self.options.value("pri"))


def node_of(name: str) -> str:
    r"""Return the path by which systemd knows what fstab(5) names.

    >>> node_of("LABEL=my swap")
    '/dev/disk/by-label/my\\x20swap'
    """
    tag = tag_of(name)
    if tag is None or name.startswith("/"):
        return name
    return f"/dev/disk/by-{tag[0]}/{_encoded(tag[1])}"


def _encoded(value: str) -> str:
    return "".join(
        char
        if _PLAIN.match(char)
        else "".join(
            f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape")
        )
        for char in value
    )


def number(text: str | None) -> int | None:
    """Read a priority; None when it is no number."""
    match = _NUMBER.fullmatch((text or "").strip())
    return int(match[0]) if match else None


def requests(system: System) -> tuple[Request, ...]:
    """Return all that ask for swap, those of files that others override left out."""
    return tuple(_requests(system))


def heeded(system: System) -> tuple[Request, ...]:
    """Return those that something acts on, at boot or when it is asked to."""
    return tuple(one for one in requests(system) if not_swapped_on(one, system) is None)


def with_area(system: System) -> tuple[Request, ...]:
    """Return those whose area should be good: in a container the others, too."""
    if not system.is_container:
        return heeded(system)
    outside = replace(system, is_container=False)
    return heeded(outside)


def _requests(system: System) -> Iterator[Request]:
    config = system.config
    units = {unit.name for unit in config.units}
    for entry in config.fstab.entries:
        if not entry.is_swap:
            continue
        request = Request(
            entry.source,
            Place(FSTAB, entry.line),
            system.find(entry.source),
            "fstab",
            entry.options,
            not entry.is_noauto,
            entry.is_nofail,
        )
        if request.unit_name not in units:
            yield request
    for unit in config.units:
        what = unit.what
        if what is None or unit.has_specifiers:
            continue
        options = unit.unit.last("Swap", "Options")
        priority = unit.unit.last("Swap", "Priority")
        text = options.value if options else ""
        if priority is not None:
            text = f"pri={priority.value},{text}"
        yield Request(
            what.value,
            what.place,
            system.find(what.value),
            "unit",
            Options(text),
            is_auto=unit.name in config.wanted,
        )
    if config.dphys_swapfile is not None:
        name, place = config.dphys_swapfile
        yield Request(name, place, system.find(name), "dphys-swapfile")


def is_made_at_boot(request: Request, system: System) -> bool:
    """Tell whether something makes the area before it is swapped on."""
    options = request.options
    if options.has("x-systemd.makefs") or request.kind == "dphys-swapfile":
        return True
    if (options.value("comment") or "") == "cloudconfig":
        return True
    return request.name.startswith("/dev/zram") or any(
        entry.path == request.name and entry.is_made_anew
        for entry in system.config.crypttab
    )


def not_swapped_on(request: Request, system: System) -> str | None:
    """Say why a request is passed over, None when it is heeded.

    systemd: src/fstab-generator/fstab-generator.c add_swap(), systemd.swap=, fstab=.
    """
    masked = system.config.masked
    if "swap.target" in masked:
        return "swap.target is masked"
    if request.unit_name in masked:
        return f"{request.unit_name} is masked"
    if request.kind != "fstab":
        return None
    if system.is_container:
        return IN_CONTAINER
    for line in system.command_lines():
        for word in ("systemd.swap", "fstab"):
            value = line.last(word)
            if value is not None and value.lower() in _NO:
                return f"{word}={value} on the kernel command line"
    return None


def elsewhere(system: System) -> tuple[str, ...]:
    """Return directories with a file system of their own that is not mounted here.

    Each ends with a slash.
    """
    mounted = system.running.mounts if system.running else frozenset({"/"})
    targets = {entry.target.rstrip("/") for entry in system.config.fstab.entries}
    targets |= {path.rstrip("/") for path in system.config.mount_points}
    return tuple(f"{each}/" for each in targets if each and each not in mounted)


def encrypted_swaps(system: System) -> Iterator[tuple[CryptEntry, Place]]:
    """Yield the entries of crypttab(5) on which mkswap(8) runs at every boot."""
    for entry in system.config.crypttab:
        if entry.is_made_anew:
            yield entry, Place(CRYPTTAB, entry.line)
