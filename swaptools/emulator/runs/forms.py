"""How a line is written and read: kinds of words, and forms made of them.

A form is written as a person would write it: a word in capitals stands for one of
its kind (KINDS), words with a bar between them are a choice, brackets hold what may
be left out. ``RUNS`` is whatever follows the colon.

Not here: which forms there are (grammar.py), whether a name is one of the script
(names.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swaptools.emulator.core.constants import SWAP_NR_ORDERS
from swaptools.emulator.runs.entries import read_runs
from swaptools.emulator.runs.words import (
    MAX_AREA_PAGES,
    MAX_LINE_PAGES,
    PAGE_SIZE,
    is_number,
    read_alpha,
    read_area_pages,
    read_limit,
    read_number,
    read_numbers,
    read_ram_bytes,
)
from swaptools.errors import quoted

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


# What brings a machine, or all kernels, is imported where a word is read: who prints
# the language needs none of them.


def _kernel(word: str, _what: str) -> str:
    from swaptools.kernel.releases import find_kernel

    find_kernel(word)
    return word


def _policy(word: str, _what: str) -> str:
    from swaptools.emulator.pressure.policy import find_policy

    find_policy(word)
    return word


def _step(word: str, what: str) -> int:
    from swaptools.emulator.machine.state import MAX_TASK_PAGES

    return read_number(word, what, least=1, most=MAX_TASK_PAGES)


def _priority(word: str, what: str) -> int:
    from swaptools.emulator.machine.areas import MAX_PRIORITY

    return read_number(word, what, least=0, most=MAX_PRIORITY)


def _amount(word: str, what: str) -> int:
    pages = read_limit(word, what)
    if pages < 1:
        raise ValueError(f"{what} {quoted(word)} is not a page at least")
    return pages


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
    "STEP": Kind("step", _step),
    "PRIO": Kind("prio", _priority),
    "PERCENT": Kind("max_pool_percent", _numbers(0, 100)),
    "LIST": Kind("bad", read_numbers),
    "POLICY": Kind("policy", _policy),
    "LIMIT": Kind("limit", read_limit),
    "AMOUNT": Kind("size", _amount),
    "TIMES": Kind("number of references", _numbers(1, MAX_LINE_PAGES)),
    "ALPHA": Kind("alpha", read_alpha),
    "SEED": Kind("seed", read_number),
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
        if all(form.parts[0].text == "FIRST" for form in self.forms):
            return self._form_by_choice(line)
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

    # Of forms that begin alike, the one with the word that the line has in its place.
    def _form_by_choice(self, line: Line) -> Form:
        known = []
        for form in self.forms:
            place = next(n for n, part in enumerate(form.parts) if not part.is_kind)
            choices = form.parts[place].choices
            if len(line.words) <= place + 1 or line.words[place + 1] in choices:
                return form
            known += choices
        word = line.words[place + 1]
        raise line.error(f"no {quoted(word)}; known: {', '.join(known)}")


_OPTION = re.compile(r"\[(?P<name>[a-z_0-9]+)(?:=(?P<kind>[A-Z]+))?\]")


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


def verb(summary: str, *usages: str) -> Verb:
    """Make a verb of its forms as people write them."""
    return Verb(usages[0].split()[0], summary, tuple(_form(usage) for usage in usages))
