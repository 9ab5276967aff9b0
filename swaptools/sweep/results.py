"""Rows of studies as they lie in a file: read, and grouped by study.

Not here: appending to them (results_file.py), what is told of them (report/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swaptools import notebook
from swaptools.errors import StudyError
from swaptools.sweep.rows import About, Row, read_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from swaptools.sweep.cells import Value

#: Of one line: more is no row.
_MAX_LINE_BYTES: Final = 16 << 20


class Studied(NamedTuple):
    """A study with the rows that there are of it."""

    about: dict[str, Any]
    #: By what tells the cell; the newest where there are several.
    rows: dict[str, Row]


class Results:
    """Rows of a file, by study."""

    def __init__(self, path: str) -> None:
        """Begin with none."""
        self.path = path
        #: By the study's hash.
        self.studies: dict[str, Studied] = {}

    def add(self, line: Row | About) -> None:
        """Add a line of the file."""
        known = self.studies.get(line.study)
        if isinstance(line, About):
            rows = {} if known is None else known.rows
            self.studies[line.study] = Studied(line.about, rows)
        elif known is None:
            raise ValueError("a row of a study that the file has not told of before")
        else:
            known.rows[line.key] = line

    @property
    def rows(self) -> list[Row]:
        """All rows, study by study."""
        return [row for each in self.studies.values() for row in each.rows.values()]

    def to_rows(self) -> Sequence[Mapping[str, object]]:
        """Return flat rows, for a data frame: axes, then metrics, then the rest."""
        return [flat(row) for row in self.rows]

    def _repr_html_(self) -> str:
        return notebook.table(self.to_rows(), self.path)


def flat(row: Row) -> dict[str, Value | None]:
    """Return a row without what it has over time."""
    rest: dict[str, Value | None] = {
        "study": row.study,
        "error": row.error,
        "version": row.version,
        "seconds": row.seconds,
    }
    return {**row.cell, **row.metrics, **rest}


def read_results(path: str) -> Results:
    """Read the rows of a file; a last line that is torn is left out.

    Raises:
        OSError: It cannot be read.
        StudyError: It has none; with the line at fault.
    """
    found = read_lines(path)
    if not found.studies:
        raise StudyError(path, "has no rows of a study")
    return found


def read_lines(path: str) -> Results:
    """Read the lines of a file that may have none yet.

    Raises:
        OSError: It cannot be read.
        StudyError: A line is no row, with its number.
    """
    found = Results(path)
    for number, line in enumerate(_lines(path), 1):
        try:
            found.add(read_line(line))
        except ValueError as exc:
            raise StudyError(path, str(exc), number) from exc
    return found


def _lines(path: str) -> Iterator[str]:
    with open(path, "rb") as file:
        number = 0
        while line := file.readline(_MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > _MAX_LINE_BYTES:
                raise StudyError(path, f"longer than {_MAX_LINE_BYTES} bytes", number)
            if not line.endswith(b"\n"):
                return
            try:
                yield line.decode("ascii")
            except UnicodeDecodeError as exc:
                raise StudyError(path, "no rows of a study", number) from exc
