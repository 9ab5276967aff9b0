"""The words of a script's line, each read within the limits of what may be asked.

A line that asks for more than a machine could be is refused when it is read, before
anything is made for it.

Not here: which words a line has (grammar.py), what they mean (names.py,
verbs.py).

Kernel: CONFIG_NR_CPUS is at most 8192; a swap header counts pages in 32 bits.
Same: those two limits.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from swaptools.errors import ScriptError, quoted
from swaptools.units import parse_size

if TYPE_CHECKING:
    from collections.abc import Iterable

#: In pages of a script's machine, which is not told another page size.
PAGE_SIZE: Final = 4096
#: Pages that one line may touch or show: 64 GiB in pages of 4096 bytes.
MAX_LINE_PAGES: Final = 1 << 24
#: Pages that an area can have.
MAX_AREA_PAGES: Final = 1 << 32
#: What any other number may be.
MAX_NUMBER: Final = (1 << 63) - 1
_MAX_DIGITS: Final = 19
_MAX_ALPHA: Final = 10
#: Less memory than this is more likely meant as a number of pages.
_LEAST_BARE_BYTES: Final = 1 << 20


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


def read_title(text: str) -> str:
    """Return the comments in front of the first operation, as one line."""
    title = []
    for raw in text.split("\n"):
        words, _, comment = raw.partition("#")
        if words.strip():
            break
        title.append(comment.strip())
    return " ".join(filter(None, title))


def is_number(word: str) -> bool:
    """Tell whether a word is digits and nothing else."""
    return word.isascii() and word.isdigit()


def read_number(word: str, what: str, least: int = 0, most: int = MAX_NUMBER) -> int:
    """Return a word that is a number.

    Raises:
        ValueError: It is none, or out of range.
    """
    if not is_number(word):
        raise ValueError(f"{what} {quoted(word)} is no number")
    if len(word) > _MAX_DIGITS or not least <= int(word) <= most:
        raise ValueError(f"{what} {quoted(word)} is not {least} to {most}")
    return int(word)


def read_numbers(word: str, what: str) -> tuple[int, ...]:
    """Return numbers with commas between them.

    Raises:
        ValueError: One is none.
    """
    return tuple(read_number(each, what) for each in word.split(",")) if word else ()


def read_area_pages(word: str, what: str) -> int:
    """Return the pages of an area: a number of them, or a size with a suffix.

    Raises:
        ValueError: It is neither, or not a size that a header can say.
    """
    if is_number(word):
        pages = read_number(word, what, 0, MAX_AREA_PAGES)
    else:
        pages = parse_size(word) // PAGE_SIZE
    if pages > MAX_AREA_PAGES:
        raise ValueError(f"{what} {quoted(word)} is more than {MAX_AREA_PAGES} pages")
    if pages < 2:
        raise ValueError(f"{what} {quoted(word)} is less than two pages")
    return pages


def read_ram_bytes(word: str, what: str) -> int:
    """Return the memory of a machine in bytes.

    Raises:
        ValueError: It is no size, or a bare number that would be next to nothing.
    """
    size_bytes = parse_size(word)
    if is_number(word) and size_bytes < _LEAST_BARE_BYTES:
        raise ValueError(
            f"{what} {quoted(word)} is bytes, and few; say {word}B if it is meant,"
            f" or another unit as in 64M"
        )
    if size_bytes < PAGE_SIZE:
        raise ValueError(f"{what} {quoted(word)} is less than a page")
    return size_bytes


def read_limit(word: str, what: str) -> int:
    """Return a limit in pages, of which there is a number or a size; -1 for ``max``.

    Raises:
        ValueError: It is none of these.
    """
    if word == "max":
        return -1
    if is_number(word):
        return read_number(word, what, 0, MAX_AREA_PAGES)
    pages = parse_size(word) // PAGE_SIZE
    if pages > MAX_AREA_PAGES:
        raise ValueError(f"{what} {quoted(word)} is more than {MAX_AREA_PAGES} pages")
    return pages


def read_alpha(word: str, what: str) -> float:
    """Return the exponent of a Zipf distribution.

    Raises:
        ValueError: It is no number from 0 to 10.
    """
    whole, _, part = word.partition(".")
    if (
        not is_number(whole)
        or (part and not is_number(part))
        or len(word) > _MAX_DIGITS
    ):
        raise ValueError(f"{what} {quoted(word)} is no number")
    if float(word) > _MAX_ALPHA:
        raise ValueError(f"{what} {quoted(word)} is not 0 to {_MAX_ALPHA}")
    return float(word)


def read_choice(word: str, what: str, known: Iterable[str]) -> str:
    """Return a word that is one of those known.

    Raises:
        ValueError: It is not; the message lists them.
    """
    names = list(known)
    if word not in names:
        raise ValueError(f"no {what} {quoted(word)}; known: {', '.join(names)}")
    return word
