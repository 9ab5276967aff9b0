"""Random scripts in which every line can be done; seeded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

#: Larger than every range of a task's own pages.
NR_PAGES = 3300
_LAST_FIRST = 2000
_NR_SHARED = 300
_LENGTHS = (0, 60, 900, 1400, 2100, 3700, 4096)
_VERBS = (
    *["write"] * 4,
    *["pageout"] * 5,
    *["read"] * 3,
    *["drop"] * 2,
    *("fork", "task", "exit", "shm", "shrink", "zswap", "set", "look"),
)


class _Writer:
    def __init__(self, choose: random.Random) -> None:
        self._choose = choose
        self._tasks = ["main"]
        self._objects: list[str] = []
        self._end = NR_PAGES

    def machine(self) -> list[str]:
        choose = self._choose
        lines = [f"ram {choose.choice(('320K', '2M', '64M'))}"]
        lines = lines if choose.random() < 0.6 else []
        lines.append(choose.choice(("zswap on", "zswap on", "zswap off")))
        for place in range(choose.randrange(1, 4)):
            backing = choose.choice(("block", "block", "file", "ghost", "zram"))
            options = choose.choice(("", " rotational", " discard", " bad=3,4,520"))
            prio = choose.choice(("", "", f" prio={choose.randrange(5)}"))
            pages = choose.choice((600, 1500, 4196))
            lines.append(f"swapon area{place} {backing} {pages}{prio}{options}")
        return lines

    def line(self) -> str:
        verb = self._choose.choice(_VERBS)
        if verb == "write":
            return self._write()
        if verb in ("pageout", "read", "drop"):
            return f"{verb} {self._range()}{self._step()}"
        if verb == "fork":
            self._tasks.append(f"task{len(self._tasks)}")
            return f"fork {self._tasks[-1]}"
        if verb == "shm":
            return self._shm()
        if verb in ("task", "exit"):
            self._end = NR_PAGES
            return f"task {self._choose.choice(self._tasks)}"
        others = {
            "shrink": f"shrink {self._choose.randrange(1, 200)}",
            "zswap": self._choose.choice(("zswap on", "zswap off")),
            "set": f"set zswap.max_pool_percent {self._choose.randrange(5, 60)}",
            "look": self._choose.choice((f"show {self._range()}", "expect pswpin 0")),
        }
        return others[verb]

    def _write(self) -> str:
        choose = self._choose
        if choose.random() < 0.3 and self._end == NR_PAGES:
            order = choose.choice((1, 2, 4, 9))
            first = choose.randrange(_LAST_FIRST) >> order << order
            nr_pages = choose.randrange(1, 4) << order
            return f"write {first} {nr_pages} order={order} length={self._length()}"
        if choose.random() < 0.15:
            return f"write {self._range()} text=word{choose.randrange(3)}"
        return f"write {self._range()} length={self._length()}{self._step()}"

    def _length(self) -> int:
        return self._choose.choice(_LENGTHS)

    def _range(self) -> str:
        first = self._choose.randrange(min(self._end, _LAST_FIRST) - 1)
        left = (self._end - first) // 3 if self._end != NR_PAGES else 1300
        return f"{first} {self._choose.randrange(1, max(left, 2))}"

    def _step(self) -> str:
        return self._choose.choice(("", "", "", " step=3"))

    def _shm(self) -> str:
        self._end = _NR_SHARED
        if self._objects and self._choose.random() < 0.6:
            return f"shm {self._choose.choice(self._objects)}"
        self._objects.append(f"object{len(self._objects)}")
        return f"shm {self._objects[-1]} {_NR_SHARED}"


def random_script(choose: random.Random, nr_lines: int = 14) -> str:
    """Make a machine of some areas, and lines of some tasks."""
    writer = _Writer(choose)
    return "\n".join([*writer.machine(), *(writer.line() for _ in range(nr_lines))])
