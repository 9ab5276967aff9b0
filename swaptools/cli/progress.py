"""How far long work is, on a terminal's standard error: of how much, how long still.

Nothing is said of what takes less than a second, nor where nobody looks; when it is
done the line is taken away again.

Not here: Ctrl-C in the middle of a line (interrupts.py).
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final, TypeVar

import click

from swaptools.cli import interrupts
from swaptools.cli.wrapping import shortened, terminal_width, width_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_Row = TypeVar("_Row")

#: What is done by then is not spoken of.
SHOWN_AFTER_S: Final = 1.0
_EVERY_S: Final = 0.2
#: Rows that pass between two looks at the clock.
_ROWS: Final = 16


class ProgressLine:
    """A line that says how far work is; call it with what is done, and all there is.

    Args:
        what: Is done, escaped.
        clock: Seconds that pass.
    """

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._clock = clock
        self._begin = self._next = clock()
        self._from = 0
        self._next += SHOWN_AFTER_S
        self._is_terminal = sys.stderr.isatty()

    def begin_at(self, done: int) -> None:
        """Take what was done before for given, and how long it took for nothing."""
        self._from, self._begin = done, self._clock()

    def __call__(self, done: int, total: int) -> None:
        """Show ``done`` of ``total``, when it is time to."""
        if self._is_terminal and self._is_time(is_done=done >= total):
            percent = 100 * done // total if total else 100
            _show(f"{self._what}: {percent:3d} %{self._left(done, total)}")

    def count(self, done: int) -> None:
        """Show what is done of what nobody knows the end of."""
        if self._is_terminal and self._is_time():
            _show(f"{done} {self._what}")

    def _is_time(self, *, is_done: bool = False) -> bool:
        if is_done:
            take_away()
            return False
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + _EVERY_S
        return True

    def _left(self, done: int, total: int) -> str:
        here = done - self._from
        if here <= 0:
            return ""
        seconds = (self._clock() - self._begin) * (total - done) / here
        return f", {duration(seconds)} left"


def reading(name: str) -> Callable[[int, int], None]:
    """Return what tells how much is read of a file, made when it is called first.

    Thousands of files are answered before there is anything to tell.

    Args:
        name: Of the file, escaped; ``-`` for standard input.
    """
    line: ProgressLine | None = None

    def tell(done: int, total: int) -> None:
        nonlocal line
        if line is None:
            what = "standard input" if name == "-" else name
            line = ProgressLine(f"reading {what}")
        line(done, total)

    return tell


def duration(seconds: float) -> str:
    """Return a time as a person says it.

    >>> duration(0.2), duration(75), duration(5000), duration(200000)
    ('1 s', '2 min', '1 h 24 min', '2 d 7 h')
    """
    if seconds <= 60:
        return f"{max(round(seconds), 1)} s"
    minutes = -int(-seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes // 60 % 24} h"


def counted(
    rows: Iterable[_Row],
    what: str,
    total: int | None,
    part: Callable[[_Row], int] | None = None,
) -> Iterator[_Row]:
    """Tell how many of the rows are done, while a file takes the output.

    Args:
        rows: What is gone through.
        what: What they are.
        total: How many they are, or how long they are, where that is known.
        part: How much of the total a row is, where it is not one.
    """
    if sys.stdout.isatty() or not sys.stderr.isatty():
        yield from rows
        return
    line = ProgressLine(what)
    done = 0
    for number, row in enumerate(rows):
        if number and number % _ROWS == 0:
            line.count(number) if total is None else line(done, total)
        yield row
        done += part(row) if part else 1
    take_away()


def take_away() -> None:
    """Leave nothing of the line that progress is shown in."""
    global _shown_columns
    if interrupts.is_within_line:
        click.echo(f"\r{' ' * _shown_columns}\r", nl=False, err=True)
        interrupts.is_within_line = False
    _shown_columns = 0


_shown_columns = 0


def _show(text: str) -> None:
    global _shown_columns
    width = terminal_width(sys.stderr)
    if width is not None:
        text = shortened(text, width - 1, "~")
    blanks = " " * (_shown_columns - width_of(text))
    _shown_columns = width_of(text)
    # In this order: Ctrl-C may come in between.
    interrupts.is_within_line = True
    click.echo(f"\r{text}{blanks}", nl=False, err=True)
