"""read_system(): look at a whole system, the running one or one below a directory.

Not here: single files (tree.py), block devices (blocks.py), what the kernel says
(running.py), the values (system.py).
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from swaptools.config import files as places
from swaptools.config.config import FSTAB, read_config
from swaptools.config.fstab import MAX_ENTRIES
from swaptools.errors import AreaError
from swaptools.observe import read_area
from swaptools.observe.blocks import BLOCK, is_block, read_devices, read_images
from swaptools.observe.proc import ActiveSwaps
from swaptools.observe.running import is_container, memory_bytes, read_running
from swaptools.observe.system import SwapFile, System, tag_of
from swaptools.observe.tree import Tree, Unseen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from swaptools.config.config import Config
    from swaptools.config.text import Said
    from swaptools.observe.system import Running

_NO_SWAPS: Final = ActiveSwaps((), frozenset(), frozenset())
#: Names that are looked up; a hostile file has any number.
_MAX_NAMES: Final = 500
_CRYPTO: Final = re.compile(r"^kernel/(?:crypto|lib)/(?:\w+/)?(\w+)\.ko", re.MULTILINE)
_UNITS: Final = (".swap", ".target", ".slice", ".service")
_DIGITS: Final = re.compile(r"\d+")


def read_system(
    root: str | None = None,
    images: Sequence[str] = (),
    *,
    is_running: bool | None = None,
    kernel: str | None = None,
    page_size: int | None = None,
    ram_bytes: int | None = None,
) -> System:
    """Look at everything that files and the kernel say about swap.

    Args:
        root: Directory with the system; None for the running one.
        images: Disks that the system below ``root`` will have.
        is_running: Read /proc, /sys and /dev below ``root`` as those of a machine.
        kernel: Release of its kernel, where it is known better.
        page_size: Of that kernel.
        ram_bytes: Of that machine.

    Raises:
        AreaError: The directory or an image cannot be looked at, or there is neither
            an etc nor a usr/lib below the directory.
    """
    is_running = root is None if is_running is None else is_running
    tree = _tree("/" if root is None else root, is_running)
    config = _config(tree, is_running)
    running = read_running(tree) if is_running else None
    devices = read_devices(tree) if is_running else read_images(tuple(images))
    if is_running and tree.stat(BLOCK) is None:
        tree.miss(BLOCK, "/sys is not mounted")
    unread = [Unseen(device.path, device.unread) for device in devices if device.unread]
    names = tuple(_names(config, running))[:_MAX_NAMES]
    release = kernel or _release(tree, is_running)
    system = System(
        root=root,
        config=config,
        running=running,
        is_container=is_running and is_container(tree),
        kernel=release,
        page_size=page_size or os.sysconf("SC_PAGE_SIZE"),
        ram_bytes=ram_bytes or (memory_bytes(tree) if is_running else None),
        devices=devices,
        knows_devices=bool(devices) and not unread,
        links=_links(tree, names),
        files=_files(tree, names, config, running),
        modules=None if is_running or release is None else _modules(tree, release),
    )
    return replace(system, unseen=(*tree.unseen, *unread))


def _tree(root: str, is_running: bool) -> Tree:
    try:
        tree = Tree(root)
    except (OSError, ValueError) as exc:
        raise AreaError(root, _reason(exc)) from exc
    if not is_running and tree.stat("/etc") is None and tree.stat("/usr/lib") is None:
        raise AreaError(tree.root or "/", f"no system below {tree.root or '/'}: no etc")
    return tree


def _reason(exc: OSError | ValueError) -> str:
    return (exc.strerror if isinstance(exc, OSError) else None) or str(exc)


def _config(tree: Tree, is_running: bool) -> Config:
    files: dict[str, bytes] = {}
    links: dict[str, str] = {}
    dangling = []
    for path in _paths(tree):
        link = tree.link(path)
        if link is not None:
            links[path] = link
        data = None if link == places.MASK else tree.read(path)
        if link == places.MASK and not path.endswith(_UNITS):
            data = b""  # counts before one of that name in another layer
        if data is not None:
            files[path] = data
        elif link is not None and tree.stat(path) is None:
            dangling.append(path)
    has_generated = is_running and tree.stat(places.GENERATED) is not None
    config = read_config(files, links, dangling, has_generated=has_generated)
    if config.fstab.is_cut:
        tree.miss(FSTAB, f"more than {MAX_ENTRIES} entries; the rest is not read")
    return config


def _paths(tree: Tree) -> Iterator[str]:
    # /lib is most often /usr/lib by another name, and so is /bin's like.
    directories: set[str] = set()
    yield from places.SINGLE
    drop_ins = tree.list(places.DROP_INS.directory, places.DROP_INS.suffix)
    patterns = (*places.PATTERNS, *(places.Pattern(each, ".conf") for each in drop_ins))
    for pattern in patterns:
        try:
            real = f"{tree.resolve(pattern.directory)} {pattern.suffix}"
        except (OSError, ValueError) as exc:
            tree.miss(pattern.directory, _reason(exc))
            continue
        if real not in directories:
            directories.add(real)
            yield from tree.list(pattern.directory, pattern.suffix)


def _release(tree: Tree, is_running: bool) -> str | None:
    if is_running:
        told = tree.word("/proc/sys/kernel/osrelease")
        return told or (None if tree.root else os.uname().release)
    paths = (*tree.list("/usr/lib/modules"), *tree.list("/lib/modules"))
    return max(map(os.path.basename, paths), key=_in_order, default=None)


def _modules(tree: Tree, release: str) -> frozenset[str] | None:
    directory = f"/lib/modules/{release}"
    texts = [tree.text(f"{directory}/modules.{kind}") for kind in ("builtin", "dep")]
    if None in texts:
        return None
    return crypto_modules("\n".join(filter(None, texts)))


def crypto_modules(text: str) -> frozenset[str]:
    """Find the algorithms in modules.builtin and modules.dep.

    >>> sorted(crypto_modules("kernel/crypto/lz4.ko.xz: kernel/lib/lz4/lz4.ko.xz"))
    ['lz4']
    """
    return frozenset(_CRYPTO.findall(text))


def _in_order(release: str) -> list[int]:
    return [int(part) for part in _DIGITS.findall(release[:80]) if len(part) < 19]


def _names(config: Config, running: Running | None) -> Iterator[str]:
    # Every name that has to be looked up, each once.
    found = dict.fromkeys(_all_names(config, running))
    yield from (name for name in found if name.startswith("/"))


def _all_names(config: Config, running: Running | None) -> Iterator[str]:
    yield from (entry.source for entry in config.fstab.entries if entry.is_swap)
    for unit in (*config.units, *(config.generated or ())):
        if unit.what is not None:
            yield unit.what.value
    yield from (entry.source for entry in config.crypttab)
    said: Iterable[Said | None] = (config.dphys_swapfile, config.resume)
    yield from (each.value for each in said if each is not None)
    lines = [*config.command_lines]
    if running is not None:
        lines += [running.command_line] if running.command_line else []
        yield from (row.name for row in running.swaps or () if not row.is_deleted)
    yield from (value for line in lines if (value := line.last("resume")))


def _links(tree: Tree, names: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in names:
        if not name.startswith("/dev/"):
            continue
        status = tree.stat(name)
        if status is not None:
            found[name] = tree.resolve(name)
    return found


def _files(
    tree: Tree, names: Iterable[str], config: Config, running: Running | None
) -> dict[str, SwapFile]:
    lines = [*config.command_lines]
    if running is not None and running.command_line is not None:
        lines.append(running.command_line)
    is_resumed = config.resume is not None or any(
        line.last("resume") is not None for line in lines
    )
    active = {row.name for row in (running.swaps or ())} if running else set()
    return {
        name: _file(tree, name, running, is_resumed, name in active)
        for name in names
        if not name.startswith("/dev/") and tag_of(name) is None
    }


def _file(
    tree: Tree,
    path: str,
    running: Running | None,
    is_resumed: bool,
    is_active: bool,
) -> SwapFile:
    try:
        real = tree.real(path)
        status = os.stat(real, follow_symlinks=False)
        area = read_area(
            real, active=_NO_SWAPS, below=running is not None and not is_active
        )
    except (OSError, ValueError) as exc:
        is_missing = isinstance(exc, FileNotFoundError | NotADirectoryError)
        reason = exc.reason if isinstance(exc, AreaError) else _reason(exc)
        if not is_missing and not is_active:
            tree.miss(path, reason)
        return SwapFile(path, reason=reason, is_missing=is_missing)
    if is_block(status):
        return SwapFile(path, reason="is a block device", is_block=True)
    file = SwapFile(
        path,
        area._replace(path=path),
        inode=(status.st_dev, status.st_ino),
    )
    if running is None:
        return file
    if os.major(status.st_dev):
        number = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
        file = file._replace(device=number)
    return _placed(file, real) if is_resumed else file


def _placed(file: SwapFile, real: str) -> SwapFile:
    from swaptools.observe.resume import find_first_byte

    try:
        first = find_first_byte(real)
    except OSError:
        return file
    page_size = os.sysconf("SC_PAGE_SIZE")
    physical_bytes, device = first.physical_bytes, first.device
    uuid, misaligned = first.filesystem_uuid, first.misalignment(page_size)
    has_offset = physical_bytes is not None and misaligned is None
    return file._replace(
        offset_pages=(physical_bytes or 0) // page_size if has_offset else None,
        misaligned=misaligned,
        device=None if device is None else f"{os.major(device)}:{os.minor(device)}",
        filesystem_uuid=None if uuid is None else str(uuid),
    )
