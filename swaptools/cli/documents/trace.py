"""What swapemu trace prints with --json.

Not here: making it (cli/trace_json.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict

if TYPE_CHECKING:
    from swaptools.working_set.curve import DistanceRange, MissRatio
    from swaptools.working_set.measure import Sequence
    from swaptools.working_set.windows import Window


class Kinds(TypedDict):
    """References by kind of page."""

    #: Of pages of which nothing is known.
    data: int
    #: That fetched instructions.
    code: int
    #: Of pages of files.
    file: int
    #: Of anonymous pages.
    anonymous: int


class TraceShown(TypedDict):
    """What is found in a trace."""

    #: As it was given.
    path: str
    #: Of swaptools.
    version: str
    #: Name of the format that it is in.
    format: str
    #: What its order tells: every reference, what missed, requests, or nothing.
    order: Literal["references", "faults", "requests", "generated"]
    #: In bytes.
    page_size: int
    #: Smaller memories cannot be judged by it, since it was reduced. In pages.
    least_pages: int
    #: The command or the file that it was made from; None where it is not told.
    source: str | None
    #: It ends too early, and was used up to there.
    is_cut: bool
    #: Records that were passed over.
    broken: int
    #: Share of the pages that were looked at; None for all of them.
    sample: float | None
    #: References in it.
    references: int
    #: References that it left out.
    dropped: int
    #: References that did not write.
    reads: int
    #: References that wrote.
    writes: int
    #: References by kind of page.
    kinds: Kinds
    #: How many there are.
    tasks: int
    #: Names of tasks by number, those that are told.
    task_names: dict[str, str]
    #: What pages that were sampled compress to, in bytes, by codec.
    lengths: dict[str, list[int]]
    #: Distinct ones; of a sample, estimated.
    pages: int
    #: The lowest page number; None without references.
    lowest_page: int | None
    #: The highest page number; None without references.
    highest_page: int | None
    #: Time of the first reference, in nanoseconds; None where there is no clock.
    first_ns: int | None
    #: Time of the last reference, in nanoseconds; None where there is no clock.
    last_ns: int | None
    #: How references follow one another; None for fewer than two.
    sequence: Annotated[dict[str, Any], Sequence] | None
    #: Stretches of it, the first one first; none where the order tells nothing.
    windows: list[Annotated[dict[str, Any], Window]]
    #: How many other pages were used since a page was; None where nothing tells.
    distances: list[Annotated[dict[str, Any], DistanceRange]] | None
    #: What LRU misses, the smallest memory first; None where nothing tells.
    miss_ratios: list[Annotated[dict[str, Any], MissRatio]] | None
