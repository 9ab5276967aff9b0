"""What was understood of a system, finding or none: who asks for what, and where.

Not here: what is wrong with it (rules/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.doctor.requests import elsewhere, not_swapped_on, requests
from swaptools.doctor.resumes import resumes
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from swaptools.config.text import Place
    from swaptools.observe.system import Found, System

    Kind = Literal["swap", "zram", "resume", "active"]


class Understood(NamedTuple):
    """One thing that is asked for; the fields are its JSON keys."""

    #: ``active`` is what nothing asks for.
    kind: Kind
    #: As it is written.
    name: str
    #: Where; None for what no file says.
    file: str | None
    #: Its number in that file; None where the whole file says it.
    line: int | None
    #: Whether it leads to something; None where that cannot be told.
    found: bool | None
    #: What it leads to; None without.
    path: str | None
    #: What the header claims, else what the device has, in bytes; None where neither
    #: is known.
    size: int | None
    #: The device's, else the header's; None without one.
    uuid: str | None
    #: Swapped on now; None where that cannot be told, and for resume.
    active: bool | None
    #: Comes at boot.
    auto: bool


def summarize(system: System) -> tuple[Understood, ...]:
    """Say what was understood, in the order of files."""
    asked = (*_swaps(system), *_zrams(system))
    return (*asked, *_others(system, asked), *_resumes(system))


def _swaps(system: System) -> Iterator[Understood]:
    unmounted = elsewhere(system)
    for request in requests(system):
        is_auto = request.is_auto and not_swapped_on(request, system) is None
        active = _active(request.found, system)
        yield _understood(
            "swap",
            request.name,
            request.place,
            request.found,
            active,
            is_auto,
            unmounted,
        )


def _zrams(system: System) -> Iterator[Understood]:
    for zram in system.config.zrams:
        if zram.is_swap:
            name = f"/dev/{zram.name}"
            found = system.find(name)
            active = _active(found, system)
            yield _understood("zram", name, zram.place, found, active, True)


def _others(system: System, asked: tuple[Understood, ...]) -> Iterator[Understood]:
    # What is active all the same; in a container it is the host's.
    if system.running is None or system.is_container:
        return
    known = {system.find(one.name).key for one in asked}
    for row in system.running.swaps or ():
        found = system.find(row.name)
        if found.key not in known:
            yield _understood("active", row.name, None, found, True, False)


def _resumes(system: System) -> Iterator[Understood]:
    seen = set()
    for one in resumes(system):
        if one.name not in seen:
            seen.add(one.name)
            yield _understood("resume", one.name, one.place, one.found, None, True)


def _understood(
    kind: Kind,
    name: str,
    place: Place | None,
    found: Found,
    active: bool | None,
    is_auto: bool,
    unmounted: tuple[str, ...] = (),
) -> Understood:
    header = found.area.header if found.area else None
    uuid = header.uuid_text if header else None
    size_bytes = header.size_bytes if header else None
    if found.device is not None:
        uuid = found.device.uuid or uuid
        size_bytes = found.device.size_bytes if size_bytes is None else size_bytes
    is_there = None if name.startswith(unmounted) else _is_there(found)
    return Understood(
        kind=kind,
        name=name,
        file=place.file if place else None,
        line=place.line if place else None,
        found=is_there,
        path=found.where if is_there else None,
        size=size_bytes,
        uuid=uuid,
        active=active,
        auto=is_auto,
    )


def _is_there(found: Found) -> bool | None:
    if found.is_missing:
        return False
    return True if found.device or found.file else None


def _active(found: Found, system: System) -> bool | None:
    if system.running is None or system.running.swaps is None:
        return None
    rows = system.running.swaps
    return any(system.find(row.name).key == found.key for row in rows)
