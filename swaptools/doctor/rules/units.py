"""D111 to D113: systemd's units for swap, their links, what generators left.

Not here: what a unit's area is (entries.py, areas.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.config.config import FSTAB
from swaptools.config.files import name_of
from swaptools.config.text import Place, shown
from swaptools.config.units import swap_unit_name
from swaptools.doctor.registry import Remark, rule
from swaptools.doctor.requests import node_of, not_swapped_on, requests
from swaptools.rulebook import Remedy, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.observe.system import System

_RELOAD: Final = "systemctl daemon-reload reads it again"


@rule(
    "D111",
    "unit is not named after its area",
    Severity.ERROR,
    hint="give it the name that systemd-escape(1) makes of What=",
)
def misnamed(system: System) -> Iterator[Remark]:
    r"""A unit for swap is loaded under the name that its path makes, and no other.

    systemd: man systemd.swap; src/core/swap.c swap_verify().

    *Trips on:* ``system(units={"swap.swap": "[Swap]\nWhat=/dev/sda2\n"},``
    ``sda2="swap 1111")``
    *Quiet on:* ``system(units={"dev-sda2.swap": "[Swap]\nWhat=/dev/sda2\n"},``
    ``sda2="swap 1111")``
    """
    for unit in system.config.units:
        what = unit.what
        if what is None:
            yield Remark(f"{unit.name} has no What=", Place(unit.path))
            continue
        right = swap_unit_name(node_of(what.value))
        if not unit.has_specifiers and right != unit.name:
            yield Remark(
                f"What={shown(what.value)} makes {shown(right)}, not {unit.name}",
                what.place,
                Remedy(f"name it {shown(right)}"),
            )


@rule(
    "D112",
    "link to a unit that is not there",
    Severity.WARNING,
    hint="remove the link, which is left of a unit that was removed",
)
def dangling(system: System) -> Iterator[Remark]:
    """swap.target asks for a unit that nobody has, so nothing is swapped on by it.

    systemd: man systemd.unit, .wants/.

    *Trips on:* ``system(dangling=["/etc/systemd/system/swap.target.wants/a.swap"])``
    *Quiet on:* ``system()``
    """
    units = (*system.config.units, *(system.config.generated or ()))
    known = {unit.name for unit in units}
    for path in system.config.dangling:
        # What a link says is no matter to systemd, its name is.
        if name_of(path) not in known:
            yield Remark(f"there is no unit {shown(name_of(path))}", Place(path))


@rule(
    "D113",
    "systemd has another fstab than the file",
    Severity.NOTE,
    hint=_RELOAD,
)
def not_reloaded(system: System) -> Iterator[Remark]:
    r"""Its generator made units of what the file said at boot, or at the last reload.

    systemd: man systemd-fstab-generator.

    *Trips on:* ``system(fstab="/dev/sda2 none swap sw 0 0",``
    ``sda2="swap 1111", generated={})``
    *Quiet on:* ``system(fstab="/dev/sda2 none swap sw 0 0",``
    ``sda2="swap 1111", generated={"dev-sda2.swap":``
    ``"[Unit]\nSourcePath=/etc/fstab\n[Swap]\nWhat=/dev/sda2\n"})``
    """
    if system.config.generated is None or system.is_container:
        return
    made = {}
    for unit in system.config.generated:
        source = unit.unit.last("Unit", "SourcePath")
        if unit.what is not None and source is not None and source.value == FSTAB:
            made[unit.what.value.lower()] = unit
    asked = [one for one in requests(system) if one.kind == "fstab"]
    for request in asked:
        is_passed_over = not_swapped_on(request, system) is not None
        if not is_passed_over and request.node.lower() not in made:
            yield Remark(f"no unit was made of {shown(request.name)}", request.place)
    nodes = {entry.lower() for entry in _nodes(system)}
    for what, unit in made.items():
        if what not in nodes:
            message = f"{unit.name} was made of an entry that is gone"
            yield Remark(message, Place(unit.path))


def _nodes(system: System) -> Iterator[str]:
    # Of all entries, those that units override as well.
    for entry in system.config.fstab.entries:
        if entry.is_swap:
            yield node_of(entry.source)
