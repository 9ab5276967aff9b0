"""Who names an area to resume from. Pure.

Not here: who has one swapped on (requests.py), whether that is right (rules/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.config.boot import CommandLine
    from swaptools.config.text import Place
    from swaptools.observe.system import Found, SwapFile, System

#: What libblkid calls an area, with a machine asleep in it or without.
AREA_TYPES: Final = frozenset({"swap", "swsuspend"})
#: What an area lies in, and never at its beginning.
AROUND: Final = {
    "crypto_LUKS": "LUKS; the area is in the device that is opened from it",
    "LVM2_member": "a physical volume of LVM; the area is in a logical volume",
    "linux_raid_member": "a member of an array; the area is in the array",
}
#: Values of resume= and RESUME= that name no device.
_NO_DEVICE: Final = frozenset({"", "none", "auto", "no"})


class Resume(NamedTuple):
    """Something that names the area to resume from."""

    name: str
    place: Place
    found: Found
    #: The command line; None for RESUME= of initramfs-tools.
    line: CommandLine | None

    @property
    def said(self) -> str:
        """The word as it is written."""
        return f"{'RESUME' if self.line is None else 'resume'}={self.name}"

    @property
    def is_path_of_file(self) -> bool:
        """Whether it is a path outside of /dev, and no node of a device there."""
        file = self.found.file
        return file is not None and not file.is_block and self.found.device is None

    @property
    def offset(self) -> str | None:
        """resume_offset= as it is written."""
        return self.line.last("resume_offset") if self.line else None


def resumes(system: System) -> tuple[Resume, ...]:
    """Return all that name an area to resume from."""
    found = []
    for line in system.command_lines():
        name = line.last("resume")
        if name is not None and name not in _NO_DEVICE:
            place = line.place_of("resume")
            found.append(Resume(name, place, system.find(name), line))
    said = system.config.resume
    if said is not None and said.value.split(" ")[0] not in _NO_DEVICE:
        name = said.value.split(" ")[0]
        found.append(Resume(name, said.place, system.find(name), None))
    return tuple(found)


def of_command_lines(system: System) -> Iterator[Resume]:
    """Yield those of kernel command lines."""
    yield from (one for one in resumes(system) if one.line is not None)


def files_on(one: Resume, system: System) -> list[SwapFile]:
    """Return the swapfiles on the device that is named."""
    device = one.found.device
    if device is None or device.number is None:
        return []
    return [file for file in system.files.values() if file.device == device.number]
