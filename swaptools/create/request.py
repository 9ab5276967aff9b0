"""What a caller asks for, and what it gets back: the two ends of create().

Not here: what is taken where nothing was asked for (defaults.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from uuid import UUID

from swaptools.records import NamedTuple, TypedDict

if TYPE_CHECKING:
    from swaptools.create.content import Progress
    from swaptools.format.header import SwapHeader
    from swaptools.format.layout import ByteOrder
    from swaptools.kernel.attempt import Verdict, VerdictDict
    from swaptools.schema.kinds import UuidText

UuidChoice = UUID | Literal["random", "time", "clear"]


def _quiet(done_bytes: int, total_bytes: int) -> None:
    """Report progress to nobody."""


class AreaOptions(TypedDict, total=False):
    """What a library user may say of an area besides its path; see CreateRequest."""

    size_bytes: int | None
    page_size: int | None
    byte_order: ByteOrder | None
    label: str | None
    uuid: UuidChoice | None
    uuid_seed: str | None
    offset: int
    partition: int | None
    badpages: tuple[int, ...]
    ghost_flag: bool
    force: bool


class CreateRequest(NamedTuple):
    """What the caller wants; None leaves a value to its default or to keep_id."""

    path: str
    is_ghost: bool = True
    #: Claimed size, header included; default: RAM for a ghost, all there is for
    #: an existing file or device.
    size_bytes: int | None = None
    #: Default: the running kernel's.
    page_size: int | None = None
    #: Default: this machine's.
    byte_order: ByteOrder | None = None
    label: str | None = None
    #: Default: random.
    uuid: UuidChoice | None = None
    #: Text that stands for a UUID, the same one every time.
    uuid_seed: str | None = None
    #: Byte at which a real area begins.
    offset: int = 0
    #: Number of the partition of a disk or image that it is, in place of an offset.
    partition: int | None = None
    #: Pages of a block device not to use.
    badpages: tuple[int, ...] = ()
    #: Read the whole device first and list what cannot be read.
    check: bool = False
    #: Overwrite what is there.
    force: bool = False
    #: Take what was not asked for from the header that is there.
    keep_id: bool = False
    #: Change nothing when what is there is what was asked for.
    if_needed: bool = False
    ghost_flag: bool = True
    #: ``wait`` or ``nonblock`` for the BSD lock on an existing target.
    lock: Literal["wait", "nonblock"] | None = None
    #: Do everything but write.
    dry_run: bool = False
    progress: Progress = _quiet


class CreateDict(TypedDict):
    """The area that was made, as JSON has it."""

    #: As it was given.
    path: str
    #: A header page and nothing else, which claims more.
    is_ghost: bool
    #: The mark that says so on purpose.
    ghost_flag: bool
    #: Of the area, in bytes.
    page_size: int
    #: Of its integers.
    byte_order: ByteOrder
    #: Number of the highest page, inclusive.
    last_page: int
    #: What the header claims, itself included.
    size_bytes: int
    #: Without the header page and bad pages.
    usable_bytes: int
    #: Of the file or device that holds the area.
    file_bytes: int
    #: Null when nil.
    uuid: UuidText | None
    #: Null when empty.
    label: str | None
    #: False when nothing had to be written.
    changed: bool
    #: What a kernel says to it: the running one, or one with the ghost patch.
    verdict: VerdictDict
    #: What the caller should know, one sentence each.
    warnings: list[str]


class CreateResult(NamedTuple):
    """The area that was made, or that was found good enough."""

    #: As the caller gave it.
    path: str
    #: As it was written, or found.
    header: SwapHeader
    #: A header page and nothing else, which claims more.
    is_ghost: bool
    #: Bytes of the file or device that holds the area.
    file_bytes: int
    #: False when nothing had to be written.
    changed: bool
    #: What a kernel says to it: the running one, or one with the ghost patch.
    verdict: Verdict
    #: What was wiped besides the header page, in words.
    wiped: tuple[str, ...] = ()
    #: What the caller should know, one sentence each.
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> CreateDict:
        """Return it as ghost-mkswap prints it with --json."""
        header = self.header
        return {
            "path": self.path,
            "is_ghost": self.is_ghost,
            "ghost_flag": header.ghost_flag,
            "page_size": header.page_size,
            "byte_order": header.byte_order,
            "last_page": header.last_page,
            "size_bytes": header.size_bytes,
            "usable_bytes": header.usable_bytes,
            "file_bytes": self.file_bytes,
            "uuid": header.uuid_text,
            "label": header.label or None,
            "changed": self.changed,
            "verdict": self.verdict.to_dict(),
            "warnings": list(self.warnings),
        }
