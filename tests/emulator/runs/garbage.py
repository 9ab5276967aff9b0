"""Random scripts: some that can be run, some that say nothing at all; seeded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.runs.forms import KINDS
from swaptools.emulator.runs.grammar import GRAMMAR

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from swaptools.emulator.runs.forms import Form

#: Words that stand for each kind, good ones and bad ones.
_WORDS: dict[str, Sequence[str]] = {
    "KERNEL": ("6.18", "7.2", "ghost-rfc", "moon", "5.4.3-x"),
    "CPUS": ("1", "2", "0", "99999", "x"),
    "CPU": ("0", "1", "7"),
    "RAM": ("64M", "320K", "1G", "4096", "-1", "9Q"),
    "SIZE": ("64", "600", "2M", "64G", "0", "17T", "x"),
    "NAME": ("a", "b", "main", "t", "\u2028x", "=", "virtual"),
    "AREA": ("a", "b", "virtual", "c"),
    "SOURCE": ("a", "b"),
    "TARGET": ("a", "b"),
    "COUNTER|AREA": ("a", "pswpout", "SwapFree", "stored_pages", "swaps"),
    "PATH": ("/", "x", "x/y", "/z", "//"),
    "TIER": ("SSD", "HDD"),
    "TIERS": ("+SSD:8 +HDD:-1", "+SSD:8", "-SSD", "+:"),
    "KNOB": ("zswap.enabled", "zswap.compressor", "x/memory.zswap.max", "a.mem_limit"),
    "VALUE": ("1", "Y", "deflate", "lz4", "max", "4096", "x"),
    "BACKING": (
        "block",
        "file",
        "ghost",
        "zram",
        "ghost-block",
        "error",
        "zero",
        "tape",
    ),
    "FIRST": ("0", "1", "100", "268435456", "70000", "x", "\u0663"),
    "PAGE": ("0", "5", "x"),
    "NR": ("1", "7", "300", "0", "16777217", "1e3"),
    "COUNT": ("1", "20", "0"),
    "NUMBER": ("0", "5", "x"),
    "ORDER": ("0", "2", "4", "10"),
    "BYTES": ("0", "100", "4096", "4097"),
    "WORD": ("", "x", "words"),
    "STEP": ("1", "3", "0"),
    "PRIO": ("0", "5", "40000"),
    "PERCENT": ("0", "20", "101"),
    "LIST": ("3", "3,4", "3,,4", "", "999"),
    "POLICY": ("fifo", "lru", "nobody", ""),
    "LIMIT": ("max", "0", "20", "1M", "x"),
    "AMOUNT": ("1", "64K", "0", "max"),
    "TIMES": ("1", "30", "0"),
    "ALPHA": ("0", "0.9", "1", "1.x", "99"),
    "SEED": ("0", "7", "-1"),
}
_STRAY = (":", "#", "=", "step=", "0", "show", "\t", "\x00", "order=1", "é")


def some_garbage(choose: random.Random) -> str:
    """Make a script of lines that look like lines, and of some that do not."""
    good = choose.choice(("", "", "swapon a block 64", "zswap on\nwrite 0 200\n"))
    return "\n".join([good, *(_line(choose) for _ in range(choose.randrange(1, 7)))])


def _line(choose: random.Random) -> str:
    if choose.random() < 0.1:
        return "".join(chr(choose.randrange(1, 0x2100)) for _ in range(12))
    form = choose.choice(choose.choice(list(GRAMMAR.values())).forms)
    words = [form.usage.split()[0], *_words(choose, form)]
    if choose.random() < 0.15:
        words.insert(choose.randrange(len(words) + 1), choose.choice(_STRAY))
    if choose.random() < 0.1:
        words.pop(choose.randrange(len(words)))
    return " ".join(words)


def _words(choose: random.Random, form: Form) -> list[str]:
    words = [
        choose.choice(_WORDS[part.text] if part.is_kind else part.choices)
        for part in form.parts
        if not part.is_optional or choose.random() < 0.5
    ]
    for name, kind in form.options.items():
        if choose.random() < 0.3:
            words.append(f"{name}={choose.choice(_WORDS[kind])}" if kind else name)
    if form.has_runs:
        words.append(": " + choose.choice(("1-7", "none", "present*3", "x", "0:1-2")))
    return words


def every_kind_has_words() -> bool:
    """Tell whether no kind of the grammar is left out."""
    return _WORDS.keys() == KINDS.keys()
