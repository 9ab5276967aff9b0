"""What swapemu replay prints with --json.

Not here: making it (cli/replay_text.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict

if TYPE_CHECKING:
    from swaptools.emulator.replays.moments import Moment


class ReplayFailed(TypedDict):
    """A design under which the trace could not be replayed."""

    #: As --design takes it.
    design: str
    #: Why it could not be.
    error: str


class ReplayDone(TypedDict):
    """What has come of a trace under one design."""

    #: As --design takes it.
    design: str
    #: It could be replayed.
    error: None
    #: Name of the kernel's profile.
    kernel: str
    #: Who left memory; null where the trace has only what missed.
    policy: str | None
    #: The memory of all tasks.
    ram_bytes: int
    #: In bytes.
    page_size: int
    #: The model of what pages compress to.
    lengths: str
    #: References that were made.
    references: int
    #: References that the trace had left out.
    dropped: int
    #: Distinct ones.
    pages: int
    #: How many there are.
    tasks: int
    #: References that did not find their page mapped.
    faults: int
    #: References that did not find it in memory; first ones of a page are among them.
    misses: int
    #: Of all references, those left out included; null where the trace cannot tell.
    miss_ratio: float | None
    #: References of tasks that had been killed.
    skipped: int
    #: Tasks that were killed for want of memory.
    oom_kills: int
    #: Where the figures for metadata come from; null where nothing had any.
    metadata_mode: (
        Annotated[str, Literal["structs", "published", "published+structs"]] | None
    )
    #: By name; swapemu(1) has them.
    counts: dict[str, int]
    #: Reaches into tables and into xarrays, for a page swapped out.
    lookups_per_page_out: tuple[float, float]
    #: The same for a page swapped in.
    lookups_per_page_in: tuple[float, float]
    #: Over the trace; the last one is of the end.
    moments: list[Annotated[dict[str, Any], Moment]]


class Replays(TypedDict):
    """One trace under several designs, in a memory."""

    #: As it was given.
    trace: str
    #: Of swaptools.
    version: str
    #: Name of the format that it is in.
    format: str
    #: What its order tells: every reference, what missed, requests, or nothing.
    order: Literal["references", "faults", "requests", "generated"]
    #: The command or the file that it was made from; null where it is not told.
    source: str | None
    #: In bytes.
    page_size: int
    #: Smaller memories cannot be judged by it, since it was reduced. In pages.
    least_pages: int
    #: It ends too early, and was used up to there.
    is_cut: bool
    #: Records that were passed over.
    broken: int
    #: References to pages of code and of files.
    left_out: int
    #: The memory of all tasks.
    ram_bytes: int
    #: Of the disk, and of what is advertised besides.
    area_bytes: int
    #: Misses that no policy could be better than; null without --bound.
    bound_misses: int | None
    #: The same of all references.
    bound_miss_ratio: float | None
    #: What the bound took of disk meanwhile.
    bound_file_bytes: int | None
    #: In the order in which they were asked for; those that failed are last.
    replays: list[ReplayDone | ReplayFailed]
