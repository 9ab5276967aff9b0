"""D208 to D210: who looks for an image at boot, and who is kept from it.

Not here: what is looked for (hibernation.py, offsets.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.config.text import shown
from swaptools.doctor.registry import Remark, rule
from swaptools.doctor.resumes import (
    of_command_lines,
    resumes,
)
from swaptools.rulebook import Remedy, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.observe.system import System

#: Words that keep the kernel from looking, and the values with which they do.
_FORBIDDING: Final = {
    "noresume": (None,),
    "nohibernate": (None,),
    "hibernate": ("no", "noresume"),
}


@rule(
    "D208",
    "resume= beside a word that forbids it",
    Severity.WARNING,
    hint="take one of the two out",
)
def forbidden(system: System) -> Iterator[Remark]:
    """With noresume no image is looked for; one that is there is lost with swapon(8).

    Kernel: kernel/power/hibernate.c noresume_setup(), hibernate_setup(),
    nohibernate_setup().

    *Trips on:* ``system(cmdline="resume=/dev/sda2 noresume",``
    ``sda2="swap 1111")``
    *Quiet on:* ``system(cmdline="resume=/dev/sda2", sda2="swap 1111")``
    """
    for one in of_command_lines(system):
        for word in one.line.words if one.line else ():
            if word.value in _FORBIDDING.get(word.name, ()):
                said = word.name if word.value is None else f"{word.name}={word.value}"
                yield Remark(f"{said} beside {shown(one.said)}", one.place)


@rule(
    "D209",
    "initramfs does not look for an image",
    Severity.WARNING,
    hint="add it, and make the initramfs anew",
)
def not_in_initramfs(system: System) -> Iterator[Remark]:
    """resume= is understood by a part of the initramfs, which is left out.

    mkinitcpio: the hook resume, or systemd, which does the same.
    dracut: modules.d/95resume.

    *Trips on:* ``system(cmdline="resume=/dev/sda2", sda2="swap 1111",``
    ``mkinitcpio="HOOKS=(base udev block filesystems)")``
    *Quiet on:* ``system(cmdline="resume=/dev/sda2", sda2="swap 1111",``
    ``mkinitcpio="HOOKS=(base udev block resume filesystems)")``
    """
    asked = list(of_command_lines(system))
    hooks, omitted = system.config.hooks, system.config.omitted
    if not asked:
        return
    if hooks is not None and not {"resume", "systemd"} & set(hooks.value.split()):
        message = f"HOOKS has neither resume nor systemd, for {shown(asked[0].said)}"
        remedy = Remedy(
            "put resume behind udev and what else makes the device, and run"
            " mkinitcpio -P"
        )
        yield Remark(message, hooks.place, remedy)
    if omitted is not None and "resume" in omitted.value.split():
        message = f"omit_dracutmodules has resume, for {shown(asked[0].said)}"
        yield Remark(message, omitted.place)


@rule(
    "D210",
    "initramfs waits for an area that is not there",
    Severity.WARNING,
    hint="write the UUID of the area, or RESUME=none, and run update-initramfs -u",
)
def waits(system: System) -> Iterator[Remark]:
    """Each boot waits half a minute for the device, and goes on then.

    The kernel command line counts before it: a resume= that is there, or noresume.

    initramfs-tools: init, scripts/local, man initramfs.conf, RESUME.

    *Trips on:* ``system(resume="UUID=1111")``
    *Quiet on:* ``system(resume="UUID=1111", sda2="swap 1111")``
    """
    asked = of_command_lines(system)
    if any(line.has("noresume") for line in system.command_lines()) or any(
        not one.found.is_missing for one in asked
    ):
        return
    for one in resumes(system):
        if one.line is None and one.found.is_missing:
            yield Remark(f"no device has {shown(one.said)}", one.place)
