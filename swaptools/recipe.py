"""Header-only swap on kernels without the ghost patches: shell text, never run here.

The trick is a block device of full size whose data part is never written,
because zswap keeps the pages and ``memory.zswap.writeback`` forbids the rest.
What differs is what happens when somebody forgets that knob: a loop device over
a sparse file starts to use the disk, device-mapper's error target fails every
write and keeps the page in memory. Targets that complete writes without keeping
them (zero, a null block device) lose data in silence, so they are refused.

Kernel: mm/page_io.c swap_writeout(), mm/zswap.c zswap_store(); Linux kernel commit
e39925734909 ("mm/memcontrol: respect zswap.writeback setting from parent cg too")
(in v6.11).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.errors import SelectionError
from swaptools.format.constants import MAX_LAST_PAGE
from swaptools.shell import needs_bash, quote_path

if TYPE_CHECKING:
    from collections.abc import Callable

_SECTOR_BYTES = 512
_WRITEBACK = "/sys/fs/cgroup/memory.zswap.writeback"
_ZSWAP = "/sys/module/zswap/parameters/enabled"

#: What people try, and why it is not printed.
DANGEROUS = {
    "dm-zero": "its writes succeed and reads return zeros: every page that zswap"
    " does not hold is lost without a message",
    "null_blk": "its writes succeed and nothing is kept: pages that zswap does not"
    " hold are lost without a message",
    "tmpfs": "swapon(2) refuses a file there",
    "sparse-file": "swapon(2) refuses a file with holes; put a loop device over it",
}


def make_recipe(
    name: str,
    path: str,
    size_bytes: int,
    page_size: int,
    *,
    ascii_only: bool = False,
) -> str:
    """Return a shell script that sets header-only swap up, with its undoing.

    Args:
        name: A key of RECIPES.
        path: The file that will hold the header page.
        size_bytes: What the area is to claim.
        page_size: The running kernel's.
        ascii_only: Write the path without letters beyond ASCII.

    Raises:
        SelectionError: No such recipe, one that would lose data, or a size that no
            area can have.
    """
    if name in DANGEROUS:
        raise SelectionError(f"no recipe for {name}: {DANGEROUS[name]}")
    if name not in RECIPES:
        raise SelectionError(f"no recipe {name!r}; known: {', '.join(RECIPES)}")
    pages = size_bytes // page_size
    if not 2 <= pages <= MAX_LAST_PAGE + 1:
        raise SelectionError(
            f"no area has {size_bytes} bytes in pages of {page_size}: a header counts"
            f" 2 to {MAX_LAST_PAGE + 1}"
        )
    file = quote_path(path, ascii_only=ascii_only)
    shell = "/bin/bash" if needs_bash(file) else "/bin/sh"
    return f"#!{shell}\n{RECIPES[name](file, size_bytes, page_size)}"


def _loop(file: str, size_bytes: int, page_size: int) -> str:
    size_bytes -= size_bytes % page_size
    return f"""\
# Header-only swap through a loop device over a sparse file; run it at every boot.
# If the writeback knob is forgotten, or zswap refuses pages on a kernel without
# it, they are written: the file then grows, up to {size_bytes} bytes.
set -eu
file={file}
[ -e "$file" ] || (umask 077 && truncate --size={size_bytes} "$file")
device=$(losetup --find --show "$file")
ghost-mkswap --real --if-needed "$device" || {{ losetup --detach "$device"; exit 1; }}
{_settings("is written to the file")}
swapon --priority 100 "$device"
echo "swapped on: $device"

# To undo it:
#   swapoff "$device" && losetup --detach "$device" && rm "$file"
"""


def _dm_error(file: str, size_bytes: int, page_size: int) -> str:
    header_sectors = page_size // _SECTOR_BYTES
    error_sectors = size_bytes // page_size * header_sectors - header_sectors
    return f"""\
# Header-only swap through device-mapper: the header page, then nothing. Run it at
# every boot.
# If the writeback knob is forgotten, or zswap refuses pages on a kernel without it,
# every write of such a page fails: no data is lost, it stays in memory, but the
# kernel tries again and again and logs "Write-error" each time.
# Never use the zero target instead of error: it loses data in silence.
set -eu
file={file}
ghost-mkswap --if-needed --pagesize {page_size} "$file" {size_bytes}
device=$(losetup --find --show "$file")
dmsetup create ghostswap <<TABLE
0 {header_sectors} linear $device 0
{header_sectors} {error_sectors} error
TABLE
{_settings("fails to be written, and stays in memory")}
swapon --priority 100 /dev/mapper/ghostswap
echo "swapped on: /dev/mapper/ghostswap"

# To undo it:
#   swapoff /dev/mapper/ghostswap && dmsetup remove ghostswap &&
#       losetup --detach "$device" && rm "$file"
"""


def _settings(otherwise: str) -> str:
    # Forbid what would reach the device, or say what becomes of it.
    return f"""\
if [ -e {_WRITEBACK} ]; then
    echo 0 >{_WRITEBACK}
else
    echo "no {_WRITEBACK} (cgroup v1, or before Linux 6.11):" >&2
    echo "what zswap refuses or writes back {otherwise}" >&2
fi
echo Y >{_ZSWAP}"""


#: Name -> script without its first line, given the quoted path, size and page size.
RECIPES: dict[str, Callable[[str, int, int], str]] = {
    "loop": _loop,
    "dm-error": _dm_error,
}
