"""Cells that replay a trace: in a memory, under a design and a policy.

``ram`` is a size or a share of the pages of the trace; ``policy``, ``kernel``,
``zswap``, ``area``, ``lengths``, ``all_pages`` and ``seed`` are what swapemu replay
calls so, and names with a dot are knobs, set before the first reference.

Not here: running a cell (trace_jobs.py), one replay (emulator/replays/).
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from swaptools.emulator.machine.design import find_design
from swaptools.emulator.machine.knobs import read_setting
from swaptools.emulator.pressure.policy import find_policy
from swaptools.emulator.replays.lengths import Lengths
from swaptools.emulator.replays.replay import OF_FAULTS
from swaptools.errors import IllegalOperation, SwapToolsError, TraceError
from swaptools.kernel.releases import find_kernel
from swaptools.references import Order
from swaptools.sweep.cells import text_of
from swaptools.sweep.errors import ValueTrouble
from swaptools.sweep.trace_files import digest_of
from swaptools.sweep.trace_jobs import Looked, TraceJob
from swaptools.traces.formats import open_trace
from swaptools.traces.kinds import Swappable, why_nothing
from swaptools.traces.shipped import path_of
from swaptools.units import parse_size
from swaptools.working_set.next_use import PageNames

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from swaptools.sweep.cells import Value
    from swaptools.traces.formats import Trace

#: An area has so many times the pages of the trace, and at least so many.
_AREA_TIMES: Final = 2
_LEAST_AREA_PAGES: Final = 512
_USUAL_POLICY: Final = "two_lists"
#: Of a sample of lengths, the codec that is taken: zswap's and zram's usual ones.
_CODECS: Final = ("lzo", "lz4", "zstd", "deflate")
_NAMES: Final = (
    *("trace", "ram", "design", "policy", "kernel", "zswap", "area", "lengths"),
    *("all_pages", "seed"),
)
_SWITCHES: Final = ("zswap", "all_pages")


class TraceWorkload:
    """Traces, one for each value of the axis ``trace``."""

    def __init__(
        self, find: Callable[[str], str], nr_moments: int, *, with_slots: bool
    ) -> None:
        """Look for traces.

        Args:
            find: From a name in the study to a path.
            nr_moments: That are kept of each replay.
            with_slots: Whether the slots at each are kept.
        """
        self._find = find
        self._nr_moments = nr_moments
        self._with_slots = with_slots
        self._looked: dict[tuple[str, int, bool], Looked] = {}
        #: By path and hash.
        self._recorded: dict[tuple[str, str, bool], Looked] = {}

    def check(self, values: Mapping[str, Sequence[Value]]) -> None:
        """Check names and values, each for itself.

        Raises:
            ValueTrouble: One cannot be.
        """
        for name in values:
            if name not in _NAMES and "." not in name:
                known = ", ".join(_NAMES)
                raise ValueTrouble(name, f"is nothing of a replay, which has {known}")
        if "ram" not in values:
            raise ValueTrouble("", "no ram, fixed or as an axis")
        looks: dict[str, Callable[[Value], object]] = {
            "design": lambda value: find_design(str(value)),
            "policy": lambda value: find_policy(str(value)),
            "kernel": lambda value: find_kernel(str(value)),
            "ram": _ram,
            "area": lambda value: parse_size(text_of(value)),
            "lengths": _length,
            "seed": _seed,
            **dict.fromkeys(_SWITCHES, _switch),
        }
        for name, each in values.items():
            look = looks.get(name)
            for value in each:
                if look is not None:
                    _tried(name, partial(look, value))
                elif "." in name:
                    _tried(name, partial(read_setting, name, text_of(value)))
        self._check_traces(values)

    def _check_traces(self, values: Mapping[str, Sequence[Value]]) -> None:
        for name in values["trace"]:
            for seed in values.get("seed", (0,)):
                for all_pages in values.get("all_pages", (False,)):
                    _tried(
                        "trace",
                        partial(self._look, str(name), int(seed), bool(all_pages)),
                    )

    def _look(self, name: str, seed: int, all_pages: bool) -> Looked:
        key = (name, seed, all_pages)
        if key not in self._looked:
            self._looked[key] = self._looked_at(name, seed, all_pages)
        return self._looked[key]

    # What was recorded is the same under every seed, and is read once.
    def _looked_at(self, name: str, seed: int, all_pages: bool) -> Looked:
        path = self._place(name)
        place = (path, digest_of(path), all_pages)
        with open_trace(path, seed=seed) as found:
            if found.about.order is Order.GENERATED:
                return _counted(name, place[1], found, all_pages)
            if place not in self._recorded:
                self._recorded[place] = _counted(name, place[1], found, all_pages)
            return self._recorded[place]

    def _place(self, name: str) -> str:
        return path_of(self._find(name))

    def job(self, values: Mapping[str, Value]) -> TraceJob:
        """Make a cell ready.

        Raises:
            SwapToolsError: Its memory is less than the trace is good for, say.
        """
        name, seed = str(values["trace"]), int(values.get("seed", 0))
        all_pages = bool(values.get("all_pages", False))
        looked = self._look(name, seed, all_pages)
        page_size = looked.about.page_size
        is_of_faults = looked.about.order is Order.FAULTS
        ram_bytes = _ram(values["ram"], looked.pages * page_size)
        least = 1 if is_of_faults else looked.about.least_pages
        if ram_bytes < least * page_size:
            has = ram_bytes // page_size
            raise IllegalOperation(
                f"{name} says nothing of fewer than {least} pages, and ram "
                f"{text_of(values['ram'])} is {has}: record it with a smaller --k"
            )
        usual_area = max(_AREA_TIMES * looked.pages, _LEAST_AREA_PAGES)
        area = values.get("area")
        return TraceJob(
            name,
            str(Path(self._place(name)).resolve()),
            looked,
            ram_bytes,
            usual_area if area is None else parse_size(text_of(area)) // page_size,
            str(values["design"]) if "design" in values else None,
            OF_FAULTS if is_of_faults else str(values.get("policy", _USUAL_POLICY)),
            str(values["kernel"]) if "kernel" in values else None,
            bool(values.get("zswap", True)),
            tuple((n, text_of(v)) for n, v in values.items() if "." in n),
            _lengths(values.get("lengths", page_size // 2), looked),
            all_pages,
            seed,
            self._nr_moments,
            self._with_slots,
        )


def _counted(name: str, digest: str, trace: Trace, all_pages: bool) -> Looked:
    names, chosen = PageNames(), Swappable(trace)
    for batch in trace if all_pages else chosen:
        names.add(batch)
    if not names.nr_references:
        raise TraceError(name, why_nothing(chosen.left_out))
    lengths = _sampled(trace.source.lengths)
    return Looked(digest, trace.about, names.nr_references, names.nr_pages, lengths)


def _tried(name: str, look: Callable[[], object]) -> None:
    try:
        look()
    except OSError as exc:
        reason = str(exc) if isinstance(exc, SwapToolsError) else exc.strerror
        raise ValueTrouble(
            name, f"{exc.filename or ''}: {reason}".lstrip(": ")
        ) from exc
    except (SwapToolsError, ValueError) as exc:
        raise ValueTrouble(name, str(exc)) from exc


def _ram(value: Value, whole_bytes: int = 1 << 30) -> int:
    text = text_of(value)
    if not text.endswith("%"):
        return parse_size(text)
    percent = float(text[:-1])
    if not 0 < percent <= 1000:
        raise ValueError(f"{value} is no share from 0% to 1000%")
    return max(round(whole_bytes * percent / 100), 1)


def _seed(value: Value) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value} is no seed: a whole number from 0 on")
    return value


def _switch(value: Value) -> bool:
    if not isinstance(value, bool):
        reason = f"{value} is neither true nor false"
        raise ValueError(reason)  # noqa: TRY004 - of a file, not of a caller
    return value


def _length(value: Value) -> int | None:
    # Of all pages; None for what the trace has.
    text = text_of(value)
    number = text.removeprefix("fixed:")
    if text != "trace" and not (number.isascii() and number.isdigit()):
        raise ValueError(f"{value} is neither fixed:BYTES nor the text trace")
    return None if text == "trace" else int(number[:9])


def _lengths(value: Value, looked: Looked) -> Lengths:
    length, page_size = _length(value), looked.about.page_size
    if length is None:
        return Lengths.drawn("trace", looked.lengths, page_size)
    found = Lengths.fixed(length)
    found.check(page_size)
    return found


def _sampled(lengths: Mapping[str, Sequence[int]]) -> dict[int, int]:
    for codec in (*_CODECS, *lengths):
        if lengths.get(codec):
            return dict(Counter(lengths[codec]))
    return {}
