"""What has come of a replay.

Not here: making it (replay.py), what was seen on the way (moments.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from swaptools import notebook

if TYPE_CHECKING:
    from swaptools.emulator.replays.moments import Moment
    from swaptools.emulator.runs.stats import Stats


@dataclass(frozen=True, slots=True)
class Replayed:
    """A trace under one design, one policy and one memory."""

    #: What the machine counted, as compare has it; with no samples.
    stats: Stats
    #: None where the trace has only what missed: it says itself what was evicted.
    policy: str | None
    #: The memory of all tasks together.
    ram_bytes: int
    page_size: int
    #: The model of what pages compress to.
    lengths: str
    #: Those that were made, and those that the trace had left out.
    references: int
    dropped: int
    #: Distinct pages, and tasks.
    pages: int
    tasks: int
    #: References that did not find their page mapped.
    faults: int
    #: References that did not find it in memory, first ones of a page among them.
    misses: int
    #: References of tasks that had been killed.
    skipped: int
    oom_kills: int
    #: On the way, the first first; the last one is of the end.
    moments: tuple[Moment, ...]

    @property
    def design(self) -> str:
        """What the machine was fitted with; "" for a kernel as it is."""
        return self.stats.design

    @property
    def miss_ratio(self) -> float | None:
        """Misses of all references, those included that the trace had left out.

        None where the trace has nothing but misses, or no references.
        """
        total = self.references + self.dropped
        return None if self.policy is None or not total else self.misses / total

    def to_rows(self) -> list[dict[str, object]]:
        """Return a row for each moment, for a data frame; design and policy first."""
        begin = {
            "design": self.design,
            "policy": self.policy,
            "ram_bytes": self.ram_bytes,
        }
        return [begin | asdict(one) for one in self.moments]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, of what JSON has."""
        return {
            "design": self.design,
            "kernel": self.stats.kernel,
            "policy": self.policy,
            "ram_bytes": self.ram_bytes,
            "page_size": self.page_size,
            "lengths": self.lengths,
            "references": self.references,
            "dropped": self.dropped,
            "pages": self.pages,
            "tasks": self.tasks,
            "faults": self.faults,
            "misses": self.misses,
            "miss_ratio": self.miss_ratio,
            "skipped": self.skipped,
            "oom_kills": self.oom_kills,
            "metadata_mode": self.stats.metadata_mode or None,
            "counts": dict(self.stats.counts),
            "lookups_per_page_out": self.stats.lookups_per_page_out,
            "lookups_per_page_in": self.stats.lookups_per_page_in,
            "moments": [asdict(one) for one in self.moments],
        }

    def _repr_html_(self) -> str:
        return notebook.table(
            (asdict(one) for one in self.moments),
            f"{self.design or 'as it is'}, {self.policy or 'faults'}, "
            f"{self.ram_bytes >> 20} MiB",
        )
