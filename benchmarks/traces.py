"""Traces: reading them, and stack distances. Needs the fast extra (numba, numpy).

CPU time, the fastest of some rounds, since whatever else runs only adds.

*reading*: 10 million requests of a zipf distribution over a million pages, as
oracleGeneral, against numpy that reads the same blocks and takes the same column; to be
0.8 of its speed at least. The same trace in our own format, and as lines of lackey (3
million), beside them.

*distances*: the same requests, in memory: exact at 3 million a second at least, and
from a sample of a tenth of the pages at 40; what the sample is off by, and what it says
that it is. The misses of five memories are those that libCacheSim counts for them.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from swaptools.references import Description, References, no_flags, one_task
from swaptools.traces.compact_write import write_trace
from swaptools.traces.formats import open_trace
from swaptools.working_set.measure import Measured, Measuring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

NR_REQUESTS = 10_000_000
NR_PAGES = 1_000_000
NR_LINES = 3_000_000
BLOCK = 1 << 16
ROUNDS = 5
RECORD = np.dtype([("time", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")])

#: What libCacheSim's LRU misses of these requests, by memory.
MISSES = {
    1_000: 5_969_834,
    10_000: 4_148_443,
    50_000: 2_821_139,
    200_000: 1_635_601,
    500_000: 923_370,
}
OF_NUMPY = 0.8
EXACT_S = 3e6
SAMPLED_S = 40e6
SAMPLE = 0.1


def requests() -> NDArray[np.uint64]:
    """Return page numbers, the same ones every time."""
    weights = np.cumsum(1 / np.arange(1, NR_PAGES + 1))
    ranks = np.searchsorted(
        weights / weights[-1], np.random.default_rng(1).random(NR_REQUESTS)
    )
    return np.random.default_rng(42).permutation(NR_PAGES)[ranks].astype("u8")


def fastest(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the CPU seconds of the fastest round."""
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        run()
        found.append(time.process_time() - begun)
    return min(found)


def write_files(pages: NDArray[np.uint64], folder: Path) -> None:
    """Write the requests in three formats."""
    records = np.zeros(len(pages), RECORD)
    records["id"], records["size"], records["next"] = pages, 4096, -1
    records.tofile(folder / "oracle")
    with (folder / "compact").open("wb") as file:
        write_trace(file, Description("swap-trace"), batches(pages)).finish()
    lines = (f" L {page << 12:08x},8\n" for page in pages[:NR_LINES].tolist())
    (folder / "lackey").write_text("".join(lines))


def batches(pages: NDArray[np.uint64]) -> Iterator[References]:
    """Yield the requests as references."""
    for start in range(0, len(pages), BLOCK):
        part = memoryview(pages[start : start + BLOCK]).cast("B").cast("Q")
        yield References(part, no_flags(len(part)), one_task(len(part)))


def read(path: Path, name: str) -> None:
    """Read a trace, and look at nothing."""
    with open_trace(str(path), format_name=name) as found:
        for _ in found:
            pass


def read_by_numpy(path: Path) -> None:
    """Read the same blocks, and take the same column."""
    with path.open("rb", buffering=0) as file:
        while len(block := np.fromfile(file, RECORD, BLOCK)):
            np.ascontiguousarray(block["id"])


def measured(pages: NDArray[np.uint64], rate: float | None) -> Measured:
    """Take distances of all requests."""
    measuring = Measuring(Description("requests"), rate=rate, compiled=True)
    for batch in batches(pages):
        measuring.add(batch)
    return measuring.result()


def reading(pages: NDArray[np.uint64]) -> bool:
    """Print how fast each format is read; tell whether that is fast enough."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(pages, folder)
        read(folder / "lackey", "lackey")  # compiles
        numpy = fastest(lambda: read_by_numpy(folder / "oracle"))
        print("READING         M/s   BYTES EACH")
        print(f"numpy        {NR_REQUESTS / numpy / 1e6:6.1f}")
        for kind, file, count in (
            ("oracleGeneral", "oracle", NR_REQUESTS),
            ("swap-trace", "compact", NR_REQUESTS),
            ("lackey", "lackey", NR_LINES),
        ):
            path = folder / file
            seconds = fastest(lambda path=path, kind=kind: read(path, kind))
            each = path.stat().st_size / count
            print(f"{kind:13}{count / seconds / 1e6:6.1f} {each:12.1f}")
            if kind == "oracleGeneral":
                ratio = numpy / seconds
    print(f"oracleGeneral has {ratio:.2f} of numpy's speed; {OF_NUMPY} at least")
    return ratio >= OF_NUMPY


def distances(pages: NDArray[np.uint64]) -> bool:
    """Print how fast distances are taken; tell whether that is enough, and right."""
    measured(pages[: 2 * BLOCK], None)  # compiles
    exact = fastest(lambda: measured(pages, None), 3)
    sampled = fastest(lambda: measured(pages, SAMPLE))
    whole, sample = measured(pages, None).curve, measured(pages, SAMPLE).curve
    assert whole is not None
    assert sample is not None
    print("\nDISTANCES    M/s")
    print(f"exact     {NR_REQUESTS / exact / 1e6:6.1f}   {EXACT_S / 1e6:g} at least")
    print(
        f"{SAMPLE:.0%} of it {NR_REQUESTS / sampled / 1e6:6.1f}   {SAMPLED_S / 1e6:g}"
    )
    print("\n  MEMORY    MISSES  SAMPLE IS OFF BY  SAYS")
    right = True
    for memory, misses in MISSES.items():
        truth, guess = whole.at(memory), sample.at(memory)
        assert truth is not None
        assert guess is not None
        right &= round(truth.ratio * NR_REQUESTS) == misses
        off = guess.ratio - truth.ratio
        print(f"{memory:8,} {misses:9,} {off:17.4f} {guess.error:6.4f}")
    fast = NR_REQUESTS / exact >= EXACT_S and NR_REQUESTS / sampled >= SAMPLED_S
    return fast and right


def main() -> int:
    """Print both tables; 1 when something is slower than it is to be, or wrong."""
    pages = requests()
    enough = [reading(pages), distances(pages)]
    return 0 if all(enough) else 1


if __name__ == "__main__":
    sys.exit(main())
