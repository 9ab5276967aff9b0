"""What libCacheSim's LRU misses of a trace, and how long it takes.

libCacheSim is under the GPL, and aborts on some files: it has a process of its own.
``python libcachesim_lru.py TRACE SIZE...`` prints a line for each size: misses, and
seconds of the processor.
"""

from __future__ import annotations

import sys
import time

import libcachesim


def main(path: str, sizes: list[int]) -> None:
    """Go through the trace once for each size."""
    for size in sizes:
        options = libcachesim.ReaderInitParam(ignore_obj_size=True)
        kind = libcachesim.TraceType.ORACLE_GENERAL_TRACE
        reader = libcachesim.TraceReader(path, kind, options)
        cache = libcachesim.LRU(size)
        begun = time.process_time()
        ratio, _ = cache.process_trace(reader)
        seconds = time.process_time() - begun
        print(round(ratio * reader.get_num_of_req()), seconds, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], [int(size) for size in sys.argv[2:]])
