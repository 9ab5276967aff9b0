"""Cells that run a script: values go in its places, or ahead of it.

``design`` fits the machine; ``kernel``, ``cpus`` and ``ram`` are lines in front of the
script, and knobs, which have a dot in their names, are ``set`` lines behind its own
settings. Any value goes where the script has ``$NAME`` instead, if it has; one that
would go nowhere, or that the script settles itself, is an error.

Not here: places in a script (placeholders.py), the language (emulator/runs/grammar.py),
reading files (script_files.py).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swaptools.emulator.machine.design import NO_DESIGN, find_design
from swaptools.emulator.machine.knobs import read_setting
from swaptools.emulator.runs.names import Names
from swaptools.emulator.runs.run import Run
from swaptools.emulator.runs.script import Script, parse_script, run_script
from swaptools.emulator.runs.words import read_title
from swaptools.errors import ScriptError, SwapToolsError
from swaptools.script_files import read_script_file
from swaptools.sweep.cells import Outcome, digest, text_of
from swaptools.sweep.errors import ValueTrouble
from swaptools.sweep.moments import Moments
from swaptools.sweep.placeholders import filled, names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from swaptools.emulator.machine.design import Design
    from swaptools.sweep.cells import Value

#: What a machine has before anything is done on it, a line each.
_FRONT: Final = ("kernel", "cpus", "ram")
#: Verbs behind which knobs are set: a machine starts with the first other one.
_SETTINGS: Final = (*_FRONT, "zswap")


class ScriptJob(NamedTuple):
    """A script with the values of one cell."""

    path: str
    #: Its own lines, with values in them.
    text: str
    #: What goes in front of it, and what behind its settings.
    front: tuple[str, ...]
    knobs: tuple[str, ...]
    design: str
    #: Moments that are kept of the run, and whether the slots at each are.
    nr_moments: int
    with_slots: bool
    #: Of the script, before values went into it.
    digest: str
    #: Pages that it touches.
    nr_pages: int = 0

    @property
    def inputs(self) -> dict[str, str]:
        """The script's hash."""
        return {self.path: self.digest}

    @property
    def files(self) -> dict[str, str]:
        """Nothing: the text goes along."""
        return {}

    @property
    def policy(self) -> str | None:
        """The one that it names last."""
        named = [each.policy for each in self.script() if each.policy]
        return named[-1] if named else None

    def fitted(self) -> Design:
        """Return what the machine is fitted with."""
        return find_design(self.design) if self.design else NO_DESIGN

    def script(self) -> Script:
        """Read and check it.

        Raises:
            ScriptError: A line cannot be understood, with its number in the file; 0
                for a line that is a value of the study.
        """
        names = Names(design=self.fitted())
        lines = self.text.split("\n")
        place = _end_of_settings(lines)
        parts = [
            _of_study(self.front, names),
            parse_script("\n".join(lines[:place]), names),
            _of_study(self.knobs, names),
            parse_script("\n" * place + "\n".join(lines[place:]), names),
        ]
        operations = tuple(each for part in parts for each in part)
        return Script(read_title(self.text), operations)

    def run(self, *, compiled: bool | None) -> Outcome:
        """Run it under its design.

        Raises:
            SwapToolsError: A line cannot be done.
        """
        script = self.script()
        moments = Moments(self.nr_moments, with_slots=self.with_slots)
        run = Run(
            compiled=compiled,
            design=self.fitted(),
            judges=False,
            samples=moments,
        )
        for _ in run_script(script, run):
            pass
        stats = run.stats()
        moments.finish(run.started())
        return Outcome(dict(stats.counts), moments.series, moments.slots)


def _of_study(lines: Sequence[str], names: Names) -> Script:
    try:
        return parse_script("\n".join(lines), names)
    except ScriptError as exc:
        raise ScriptError(str(exc.args[0]), 0) from exc


def _end_of_settings(lines: Sequence[str]) -> int:
    # How many lines at the beginning a knob may not be set before.
    place = 0
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if words and words[0] not in _SETTINGS:
            break
        if words:
            place = number
    return place


class ScriptWorkload:
    """Scripts, one for each value of the axis ``script``."""

    def __init__(
        self, find: Callable[[str], str], nr_moments: int, *, with_slots: bool
    ) -> None:
        """Look for scripts.

        Args:
            find: From a name in the study to a path, or a name in the package.
            nr_moments: That are kept of each run.
            with_slots: Whether the slots at each are kept.
        """
        self._find = find
        self._nr_moments = nr_moments
        self._with_slots = with_slots
        self._texts: dict[str, str] = {}

    def check(self, values: Mapping[str, Sequence[Value]]) -> None:
        """Check names and values, each for itself.

        Raises:
            ValueTrouble: One cannot be.
        """
        for name in map(str, values["script"]):
            self._check_script(name, values)
        for design in map(str, values.get("design", ())):
            _tried("design", partial(find_design, design))
        for name, each in values.items():
            for value in each if "." in name else ():
                _tried(name, partial(read_setting, name, text_of(value)))

    def _check_script(self, name: str, values: Mapping[str, Sequence[Value]]) -> None:
        text = self._read(name)
        try:
            wanted = names_in(text)
        except ScriptError as exc:
            raise ValueTrouble("script", f"{name}: {exc}") from exc
        for missing, number in wanted.items():
            if missing not in values:
                reason = f"{name}: line {number}: ${missing} has no value"
                raise ValueTrouble("script", reason)
        for given in values.keys() - {"script", "design"}:
            if given in wanted:
                continue
            if given not in _FRONT and "." not in given:
                reason = f"{name} has no ${given} for it to go in"
                raise ValueTrouble(given, reason)
            line = _settled(text, given)
            if line:
                reason = (
                    f"{name}: line {line} says it already; write ${{{given}}} there"
                )
                raise ValueTrouble(given, reason)

    def _read(self, name: str) -> str:
        if name not in self._texts:
            try:
                self._texts[name] = read_script_file(self._find(name))
            except OSError as exc:
                reason = exc.strerror or str(exc)
                raise ValueTrouble("script", f"{name}: {reason}") from exc
            except ValueError as exc:
                raise ValueTrouble("script", f"{name}: {exc}") from exc
        return self._texts[name]

    def job(self, values: Mapping[str, Value]) -> ScriptJob:
        """Make a cell ready.

        Raises:
            ScriptError: A line cannot be understood; 0 for one that is a value.
            SelectionError: The design does not know the kernel.
        """
        path = str(values["script"])
        text = self._read(path)
        within = names_in(text)
        front = [
            f"{name} {text_of(values[name])}"
            for name in _FRONT
            if name in values and name not in within
        ]
        knobs = [
            f"set {name} {text_of(value)}"
            for name, value in values.items()
            if "." in name and name not in within
        ]
        job = ScriptJob(
            path,
            filled(text, values),
            tuple(front),
            tuple(knobs),
            str(values.get("design", "")),
            self._nr_moments,
            self._with_slots,
            digest(text),
        )
        return job._replace(nr_pages=job.script().nr_pages)


def _tried(name: str, look: Callable[[], Any]) -> None:
    try:
        look()
    except (SwapToolsError, ValueError) as exc:
        raise ValueTrouble(name, str(exc)) from exc


def _settled(text: str, name: str) -> int:
    # The line of a script that says what a value is to say; 0 for none.
    for number, line in enumerate(text.split("\n"), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        sets = words[0] == "set" and words[1:2] == [name]
        switches = words[0] == "zswap" and (
            name == "zswap.enabled"
            or (name.startswith("zswap.max_pool") and len(words) > 2)
        )
        if words[0] == name or sets or switches:
            return number
    return 0
