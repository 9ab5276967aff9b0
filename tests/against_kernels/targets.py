"""What a guest is asked to swap on: disks of odd sizes, and peculiar files.

Files are made here, on images of file systems that the guest mounts at the same
path, and looked at with read_area() as any file is; what is made in the guest is
described by hand.

Not here: the peculiar files themselves (tests/against_kernel/places.py), what is
written on them (headers.py).
"""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from swaptools.area import AreaKind, SwapArea
from swaptools.backing import Backing, Extent, FileType, InodeFlags
from swaptools.observe import read_area
from tests.against_kernel import places
from tests.against_kernels.guest import Disk, OrderFailed, blank_disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.against_kernels.guest import Guest

PAGE = 4096
#: Around every boundary: half a page, one, two, one that is cut, many.
DEVICE_BYTES = (2048, 4096, 8192, 12288 + 512, 40960, 65536, 4 << 20)
DEVICE_BYTES_4K = (4096, 8192, 65536)
#: With 4096-byte sectors and less than a page of them: only a loop device can.
SMALL_LOOP_BYTES = (2048,)
FILE_BYTES = (0, 1535, 4095, 4096, 4097, 8191, 8192, 8193, 12288, 40959, 40960, 262144)
#: Where a header would change what the file is.
_NO_HEADERS = {"hole_first", "reflinked", "nocow_reflinked", "nocow_snapshotted"}
_FLAGS = {"immutable": InodeFlags.IMMUTABLE, "append_only": InodeFlags.APPEND}
_CHATTR = {"immutable": "+i", "append_only": "+a"}


class Target(NamedTuple):
    """A place in the guest."""

    #: ``xfs: written``.
    name: str
    #: In the guest.
    path: str
    #: What is known of it, with the header that it was made with or none.
    area: SwapArea
    #: A header can be written there and changes nothing else.
    takes_headers: bool = True
    #: The order that asks; ``{}`` is the path.
    order: str = "try {} 0"


class System(NamedTuple):
    """A file system on a disk of the guest, with files on it."""

    name: str
    disk: Disk
    mount_point: str
    #: As mount(2) names it, and options for it or ``-``.
    kind: str
    options: str
    targets: tuple[Target, ...]


# --- made on this machine ------------------------------------------------------


def make_systems(scratch: Path) -> Iterator[System]:
    """Fill one file system after another; those this machine lacks are left out."""
    for system in places.FILE_SYSTEMS:
        if system.maker is not None and places.why_not(system) is None:
            yield _filled(system, scratch)


def _filled(system: places.FileSystem, scratch: Path) -> System:
    with places.mounted(system, scratch) as directory:
        listed = list(_files(system, directory))
        os.sync()
        targets = tuple(
            Target(f"{system.name}: {name}", str(path), read_area(str(path)))
            for name, path in listed
        )
        for name, attribute in _CHATTR.items():
            with suppress(subprocess.CalledProcessError):
                places.run("chattr", attribute, str(directory / name))
    kind = system.name.partition("-")[0]
    options = ",".join(option for option in system.options if option != "-o")
    return System(
        system.name,
        Disk(scratch / f"{system.name}.img", is_kept=False),
        str(directory),
        kind,
        options or "-",
        tuple(map(_with_state, targets)),
    )


def _files(system: places.FileSystem, directory: Path) -> Iterator[tuple[str, Path]]:
    for make in places.FILES:
        if make.__name__ == "nocow_snapshotted" and "btrfs" not in system.name:
            continue
        with suppress(OSError):  # what this file system does not know
            yield make.__name__, make(directory / make.__name__)
    for name in ("immutable", "append_only", "unlinked"):
        yield name, places.written(directory / name)


def _with_state(target: Target) -> Target:
    # States that only come about in the guest, or when all else is done.
    name = target.name.partition(": ")[2]
    backing = target.area.backing
    if backing is not None and name in _FLAGS:
        flags = (backing.inode_flags or InodeFlags(0)) | _FLAGS[name]
        area = target.area._replace(backing=backing._replace(inode_flags=flags))
        return target._replace(area=area, takes_headers=False)
    if backing is not None and name == "unlinked":
        area = target.area._replace(backing=backing._replace(is_unlinked=True))
        return target._replace(area=area, takes_headers=False, order="unlinked {}")
    return target._replace(takes_headers=name not in _NO_HEADERS)


def mount(guest: Guest, system: System, number: int) -> tuple[Target, ...]:
    """Mount a file system on ``/disk/number``; its targets as the guest has them.

    Raises:
        OrderFailed: The kernel cannot.
    """
    guest.load(system.kind)
    if system.kind not in guest.filesystems():
        raise OrderFailed(f"no {system.kind}")
    disk = f"/disk/{number}"
    order = f"mount {system.kind} {disk} {system.mount_point} {system.options}"
    replies = guest.ask([order, f"where {disk}"])
    device = replies[1].value("name")
    return tuple(_on_device(target, device) for target in system.targets)


def _on_device(target: Target, device: str | None) -> Target:
    backing = target.area.backing
    assert backing is not None
    area = target.area._replace(backing=backing._replace(device_name=device))
    return target._replace(area=area)


# --- made in the guest ---------------------------------------------------------


def make_devices(scratch: Path) -> list[Disk]:
    """Make disks of odd sizes."""
    sizes = [(size, 512) for size in DEVICE_BYTES]
    sizes += [(size, 4096) for size in DEVICE_BYTES_4K]
    return [
        blank_disk(scratch / f"device{number}", size, sector)._replace(is_kept=False)
        for number, (size, sector) in enumerate(sizes)
    ]


def device_targets(disks: Sequence[Disk], first: int) -> list[Target]:
    """Describe disks that the guest has from ``/disk/first`` on."""
    return [
        _device(f"/disk/{number}", disk.path.stat().st_size, disk.sector_bytes)
        for number, disk in enumerate(disks, first)
    ]


def _device(
    path: str, size: int, sector_bytes: int, resolved_path: str | None = None
) -> Target:
    area = SwapArea(
        path=path,
        kind=AreaKind.BLOCK,
        area_bytes=size,
        active=False,
        backing=Backing(
            file_type=FileType.BLOCK,
            resolved_path=resolved_path or path,
            block_bytes=sector_bytes,
        ),
    )
    return Target(f"device of {size} bytes, {sector_bytes} a sector", path, area)


def small_loops(guest: Guest) -> list[Target]:
    """Have the guest make loop devices that no disk of QEMU's can be."""
    guest.load("loop")
    if not guest.has("loop"):
        return []
    targets = []
    for size in SMALL_LOOP_BYTES:
        path = f"/disk/loop{size}"
        made = [f"file /tmp/loop{size} {size}", f"loop {path} /tmp/loop{size} 4096"]
        device = guest.ask([*made, f"where {path}"])[-1].value("name")
        target = _device(path, size, 4096, f"/dev/{device}")
        targets.append(target._replace(takes_headers=False))
    return targets


def memory_files(guest: Guest) -> list[Target]:
    """Have the guest make files of every size on tmpfs and ramfs."""
    guest.ask(["mount ramfs ramfs /ramfs -"])
    targets = []
    for kind, directory in (("tmpfs", "/tmp"), ("ramfs", "/ramfs")):
        guest.ask([f"file {directory}/area{size} {size}" for size in FILE_BYTES])
        targets += [
            _plain_file(kind, f"{directory}/area{size}", size) for size in FILE_BYTES
        ]
    return targets


def sized_files(guest: Guest, directory: str) -> list[Target]:
    """Have the guest write files of every size on ext4."""
    guest.ask([f"file {directory}/sized{size} {size}" for size in FILE_BYTES])
    return [
        _plain_file("ext4", f"{directory}/sized{size}", size) for size in FILE_BYTES
    ]


def _plain_file(kind: str, path: str, size: int) -> Target:
    whole = -(-size // PAGE) * PAGE
    extents = (Extent(0, None, whole),) if kind == "ext4" and size else ()
    area = SwapArea(
        path=path,
        kind=AreaKind.FILE,
        area_bytes=size,
        allocated_bytes=whole,
        active=False,
        backing=Backing(
            file_type=FileType.REGULAR,
            resolved_path=path,
            filesystem=kind,
            block_bytes=PAGE,
            extents=extents if kind == "ext4" else None,
        ),
    )
    return Target(f"{kind}: {size} bytes", path, area)
