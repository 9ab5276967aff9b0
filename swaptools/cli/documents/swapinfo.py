"""What swapinfo prints as JSON: types alone.

Not here: what is one value's (beside it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

if TYPE_CHECKING:
    from typing import Annotated

    from swaptools.estimate import Holds
    from swaptools.info import AreaInfo
    from swaptools.observe.smaps import Mapping
    from swaptools.observe.zram import Zram
    from swaptools.observe.zswap import Zswap
    from swaptools.resume import ResumeOffset
    from swaptools.schema.kinds import Keys
    from swaptools.status import ActiveArea
    from swaptools.swapmap import AboutArea, HeldRuns
    from swaptools.who.cgroups import CgroupRow
    from swaptools.who.processes import ProcessRow


class Active(TypedDict):
    """The active areas, and what works behind them."""

    #: As /proc/swaps has them; null when that could not be read.
    swaps: list[Annotated[dict[str, Any], ActiveArea]] | None
    #: Null where the kernel has none.
    zswap: Annotated[dict[str, Any], Zswap] | None
    #: Those that are set up.
    zram: list[Annotated[dict[str, Any], Zram]]
    #: What is odd about it, one sentence each.
    remarks: list[str]


class ColumnDict(TypedDict):
    """A column that -o takes."""

    #: What a row of that table is.
    table: str
    #: As -o takes it.
    column: str
    #: The key that it has in JSON.
    key: str
    #: What it shows.
    help: str


class Columns(TypedDict):
    """The columns of every table."""

    #: By table, in order.
    columns: list[ColumnDict]


class ActiveColumns(TypedDict):
    """What columns have besides."""

    #: What is free, in bytes.
    avail: int
    #: Of the size, what is in use; null for an area of nothing.
    used_percent: float | None


class ActiveChosen(TypedDict):
    """The same with columns that were asked for: a row has their keys alone."""

    #: As /proc/swaps has them; null when that could not be read.
    swaps: (
        list[Annotated[dict[str, Any], Keys((ActiveArea, ActiveColumns), False)]] | None
    )


class AreaColumns(TypedDict):
    """What columns have besides."""

    #: Name of the partition that the area is; null without one.
    partition_name: str | None
    #: As PARTUUID= has it; null when nil, and outside of a partition.
    partition_uuid: str | None


class FilesChosen(TypedDict):
    """The same with columns that were asked for: a row has their keys alone."""

    #: In the order of the arguments.
    swapareas: list[Annotated[dict[str, Any], Keys((AreaInfo, AreaColumns), False)]]


class ProcessesChosen(TypedDict):
    """The same with columns that were asked for: a row has their keys alone."""

    #: The one with most comes first.
    processes: list[Annotated[dict[str, Any], Keys((ProcessRow,), False)]]


class CgroupsChosen(TypedDict):
    """The same with columns that were asked for: a row has their keys alone."""

    #: The one with most of its own comes first.
    cgroups: list[Annotated[dict[str, Any], Keys((CgroupRow,), False)]]


class MappingsChosen(TypedDict):
    """The same with columns that were asked for: a row has their keys alone."""

    #: The one with most comes first.
    mappings: list[Annotated[dict[str, Any], Keys((Mapping,), False)]]


class Files(TypedDict):
    """What lies in each FILE, a row an area."""

    #: In the order of the arguments; one that could not be read has an error.
    swapareas: list[Annotated[dict[str, Any], AreaInfo]]


class ExtentDict(TypedDict):
    """A run of a file that has storage; what lies between two is a hole."""

    #: First byte, from the start of the file, in bytes.
    offset: int
    #: Where that lies on the device, in bytes; null where it is not told.
    physical: int | None
    #: How long it is, in bytes.
    length: int
    #: What FIEMAP says of it, in small letters: ``last``, ``unwritten``.
    flags: list[str]


class FileExtents(TypedDict):
    """Where one FILE lies."""

    #: As it was given.
    path: str
    #: In the order of the file; null with an error.
    extents: list[ExtentDict] | None
    #: Why it could not be told; null when it was.
    error: str | None


class Extents(TypedDict):
    """Where each FILE lies on its device."""

    #: In the order of the arguments.
    files: list[FileExtents]


class ResumeOffsets(TypedDict):
    """What resume= and resume_offset= have to say for each FILE."""

    #: In the order of the arguments; one that could not be read is left out.
    areas: list[Annotated[dict[str, Any], ResumeOffset]]


class MapAreas(TypedDict):
    """The slots of the active areas that page tables hold."""

    #: In the kernel's order.
    areas: list[Annotated[dict[str, Any], Keys((AboutArea, HeldRuns))]]


class Estimated(TypedDict):
    """What the memory of a process or cgroup would compress to."""

    #: Of the process that was asked about.
    pid: NotRequired[int]
    #: Its command.
    name: NotRequired[str]
    #: Directory of the cgroup that was asked about.
    cgroup: NotRequired[str]
    #: How many there are in the cgroup.
    processes: NotRequired[int]
    #: In swap already, and not sampled.
    swap_bytes: int


class PoolsHold(TypedDict):
    """What a pool, a zram device and a ghost of some size would do."""

    #: Of memory, for zswap's pool.
    pool_percent: int
    #: The same in bytes.
    pool_limit_bytes: int
    #: Of the zram device and of the ghost.
    size_bytes: int
    #: Empty where so few pages are meant that rounding decides.
    codecs: list[Annotated[dict[str, Any], Holds]]


class EstimatedBeside(TypedDict):
    """What else was seen."""

    #: Pages that other page tables have, too, and that count in each.
    nr_shared: int
    #: Pages that had gone when they were to be read.
    nr_gone: int
    #: What memory and areas of some size would do for such pages.
    holds: PoolsHold
    #: What could not be looked at, one sentence each.
    unseen: list[str]
