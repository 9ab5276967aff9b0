"""What swapemu prints as JSON: types alone.

Not here: what is one value's (beside it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict

if TYPE_CHECKING:
    from typing import Annotated

    from swaptools.emulator.runs.stats import Sample
    from swaptools.schema.kinds import Signed


class FailedDict(TypedDict):
    """An expectation that does not hold."""

    #: Number of the line in the script.
    line: int
    #: What was expected, and what was found.
    reason: str


class ShownDict(TypedDict):
    """What a line of a script showed."""

    #: Number of the line in the script.
    line: int
    #: Slots as text, lines of /proc/swaps, or counters by their names.
    value: str | list[str] | dict[str, int | str]


class RunArea(TypedDict):
    """An area of a script, at its end."""

    #: As the script calls it.
    name: str
    #: Its number in the kernel's list.
    type: int
    #: What is behind it; swapemu backings has the kinds.
    backing: str
    #: The one with the highest is filled first.
    priority: Signed
    #: Usable slots.
    pages: int
    #: Of them, those in use.
    used_pages: int
    #: Of the traffic with this area, by name.
    counts: dict[str, int]


class RunResult(TypedDict):
    """What has come of a script."""

    #: Null for the kernel as it is.
    design: str | None
    #: Name of the kernel's profile.
    kernel: str
    #: Lines that did something.
    operations: int
    #: Lines that expected something.
    expectations: int
    #: Those that do not hold.
    failed: list[FailedDict]
    #: In the order of the script.
    shown: list[ShownDict]
    #: Counters as /proc/vmstat names them.
    vmstat: dict[str, int]
    #: In KiB, by the names of /proc/meminfo.
    meminfo: dict[str, int]
    #: Counters as zswap's debugfs names them.
    zswap: dict[str, int]
    #: Those that are swapped on at the end.
    areas: list[RunArea]
    #: Counts of the machine, as compare has them.
    counts: dict[str, int]
    #: With --from: what the map does not show and was taken to be so.
    assumed: NotRequired[list[str]]


class DesignFailed(TypedDict):
    """A design under which a line of the script could not be done."""

    #: As --design takes it.
    design: str
    #: Which, and why.
    error: str


class DesignResult(TypedDict):
    """What a script came to under one design."""

    #: As --design takes it.
    design: str
    #: Every line could be done.
    error: None
    #: Whether nothing in the script is virtual under it.
    as_plain: bool
    #: Name of the kernel's profile.
    kernel: str
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
    #: On the way; the last one is of the end.
    samples: list[Annotated[dict[str, Any], Sample]]


class Comparison(TypedDict):
    """One script under several designs."""

    #: Its name or path.
    scenario: str
    #: Its first comment.
    title: str
    #: Of swaptools.
    version: str
    #: Lines that expected something.
    not_judged: int
    #: In the order in which they were asked for.
    designs: list[DesignResult | DesignFailed]


class ScenarioDict(TypedDict):
    """A script that comes with the package."""

    #: As SCRIPT takes it.
    scenario: str
    #: What it is about.
    title: str


class Scenarios(TypedDict):
    """The scripts that come with the package."""

    #: By name.
    scenarios: list[ScenarioDict]


class DesignDict(TypedDict):
    """A design that a machine can be fitted with."""

    #: As --design takes it.
    design: str
    #: What it is.
    title: str
    #: The mail or tree it was first seen in.
    source: str


class Designs(TypedDict):
    """The designs that are installed."""

    #: By name.
    designs: list[DesignDict]


class OverheadDict(TypedDict):
    """Metadata of one design as an area fills."""

    #: As --design takes it.
    design: str
    #: What is counted.
    title: str
    #: Counted from structures, or as the authors gave them.
    figures: Literal["structs", "published"]
    #: Where the figures come from.
    sources: list[str]
    #: How much of the area is in use, at each point.
    usage_percent: list[int]
    #: Metadata at each of these points.
    metadata_mib: list[float]


class Overhead(TypedDict):
    """Metadata of the designs as an area fills."""

    #: Of the area.
    area_bytes: int
    #: Of swaptools.
    version: str
    #: One for each design and kind of figures.
    rows: list[OverheadDict]


class BreakEvenDict(TypedDict):
    """Up to which use one design has less metadata than another."""

    #: The one with less.
    #: As --design takes it.
    design: str
    #: The one with more.
    against: str
    #: Use of the area up to which that is so.
    percent: float


class BreakEven(TypedDict):
    """Up to which use a design has less metadata than another."""

    #: A pair each.
    break_even: list[BreakEvenDict]


class BackingDict(TypedDict):
    """What can be behind an area."""

    #: As a script has it.
    backing: str
    #: As /proc/swaps has it.
    type: str
    #: Whether large folios go out whole.
    large_folios: bool
    #: What becomes of one.
    write: str


class Backings(TypedDict):
    """What can be behind an area."""

    #: By name.
    backings: list[BackingDict]


class ResolutionDict(TypedDict):
    """What so many runs can show."""

    #: Of each side.
    runs: int
    #: By which two means differ by chance.
    difference_s: float


class Resolution(TypedDict):
    """By how much two means differ by chance."""

    #: Of one run.
    deviation_s: float
    #: By runs.
    resolution: list[ResolutionDict]
