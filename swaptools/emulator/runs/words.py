"""The words of a script's line, each read within the limits of what may be asked.

A line that asks for more than a machine could be is refused when it is read, before
anything is made for it.

Not here: what the words mean (script.py, scenario.py).

Kernel: CONFIG_NR_CPUS is at most 8192; a swap header counts pages in 32 bits.
Same: those two limits.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from swaptools.errors import ScriptError, quoted
from swaptools.units import parse_size

#: Pages that one line may touch or show: 64 GiB in pages of 4096 bytes.
MAX_LINE_PAGES: Final = 1 << 24
#: Pages that an area can have.
MAX_AREA_PAGES: Final = 1 << 32
#: What any other number may be.
_MAX_NUMBER: Final = (1 << 63) - 1
_MAX_DIGITS: Final = 19


@dataclass(frozen=True, slots=True)
class Line:
    """One operation as it stands in a script."""

    #: One-based.
    number: int
    #: Without its comment.
    text: str
    words: tuple[str, ...]

    @property
    def verb(self) -> str:
        """The first word."""
        return self.words[0]

    def error(self, reason: str) -> ScriptError:
        """Return the exception that says what is wrong with the line."""
        return ScriptError(f"{self.verb}: {reason}", self.number)

    def word(self, place: int, what: str) -> str:
        """Return a word.

        Raises:
            ScriptError: The line is shorter.
        """
        if place >= len(self.words):
            raise self.error(f"no {what}")
        return self.words[place]

    def count(
        self, place: int, what: str, *, least: int = 0, most: int = _MAX_NUMBER
    ) -> int:
        """Return a word that is a number; a colon may end it.

        Raises:
            ScriptError: There is none, or it is out of range.
        """
        word = self.word(place, what).removesuffix(":")
        return self._number(word, what, least, most)

    def range(self, place: int = 1) -> tuple[int, int]:
        """Return ``FIRST NR``: the first page, and how many.

        Raises:
            ScriptError: They are no numbers, or more pages than a line may touch.
        """
        first = self.count(place, "first page")
        what = "page count"
        return first, self.count(place + 1, what, least=1, most=MAX_LINE_PAGES)

    def has_pages(self) -> bool:
        """Tell whether a number follows the first word."""
        word = self.words[1] if len(self.words) > 1 else ""
        return word.isascii() and word.isdigit()

    def size_pages(self, place: int, page_size: int) -> int:
        """Return the pages of an area: a number of them, or a size with a suffix.

        Raises:
            ScriptError: It is neither, or more than a header can say.
        """
        word = self.word(place, "size")
        if word.isascii() and word.isdigit():
            return self._number(word, "size", 0, MAX_AREA_PAGES)
        try:
            pages = parse_size(word) // page_size
        except ValueError as exc:
            raise self.error(str(exc)) from exc
        if pages > MAX_AREA_PAGES:
            raise self.error(f"size {quoted(word)} is more than {MAX_AREA_PAGES} pages")
        return pages

    def size_bytes(self, place: int) -> int:
        """Return a size in bytes, with a suffix or without.

        Raises:
            ScriptError: It is none.
        """
        try:
            return parse_size(self.word(place, "size"))
        except ValueError as exc:
            raise self.error(str(exc)) from exc

    def options(self, place: int, *known: str) -> dict[str, str]:
        """Return the words ``NAME=VALUE`` from a place on; a lone name has no value.

        Raises:
            ScriptError: One has another name.
        """
        options = {}
        for word in self.words[place:]:
            name, _, value = word.partition("=")
            if name not in known:
                names = ", ".join(known) or "none"
                raise self.error(f"no option {quoted(name)}; known: {names}")
            options[name] = value
        return options

    def option(
        self, options: dict[str, str], name: str, *, least: int = 0, most: int
    ) -> int | None:
        """Return the number that an option has, None without it.

        Raises:
            ScriptError: It is no number, or out of range.
        """
        if name not in options:
            return None
        return self._number(options[name], name, least, most)

    def list_option(self, options: dict[str, str], name: str) -> list[int]:
        """Return the numbers that an option has, separated by commas.

        Raises:
            ScriptError: One is no number.
        """
        words = options.get(name, "").split(",")
        return [self._number(word, name, 0, _MAX_NUMBER) for word in words if word]

    def _number(self, word: str, what: str, least: int, most: int) -> int:
        digits = word.removeprefix("-") if least < 0 else word
        if not digits.isascii() or not digits.isdigit():
            raise self.error(f"{what} {quoted(word)} is no number")
        if len(digits) > _MAX_DIGITS or not least <= int(word) <= most:
            raise self.error(f"{what} {quoted(word)} is not {least} to {most}")
        return int(word)


def read_lines(text: str) -> list[Line]:
    """Return the lines of a script, comments and empty ones left out.

    They end where an editor ends them, whatever else Unicode calls a line.
    """
    lines = []
    for number, raw in enumerate(text.split("\n"), 1):
        stripped = raw.partition("#")[0].strip()
        if stripped:
            lines.append(Line(number, stripped, tuple(stripped.split())))
    return lines
