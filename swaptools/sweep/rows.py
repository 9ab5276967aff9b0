"""Rows: one line of JSON for a cell that has ended, and one for a study that began.

Not here: the file that they are appended to (results_file.py).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swaptools.sweep.cells import cell_key

if TYPE_CHECKING:
    from swaptools.sweep.cells import Number, Value

#: What every line begins with.
BEGINNING: Final = '{"study": "'


class Row(NamedTuple):
    """What has come of a cell; its fields are the keys of its line."""

    #: The study's hash.
    study: str
    #: By axis.
    cell: dict[str, Value]
    #: Of each file that it read, a hash.
    inputs: dict[str, str]
    #: By name; empty where it failed.
    metrics: dict[str, Number | None]
    #: Of each quantity, at the moments that are kept.
    series: dict[str, list[Number]]
    #: Of each area, how full its parts were at these moments.
    slots: list[dict[str, Any]]
    #: Why there are no metrics; None where there are.
    error: str | None
    #: Of swaptools, that made it.
    version: str
    #: How long it took.
    seconds: float

    @property
    def key(self) -> str:
        """What tells its cell from every other one of the study."""
        return cell_key(self.cell, self.inputs)

    def line(self) -> str:
        """Return the line that it is in a file."""
        return _line(self._asdict())


class About(NamedTuple):
    """What a study is, in front of its rows."""

    #: Its hash.
    study: str
    #: Path, title, question, what is left out, fixed values, axes, metrics.
    about: dict[str, Any]
    #: Of swaptools, that began it.
    version: str

    def line(self) -> str:
        """Return the line that it is in a file."""
        return _line(self._asdict())


_ROW: Final[dict[str, tuple[type, ...]]] = {
    "study": (str,),
    "cell": (dict,),
    "inputs": (dict,),
    "metrics": (dict,),
    "series": (dict,),
    "slots": (list,),
    "error": (str, type(None)),
    "version": (str,),
    "seconds": (float, int),
}
_ABOUT: Final[dict[str, tuple[type, ...]]] = {
    "study": (str,),
    "about": (dict,),
    "version": (str,),
}
_OF_ABOUT: Final[dict[str, type]] = {
    "path": str,
    "title": str,
    "question": str,
    "left_out": str,
    "fixed": dict,
    "axes": dict,
    "metrics": list,
}


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=True) + "\n"


def read_line(text: str) -> Row | About:
    """Understand a line.

    Raises:
        ValueError: It is none, with the reason.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ValueError("not a line of JSON") from exc
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004 - of a file, not of a caller
    if "about" in found:
        _check(found, _ABOUT)
        _check(found["about"], {name: (kind,) for name, kind in _OF_ABOUT.items()})
        if not all(isinstance(each, list) for each in found["about"]["axes"].values()):
            raise ValueError("an axis is no list")
        return About(**found)
    _check(found, _ROW)
    _check_numbers(found)
    return Row(**found)


def _check(found: dict[str, Any], kinds: dict[str, tuple[type, ...]]) -> None:
    if found.keys() != kinds.keys():
        odd = sorted(found.keys() ^ kinds.keys())
        raise ValueError(f"no row of a study: {', '.join(odd)}"[:200])
    for name, kind in kinds.items():
        if type(found[name]) not in kind:
            raise ValueError(f"{name} is not what it has to be")


def _check_numbers(found: dict[str, Any]) -> None:
    if not all(_is_number(n) or n is None for n in found["metrics"].values()):
        raise ValueError("a metric is no number")
    for values in found["series"].values():
        if not isinstance(values, list) or not all(map(_is_number, values)):
            raise ValueError("a series is no list of numbers")
    if not all(isinstance(v, str | int | float) for v in found["cell"].values()):
        raise ValueError("a value of the cell is neither text nor a number")
    for area in found["slots"]:
        if not _is_area(area):
            raise ValueError("slots are not what they have to be")


def _is_number(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and value - value == 0  # type: ignore[operator]


def _is_area(area: object) -> bool:
    return (
        isinstance(area, dict)
        and area.keys() == {"area", "nr_slots", "used"}
        and isinstance(area["area"], str)
        and isinstance(area["nr_slots"], int)
        and isinstance(area["used"], list)
        and all(
            each is None
            or (isinstance(each, str) and each.isascii() and each.isdigit())
            for each in area["used"]
        )
    )
