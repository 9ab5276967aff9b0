"""One area on one kernel, as a rule sees it.

Not here: the rules (rules/), the kernel's own tests (kernel/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.area import AreaKind
from swaptools.backing import FileType
from swaptools.kernel.swapon import has_ghost_size, judge_attempt, maxpages
from swaptools.kernel.uname import Maker, parse_release
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from swaptools.area import SwapArea
    from swaptools.backing import Backing, Extent
    from swaptools.caller import Caller
    from swaptools.format.header import SwapHeader
    from swaptools.kernel.attempt import Attempt, Verdict
    from swaptools.kernel.profiles import KernelProfile
    from swaptools.kernel.swapon_rules import SwapOnRules


class Case(NamedTuple):
    """An attempt and how it ended, with shorthands for what rules ask most."""

    attempt: Attempt
    verdict: Verdict
    area: SwapArea
    #: What lies under it.
    backing: Backing
    #: Who asks; None where that does not matter, as about another machine.
    caller: Caller | None
    #: The header this kernel reads, or else the one that is there, for rules
    #: about labels and the like; None when there is none at all.
    header: SwapHeader | None
    #: This kernel goes by the size and takes the area for a ghost.
    is_taken_as_ghost: bool
    #: A file system is asked where the slots lie: for a file that is no ghost.
    is_judged_by_filesystem: bool

    @classmethod
    def of(
        cls, attempt: Attempt, verdict: Verdict, caller: Caller | None = None
    ) -> Case:
        """Find out once what many rules ask."""
        is_ghost = attempt.header is not None and has_ghost_size(attempt)
        is_file = attempt.backing.file_type == FileType.REGULAR
        return cls(
            attempt=attempt,
            verdict=verdict,
            area=attempt.area,
            backing=attempt.backing,
            caller=caller,
            header=attempt.header or attempt.area.header,
            is_taken_as_ghost=is_ghost,
            is_judged_by_filesystem=is_file and not is_ghost,
        )

    def on(self, profile: KernelProfile) -> Case:
        """Return the same area on another kernel."""
        attempt = self.attempt._replace(profile=profile)
        return Case.of(attempt, judge_attempt(attempt))

    @property
    def page_size(self) -> int:
        """The machine's, in bytes."""
        return self.attempt.page_size

    @property
    def kernel_rules(self) -> SwapOnRules:
        """What the kernel asked does at swapon(2)."""
        return self.attempt.rules

    @property
    def has_btrfs(self) -> bool:
        """Whether the kernel asked is built with btrfs; Red Hat's are not."""
        release = parse_release(self.attempt.asked)
        return release is None or release.maker != Maker.RED_HAT

    @property
    def is_regular(self) -> bool:
        """Whether it is a regular file."""
        return self.backing.file_type == FileType.REGULAR

    @property
    def is_block(self) -> bool:
        """Whether it is a block device, or would be a loop device."""
        return self.backing.file_type == FileType.BLOCK

    @property
    def is_inside(self) -> bool:
        """Whether other things lie around it: the image or disk is not its own."""
        return self.area.offset > 0 or self.area.partition is not None

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file, whole."""
        return self.area.kind == AreaKind.FILE and self.is_regular

    @property
    def ignores_badpages(self) -> bool:
        """Whether this kernel does not look at the bad page list."""
        return self.is_taken_as_ghost and self.kernel_rules.ghost_is_dynamic

    @property
    def extents(self) -> tuple[Extent, ...]:
        """The extents that the file system judges, none for a ghost."""
        return (self.backing.extents or ()) if self.is_judged_by_filesystem else ()

    @property
    def claimed_bytes(self) -> int:
        """Size that the header gives the area, as this kernel counts it."""
        return maxpages(self.header) * self.page_size if self.header else 0

    @property
    def area_bytes(self) -> int:
        """Size of what is there; 0 for a stream without an end."""
        return self.area.area_bytes or 0

    @property
    def whole_bytes(self) -> int:
        """The whole pages of it."""
        return self.area_bytes - self.area_bytes % self.page_size
