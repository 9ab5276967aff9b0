"""What rules about areas and rules about whole systems have in common.

A rule has a code, a title and a severity, its reason and two examples in its
docstring, and remedies. Codes are a family letter and a number, never reused. One
decorator is the whole registration.

Not here: the rules about areas (check/), those about systems (doctor/).
"""

from __future__ import annotations

import re
from enum import StrEnum
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any, Concatenate, Final, Generic, ParamSpec, TypeVar

from swaptools.deprecation import deprecated
from swaptools.errors import SelectionError
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from swaptools.schema.kinds import RuleCode

#: Whose word a rule goes by; each begins a paragraph of its docstring.
SOURCES: Final = (
    "Kernel",
    "RFC",
    "util-linux",
    "systemd",
    "cryptsetup",
    "initramfs-tools",
    "mkinitcpio",
    "dracut",
    "zram-generator",
    "dphys-swapfile",
)
_SOURCE: Final = r"(?ms)^(?:{0}): .*?(?=\n\n|\n(?:{0}): |\Z)".format("|".join(SOURCES))

#: What follows the reason in a docstring.
_REST: Final = r"\n\n\s*(?:\*Trips|(?:{}):)".format("|".join(SOURCES))


class Severity(StrEnum):
    """How much a finding matters, by its consequence."""

    #: The kernel refuses the area, or is in danger from it; what was asked for will
    #: not be.
    ERROR = "error"
    #: It is taken, and something is lost.
    WARNING = "warning"
    #: Worth knowing.
    NOTE = "note"


class Remedy(NamedTuple):
    """One way to mend what was found: a sentence, and a command where one is safe.

    A command can be pasted as it stands: it runs, leaves the area accepted or says
    what else it takes, changes no byte outside the area and destroys nothing that is
    not swap. Where that cannot be had there is the sentence alone.
    """

    #: What to do, for people; says what is lost, too.
    text: str
    #: The command alone, one line of printable characters; None when no command
    #: is safe.
    command: str | None = None
    #: What is lost when it is followed; None for nothing.
    loses: str | None = None


class Finding(NamedTuple):
    """What a rule found; the fields are its JSON keys."""

    #: Of the rule: family letter and number, never used for another one.
    code: RuleCode
    #: By its consequence.
    severity: Severity
    #: The rule in a few words, without values.
    title: str
    #: One sentence with names and values, measured and expected.
    message: str
    #: What to do, in words.
    hint: str
    #: A command that does it, safe to be pasted; None where there is none.
    hint_command: str | None = None
    #: What is lost by it; the hint says so, too.
    hint_loses: str | None = None
    #: Header field at fault; null about a system.
    field: str | None = None
    #: What the kernel logs when this is why it refuses; null about a system.
    kernel_message: str | None = None
    #: The area or device in a system that it is about; null about a whole one, and
    #: about an area, which is named once.
    path: str | None = None
    #: Where it is said; null for what no file says.
    file: str | None = None
    #: Its number in that file; null where the whole file says it.
    line: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, as JSON has them."""
        return self._asdict()

    @deprecated("to_dict()", since="0.2", until="0.3")
    def as_dict(self) -> dict[str, Any]:
        """Return the same as to_dict()."""
        return self.to_dict()


class RuleBase:
    """One thing that can be said.

    Attributes:
        explain: Yields what is found; its docstring is the rule's.
        code: Family letter and number: ``S201``.
        title: The finding in a few words, without values.
        severity: By consequence.
    """

    __slots__ = ("code", "explain", "severity", "title")

    # Not a dataclass: making those takes longer than all the rules.
    def __init__(
        self, explain: Callable[..., Any], code: str, title: str, severity: Severity
    ) -> None:
        self.explain: Final = explain
        self.code: Final = code
        self.title: Final = title
        self.severity: Final = severity

    @property
    def room(self) -> str:
        """Name of the module that it is in, among the rules."""
        return self.explain.__module__.rpartition(".")[2]

    @property
    def doc(self) -> str:
        """Why it matters, and the examples."""
        return self.explain.__doc__ or ""

    @property
    def why(self) -> str:
        """Why it matters, in paragraphs, each of them one line."""
        reason = re.split(_REST, self.doc)[0].replace("``", "`")
        paragraphs = re.split(r"\n\s*\n", reason.strip())
        return "\n\n".join(" ".join(each.split()) for each in paragraphs)

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the rule comes from: kernel file and function, RFC, manual page."""
        doc = re.sub(r"(?m)^ +", "", self.doc)
        return tuple(" ".join(found.split()) for found in re.findall(_SOURCE, doc))


_Explain = TypeVar("_Explain", bound="Callable[..., Any]")
_Rule = TypeVar("_Rule", bound=RuleBase)
_P = ParamSpec("_P")


class Rulebook(Generic[_Explain, _P, _Rule]):
    """The rules of one kind, each of which its decorator registers.

    Args:
        make: The kind of rules: takes the decorated generator, then what the
            decorator is given.
        package: Where the rooms of the rules are.
        rooms: Their names, in the order in which people read them.
    """

    def __init__(
        self,
        make: Callable[Concatenate[_Explain, _P], _Rule],
        package: str,
        rooms: Sequence[str],
    ) -> None:
        self._make = make
        self._package = package
        self._rooms = rooms
        self._rules: dict[str, _Rule] = {}

    def rule(
        self, *args: _P.args, **kwargs: _P.kwargs
    ) -> Callable[[_Explain], _Explain]:
        """Register the decorated generator; the arguments are the rule's fields.

        Raises:
            ValueError: The code is malformed or taken, when it is decorated.
        """

        def register(explain: _Explain) -> _Explain:
            made = self._make(explain, *args, **kwargs)
            if not _is_code(made.code) or made.code in self._rules:
                raise ValueError(f"rule code {made.code} is malformed or taken")
            self._rules[made.code] = made
            return explain

        return register

    def rules(self, rooms: Sequence[str] | None = None) -> tuple[_Rule, ...]:
        """Return every rule, room by room; or those of some rooms."""
        wanted = self._rooms if rooms is None else rooms
        for room in wanted:
            import_module(f"{self._package}.{room}")
        # As they are asked for, and not as they were imported.
        by_room: dict[str, list[_Rule]] = {room: [] for room in wanted}
        for rule in self._rules.values():
            by_room.get(rule.room, []).append(rule)
        return tuple(chain.from_iterable(by_room.values()))


def _is_code(code: str) -> bool:
    # Without re, which would have to be compiled for each command.
    family, number = code[:1], code[1:]
    is_ascii = code.isascii()
    return is_ascii and family.isupper() and number.isdigit() and len(number) == 3


def pick(
    rules: Sequence[_Rule], chosen: Iterable[str] = (), ignored: Iterable[str] = ()
) -> tuple[_Rule, ...]:
    """Return the rules whose code begins with one of ``chosen``, none of ``ignored``.

    Args:
        rules: All of them.
        chosen: Codes or beginnings of codes; nothing chooses everything.
        ignored: The same, to leave out.

    Raises:
        SelectionError: A prefix that no code begins with.
    """
    codes = [rule.code for rule in rules]
    wanted = _starting_with(codes, tuple(chosen) or ("",))
    unwanted = _starting_with(codes, tuple(ignored))
    return tuple(r for r in rules if r.code in wanted and r.code not in unwanted)


def _starting_with(codes: list[str], prefixes: tuple[str, ...]) -> frozenset[str]:
    found: set[str] = set()
    for prefix in prefixes:
        matching = {code for code in codes if code.startswith(prefix.upper())}
        if not matching:
            raise SelectionError(f"no rule {prefix!r}; --list shows them all")
        found |= matching
    return frozenset(found)
