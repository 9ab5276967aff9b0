r"""Shell files that assign and hardly do more: nothing is ever run.

/etc/default/grub, dracut.conf, mkinitcpio.conf, initramfs-tools. Variables assigned
before are put in; what only a shell could find out makes a value that is not exact.

>>> parse_assignments(b'A="x y"\nB="$A z"\nB+=" w"\n')["B"].value
'x y z w'
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Longer ones are nobody's; they bound what a search can cost.
_MAX: Final = 8192
_MAX_VALUE: Final = 1 << 16
_ASSIGNMENT: Final = re.compile(
    rf"^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_]\w{{0,99}})(?P<plus>\+?)="
    # A comment in an array may have parentheses.
    rf"(?:\((?P<array>(?:(?<![^\s(])#[^\n]*(?=\n)|[^()#]|(?<=[^\s(])#){{0,{_MAX}}})\)"
    rf"|(?P<word>(?:\"(?:[^\"\\]|\\.){{0,{_MAX}}}\"|'[^']{{0,{_MAX}}}'|\\.|[^\s;#\"'\\()])*))",
    re.MULTILINE | re.DOTALL | re.ASCII,
)
_PART: Final = re.compile(
    r"\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>[^']*)'|\\(?P<escaped>.)"
    r"|(?P<plain>[^\"'\\]+)",
    re.DOTALL,
)
#: All of an array is its words with blanks between them.
_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)(?:\[[@*]\])?\}|(\w+))", re.ASCII)
_COMMENT: Final = re.compile(r"(?<!\S)#[^\n]*")
#: What is left of a dollar sign is for a shell.
_UNKNOWN: Final = re.compile(r"\$[({]|`")


class Assigned(NamedTuple):
    """What a variable has at the end of the file."""

    #: An array's words with blanks between them.
    value: str
    #: Of the last assignment.
    line: int
    #: False when a shell would have to be asked.
    is_exact: bool = True


def parse_assignments(
    data: bytes, known: Mapping[str, Assigned] | None = None
) -> dict[str, Assigned]:
    """Find every assignment.

    Args:
        data: Of the file.
        known: What files read before have assigned.
    """
    text = data.decode("utf-8", "surrogateescape")
    found = dict(known or {})
    line, at = 1, 0
    for match in _ASSIGNMENT.finditer(text):
        line, at = line + text.count("\n", at, match.start("name")), match.start("name")
        value, is_exact = _value(match, found)
        # Then a parenthesis was not closed, or has a command in it.
        is_exact = is_exact and text[match.end() : match.end() + 1] != "("
        old = found.get(match["name"])
        if match["plus"] and old is not None:
            gap = " " if match["array"] is not None else ""
            value, is_exact = old.value + gap + value, is_exact and old.is_exact
        found[match["name"]] = Assigned(value[:_MAX_VALUE], line, is_exact)
    return found


def _value(match: re.Match[str], known: Mapping[str, Assigned]) -> tuple[str, bool]:
    array = match["array"]
    word = _COMMENT.sub("", array) if array is not None else match["word"]
    parts = []
    is_exact = True
    length = 0
    for part in _PART.finditer(word):
        if part["single"] is not None:
            parts.append(part["single"])
            continue
        if length > _MAX_VALUE:
            break
        text, part_is_exact = _expanded(part, known)
        length += len(text)
        parts.append(text)
        is_exact = is_exact and part_is_exact
    whole = "".join(parts)
    return " ".join(whole.split()) if array is not None else whole, is_exact


def _expanded(part: re.Match[str], known: Mapping[str, Assigned]) -> tuple[str, bool]:
    text = part["double"] if part["double"] is not None else part["plain"]
    if text is None:
        return "" if part["escaped"] == "\n" else part["escaped"], True
    is_exact = not _UNKNOWN.search(_VARIABLE.sub("", text[:_MAX]))
    room = _MAX_VALUE

    def put_in(variable: re.Match[str]) -> str:
        nonlocal is_exact, room
        assigned = known.get(variable[1] or variable[2])
        if assigned is None or room < 0:
            return ""
        room -= len(assigned.value)
        is_exact = is_exact and assigned.is_exact
        return assigned.value

    text = _VARIABLE.sub(put_in, text[:_MAX])
    if part["double"] is not None:
        text = re.sub(r"\\(?:\n|([\"\\$`]))", lambda m: m[1] or "", text)
    return text, is_exact
