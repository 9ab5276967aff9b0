"""What pages would compress to: pools of zswap and zram, from a sample of them.

Lengths, counts and digests are kept, contents are not. Lengths are those of a
library, near the kernel's but not equal (emulator/store/compress.py has figures).

Not here: reading pages (observe/pages.py), words for people (cli/).

Kernel: mm/zswap.c zswap_compress(), mm/page_io.c is_folio_zero_filled(),
drivers/block/zram/zram_drv.c page_same_filled(), mm/zsmalloc.c.
Same: what is stored and in which size class, zspages that are full but for the last
of each class.
Left out: entries of zswap (56 bytes a page), pools with holes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from math import sqrt
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swaptools import notebook
from swaptools.emulator.store.compress import CODEC_NAMES, get_codec
from swaptools.emulator.store.size_classes import class_table
from swaptools.errors import MissingExtra
from swaptools.kernel.releases import find_kernel
from swaptools.kernel.uname import parse_release

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from swaptools.emulator.store.compress import Codec
    from swaptools.emulator.store.size_classes import ClassTable, SizeClass

#: Of a normal distribution, for 95 of 100.
_SIGMAS: Final = 1.96
_WORD_BYTES: Final = 8
_DIGEST_BYTES: Final = 16
#: From here on only pages of zeros are kept without memory by swap itself, and zswap
#: compresses other same-filled pages.
#: Linux kernel commit 20a5532ffa53 ("mm: remove code to handle same filled pages") (in
#: v6.12).
_NO_SAME_FILLED: Final = (6, 12)
#: How much shorter a library's lengths were than those of Linux 6.18, in sum over 9600
#: pages, in percent of the kernel's; see emulator/store/compress.py.
LIBRARY_SHORT_PERCENT: Final = {"lz4": 3.7, "lzo": 12.9}
#: Kernel: drivers/block/zram/zram_drv.h struct zram_table_entry.
ZRAM_TABLE_BYTES: Final = 16


class Pool(NamedTuple):
    """What all of the pages would take in one pool."""

    #: Memory of the pool.
    pool_bytes: int
    #: In 95 of 100 samples the truth is nearer than this.
    error_bytes: int
    #: Bytes of memory to bytes of the pool; None when nothing is stored.
    ratio: float | None
    #: Of the pages, those that zswap would refuse.
    refused_percent: float
    #: Of the pages, those that are stored as they are.
    raw_percent: float
    #: Mean of all pages in a large pool, in which no zspage is half empty.
    bytes_a_page: float


class CodecEstimate(NamedTuple):
    """One compressor."""

    #: Its name in the kernel.
    codec: str
    #: What zswap's pool would take.
    zswap: Pool
    #: What a zram device would take.
    zram: Pool
    #: How much shorter the library's lengths were than the kernel's, in sum, where
    #: that was measured.
    library_short_percent: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        pools = {"zswap": self.zswap._asdict(), "zram": self.zram._asdict()}
        return self._asdict() | pools


class Estimate(NamedTuple):
    """What a sample says of all pages."""

    #: The release whose rules were taken.
    kernel: str
    #: In bytes.
    page_size: int
    #: Of anonymous memory, all of them.
    nr_pages: int
    #: Those that were read.
    nr_sampled: int
    #: Of the pages that were read, those of zeros.
    zero_percent: float
    #: Of those, pages of one word that repeats, other than zero.
    same_filled_percent: float
    #: Pages whose contents another one in the sample has, too: at least so many.
    duplicate_percent: float
    #: Those whose library is installed.
    codecs: tuple[CodecEstimate, ...]
    #: Compressors whose library is not installed.
    missing: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return self._asdict() | {"codecs": [one.to_dict() for one in self.codecs]}

    def _repr_html_(self) -> str:
        return notebook.table(
            self.to_rows(), f"{self.nr_pages} pages, {self.nr_sampled} read"
        )

    def to_rows(self) -> list[dict[str, Any]]:
        """Return a flat row for each pool of each compressor."""
        return [
            {"codec": one.codec, "pool": name, **pool._asdict()}
            for one in self.codecs
            for name, pool in (("zswap", one.zswap), ("zram", one.zram))
        ]


class Holds(NamedTuple):
    """What memory and areas of some size would do for such pages, in bytes."""

    #: Its name in the kernel.
    codec: str
    #: Memory that a full pool of zswap stands for; None for without end.
    zswap_holds_bytes: int | None
    #: Memory that a zram device takes when it is full, its table included.
    zram_takes_bytes: int
    #: Pool that a full ghost needs.
    ghost_takes_bytes: int
    #: Memory that the ghost holds before it or the pool is full.
    ghost_holds_bytes: int


@dataclass
class _Lengths:
    # Compressed lengths of one codec, and whose they are.
    codec: Codec
    plain: Counter[int] = field(default_factory=Counter)
    same_filled: Counter[int] = field(default_factory=Counter)


def installed_codecs() -> tuple[tuple[Codec, ...], tuple[str, ...]]:
    """Return the compressors whose library is there, and the names of others."""
    found, missing = [], []
    for name in CODEC_NAMES:
        try:
            found.append(get_codec(name))
        except MissingExtra:
            missing.append(name)
    return tuple(found), tuple(missing)


def estimate(
    pages: Iterable[bytes],
    nr_pages: int,
    page_size: int,
    kernel: str,
    *,
    writeback: bool = True,
) -> Estimate:
    """Judge a sample of pages.

    Args:
        pages: The sample; gone through once.
        nr_pages: How many there are in all.
        page_size: In bytes.
        kernel: A release or the name of a profile, for its rules.
        writeback: Whether zswap may write pages to swap; else it keeps no page that
            does not compress.

    Raises:
        SelectionError: No such kernel.
    """
    rules = find_kernel(kernel).profile
    codecs, missing = installed_codecs()
    lengths = [_Lengths(codec) for codec in codecs]
    kinds = _count(pages, lengths)
    release = parse_release(kernel)
    scale = _Scale(nr_pages, kinds["all"], class_table(page_size, rules.zsmalloc))
    keeps_words = release is not None and release.series < _NO_SAME_FILLED
    keeps_raw = writeback and rules.zswap.incompressible == "raw"
    return Estimate(
        kernel=kernel,
        page_size=page_size,
        nr_pages=nr_pages,
        nr_sampled=kinds["all"],
        zero_percent=scale.percent(kinds["zero"]),
        same_filled_percent=scale.percent(kinds["same"]),
        duplicate_percent=scale.percent(kinds["duplicate"]),
        codecs=tuple(
            CodecEstimate(
                one.codec.name,
                _zswap(one, scale, keeps_words=keeps_words, keeps_raw=keeps_raw),
                _zram(one, scale),
                LIBRARY_SHORT_PERCENT.get(one.codec.name),
            )
            for one in lengths
        ),
        missing=missing,
    )


def _count(pages: Iterable[bytes], lengths: Sequence[_Lengths]) -> Counter[str]:
    # How many pages are of each kind; their lengths are counted by codec.
    kinds: Counter[str] = Counter()
    seen: set[bytes] = set()
    for page in pages:
        kinds["all"] += 1
        digest = blake2b(page, digest_size=_DIGEST_BYTES).digest()
        kinds["duplicate"] += digest in seen
        seen.add(digest)
        if not any(page):
            kinds["zero"] += 1
            continue
        is_same = page[_WORD_BYTES:] == page[:-_WORD_BYTES]
        kinds["same"] += is_same
        for one in lengths:
            counts = one.same_filled if is_same else one.plain
            counts[min(len(one.codec.compress(page)), len(page))] += 1
    return kinds


def is_rounding(found: Estimate) -> bool:
    """Tell whether the pages are so few that zspages are for the most part empty.

    Each size class that is used takes a whole zspage. The ratio is then that of
    rounding up, and no larger pool is like it.
    """
    pools = [one.zswap for one in found.codecs] + [one.zram for one in found.codecs]
    return any(one.pool_bytes > 2 * one.bytes_a_page * found.nr_pages for one in pools)


def holds(found: Estimate, pool_limit_bytes: int, size_bytes: int) -> tuple[Holds, ...]:
    """Say what a pool of zswap, and a zram device and a ghost of a size, would hold.

    Args:
        found: Of the pages that are meant.
        pool_limit_bytes: Most that zswap's pool may take.
        size_bytes: Of the zram device and of the ghost.
    """
    nr_slots = size_bytes // found.page_size
    return tuple(_holds(found, one, pool_limit_bytes, nr_slots) for one in found.codecs)


def _holds(
    found: Estimate, one: CodecEstimate, pool_limit_bytes: int, nr_slots: int
) -> Holds:
    each = one.zswap.bytes_a_page
    nr_held = int(pool_limit_bytes / each) if each else None
    on_ghost = nr_slots if nr_held is None else min(nr_slots, nr_held)
    in_zram = one.zram.bytes_a_page + ZRAM_TABLE_BYTES
    return Holds(
        one.codec,
        None if nr_held is None else nr_held * found.page_size,
        round(nr_slots * in_zram),
        round(nr_slots * each),
        on_ghost * found.page_size,
    )


class _Scale(NamedTuple):
    # From a sample to all pages.
    nr_pages: int
    nr_sampled: int
    table: ClassTable

    def percent(self, nr: int) -> float:
        return round(100 * nr / self.nr_sampled, 2) if self.nr_sampled else 0.0

    def pool(self, lengths: Counter[int], nr_refused: int, nr_raw: int) -> Pool:
        # Objects of each class, as many as there are in all; what the sample does not
        # have in the pool takes nothing there.
        by_class: Counter[int] = Counter()
        for length, nr in lengths.items():
            by_class[self.table.class_by_length[length]] += nr
        used = [(self.table.classes[number], nr) for number, nr in by_class.items()]
        pool_bytes = self._unseen_bytes(by_class)
        for one, nr in used:
            nr_objects = nr * self.nr_pages / self.nr_sampled
            nr_zspages = -int(-nr_objects // one.objs_per_zspage)
            pool_bytes += nr_zspages * self._zspage_bytes(one)
        costs = [(self._zspage_bytes(c) / c.objs_per_zspage, nr) for c, nr in used]
        return Pool(
            pool_bytes,
            round(self._error(costs, [self._zspage_bytes(one) for one, _ in used])),
            round(self.nr_pages * self.page_size / pool_bytes, 3)
            if pool_bytes
            else None,
            self.percent(nr_refused),
            self.percent(nr_raw),
            round(sum(cost * nr for cost, nr in costs) / max(self.nr_sampled, 1), 2),
        )

    @property
    def page_size(self) -> int:
        return len(self.table.class_by_length) - 1

    @property
    def is_whole(self) -> bool:
        return self.nr_sampled >= self.nr_pages

    def _zspage_bytes(self, one: SizeClass) -> int:
        return one.pages_per_zspage * self.page_size

    def _unseen_bytes(self, by_class: Counter[int]) -> int:
        # Classes that no page of the sample is in have a zspage each, too. How many:
        # from those with one and with two (Chao, 1984).
        if self.is_whole:
            return 0
        once, twice = (sum(nr == n for nr in by_class.values()) for n in (1, 2))
        unseen = [
            self._zspage_bytes(one)
            for number, one in enumerate(self.table.classes)
            if number not in by_class
        ]
        if not unseen:
            return 0
        nr_unseen = min(len(unseen), once * (once - 1) // (2 * (twice + 1)))
        return nr_unseen * sum(unseen) // len(unseen) // self.page_size * self.page_size

    def _error(
        self, costs: Sequence[tuple[float, int]], zspages: Sequence[int]
    ) -> float:
        # Of a total that is drawn without putting back, and of last zspages, which are
        # anything from nearly empty to full.
        n = self.nr_sampled
        if self.is_whole:
            return 0.0
        if n < 2:
            return float(self.nr_pages * self.page_size)
        mean = sum(cost * nr for cost, nr in costs) / n
        squares = sum(cost * cost * nr for cost, nr in costs)
        variance = max(0.0, squares - n * mean * mean) / (n - 1)
        drawn = self.nr_pages**2 * variance / n * (1 - n / self.nr_pages)
        return _SIGMAS * sqrt(drawn + sum(size * size for size in zspages) / 12)


def _zswap(one: _Lengths, scale: _Scale, *, keeps_words: bool, keeps_raw: bool) -> Pool:
    page_size = scale.page_size
    lengths = one.plain if keeps_words else one.plain + one.same_filled
    nr_incompressible = lengths[page_size]
    if keeps_raw:
        return scale.pool(lengths, 0, nr_incompressible)
    stored = Counter({n: nr for n, nr in lengths.items() if n < page_size})
    return scale.pool(stored, nr_incompressible, 0)


def _zram(one: _Lengths, scale: _Scale) -> Pool:
    # What takes an object of a page is kept as it was.
    huge = scale.table.huge_class_bytes
    nr_raw = sum(nr for length, nr in one.plain.items() if length >= huge)
    return scale.pool(one.plain, 0, nr_raw)
