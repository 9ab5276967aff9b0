"""Kinds of values in JSON that Python has one type for: imported by types alone.

A plain ``int`` is a count or a size, and not below zero.

Not here: the schemas (the package), the objects (beside the values they tell of).
"""

from typing import Annotated, Final, Literal, NamedTuple


class Keyword(NamedTuple):
    """A keyword of JSON Schema that narrows a type."""

    name: str
    #: None takes the keyword away.
    value: str | int | None


class Keys(NamedTuple):
    """An object that has the keys of several types together."""

    shapes: tuple[type, ...]
    #: Has all of them, and not some.
    is_whole: bool = True


#: May be below zero.
Signed = Annotated[int, Keyword("minimum", None)]
#: 8-4-4-4-12 hexadecimal digits, lower case.
UuidText = Annotated[
    str, Keyword("pattern", "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
]
#: The name of an error number.
ErrnoName = Annotated[str, Keyword("pattern", "^E[A-Z0-9]+$")]
#: Of a rule: family letter and number.
RuleCode = Annotated[str, Keyword("pattern", "^[A-Z][0-9]{3}$")]
ByteOrder = Literal["little", "big"]

__all__: Final = [
    "ByteOrder",
    "ErrnoName",
    "Keys",
    "Keyword",
    "RuleCode",
    "Signed",
    "UuidText",
]
