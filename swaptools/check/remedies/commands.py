"""The words of commands: one line each, safe to paste, at the area's own place.

Not here: whether a command may be given (obstacles.py, contents.py, ways.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools import shell
from swaptools.format.constants import MAX_LABEL_BYTES

if TYPE_CHECKING:
    from swaptools.check.case import Case
    from swaptools.format.header import SwapHeader

#: Names of descriptors, which mean something to one process only.
_DESCRIPTORS: Final = ("/proc/", "/dev/fd/", "/dev/stdin")
#: What names an area as fstab(5) does.
_TAG: Final = ("UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=")


def path_of(case: Case) -> str:
    """Return the path that names the target in any process of this directory."""
    path = case.area.path
    if path.startswith(_DESCRIPTORS) or path.startswith(_TAG):
        return resolved_path(case)
    return path


def resolved_path(case: Case) -> str:
    """Return the path as the kernel has it, symbolic links followed."""
    backing = case.area.backing
    found = backing.resolved_path if backing else None
    return found or case.area.path


def word(path: str) -> str:
    """Return a path as a word that is neither an option nor an assignment."""
    return shell.quote_path(path)


def line(*commands: str) -> str:
    """Join commands that are run one after the other, each if the last succeeded."""
    return shell.for_any_shell(" && ".join(commands))


def ghost_mkswap(case: Case, *options: str, size_bytes: int) -> str:
    """Write a header with the identity of the old one, within the area's bounds."""
    words = ["ghost-mkswap", *options]
    if case.area.offset:
        words += ["-o", str(case.area.offset)]
    words += ["-p", str(case.page_size), *_identity(case.header)]
    return " ".join([*words, word(path_of(case)), str(size_bytes)])


def _identity(header: SwapHeader | None) -> list[str]:
    if header is None or header.version == 0:
        return []
    words = ["-U", str(header.uuid) if header.uuid else "clear"]
    label = short_label(header)
    return [*words, "-L", shell.quote(label)] if label else words


def short_label(header: SwapHeader) -> str:
    """Return the label, cut to what leaves room for the NUL that ends it."""
    raw = header.label.encode("utf-8", "surrogateescape")
    if len(raw) <= MAX_LABEL_BYTES:
        return header.label
    # Of a letter that is cut through nothing is left.
    return raw[:MAX_LABEL_BYTES].decode("utf-8", "ignore")


def allocate(case: Case, size_bytes: int) -> list[str]:
    """Give a file storage up to ``size_bytes``, its holes included.

    Where the file system promises no space the bytes are written: the holes first,
    by copying the file over itself, then zeros behind its end.
    """
    path = path_of(case)
    if case.backing.can_fallocate:
        return [f"fallocate -l {size_bytes} {word(path)}"]
    missing_bytes = size_bytes - case.area_bytes
    commands = [copy_over_itself(path)] if hole_bytes(case) else []
    if missing_bytes > 0:
        commands.append(
            f"dd if=/dev/zero {_operand('of', path)} bs=1M iflag=count_bytes"
            f" count={missing_bytes} oflag=append conv=notrunc,fsync status=none"
        )
    return commands or [copy_over_itself(path)]


def copy_over_itself(path: str) -> str:
    """Write a file's bytes, its holes as zeros, to where they are."""
    return (
        f"dd {_operand('if', path)} {_operand('of', path)} bs=1M conv=notrunc,fsync"
        " status=none"
    )


def _operand(name: str, path: str) -> str:
    return shell.quote(f"{name}={path}")


def truncate(case: Case, size_bytes: int) -> str:
    """Cut a file, never make one."""
    return f"truncate -c -s {size_bytes} {word(path_of(case))}"


def hole_bytes(case: Case) -> int:
    """Return how much of a file may have no storage, by its extents or its blocks."""
    return max(_seen_hole_bytes(case), _missing_bytes(case))


def has_unseen_holes(case: Case) -> bool:
    """Tell whether there are holes that the file system does not show.

    NTFS through FUSE says that all is data, but counts fewer blocks.
    """
    return _missing_bytes(case) > _seen_hole_bytes(case)


def _missing_bytes(case: Case) -> int:
    # What an image has allocated says nothing about a part of it, whose holes a loop
    # device fills with zeros.
    allocated_bytes = case.area.allocated_bytes if case.is_file else None
    return 0 if allocated_bytes is None else max(case.area_bytes - allocated_bytes, 0)


def _seen_hole_bytes(case: Case) -> int:
    extents = case.backing.extents
    if extents is None:
        return 0
    end = case.area_bytes
    held = sum(min(one.end_bytes, end) - min(one.offset_bytes, end) for one in extents)
    return max(end - held, 0)
