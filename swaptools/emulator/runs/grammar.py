"""What a line of a script can say: every verb with its words and options.

This table is the language. Lines are read by it, errors name what it has, and
``swapemu run --help`` and the man page print it.

Not here: how a form is read (forms.py), whether a name is one of the script
(names.py), doing it (verbs.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: by-hand use of a device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.runs.forms import verb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from swaptools.emulator.runs.forms import Verb

_VERBS: Final = (
    verb(
        "The machine, before anything is done on it: a profile or any release,"
        " 6.18 if there is no design and 7.2 with one. A `mended` kernel is without"
        " the defects of the ghost patch: it counts real areas and not those with"
        " room, and moves a page that zswap refused to a real area.",
        "kernel KERNEL [mended]",
    ),
    verb("How many CPUs it has: one if nothing is said.", "cpus CPUS"),
    verb(
        "Its memory, as in 64M: without end if nothing is said. With a policy it runs"
        " out: pages leave below the kernel's watermarks, and where none can the"
        " largest task is killed.",
        "ram RAM",
    ),
    verb(
        "Who leaves memory when it runs out: `two_lists` if nothing is said and there"
        " is a limit. With `v1` charges follow version 1 of the memory controller.",
        "policy POLICY [v1]",
    ),
    verb(
        "Switch zswap, which is off at first, and say how much of the memory its pool"
        " may take.",
        "zswap on|off [max_pool_percent=PERCENT]",
    ),
    verb(
        "Write to a file of the kernel: `zswap.enabled`, `zswap.compressor`,"
        " `zswap.max_pool_percent`, `zswap.accept_threshold_percent`,"
        " `zswap.shrinker_enabled`, `vm.overcommit_memory`, `vm.drop_caches`; of a"
        " cgroup PATH/`memory.zswap.max` (bytes or `max`) and"
        " PATH/`memory.zswap.writeback` (0 or 1); of a zram area AREA`.mem_limit`"
        " (bytes).",
        "set KNOB VALUE",
    ),
    verb("Make a control group; the one above it must be there.", "cgroup PATH"),
    verb(
        "Say what a cgroup and all below may have, in pages or as in 64M, or `max`:"
        " of memory, of memory before pages have to leave, of swap, of compressed pages"
        " and, with version 1, of memory and swap together. What does not fit leaves;"
        " where nothing more can leave, the largest task is killed, and what it would"
        " have done is passed over and counted as `skipped`.",
        "limit PATH [max=LIMIT] [high=LIMIT] [swap=LIMIT] [zswap=LIMIT] [memsw=LIMIT]",
    ),
    verb(
        "Let so much of a cgroup and all below leave, as memory.reclaim.",
        "reclaim PATH AMOUNT",
    ),
    verb("Flush statistics of cgroups, as reading memory.stat.", "flush"),
    verb(
        "Divide priorities under names: `+`NAME`:`PRIO and `-`NAME, as"
        " /sys/kernel/mm/swap/tiers takes them.",
        "tiers TIERS...",
    ),
    verb(
        "Keep a cgroup, made if it is not there, off a tier, or let it on again.",
        "max PATH TIER 0|max",
    ),
    verb(
        "What a design may advertise without a disk: the size of a ghost, of an xswap,"
        " of a zram, which is an area of the name `virtual`. With no disk at all a"
        " real area has to be as large. Before the first task does anything.",
        "virtual SIZE [prio=PRIO]",
    ),
    verb(
        "Swap an area on. BACKING is `block`, `file`, `zram`, `ghost`, `ghost-block`"
        " (a device of one page), `error` (every write fails) or `zero` (every page"
        " written is lost, counted as swpout_lost), or what a design brings. SIZE is in"
        " pages, or has a suffix as in 64G; `bad` pages have commas between them.",
        "swapon NAME BACKING SIZE [prio=PRIO] [rotational] [discard] [bad=LIST]",
    ),
    verb("Swap it off.", "swapoff AREA"),
    verb("Go on on another CPU.", "cpu CPU"),
    verb(
        "Go on in another task, new if it has to be, and in a cgroup, made if it is"
        " not there. The first task is `main`.",
        "task NAME [cgroup=PATH]",
    ),
    verb(
        "Write NR pages; those never written before come as folios of 2^ORDER."
        " BYTES is what a page would compress to, half a page if nothing is said, 0"
        " for zeros; with WORD pages have bytes. With STEP it is every so many pages"
        " from FIRST on.",
        "write FIRST NR [order=ORDER] [length=BYTES] [text=WORD] [step=STEP]",
    ),
    verb("As MADV_PAGEOUT.", "pageout FIRST NR [step=STEP]"),
    verb(
        "Read each page, and compare what has bytes or a length with what was written.",
        "read FIRST NR [step=STEP]",
    ),
    verb(
        "Read each page of a range, or write it, as an operation of its own.",
        "access FIRST NR [write] [length=BYTES]",
    ),
    verb(
        "Make so many references to pages of a range, each an operation of its own:"
        " once through it, through it again and again, to any page, or to some far more"
        " often than to others. The same SEED makes the same ones.",
        "touch FIRST NR TIMES seq|loop [write] [length=BYTES]",
        "touch FIRST NR TIMES random SEED [write] [length=BYTES]",
        "touch FIRST NR TIMES zipf ALPHA SEED [write] [length=BYTES]",
    ),
    verb("As MADV_DONTNEED.", "drop FIRST NR [step=STEP]"),
    verb("Make a child of the task.", "fork NAME"),
    verb("End the task.", "exit"),
    verb(
        "Go on in shared memory of that name, until `task` or `exit`; with NR, which"
        " is how many pages it has, it is made. `drop` is MADV_REMOVE there, and no"
        " page is ever shown with a slot.",
        "shm NAME [NR]",
    ),
    verb("Take its name away: it goes with the last task that maps it.", "unlink NAME"),
    verb("Let zswap write so many pages back, the oldest first.", "shrink COUNT"),
    verb(
        "Move so many pages from one area to another.", "transfer SOURCE TARGET COUNT"
    ),
    verb(
        "Compare the entries of pages: runs of slots such as 1-511, `0:`1-511 when"
        " there are several areas, `present*`NR and `none*`NR. Have a read end in"
        " SIGBUS. Compare a counter of `show vmstat`, `show meminfo` or `show zswap`,"
        " or the slots that an area has in use. `run` judges what is expected;"
        " `compare` does not.",
        "expect FIRST NR [step=STEP]: RUNS",
        "expect fault PAGE",
        "expect COUNTER|AREA NUMBER",
    ),
    verb(
        "Print the entries of pages as runs, or what the kernel would show: of a"
        " cgroup memory.zswap.current and its like, of a zram mm_stat and bd_stat.",
        "show FIRST NR [step=STEP]",
        "show swaps|meminfo|vmstat|zswap",
        "show cgroup PATH",
        "show zram AREA",
    ),
)
#: Every verb by name, in the order in which people read of them.
GRAMMAR: Final[Mapping[str, Verb]] = {each.name: each for each in _VERBS}
