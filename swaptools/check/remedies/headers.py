"""Remedies that write a header: the first one, a new one, another list or label.

Not here: what changes the size of the file (lengths.py), its storage (storage.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.area import AreaKind
from swaptools.check.remedies import commands, contents, elsewhere, ways
from swaptools.check.remedies.obstacles import in_the_way
from swaptools.check.remedies.ways import Way, choose
from swaptools.kernel.profiles import PROFILES
from swaptools.rulebook import Remedy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.check.case import Case

_MIN_PAGES: Final = 2
#: A longer list of bad pages is found anew rather than typed.
_LISTED_PAGES: Final = 64
#: A few times the memory is as much as compressed pages can ever fill.
_GHOST_TIMES_RAM: Final = 4
#: One that takes a ghost, where the kernel asked does not.
_GHOST_KERNEL: Final = "ghost-rfc"
#: Faults of a file for which ghost-mkswap -f puts another one in its place, in one
#: step: those that every kernel finds.
_CURED: Final = frozenset({"compressed", "copy_on_write", "hole", "inline", "shared"})
_NEW_HEADER: Final = "write a new header; UUID and label stay"


def first_header(case: Case) -> Remedy:
    """Write a header where there is nothing at all."""
    refused = in_the_way(case) or contents.not_swap(case)
    if refused is not None:
        return refused
    if case.area_bytes < _MIN_PAGES * case.page_size:
        return too_short(case)
    if case.is_inside and (not _is_swap_partition(case)):
        return Remedy(
            "nothing says that this place is for swap; ghost-mkswap --real -o OFFSET"
            " FILE SIZE makes an area where one is meant"
        )
    blank = contents.unclaimed(case)
    found = case.area.unclaimed
    # ghost-mkswap reads a whole file itself before it writes, but no device.
    is_looked_at = found is not None and found.nonzero_bytes is None and case.is_file
    if blank is not None and not is_looked_at:
        return blank
    return choose(case, _writing(case, case.whole_bytes, force=False))


def _is_swap_partition(case: Case) -> bool:
    partition = case.area.partition
    return partition is not None and partition.is_swap


def too_short(case: Case) -> Remedy:
    """Say what gives a size to what is too short for a header and a page."""
    refused = in_the_way(case) or contents.not_swap(case) or contents.unclaimed(case)
    if refused is not None:
        return refused
    name = commands.resolved_path(case).rpartition("/")[2]
    if case.is_block and name.startswith("zram"):
        return Remedy(f"give it a size: /sys/block/{name}/disksize, or zramctl --size")
    if case.is_block and not case.area_bytes:
        return Remedy("attach something to it; then ask again")
    if not case.is_file:
        return Remedy(f"use a place of {_MIN_PAGES} pages or more")
    return Remedy("give it a size and a header: ghost-mkswap --real FILE SIZE")


def new_header(case: Case) -> Remedy:
    """Write a new header over the one that is there, for as much as is swap."""
    refused = in_the_way(case) or contents.not_swap(case)
    if refused is not None:
        return refused
    if case.area.is_ghost and case.is_file:
        return _new_ghost(case)
    size_bytes = _size_bytes(case)
    if isinstance(size_bytes, Remedy):
        return size_bytes
    return choose(case, _writing(case, size_bytes, force=True))


def _new_header_words(case: Case) -> str:
    # Version 0 has neither; what is made gets a UUID of its own.
    if case.header is not None and case.header.version == 0:
        return "write a new header"
    return _NEW_HEADER


def claiming_less(case: Case) -> Iterator[Way]:
    """Write a header for as much as there is."""
    size_bytes = _size_bytes(case)
    if not isinstance(size_bytes, Remedy):
        yield from _writing(case, size_bytes, force=True)


def for_this_page_size(case: Case) -> Remedy:
    """Write a header for the pages of the kernel that was asked."""
    mended = new_header(case)
    if mended.command is None or case.header is None:
        return mended
    text = (
        f"{mended.text}; a kernel with pages of {case.header.page_size} bytes will"
        " refuse it then"
    )
    return Remedy(text, mended.command, mended.loses)


def take_in_rest(case: Case) -> Remedy:
    """Have the header claim what lies behind its last page, if that is nothing."""
    refused = in_the_way(case) or contents.not_swap(case)
    if refused is None and case.is_inside and case.area.partition is None:
        refused = Remedy(
            "nothing, unless the area was meant to be longer: the header says where"
            " it ends, and what lies behind need not belong to it"
        )
    refused = refused or contents.unclaimed(case)
    if refused is not None:
        return refused
    return choose(case, _writing(case, case.whole_bytes, force=True))


def _size_bytes(case: Case) -> int | Remedy:
    # As much as may be claimed: all of it when the rest is zeros and the end is
    # known, else what the old header claimed.
    blank = contents.unclaimed(case)
    has_end = not case.is_inside or case.area.partition is not None
    if has_end and blank is None:
        return case.whole_bytes
    claimed_bytes = case.header.size_bytes if case.header else 0
    claimed_bytes -= claimed_bytes % case.page_size
    if _MIN_PAGES * case.page_size <= claimed_bytes <= case.area_bytes and (
        case.is_inside or case.is_block
    ):
        return claimed_bytes
    return blank or Remedy(
        "write a header of the right size: nothing but the header says where the area"
        " ends, and it is wrong"
    )


def _writing(case: Case, size_bytes: int, *, force: bool) -> Iterator[Way]:
    # As it lies; with its holes filled; in a file that is made anew.
    if size_bytes < _MIN_PAGES * case.page_size:
        return
    options = ["--real", "-f"] if force else ["--real"]
    write = commands.ghost_mkswap(case, *options, size_bytes=size_bytes)
    text = _new_header_words(case) if force else "write a header"
    after = ways.with_header(case, size_bytes)
    if not commands.has_unseen_holes(case):
        yield Way(text, [write], after)
    if not case.is_file:
        return
    yield Way(
        f"allocate what is missing, and {text}",
        [*commands.allocate(case, case.area_bytes), write],
        ways.with_storage(after, case.area_bytes),
        commands.hole_bytes(case),
    )
    yield from anew(case, size_bytes)


def anew(case: Case, size_bytes: int) -> Iterator[Way]:
    """Put a file in its place that the file system makes for swap, in one step.

    There has to be room for both: what the old one gives back cannot be counted on.
    """
    backing = case.backing
    if not case.is_file or contents.unclaimed(case) is not None:
        return
    if len(backing.data_profiles) > 1 or (backing.device_count or 1) > 1:
        return  # where btrfs would put it cannot be told
    written = ways.with_header(case, size_bytes)
    if ways.judged(case, written).test not in _CURED:
        return
    yield Way(
        "put a new file in its place, made for swap; what was swapped to the old one"
        " is of no use any more",
        [commands.ghost_mkswap(case, "--real", "-f", size_bytes=size_bytes)],
        ways.as_new_file(written, size_bytes),
        size_bytes,
    )


# --- ghosts -----------------------------------------------------------------------


def _new_ghost(case: Case) -> Remedy:
    size_bytes = case.header.size_bytes if case.header else 0
    return _ghost(
        case, _new_header_words(case), size_bytes - size_bytes % case.page_size, "-f"
    )


def _ghost(case: Case, text: str, size_bytes: int, *options: str) -> Remedy:
    if size_bytes < _MIN_PAGES * case.page_size:
        return Remedy("claim a size: ghost-mkswap -f FILE SIZE")
    if not case.kernel_rules.accepts_ghost:
        text += "; a kernel without the ghost swapfile patches refuses it still"
    command = commands.ghost_mkswap(case, *options, size_bytes=size_bytes)
    way = Way(text, [command], ways.as_ghost(case, size_bytes))
    return choose(_on_ghost_kernel(case), [way])


def _on_ghost_kernel(case: Case) -> Case:
    if case.kernel_rules.accepts_ghost:
        return case
    return case.on(PROFILES[_GHOST_KERNEL])


def mark_ghost(case: Case) -> Remedy:
    """Mark an intended ghost; an area that was cut short wants its pages back."""
    refused = in_the_way(case) or contents.not_swap(case)
    if refused is not None or case.header is None:
        return refused or Remedy("mark it with ghost-mkswap --keep-id FILE")
    text = "mark it, if it is header only on purpose; if it was cut short it wants"
    return _ghost(
        case, f"{text} its {case.claimed_bytes} bytes back", case.header.size_bytes
    )


def claim_less(case: Case) -> Remedy:
    """Have a ghost claim what its memory can hold; a real area has its size."""
    refused = in_the_way(case) or contents.not_swap(case)
    ram_bytes = case.attempt.ram_bytes
    if refused is not None or ram_bytes is None:
        return refused or Remedy("claim less")
    if not (case.area.is_ghost and case.is_file):
        return Remedy("a smaller area takes less; make it anew if that matters")
    size_bytes = _GHOST_TIMES_RAM * ram_bytes
    size_bytes = min(size_bytes - size_bytes % case.page_size, case.claimed_bytes)
    return _ghost(case, f"claim {_GHOST_TIMES_RAM} times the memory", size_bytes)


# --- one field -------------------------------------------------------------------


def new_badpage_list(case: Case) -> Remedy:
    """Keep the entries that can be true; what a device's are is read from it."""
    if case.header is not None and not case.header.nr_badpages:
        return elsewhere.aligned_blocks(case)
    mended = new_header(case)
    if mended.command is None or case.header is None or case.area.is_ghost:
        return mended
    if case.area.kind != AreaKind.BLOCK:
        loses = "the list of bad pages"
        return Remedy(f"{mended.text}; {loses} is lost", mended.command, loses)
    size_bytes = _size_bytes(case)
    if isinstance(size_bytes, Remedy):
        return size_bytes
    return _on_device(case, size_bytes)


def _on_device(case: Case, size_bytes: int) -> Remedy:
    header = case.header
    listed = () if header is None else header.badpages
    last_page = size_bytes // case.page_size - 1
    kept = tuple(sorted({page for page in listed if 1 <= page <= last_page}))
    is_sound = header is not None and header.nr_badpages == len(listed)
    if kept and is_sound and len(kept) <= min(_LISTED_PAGES, last_page - 1):
        options = ["--bad-pages", ",".join(map(str, kept))]
        text = f"{_NEW_HEADER}, and so do the bad pages that can be true"
        loses = None
    else:
        kept, options = (), ["--check"]
        loses = "the old list of bad pages"
        text = f"read the whole device and list its bad pages anew; {loses} is lost"
    command = commands.ghost_mkswap(
        case, "--real", "-f", *options, size_bytes=size_bytes
    )
    after = ways.with_header(case, size_bytes, kept)
    return choose(case, [Way(text, [command], after, loses=loses)])


def shorten_label(case: Case) -> Remedy:
    """Give a label that leaves no room for its NUL one byte less."""
    mended = new_header(case)
    if mended.command is None or case.header is None:
        return mended
    kept = commands.short_label(case.header)
    loses = f"the end of the label, behind {kept!r}"
    text = f"write a new header with a shorter label; {loses}, is lost"
    return Remedy(text, mended.command, loses)
