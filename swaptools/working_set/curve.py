"""What LRU misses in a memory of any size, from stack distances.

From all pages it is exact. From a sample (SHARDS: Waldspurger and others, FAST
2015) a distance of d pages stands for d / rate; the share of references that the
sample should have had, and has not, are counted as hits, which are what is missing
when few pages are very hot. How far the parts of a sample disagree is its error.

Not here: taking the distances (distances.py).
"""

from __future__ import annotations

from array import array
from itertools import accumulate
from statistics import stdev
from typing import Final, NamedTuple

#: A memory of fewer pages of a sample is not judged.
_LEAST_SAMPLED: Final = 100
#: Of the footprint, in percent.
PERCENTS: Final = (1, 2, 5, 10, 20, 25, 30, 40, 50, 60, 70, 75, 80, 90, 100)


class MissRatio(NamedTuple):
    """What LRU misses in a memory."""

    #: How large it is.
    memory_pages: int
    #: Of all references, those that the trace left out included.
    ratio: float
    #: Standard error, of a sample; 0 where all pages were looked at.
    error: float


class DistanceRange(NamedTuple):
    """References whose page had been used so many other pages ago."""

    #: The fewest.
    least_pages: int
    #: The most.
    most_pages: int
    #: How many; of a sample, estimated.
    references: int


class Curve:
    """The miss ratio of LRU by size of memory."""

    def __init__(
        self,
        distances: array[int],
        new_pages: tuple[int, ...],
        references: int,
        rate: float | None,
        least_pages: int,
    ) -> None:
        """Keep what was counted.

        Args:
            distances: How often there was each, by group within each distance.
            new_pages: References that were the first of their page, by group.
            references: All of the trace.
            rate: Share of the pages in the sample, or None for all.
            least_pages: Smaller memories cannot be judged.
        """
        self._rate = rate or 1.0
        self._is_sample = rate is not None
        self._references = references
        fewest = round(_LEAST_SAMPLED / self._rate) if self._is_sample else 1
        #: Of a memory that can be judged.
        self.least_pages = max(least_pages, fewest)
        #: Distinct pages; of a sample, estimated.
        self.footprint_pages = round(sum(new_pages) / self._rate)
        used = distances[: sum(new_pages) * len(new_pages)]
        self._farther = [
            _farther(used[group :: len(new_pages)], new)
            for group, new in enumerate(new_pages)
        ]

    def sizes(self) -> list[int]:
        """Return memories that are worth a line, in pages, up to the footprint."""
        footprint = self.footprint_pages
        found = {-(-footprint * percent // 100) for percent in PERCENTS}
        found |= {1 << bit for bit in range(footprint.bit_length())}
        return sorted(size for size in found if self.least_pages <= size <= footprint)

    def at(self, memory_pages: int) -> MissRatio | None:
        """Return what is missed in a memory; None where it cannot be judged."""
        if memory_pages < self.least_pages or not self._references:
            return None
        missed = self._missed(memory_pages)
        expected = self._references * self._rate
        ratio = min(sum(missed) / expected, 1.0)
        if not self._is_sample:
            return MissRatio(memory_pages, ratio, 0.0)
        parts = len(missed)
        error = stdev(part * parts / expected for part in missed) / parts**0.5
        return MissRatio(memory_pages, ratio, error)

    def histogram(self) -> list[DistanceRange]:
        """Return how many references had which distance, by powers of two.

        The first range is that of all that cannot be told apart.
        """
        found = []
        least, beyond = 0, self.least_pages
        left = float(self._references)
        while least < max(self.footprint_pages, 1):
            farther = min(sum(self._missed(beyond)) / self._rate, left)
            found.append(DistanceRange(least, beyond - 1, round(left - farther)))
            least, beyond, left = beyond, 2 * beyond, farther
        return found

    def _missed(self, memory_pages: int) -> list[int]:
        # References of the sample, by group, that a memory misses.
        place = round(memory_pages * self._rate)
        return [farther[min(place, len(farther) - 1)] for farther in self._farther]


def _farther(distances: array[int], new_pages: int) -> array[int]:
    # By distance, how many references had that one or more, or none before them.
    sums = array("q", accumulate(reversed(distances), initial=new_pages))
    sums.reverse()
    return sums
