"""What a line of a script can say: every verb with its words and options.

This table is the language. Lines are read by it, errors name what it has, and
``swapemu run --help`` and the man page print it.

A form is written as a person would write it: a word in capitals stands for one of
its kind (KINDS), words with a bar between them are a choice, brackets hold what may
be left out. ``RUNS`` is whatever follows the colon.

Not here: whether a name is one of the script (names.py), doing it (operations.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: by-hand use of a device.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swaptools.emulator.core.constants import SWAP_NR_ORDERS
from swaptools.emulator.machine.areas import MAX_PRIORITY
from swaptools.emulator.machine.state import MAX_TASK_PAGES
from swaptools.emulator.runs.entries import read_runs
from swaptools.emulator.runs.words import (
    MAX_AREA_PAGES,
    MAX_LINE_PAGES,
    PAGE_SIZE,
    is_number,
    read_area_pages,
    read_number,
    read_numbers,
    read_ram_bytes,
)
from swaptools.errors import quoted
from swaptools.kernel.releases import find_kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from swaptools.emulator.runs.entries import SlotRun
    from swaptools.emulator.runs.words import Line

#: Kernel: arch/x86/Kconfig NR_CPUS_RANGE_END.
_MAX_CPUS: Final = 8192


class Kind(NamedTuple):
    """What stands for a word in capitals."""

    #: As an error calls it.
    what: str
    #: From the word and what it is called to its value; raises ValueError.
    read: Callable[[str, str], Any]


def _word(word: str, what: str) -> str:
    if not word:
        raise ValueError(f"no {what}")
    return word


def _text(word: str, _what: str) -> str:
    return word or " "


def _kernel(word: str, _what: str) -> str:
    find_kernel(word)
    return word


def _numbers(least: int, most: int) -> Callable[[str, str], int]:
    return partial(read_number, least=least, most=most)


KINDS: Final[Mapping[str, Kind]] = {
    "KERNEL": Kind("profile", _kernel),
    "CPUS": Kind("number of CPUs", _numbers(1, _MAX_CPUS)),
    "CPU": Kind("CPU", read_number),
    "RAM": Kind("size", read_ram_bytes),
    "SIZE": Kind("size", read_area_pages),
    "NAME": Kind("name", _word),
    "AREA": Kind("area", _word),
    "SOURCE": Kind("area", _word),
    "TARGET": Kind("area", _word),
    "COUNTER|AREA": Kind("pages, counter or area", _word),
    "PATH": Kind("path", _word),
    "TIER": Kind("tier", _word),
    "TIERS": Kind("tier", _word),
    "KNOB": Kind("knob", _word),
    "VALUE": Kind("value", _word),
    "BACKING": Kind("backing", _word),
    "FIRST": Kind("first page", read_number),
    "PAGE": Kind("page", read_number),
    "NR": Kind("page count", _numbers(1, MAX_LINE_PAGES)),
    "COUNT": Kind("page count", _numbers(1, MAX_AREA_PAGES)),
    "NUMBER": Kind("number", read_number),
    "ORDER": Kind("order", _numbers(0, SWAP_NR_ORDERS - 1)),
    "BYTES": Kind("length", _numbers(0, PAGE_SIZE)),
    "WORD": Kind("text", _text),
    "STEP": Kind("step", _numbers(1, MAX_TASK_PAGES)),
    "PRIO": Kind("prio", _numbers(0, MAX_PRIORITY)),
    "PERCENT": Kind("max_pool_percent", _numbers(0, 100)),
    "LIST": Kind("bad", read_numbers),
}


class Part(NamedTuple):
    """One word of a form, in its place."""

    text: str
    is_optional: bool = False
    repeats: bool = False

    @property
    def key(self) -> str:
        """Under which name a line's values have it."""
        if not self.is_kind:
            return "word"
        return "what" if "|" in self.text else self.text.lower()

    @property
    def is_kind(self) -> bool:
        """Whether it stands for others."""
        return self.text in KINDS

    @property
    def what(self) -> str:
        """As an error calls it."""
        return KINDS[self.text].what if self.is_kind else " or ".join(self.choices)

    @property
    def choices(self) -> list[str]:
        """The words that it may be, if it is no kind."""
        return self.text.split("|")

    def read(self, word: str) -> object:
        """Return the value of a word.

        Raises:
            ValueError: It is not one of this kind.
        """
        if self.is_kind:
            kind = KINDS[self.text]
            return kind.read(word, kind.what)
        if word not in self.choices:
            raise ValueError(f"{quoted(word)} is not {self.what}")
        return word


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a verb's line."""

    usage: str
    parts: tuple[Part, ...]
    #: By name: what it is equal to, None for a word that stands alone.
    options: Mapping[str, str | None]
    has_runs: bool

    def read(self, line: Line) -> dict[str, Any]:
        """Return the values of a line's words by key.

        Raises:
            ScriptError: A word that is missing, too many, or not of its kind.
        """
        try:
            return self._values(line)
        except ValueError as exc:
            raise line.error(str(exc)) from exc

    def _values(self, line: Line) -> dict[str, Any]:
        text, runs = line.text, ""
        if self.has_runs:
            text, colon, runs = line.text.partition(":")
            if not colon:
                raise ValueError("no colon, and no runs of slots behind it")
        words = text.split()[1:]
        values: dict[str, Any] = {}
        place = 0
        for part in self.parts:
            if place == len(words) and part.is_optional:
                break
            if place == len(words):
                raise ValueError(f"no {part.what}")
            if part.repeats:
                values[part.key] = " ".join(words[place:])
                place = len(words)
            else:
                values[part.key] = part.read(words[place])
                place += 1
        for word in words[place:]:
            self._add_option(values, word)
        if self.has_runs:
            values["runs"] = _read_runs(runs)
        return values

    def _add_option(self, values: dict[str, Any], word: str) -> None:
        name, equals, value = word.partition("=")
        if name not in self.options:
            known = ", ".join(self.options) or "none"
            raise ValueError(f"no option {quoted(name)}; known: {known}")
        if name in values:
            raise ValueError(f"{name} twice")
        kind = self.options[name]
        if kind is None:
            if equals:
                raise ValueError(f"{name} has no value")
            values[name] = True
            return
        if not equals:
            raise ValueError(f"{name} has a value: {name}={kind}")
        values[name] = KINDS[kind].read(value, name)


def _read_runs(text: str) -> tuple[SlotRun, ...]:
    runs = read_runs(text)
    if not runs:
        raise ValueError("no runs of slots behind the colon")
    return tuple(runs)


@dataclass(frozen=True, slots=True)
class Verb:
    """What a line can begin with."""

    name: str
    #: What it does, for people; words of the language in backquotes.
    summary: str
    forms: tuple[Form, ...]

    def form_of(self, line: Line) -> Form:
        """Return the form that a line has, by its second word.

        Raises:
            ScriptError: That word is none of those that the forms begin with.
        """
        if len(self.forms) == 1:
            return self.forms[0]
        word = line.words[1] if len(line.words) > 1 else ""
        others = [form for form in self.forms if form.parts[0].text != "FIRST"]
        if is_number(word):
            return next(form for form in self.forms if form not in others)
        for form in others:
            if not form.parts[0].is_kind and word in form.parts[0].choices:
                return form
        for form in others:
            if form.parts[0].is_kind:
                return form
        known = [word for form in others for word in form.parts[0].choices]
        if not word:
            raise line.error(f"no pages, and none of {', '.join(known)}")
        raise line.error(f"no {quoted(word)}; known: FIRST NR, {', '.join(known)}")


_OPTION = re.compile(r"\[(?P<name>[a-z_]+)(?:=(?P<kind>[A-Z]+))?\]")


def _form(usage: str) -> Form:
    usage, colon, _ = usage.partition(":")
    parts, options = [], {}
    for token in usage.split()[1:]:
        option = _OPTION.fullmatch(token)
        if option:
            options[option["name"]] = option["kind"]
            continue
        text = token.strip("[]").removesuffix("...")
        parts.append(Part(text, token.startswith("["), token.endswith("...")))
    return Form(usage + (": RUNS" if colon else ""), tuple(parts), options, bool(colon))


def _verb(summary: str, *usages: str) -> Verb:
    return Verb(usages[0].split()[0], summary, tuple(_form(usage) for usage in usages))


_VERBS: Final = (
    _verb(
        "The machine, before anything is done on it: a profile or any release,"
        " 6.18 if there is no design and 7.2 with one. A `mended` kernel is without"
        " the defects of the ghost patch: it counts real areas and not those with"
        " room, and moves a page that zswap refused to a real area.",
        "kernel KERNEL [mended]",
    ),
    _verb("How many CPUs it has: one if nothing is said.", "cpus CPUS"),
    _verb("Its memory, as in 64M: without end if nothing is said.", "ram RAM"),
    _verb(
        "Switch zswap, which is off at first, and say how much of the memory its pool"
        " may take.",
        "zswap on|off [max_pool_percent=PERCENT]",
    ),
    _verb(
        "Write to a file of the kernel: `zswap.enabled`, `zswap.compressor`,"
        " `zswap.max_pool_percent`, `zswap.accept_threshold_percent`,"
        " `zswap.shrinker_enabled`, `vm.overcommit_memory`, `vm.drop_caches`; of a"
        " cgroup PATH/`memory.zswap.max` (bytes or `max`) and"
        " PATH/`memory.zswap.writeback` (0 or 1); of a zram area AREA`.mem_limit`"
        " (bytes).",
        "set KNOB VALUE",
    ),
    _verb("Make a control group; the one above it must be there.", "cgroup PATH"),
    _verb(
        "Divide priorities under names: `+`NAME`:`PRIO and `-`NAME, as"
        " /sys/kernel/mm/swap/tiers takes them.",
        "tiers TIERS...",
    ),
    _verb(
        "Keep a cgroup, made if it is not there, off a tier, or let it on again.",
        "max PATH TIER 0|max",
    ),
    _verb(
        "What a design may advertise without a disk: the size of a ghost, of an xswap,"
        " of a zram, which is an area of the name `virtual`. With no disk at all a"
        " real area has to be as large. Before the first task does anything.",
        "virtual SIZE [prio=PRIO]",
    ),
    _verb(
        "Swap an area on. BACKING is `block`, `file`, `zram`, `ghost`, `ghost-block`"
        " (a device of one page), `error` (every write fails) or `zero` (every page"
        " written is lost, counted as swpout_lost), or what a design brings. SIZE is in"
        " pages, or has a suffix as in 64G; `bad` pages have commas between them.",
        "swapon NAME BACKING SIZE [prio=PRIO] [rotational] [discard] [bad=LIST]",
    ),
    _verb("Swap it off.", "swapoff AREA"),
    _verb("Go on on another CPU.", "cpu CPU"),
    _verb(
        "Go on in another task, new if it has to be, and in a cgroup, made if it is"
        " not there. The first task is `main`.",
        "task NAME [cgroup=PATH]",
    ),
    _verb(
        "Write NR pages; those never written before come as folios of 2^ORDER."
        " BYTES is what a page would compress to, half a page if nothing is said, 0"
        " for zeros; with WORD pages have bytes. With STEP it is every so many pages"
        " from FIRST on.",
        "write FIRST NR [order=ORDER] [length=BYTES] [text=WORD] [step=STEP]",
    ),
    _verb("As MADV_PAGEOUT.", "pageout FIRST NR [step=STEP]"),
    _verb(
        "Read each page, and compare what has bytes or a length with what was written.",
        "read FIRST NR [step=STEP]",
    ),
    _verb("As MADV_DONTNEED.", "drop FIRST NR [step=STEP]"),
    _verb("Make a child of the task.", "fork NAME"),
    _verb("End the task.", "exit"),
    _verb(
        "Go on in shared memory of that name, until `task` or `exit`; with NR, which"
        " is how many pages it has, it is made. `drop` is MADV_REMOVE there, and no"
        " page is ever shown with a slot.",
        "shm NAME [NR]",
    ),
    _verb(
        "Take its name away: it goes with the last task that maps it.", "unlink NAME"
    ),
    _verb("Let zswap write so many pages back, the oldest first.", "shrink COUNT"),
    _verb(
        "Move so many pages from one area to another.", "transfer SOURCE TARGET COUNT"
    ),
    _verb(
        "Compare the entries of pages: runs of slots such as 1-511, `0:`1-511 when"
        " there are several areas, `present*`NR and `none*`NR. Have a read end in"
        " SIGBUS. Compare a counter of `show vmstat`, `show meminfo` or `show zswap`,"
        " or the slots that an area has in use. `run` judges what is expected;"
        " `compare` does not.",
        "expect FIRST NR [step=STEP]: RUNS",
        "expect fault PAGE",
        "expect COUNTER|AREA NUMBER",
    ),
    _verb(
        "Print the entries of pages as runs, or what the kernel would show: of a"
        " cgroup memory.zswap.current and its like, of a zram mm_stat and bd_stat.",
        "show FIRST NR [step=STEP]",
        "show swaps|meminfo|vmstat|zswap",
        "show cgroup PATH",
        "show zram AREA",
    ),
)
#: Every verb by name, in the order in which people read of them.
GRAMMAR: Final[Mapping[str, Verb]] = {verb.name: verb for verb in _VERBS}
