"""A study: a file of TOML that says what is asked, read and checked whole.

    title = "Disk slots that zswap wastes"
    question = "How many slots do pages hold that are only in zswap?"
    metrics = ["disk_slots_held_peak"]   # all of them if nothing is said
    moments = 32                         # kept of each run; none if nothing is said
    slots = true                         # and the slots at each

    [fixed]
    script = "fill.swap"

    [axes]
    design = ["plain", "vswap"]
    pool_percent = [10, 20, 40]

Not here: what a value may be (scripts.py), running it (run.py).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from swaptools.errors import ScriptError, StudyError, SwapToolsError, quoted
from swaptools.sweep.cells import Cell, canonical, digest, name_of
from swaptools.sweep.errors import ValueTrouble
from swaptools.sweep.places import line_of
from swaptools.sweep.workloads import WORKLOADS, known_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from swaptools.sweep.cells import Value, Workload

#: More is no study but a mistake.
MAX_CELLS: Final = 1_000_000
_MAX_BYTES: Final = 1 << 20
_MAX_MOMENTS: Final = 1000
_KEYS: Final[dict[str, type]] = {
    "title": str,
    "question": str,
    "left_out": str,
    "metrics": list,
    "moments": int,
    "slots": bool,
    "fixed": dict,
    "axes": dict,
}


@dataclass(frozen=True, slots=True)
class Study:
    """What is asked, and of what."""

    path: str
    title: str
    question: str
    #: What the study does not tell, in words.
    left_out: str
    fixed: dict[str, Value]
    axes: dict[str, tuple[Value, ...]]
    #: Which are kept; empty for all.
    metrics: tuple[str, ...]
    moments: int
    slots: bool
    workload: Workload

    @property
    def hash(self) -> str:
        """What tells its rows from those of others.

        Titles and values of axes are not in it, so that an axis may grow.
        """
        kept = [sorted(self.axes), self.fixed, self.metrics, self.moments, self.slots]
        return digest(canonical(kept))[:16]

    @property
    def nr_cells(self) -> int:
        """How many combinations there are."""
        return prod(map(len, self.axes.values()))

    def cells(self, only: Mapping[str, Sequence[str]] | None = None) -> Iterator[Cell]:
        """Yield the combinations, the last axis fastest.

        Args:
            only: Of some axes the values, as text, that are wanted.

        Raises:
            StudyError: One cannot be made ready.
        """
        axes = {name: self._wanted(name, only or {}) for name in self.axes}
        for values in product(*axes.values()):
            yield self._cell(dict(zip(axes, values, strict=True)))

    def _wanted(self, name: str, only: Mapping[str, Sequence[str]]) -> list[Value]:
        wanted = only.get(name)
        return [v for v in self.axes[name] if wanted is None or str(v) in wanted]

    def _cell(self, values: dict[str, Value]) -> Cell:
        try:
            return Cell(values, self.workload.job(self.fixed | values))
        except ScriptError as exc:
            script = {**self.fixed, **values}.get("script")
            where = f"{script}: {exc}" if exc.line else str(exc.args[0])
            raise StudyError(self.path, f"{name_of(values)}: {where}") from exc
        except SwapToolsError as exc:
            raise StudyError(self.path, f"{name_of(values)}: {exc}") from exc

    def about(self) -> dict[str, Any]:
        """Return what its rows are told with."""
        return {
            "path": Path(self.path).name,
            "title": self.title,
            "question": self.question,
            "left_out": self.left_out,
            "fixed": self.fixed,
            "axes": {name: list(values) for name, values in self.axes.items()},
            "metrics": list(self.metrics),
        }


def read_study(path: str) -> Study:
    """Read a study and check it, each of its cells included.

    Raises:
        OSError: It cannot be read.
        StudyError: It is none, or one that cannot be run; with the line at fault.
    """
    with open(path, "rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise StudyError(path, f"longer than {_MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8")
        found = tomllib.loads(text)
    except UnicodeDecodeError as exc:
        raise StudyError(path, "not a text file") from exc
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise _toml_error(path, str(exc)) from exc
    try:
        return _study(path, found)
    except ValueTrouble as exc:
        raise StudyError(path, _reason(exc), line_of(text, exc.name)) from exc


def _reason(exc: ValueTrouble) -> str:
    return f"{exc.name}: {exc.reason}" if exc.name else exc.reason


def _toml_error(path: str, reason: str) -> StudyError:
    # tomllib's last words are where it was.
    what, _, where = reason.rpartition(" (at line ")
    line = where.partition(",")[0]
    if what and line.isdigit():
        return StudyError(path, what, int(line))
    return StudyError(path, reason.removesuffix(" (at end of document)"))


def _study(path: str, found: dict[str, Any]) -> Study:
    for key, value in found.items():
        if key not in _KEYS:
            known = ", ".join(_KEYS)
            raise ValueTrouble("", f"no key {quoted(key)}; known: {known}")
        if type(value) is not _KEYS[key]:
            raise ValueTrouble(key, f"is no {_KIND[_KEYS[key]]}")
    fixed = _fixed(found.get("fixed", {}))
    axes = _axes(found.get("axes", {}), fixed)
    moments = _moments(found)
    values = {**{name: (value,) for name, value in fixed.items()}, **axes}
    workload = _workload(path, values, found, moments)
    study = Study(
        path,
        found.get("title", Path(path).stem),
        found.get("question", ""),
        found.get("left_out", ""),
        fixed,
        axes,
        _metrics(found.get("metrics", []), values),
        moments,
        found.get("slots", False),
        workload,
    )
    if study.nr_cells > MAX_CELLS:
        raise ValueTrouble("axes", f"{study.nr_cells:,} cells; at most {MAX_CELLS:,}")
    return study


_KIND: Final[dict[type, str]] = {
    str: "text",
    list: "list",
    int: "whole number",
    bool: "true or false",
    dict: "table",
}


def _fixed(table: Mapping[str, Any]) -> dict[str, Value]:
    for name, value in table.items():
        _check_value(name, value)
    return dict(table)


def _axes(
    table: Mapping[str, Any], fixed: Mapping[str, Value]
) -> dict[str, tuple[Value, ...]]:
    if not table:
        raise ValueTrouble("axes", "there is none")
    for name, values in table.items():
        if name in fixed:
            raise ValueTrouble(name, "is fixed, and an axis as well")
        if not isinstance(values, list) or not values:
            raise ValueTrouble(name, "is no list of values")
        for value in values:
            _check_value(name, value)
        texts = [str(value) for value in values]
        for text in texts:
            if texts.count(text) > 1:
                raise ValueTrouble(name, f"has {quoted(text)} twice")
    return {name: tuple(values) for name, values in table.items()}


def _check_value(name: str, value: object) -> None:
    if isinstance(value, dict):
        raise ValueTrouble(name, f'is a table; a name with a dot is quoted: "{name}.…"')
    if not isinstance(value, str | int | float):
        raise ValueTrouble(name, "has what is neither text nor a number")
    if isinstance(value, str) and not (value.isprintable() and value.strip() == value):
        raise ValueTrouble(name, f"{quoted(value)} is no value of one line")
    if isinstance(value, float) and value - value != 0:
        raise ValueTrouble(name, f"{value} is no number")


def _moments(found: Mapping[str, Any]) -> int:
    moments = int(found.get("moments", 32 if found.get("slots") else 0))
    if not 0 <= moments <= _MAX_MOMENTS:
        raise ValueTrouble("moments", f"{moments} is not 0 to {_MAX_MOMENTS}")
    return moments


def _workload(
    path: str,
    values: Mapping[str, Sequence[Value]],
    found: Mapping[str, Any],
    moments: int,
) -> Workload:
    named = [name for name in WORKLOADS if name in values]
    if len(named) != 1:
        known = " or a ".join(WORKLOADS)
        much = "more than one" if named else "no"
        raise ValueTrouble("", f"{much} workload: name a {known}, fixed or as an axis")
    if "" in values[named[0]]:  # the directory of the study, to Path()
        raise ValueTrouble(named[0], "has a name that is empty")
    folder = Path(path).parent

    def find(name: str) -> str:
        return str(folder / name) if (folder / name).exists() else name

    made = WORKLOADS[named[0]](find, moments, with_slots=found.get("slots", False))
    made.check(values)
    return made


def _metrics(
    names: Sequence[object], values: Mapping[str, Sequence[Value]]
) -> tuple[str, ...]:
    known = known_metrics(values)
    for name in names:
        if name not in known:
            reason = f"no metric {quoted(str(name))}; known: {', '.join(sorted(known))}"
            raise ValueTrouble("metrics", reason)
    return tuple(map(str, names))
