"""The few modules of a kernel that a guest needs, in an order that loads.

Not here: loading them (guest/main.c).
"""

from __future__ import annotations

import lzma
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

#: By purpose, what has to be there; what is built in or unknown is passed over.
PURPOSES: dict[str, tuple[str, ...]] = {
    "disks": ("nvme",),
    "zram": ("zsmalloc", "lzo", "lzo_rle", "zram"),
    "zswap": ("zsmalloc", "lzo", "lzo_rle", "deflate", "zstd"),
    "loop": ("loop",),
    "ext4": ("crc32c_generic", "crc32c_cryptoapi", "ext4"),
    "xfs": ("crc32c_generic", "crc32c_cryptoapi", "xfs"),
    "btrfs": ("crc32c_generic", "crc32c_cryptoapi", "xxhash_generic", "btrfs"),
    "f2fs": ("crc32_generic", "crc32_cryptoapi", "f2fs"),
    "vfat": ("nls_cp437", "nls_ascii", "nls_iso8859_1", "vfat"),
    "exfat": ("exfat",),
}
_DEPENDS = re.compile(rb"\0depends=([^\0]*)\0")


def collect_modules(tree: Path, target: Path) -> None:
    """Copy modules out of an unpacked package, with a list for each purpose.

    Args:
        tree: Where the package was unpacked; it need not have modules.
        target: A directory that is made: ``NAME.ko`` and ``PURPOSE.order``.
    """
    target.mkdir()
    files = {_name(path): path for path in tree.rglob("*.ko*")}
    for purpose, wanted in PURPOSES.items():
        order = list(_in_order(wanted, files, {}))
        for name, code in order:
            (target / f"{name}.ko").write_bytes(code)
        names = "".join(f"{name}.ko\n" for name, _ in order)
        (target / f"{purpose}.order").write_text(names)


def _name(path: Path) -> str:
    return path.name.partition(".")[0].replace("-", "_")


def _in_order(
    wanted: Iterable[str], files: dict[str, Path], seen: dict[str, None]
) -> Iterator[tuple[str, bytes]]:
    # What a module depends on comes before it, each one once.
    for name in wanted:
        if name in seen or name not in files:
            continue
        seen[name] = None
        code = _code(files[name])
        depends = _DEPENDS.search(code)
        listed = depends[1].decode().replace("-", "_").split(",") if depends else []
        yield from _in_order(listed, files, seen)
        yield name, code


def _code(path: Path) -> bytes:
    packed = path.read_bytes()
    return lzma.decompress(packed) if path.suffix == ".xz" else packed
