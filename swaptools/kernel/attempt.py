"""One swapon(2) of one area on one kernel: the question and the answer, as values.

Not here: the kernel's tests (opening.py, swapon.py, activation.py).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from swaptools.area import AreaKind
from swaptools.backing import Backing, FileType
from swaptools.format.constants import SWAPSPACE2
from swaptools.records import NamedTuple, TypedDict

if TYPE_CHECKING:
    from swaptools.area import SwapArea
    from swaptools.format.header import SwapHeader
    from swaptools.format.layout import ByteOrder
    from swaptools.kernel.file_rules import FileRules
    from swaptools.kernel.profiles import KernelProfile
    from swaptools.kernel.releases import Reason
    from swaptools.kernel.swapon_rules import SwapOnRules
    from swaptools.schema.kinds import ErrnoName

#: What is assumed of an area that came without a file under it.
_PLAIN_FILE = Backing(file_type=FileType.REGULAR)
_PLAIN_DEVICE = Backing(file_type=FileType.BLOCK)


class Refusal(NamedTuple):
    """A kernel test that failed."""

    #: Name of the error number: ``EINVAL``.
    errno: str
    #: The line in the kernel log, None where the kernel is silent.
    message: str | None = None
    #: Which of a file system's conditions failed; None where the test has one.
    fault: str | None = None


#: Page 0 is the header, and there is no other.
EMPTY: Final = Refusal("EINVAL", "Empty swap-file")


def signed(number: int) -> int:
    """Return an unsigned int as ``%d`` prints it."""
    return number - (1 << 32) if number >> 31 else number


class Attempt(NamedTuple):
    """An area, and the machine that is asked to swap it on."""

    area: SwapArea
    profile: KernelProfile
    #: The machine's, which need not be the header's.
    page_size: int
    #: Memory of the machine; None skips the tests that need it.
    ram_bytes: int | None
    #: The machine's.
    byte_order: ByteOrder
    #: The kernel's release, or the profile's name, as it was asked for.
    asked: str
    #: Why the profile may not be that kernel; None: it is.
    reason: Reason | None
    #: The machine's kernel was built with swap.
    has_swap: bool
    #: What lies under the area; an image is judged as the loop device over it.
    backing: Backing
    #: The header, if it has the magic where this machine's pages end.
    header: SwapHeader | None

    @classmethod
    def of(
        cls,
        area: SwapArea,
        profile: KernelProfile,
        page_size: int,
        ram_bytes: int | None = None,
        *,
        byte_order: ByteOrder = sys.byteorder,
        asked: str | None = None,
        reason: Reason | None = None,
        has_swap: bool = True,
    ) -> Attempt:
        """Put an area before a machine; the fields say what the arguments mean."""
        header = area.header_at(page_size)
        has_magic = header is not None and header.magic == SWAPSPACE2
        return cls(
            area=area,
            profile=profile,
            page_size=page_size,
            ram_bytes=ram_bytes,
            byte_order=byte_order,
            asked=asked or profile.name,
            reason=reason,
            has_swap=has_swap,
            backing=_backing(area),
            header=header if has_magic else None,
        )

    @property
    def rules(self) -> SwapOnRules:
        """What the profile says about swapon(2)."""
        return self.profile.swapon

    @property
    def files(self) -> FileRules:
        """What the profile says about file systems."""
        return self.profile.files


def _backing(area: SwapArea) -> Backing:
    if area.kind == AreaKind.IMAGE:
        return _PLAIN_DEVICE
    if area.backing is not None:
        return area.backing
    return _PLAIN_DEVICE if area.kind == AreaKind.BLOCK else _PLAIN_FILE


#: A kernel test that needs no header, and one that does.
OpenTest = Callable[[Attempt], Refusal | None]
HeaderTest = Callable[["Attempt", "SwapHeader"], Refusal | None]


class VerdictDict(TypedDict):
    """The answer of a kernel, as JSON has it."""

    #: Name of the profile that answered.
    kernel: str
    #: The kernel as it was asked for.
    asked: str
    #: Whether a kernel with these rules confirmed them.
    exact: bool
    #: Whether swapon(2) takes the area.
    accepted: bool
    #: Name of the error number of a refusal; null when it is accepted.
    errno: ErrnoName | None
    #: First line that the kernel logs of a refusal; null where it is silent.
    message: str | None
    #: Why that kernel may answer otherwise; null when the answer is exact.
    reason: Reason | None


class Verdict(NamedTuple):
    """The kernel's answer, and nothing else."""

    #: Name of the profile that answered.
    kernel: str
    #: The kernel as it was asked for, which may have no profile of its own.
    asked: str
    accepted: bool
    #: Why that kernel may answer otherwise; None: its rules were confirmed.
    reason: Reason | None = None
    #: Name of the error number of a refusal.
    errno: str | None = None
    #: First log line of a refusal, None where the kernel is silent.
    message: str | None = None
    #: Which test refused: the name of its function in this package, or of the
    #: file system's fault (activation.py FAULTS).
    test: str | None = None
    #: Taken as a ghost: no data will be written to it.
    is_ghost: bool = False
    #: Slots, header page included. Kernel: si->max.
    max: int = 0
    #: Usable slots. Kernel: si->pages, an unsigned int that can underflow.
    pages: int = 0
    #: Slots marked bad, below ``max``, in the order of the header's list.
    badpages: tuple[int, ...] = ()

    def to_dict(self) -> VerdictDict:
        """Return it as JSON has it."""
        return {
            "kernel": self.kernel,
            "asked": self.asked,
            "exact": self.exact,
            "accepted": self.accepted,
            "errno": self.errno,
            "message": self.message,
            "reason": self.reason,
        }

    @property
    def exact(self) -> bool:
        """Whether a kernel with these rules confirmed them."""
        return self.reason is None

    @property
    def underflows(self) -> bool:
        """Whether duplicates were taken off until the count went below zero."""
        return self.accepted and self.pages >= self.max
