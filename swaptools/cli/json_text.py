"""Values to JSON, in which all that is not printable is escaped.

Small objects are put together of their parts: for json itself to begin is most of what
it takes for twenty values.

Not here: printing (output.py), what the values are (documents/).
"""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import islice, pairwise
from operator import attrgetter
from types import NoneType
from typing import TYPE_CHECKING, Any, Final

from swaptools.cli import streams

if TYPE_CHECKING:
    import json
    from collections.abc import (
        Callable,
        Container,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

_BATCH_NUMBERS: Final = 1000
#: What json encodes as it stands.
_KINDS: Final = (str, int, float, NoneType, list, tuple, dict)


def json_text(value: Any, indent: int | None = None) -> str:
    """Return a value as JSON.

    What the encoding may lack is escaped, too: the stream has no escapes of JSON's.
    """
    return _printable(_encoder(indent, not streams.is_utf8()).encode(value))


def json_pieces(row: Mapping[str, Any]) -> Iterable[str]:
    """Return a row as print_json_list() prints it, behind another one."""
    return json_of(tuple(row))(row.values())


def json_of(keys: tuple[str, ...]) -> Callable[[Iterable[Any]], Iterable[str]]:
    """Return what makes the same of the values of a row that has these keys."""
    return _json_of(keys, not streams.is_utf8())


def json_like(
    row: Mapping[str, Any], own: Container[str]
) -> Callable[[object], Iterable[str]]:
    """Return what makes the same of rows that are like this one but for a few texts.

    Args:
        row: The row; it has no collection that is neither list nor tuple.
        own: The keys of those texts, which are attributes of what the function takes.
    """
    ensure_ascii = not streams.is_utf8()
    blank = _blank(tuple(row), ensure_ascii)
    whole = _filling(blank, ensure_ascii)(row.values())
    places = [2 * at + 1 for at, key in enumerate(row) if key in own]
    rest: list[str] = []
    for before, place in pairwise([-1, *places, len(whole)]):
        rest += "".join(whole[before + 1 : place]), ""
    filled = _filling(rest[:-1], ensure_ascii)
    getters = [attrgetter(key) for key in row if key in own]

    def pieces(one: object) -> Iterable[str]:
        return (_behind("".join(filled([get(one) for get in getters]))),)

    return pieces


@lru_cache(maxsize=64)
def _json_of(
    keys: tuple[str, ...], ensure_ascii: bool
) -> Callable[[Iterable[Any]], Iterable[str]]:
    filled = _filling(_blank(keys, ensure_ascii), ensure_ascii)

    def pieces(values: Iterable[Any]) -> Iterable[str]:
        try:
            text = "".join(filled(values))
        except KeyError:  # a collection, or derived from one of them
            return _long_row(keys, values)
        return (_behind(text),)

    return pieces


@lru_cache(maxsize=64)
def _blank(keys: tuple[str, ...], ensure_ascii: bool) -> Sequence[str]:
    # The parts of an object; every second one is where a value belongs.
    encode = _encoders(ensure_ascii)[str]
    blank = []
    for number, key in enumerate(keys):
        blank += [f"{', ' if number else '{'}{encode(key)}: ", ""]
    return [*blank, "}"] if blank else ["{}"]


def _filling(
    blank: Sequence[str], ensure_ascii: bool
) -> Callable[[Iterable[Any]], list[str]]:
    encoders = _encoders(ensure_ascii)

    def filled(values: Iterable[Any]) -> list[str]:
        parts = [*blank]
        parts[1::2] = [encoders[type(value)](value) for value in values]
        return parts

    return filled


def _behind(text: str) -> str:
    # Of ASCII json has escaped all but one: that takes no look at each letter.
    is_plain = text.isascii() and "\x7f" not in text
    return f",\n{text if is_plain else _printable(text)}"


def _long_row(keys: Iterable[str], values: Iterable[Any]) -> Iterator[str]:
    begin = ",\n{"
    for name, value in zip(keys, values, strict=True):
        yield f"{begin}{json_text(name)}: "
        if isinstance(value, _KINDS):
            yield json_text(value)
        else:
            yield from _json_numbers(value)
        begin = ", "
    yield "}" if begin == ", " else ",\n{}"


def _json_numbers(numbers: Iterable[int] | Iterable[list[int]]) -> Iterator[str]:
    begin = "["
    left = iter(numbers)
    while text := ", ".join(map(str, islice(left, _BATCH_NUMBERS))):
        yield begin + text
        begin = ", "
    yield "]" if begin == ", " else "[]"


@cache
def _encoders(ensure_ascii: bool) -> dict[type, Callable[[Any], str]]:
    # By type, and for nothing that is derived from it.
    from json import encoder

    encode = _encoder(None, ensure_ascii).encode
    of_text = (
        encoder.encode_basestring_ascii if ensure_ascii else encoder.encode_basestring
    )

    def array(values: Sequence[Any]) -> str:
        if not values:
            return "[]"
        if set(map(type, values)) != {dict}:
            return encode(values)
        rows = [object_of(row) for row in values]
        return f"[{', '.join(rows)}]"

    def object_of(row: dict[str, Any]) -> str:
        blank = _blank(tuple(row), ensure_ascii)
        return "".join(_filling(blank, ensure_ascii)(row.values()))

    return {
        str: of_text,
        int: repr,
        bool: {True: "true", False: "false"}.__getitem__,
        NoneType: {None: "null"}.__getitem__,
        float: encode,
        list: array,
        tuple: array,
        dict: encode,
    }


@cache
def _encoder(indent: int | None, ensure_ascii: bool) -> json.JSONEncoder:
    import json  # only where it is asked for

    return json.JSONEncoder(indent=indent, ensure_ascii=ensure_ascii)


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char == "\n" else _escaped(char) for char in text
    )


def _escaped(char: str) -> str:
    # Beyond 16 bits JSON has a pair of surrogates.
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
