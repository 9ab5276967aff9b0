"""Which files speak of swap, and which of several counts.

Not here: reading them (observe/tree.py), what each says (config.py).

systemd: man systemd.unit, sysctl.d, tmpfiles.d; zram-generator: man
zram-generator.conf; dracut, mkinitcpio.conf, initramfs-tools: their man pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: Of two files of one name the one in the first of these counts.
_LAYERS: Final = ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")
_UNITS: Final = tuple(f"{layer}/systemd/system" for layer in _LAYERS)
GENERATED: Final = "/run/systemd/generator"
#: Links to services that are started at boot.
ENABLED: Final = "/etc/systemd/system/multi-user.target.wants"
#: systemd's own word for a unit that must not run.
MASK: Final = "/dev/null"
_LOADERS: Final = ("/boot", "/efi", "/boot/efi")


class Pattern(NamedTuple):
    """Files of a directory that end so."""

    directory: str
    suffix: str


#: Files that are read by their names.
SINGLE: Final = (
    "/etc/fstab",
    "/etc/crypttab",
    "/etc/default/grub",
    "/etc/default/zramswap",
    "/etc/dphys-swapfile",
    "/etc/kernel/cmdline",
    "/usr/lib/kernel/cmdline",
    "/boot/firmware/cmdline.txt",
    "/boot/cmdline.txt",
    "/boot/extlinux/extlinux.conf",
    *(f"{place}/loader/loader.conf" for place in _LOADERS),
    "/etc/initramfs-tools/initramfs.conf",
    "/etc/mkinitcpio.conf",
    "/etc/dracut.conf",
    "/etc/modules",
    *(f"{layer}/systemd/zram-generator.conf" for layer in _LAYERS),
)
#: Directories, of which every file that ends so is read.
PATTERNS: Final = (
    Pattern("/etc/default/grub.d", ".cfg"),
    Pattern("/etc/cmdline.d", ".conf"),
    Pattern("/etc/initramfs-tools/conf.d", ""),
    Pattern("/etc/mkinitcpio.conf.d", ".conf"),
    Pattern("/usr/lib/dracut/dracut.conf.d", ".conf"),
    Pattern("/etc/dracut.conf.d", ".conf"),
    *(Pattern(f"{place}/loader/entries", ".conf") for place in _LOADERS),
    *(Pattern(f"{layer}/systemd/zram-generator.conf.d", ".conf") for layer in _LAYERS),
    *(Pattern(f"{layer}/sysctl.d", ".conf") for layer in _LAYERS),
    *(Pattern(f"{layer}/modprobe.d", ".conf") for layer in _LAYERS),
    *(Pattern(f"{layer}/modules-load.d", ".conf") for layer in _LAYERS),
    *(Pattern(f"{layer}/tmpfiles.d", ".conf") for layer in _LAYERS),
    *(Pattern(place, ".swap") for place in _UNITS),
    *(Pattern(place, ".mount") for place in _UNITS),
    *(Pattern(f"{place}/swap.target.wants", ".swap") for place in _UNITS),
    *(Pattern(f"{place}/swap.target.requires", ".swap") for place in _UNITS),
    Pattern(GENERATED, ".swap"),
    Pattern("/etc/systemd/system", ".target"),
    Pattern("/etc/systemd/system", ".slice"),
    Pattern("/etc/systemd/system", ".service"),
    Pattern(ENABLED, ".service"),
)
#: Directories in this one are drop-ins of units.
DROP_INS: Final = Pattern("/etc/systemd/system", ".d")


def name_of(path: str) -> str:
    """Return the last part of a path."""
    return path.rpartition("/")[2]


def in_directory(paths: Iterable[str], directory: str, suffix: str = "") -> list[str]:
    """Return the files of one directory, sorted."""
    begin = f"{directory}/"
    return sorted(
        path
        for path in paths
        if path.startswith(begin)
        and "/" not in path[len(begin) :]
        and path.endswith(suffix)
    )


def layered(
    files: Mapping[str, bytes], subdirectory: str, suffix: str = ".conf"
) -> Iterator[str]:
    """Yield the files that count of a directory in all layers, by name."""
    chosen: dict[str, str] = {}
    for layer in _LAYERS:
        for path in in_directory(files, f"{layer}/{subdirectory}", suffix):
            chosen.setdefault(name_of(path), path)
    for name in sorted(chosen):
        yield chosen[name]


def first_layer(files: Mapping[str, bytes], name: str) -> str | None:
    """Return a file from the first layer that has it, with /run before /etc.

    zram-generator: src/config.rs locate_fragments().
    """
    order = ("/run", "/etc", *_LAYERS[2:])
    paths = (f"{layer}/{name}" for layer in order)
    return next((path for path in paths if path in files), None)
