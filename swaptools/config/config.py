"""Everything that files of a system say about swap, put together. Pure.

Not here: the formats (a file each), which files there are (files.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from swaptools.config import boot
from swaptools.config.assignments import Assigned, parse_assignments
from swaptools.config.crypttab import CryptEntry, parse_crypttab
from swaptools.config.files import (
    ENABLED,
    GENERATED,
    MASK,
    in_directory,
    layered,
    name_of,
)
from swaptools.config.fstab import Fstab, parse_fstab
from swaptools.config.modules import (
    ModuleWord,
    Written,
    parse_modprobe,
    parse_modules_load,
    parse_tmpfiles,
)
from swaptools.config.sysctl import parse_sysctl
from swaptools.config.text import Place, Said
from swaptools.config.units import Unit, parse_unit
from swaptools.config.zram import ZramDevice, zram_devices
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FSTAB: Final = "/etc/fstab"
CRYPTTAB: Final = "/etc/crypttab"
_SYSTEM: Final = "systemd/system"
_ETC: Final = f"/etc/{_SYSTEM}"
#: initramfs-tools: mkinitramfs; what editors and dpkg leave behind is none of it.
_READ_BY_MKINITRAMFS: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_WANTED: Final = ("swap.target.wants", "swap.target.requires")
#: Files that are a command line; of each group the first that is there.
_PLAIN: Final = (
    ("/etc/kernel/cmdline", "/usr/lib/kernel/cmdline"),
    ("/boot/firmware/cmdline.txt", "/boot/cmdline.txt"),
)
_LOADERS: Final = ("/boot", "/efi", "/boot/efi")


class SwapUnit(NamedTuple):
    """A unit of systemd for swap."""

    name: str
    path: str
    unit: Unit

    @property
    def what(self) -> Said | None:
        """The area it swaps on."""
        setting = self.unit.last("Swap", "What")
        if setting is None:
            return None
        return Said(setting.value.replace("%%", "%"), Place(self.path, setting.line))

    @property
    def has_specifiers(self) -> bool:
        """Whether systemd would put something else in for a part of it."""
        setting = self.unit.last("Swap", "What")
        return setting is not None and "%" in setting.value.replace("%%", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What is said; empty for a system that says nothing."""

    fstab: Fstab = field(default_factory=Fstab)
    crypttab: tuple[CryptEntry, ...] = ()
    #: Units that count, without generated ones.
    units: tuple[SwapUnit, ...] = ()
    #: What generators made of it at the last boot or reload; None where they did not
    #: run, as in an image.
    generated: tuple[SwapUnit, ...] | None = None
    #: Names of units that must not run.
    masked: frozenset[str] = frozenset()
    #: Links below swap.target that lead nowhere.
    dangling: tuple[str, ...] = ()
    #: Names of units that swap.target asks for by a link.
    wanted: frozenset[str] = frozenset()
    #: For the next boot.
    command_lines: tuple[boot.CommandLine, ...] = ()
    #: RESUME= of initramfs-tools, the one that counts.
    resume: Said | None = None
    #: Where units mount something.
    mount_points: frozenset[str] = frozenset()
    #: HOOKS= of mkinitcpio.
    hooks: Said | None = None
    #: omit_dracutmodules= of dracut.
    omitted: Said | None = None
    zrams: tuple[ZramDevice, ...] = ()
    sysctls: Mapping[str, Said] = field(default_factory=dict)
    modules: tuple[tuple[str, ModuleWord], ...] = ()
    written: tuple[tuple[str, Written], ...] = ()
    #: MemoryZSwapWriteback= of units.
    writeback: tuple[Said, ...] = ()
    #: The file that dphys-swapfile makes and swaps on, where it is enabled.
    dphys_swapfile: Said | None = None


def read_config(
    files: Mapping[str, bytes],
    links: Mapping[str, str] | None = None,
    dangling: Iterable[str] = (),
    *,
    has_generated: bool = False,
) -> Config:
    """Put together what files say.

    Args:
        files: Contents by path.
        links: What symbolic links among them say.
        dangling: Links that lead nowhere.
        has_generated: Generators have run, whatever they left.
    """
    links = links or {}
    masked = frozenset(
        [
            *(name_of(path) for path, to in links.items() if to == MASK),
            *_empty_units(files),
        ]
    )
    lost = tuple(sorted(path for path in dangling if path not in masked))
    return Config(
        fstab=parse_fstab(files.get(FSTAB, b"")),
        crypttab=parse_crypttab(files.get(CRYPTTAB, b"")),
        units=tuple(_units(files, masked)),
        generated=tuple(_generated(files)) if has_generated else None,
        masked=masked,
        dangling=tuple(path for path in lost if _is_wanted(path)),
        wanted=frozenset(name_of(path) for path in files if _is_wanted(path)),
        command_lines=tuple(_command_lines(files)),
        resume=_resume(files),
        mount_points=frozenset(_mount_points(files)),
        hooks=_hooks(files),
        omitted=_omitted(files),
        zrams=tuple(zram_devices(files)),
        sysctls=_sysctls(files),
        modules=tuple(_modules(files)),
        written=tuple(_written(files)),
        writeback=tuple(_writeback(files)),
        dphys_swapfile=_dphys(files, links),
    )


def _is_wanted(path: str) -> bool:
    return path.split("/")[-2] in _WANTED


def _empty_units(files: Mapping[str, bytes]) -> Iterator[str]:
    # An empty file masks a unit as well. systemd: man systemd.unit.
    for suffix in (".swap", ".target"):
        for path in layered(files, _SYSTEM, suffix):
            if not files[path]:
                yield name_of(path)


def _units(files: Mapping[str, bytes], masked: frozenset[str]) -> Iterator[SwapUnit]:
    for path in layered(files, _SYSTEM, ".swap"):
        name = name_of(path)
        if name not in masked:
            yield _with_drop_ins(SwapUnit(name, path, parse_unit(files[path])), files)


def _with_drop_ins(unit: SwapUnit, files: Mapping[str, bytes]) -> SwapUnit:
    # It stands where it says what it swaps on.
    for path in in_directory(files, f"{_ETC}/{unit.name}.d", ".conf"):
        more = parse_unit(files[path])
        if more.last("Swap", "What") is not None:
            unit = unit._replace(path=path)
        unit = unit._replace(unit=Unit(unit.unit.settings + more.settings))
    return unit


def _mount_points(files: Mapping[str, bytes]) -> Iterator[str]:
    for path in layered(files, _SYSTEM, ".mount"):
        where = parse_unit(files[path]).last("Mount", "Where")
        if where is not None:
            yield where.value


def _generated(files: Mapping[str, bytes]) -> Iterator[SwapUnit]:
    for path in in_directory(files, GENERATED, ".swap"):
        yield SwapUnit(name_of(path), path, parse_unit(files[path]))


def _command_lines(files: Mapping[str, bytes]) -> Iterator[boot.CommandLine]:
    yield from _grub(files)
    for group in _PLAIN:
        path = next((path for path in group if path in files), None)
        paths = [path] if path else []
        if group is _PLAIN[0]:
            paths += in_directory(files, "/etc/cmdline.d", ".conf")
        line = boot.plain_command_line((each, files[each]) for each in paths)
        if line is not None:
            yield line
    for path in _loader_entries(files):
        line = boot.loader_command_line(path, files[path])
        if line is not None:
            yield line


def _loader_entries(files: Mapping[str, bytes]) -> Iterator[str]:
    if "/boot/extlinux/extlinux.conf" in files:
        yield "/boot/extlinux/extlinux.conf"
    for place in _LOADERS:
        entries = tuple(in_directory(files, f"{place}/loader/entries", ".conf"))
        conf = files.get(f"{place}/loader/loader.conf", b"")
        chosen = boot.chosen_entry(entries, conf)
        if chosen is not None:
            yield chosen


def _grub(files: Mapping[str, bytes]) -> Iterator[boot.CommandLine]:
    variables, places = _assigned(
        files,
        ["/etc/default/grub", *in_directory(files, "/etc/default/grub.d", ".cfg")],
    )
    line = boot.grub_command_line(variables, places)
    if line is not None:
        yield line


def _assigned(
    files: Mapping[str, bytes], paths: Iterable[str]
) -> tuple[dict[str, Assigned], dict[str, str]]:
    # The variables after all of these files, and which file set each.
    variables: dict[str, Assigned] = {}
    places: dict[str, str] = {}
    for path in paths:
        after = parse_assignments(files.get(path, b""), variables)
        for name, value in after.items():
            if variables.get(name) is not value:
                places[name] = path
        variables = after
    return variables, places


def _of_dracut(files: Mapping[str, bytes]) -> list[str]:
    # By name, and of two of one name the administrator's.
    found = {
        name_of(path): path
        for directory in ("/usr/lib/dracut/dracut.conf.d", "/etc/dracut.conf.d")
        for path in in_directory(files, directory)
    }
    return [found[name] for name in sorted(found)]


def _shell(
    files: Mapping[str, bytes], first: list[str], others: Iterable[str], name: str
) -> Said | None:
    paths = [*first, *others]
    variables, places = _assigned(files, paths)
    found = variables.get(name)
    if found is None or not found.is_exact:
        return None
    return Said(found.value, Place(places[name], found.line))


def _hooks(files: Mapping[str, bytes]) -> Said | None:
    others = in_directory(files, "/etc/mkinitcpio.conf.d")
    return _shell(files, ["/etc/mkinitcpio.conf"], others, "HOOKS")


def _omitted(files: Mapping[str, bytes]) -> Said | None:
    first = ["/etc/dracut.conf"]
    return _shell(files, first, _of_dracut(files), "omit_dracutmodules")


def _written(files: Mapping[str, bytes]) -> Iterator[tuple[str, Written]]:
    for path in layered(files, "tmpfiles.d"):
        for line in parse_tmpfiles(files[path]):
            yield path, line


def _resume(files: Mapping[str, bytes]) -> Said | None:
    others = [
        path
        for path in in_directory(files, "/etc/initramfs-tools/conf.d")
        if _READ_BY_MKINITRAMFS.fullmatch(name_of(path)) and ".dpkg-" not in path
    ]
    return _shell(files, ["/etc/initramfs-tools/initramfs.conf"], others, "RESUME")


def _sysctls(files: Mapping[str, bytes]) -> dict[str, Said]:
    return {
        each.name: Said(each.value, Place(path, each.line))
        for path in layered(files, "sysctl.d")
        for each in parse_sysctl(files[path])
    }


def _modules(files: Mapping[str, bytes]) -> Iterator[tuple[str, ModuleWord]]:
    for path in layered(files, "modprobe.d"):
        yield from ((path, word) for word in parse_modprobe(files[path]))
    for path in (*layered(files, "modules-load.d"), "/etc/modules"):
        for word in parse_modules_load(files.get(path, b"")):
            yield path, word


def _writeback(files: Mapping[str, bytes]) -> Iterator[Said]:
    for path in sorted(files):
        if not path.startswith("/etc/systemd/system/"):
            continue
        for setting in parse_unit(files[path]).settings:
            if setting.key == "MemoryZSwapWriteback":
                yield Said(setting.value, Place(path, setting.line))


def _dphys(files: Mapping[str, bytes], links: Mapping[str, str]) -> Said | None:
    service = f"{ENABLED}/dphys-swapfile.service"
    if service not in files and service not in links:
        return None
    path = "/etc/dphys-swapfile"
    found = parse_assignments(files.get(path, b"")).get("CONF_SWAPFILE")
    if found is None:
        return Said("/var/swap", Place(path))
    return Said(found.value, Place(path, found.line))
