"""A system that says nothing, changed in the ways a rule's docstring names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from swaptools.config.boot import CommandLine
from swaptools.config.cmdline import parse_cmdline
from swaptools.config.config import read_config
from swaptools.config.text import Place
from swaptools.observe.proc import SwapRow
from swaptools.observe.system import Device, Running, SwapFile, System
from swaptools.observe.tree import Unseen
from swaptools.units import parse_size
from tests.check.samples import swap_area

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: What a keyword of text is a file of.
_FILES = {
    "fstab": "/etc/fstab",
    "crypttab": "/etc/crypttab",
    "modprobe": "/etc/modprobe.d/zswap.conf",
    "mkinitcpio": "/etc/mkinitcpio.conf",
    "tmpfiles": "/etc/tmpfiles.d/zswap.conf",
}
_DEVICES = ("sda1", "sda2", "sda3", "sdb2", "zram0")


def system(
    *,
    cmdline: str = "quiet",
    grub: str | None = None,
    resume: str | None = None,
    writeback: str | None = None,
    units: Mapping[str, str] | None = None,
    generated: Mapping[str, str] | None = None,
    dangling: Sequence[str] = (),
    missing: Sequence[str] = (),
    files: Sequence[str] | Mapping[str, dict[str, Any]] = (),
    swaps: Sequence[str] = (),
    zswap: Mapping[str, str] | None = None,
    swappiness: str = "60",
    overcommit: str = "0",
    discards: bool | None = None,
    hibernates: bool | None = None,
    container: bool = False,
    running: bool = True,
    kernel: str = "6.18.44",
    ram_gib: int = 8,
    unseen: Sequence[tuple[str, str]] = (),
    modules: Sequence[str] | None = None,
    **texts: str,
) -> System:
    """Return a running system of 8 GiB, all of it seen, with nothing but the changes.

    ``sda2="swap 1111 8G"`` is a device, its type, UUID and size; ``fstab`` and the
    like are the texts of files; a file in ``files`` is a good swapfile but for what
    its dictionary says.
    """
    from swaptools.observe.survey import crypto_modules

    devices = tuple(
        _device(name, texts.pop(name), number, discards)
        for number, name in enumerate(_DEVICES)
        if name in texts
    )
    contents = {_FILES[name]: text for name, text in texts.items()}
    if grub is not None:
        contents["/etc/default/grub"] = f'GRUB_CMDLINE_LINUX="{grub}"\n'
    if resume is not None:
        contents["/etc/initramfs-tools/conf.d/resume"] = f"RESUME={resume}\n"
    if writeback is not None:
        path = "/etc/systemd/system/user.slice.d/zswap.conf"
        contents[path] = f"[Slice]\nMemoryZSwapWriteback={writeback}\n"
    for name, text in (units or {}).items():
        contents[f"/etc/systemd/system/{name}"] = text
        contents[f"/etc/systemd/system/swap.target.wants/{name}"] = text
    for name, text in (generated or {}).items():
        contents[f"/run/systemd/generator/{name}"] = text
    described = files if isinstance(files, dict) else dict.fromkeys(files)
    found = {
        path: _file(path, dict(changes or {})) for path, changes in described.items()
    }
    found |= {path: SwapFile(path, is_missing=True) for path in missing}
    return System(
        config=read_config(
            {path: text.encode() for path, text in contents.items()},
            dangling=dangling,
            has_generated=generated is not None,
        ),
        running=Running(
            command_line=CommandLine(Place("/proc/cmdline", 1), parse_cmdline(cmdline)),
            swaps=tuple(map(_row, swaps)),
            zswap=zswap,
            can_hibernate=hibernates,
            sysctls={"vm.swappiness": swappiness, "vm.overcommit_memory": overcommit},
        )
        if running
        else None,
        root=None if running else "/mnt",
        is_container=container,
        kernel=kernel,
        ram_bytes=ram_gib << 30,
        devices=devices,
        knows_devices=True,
        links={device.path: device.path for device in devices},
        files=found,
        unseen=tuple(Unseen(*one) for one in unseen),
        modules=None if modules is None else crypto_modules("\n".join(modules)),
    )


def _device(name: str, text: str, number: int, discards: bool | None) -> Device:
    words = [*text.split(), "", ""]
    type_, uuid, size = words[0], words[1], words[2] or "8G"
    size_bytes = parse_size(size)
    path = f"/dev/{name}"
    area = None
    if type_ == "swap":
        last_page = min(size_bytes // 4096, 1 << 32) - 1
        area = swap_area(
            kind="block", path=path, last_page=last_page, area_bytes=size_bytes
        )
    return Device(
        path=path,
        number=f"8:{number}",
        type=None if type_ == "nothing" else type_,
        uuid=uuid or None,
        size_bytes=size_bytes,
        area=area,
        has_discard=discards,
    )


def _file(path: str, changes: dict[str, Any]) -> SwapFile:
    offset_pages = changes.pop("offset_pages", None)
    misaligned = changes.pop("misaligned", None)
    if isinstance(changes.get("uuid"), str):
        changes["uuid"] = UUID(changes["uuid"])
    return SwapFile(
        path,
        swap_area(path=path, **changes),
        inode=(1, hash(path)),
        offset_pages=offset_pages,
        misaligned=misaligned,
        device=None if offset_pages is None and misaligned is None else "8:0",
    )


def _row(text: str) -> SwapRow:
    name, priority = text.split()
    return SwapRow(name, "partition", 1 << 30, 0, int(priority))
