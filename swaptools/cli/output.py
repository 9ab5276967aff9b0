"""Values to text: escaping, JSON, error lines.

Whatever comes from a disk or a path is escaped before it reaches a terminal.

Not here: tables (tables.py), how far long work is (progress.py).
"""

from __future__ import annotations

import re
import sys
from functools import cache, lru_cache
from itertools import chain, islice
from types import MappingProxyType, NoneType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from swaptools.cli import streams
from swaptools.cli.progress import take_away
from swaptools.errors import named

if TYPE_CHECKING:
    import json
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_Row = TypeVar("_Row")

EXIT_FAILED = 1
EXIT_USAGE = 2
_STATUS = "swaptools.status"

#: Of a reason that is printed; words of the command line have no end of their own.
_MAX_CHARS = 1000
_BATCH_ROWS = 1000
_BATCH_CHARS = 1 << 18
#: What json encodes as it stands.
_KINDS = (str, int, float, NoneType, list, tuple, dict)


def escape(text: str) -> str:
    r"""Write control bytes, and what is no UTF-8, as ``\x1b``; backslashes stay.

    >>> escape("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else _hex(char.encode("utf-8", "surrogateescape"))
        for char in text
    )


def is_utf8() -> bool:
    """Tell whether every letter reaches standard output as it is."""
    return "utf" in (sys.stdout.encoding or "").lower()


def cut(text: str) -> str:
    """Return a text, or the beginning of a very long one."""
    if len(text) <= _MAX_CHARS:
        return text
    return f"{text[:_MAX_CHARS]}... ({len(text)} characters)"


def error(reason: str, path: str | None = None, *, whole: bool = False) -> None:
    """Print ``prog: path: reason`` to standard error.

    Args:
        reason: What is wrong.
        path: Of what.
        whole: Print all of it, however long: half a command does harm when pasted.
    """
    program = click.get_current_context().find_root().info_name
    where = f"{escape(named(path))}: " if path is not None else ""
    text = reason if whole else cut(reason)
    take_away()
    click.echo(f"{program}: {where}{escape(text)}", err=True)


def fail(reason: str, path: str | None = None, code: int = EXIT_FAILED) -> NoReturn:
    """Print the error and exit."""
    error(reason, path)
    click.get_current_context().exit(code)


def escape_lines(text: str) -> str:
    """Escape a text of several lines, and keep lines and tabs."""
    return "".join(
        part if part in ("\n", "\t") else escape(part)
        for part in re.split(r"([\n\t])", text)
    )


def worsen(code: int) -> None:
    """Have the command end with this status at least."""
    meta = click.get_current_context().meta
    meta[_STATUS] = max(code, meta.get(_STATUS, 0))


def finish(code: int = 0) -> NoReturn:
    """Exit with this status, or with a worse one that worsen() was told."""
    worsen(code)
    context = click.get_current_context()
    context.exit(context.meta[_STATUS])


def settle(outcome: str, path: str) -> None:
    """Remember what has been done by now, for the case that it cannot be printed."""
    streams.outcome = f"{path}: {outcome}; "


def print_json(value: Any) -> None:
    """Print one JSON object; what is not printable is escaped."""
    click.echo(_json(value, indent=2))


def print_json_list(
    key: str,
    rows: Iterable[Mapping[str, Any]],
    before: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Print ``{key: [...]}`` while the rows come in, one line a row.

    A collection that is neither list nor tuple is printed as an array while it is
    gone through, so that it is never whole in memory; it has numbers, or lists of
    them. ``before`` are small keys that stand in front.
    """
    print_json_pieces(key, chain.from_iterable(map(json_pieces, rows)), before)


def print_json_pieces(
    key: str,
    pieces: Iterable[str],
    before: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Do what print_json_list() does, of what json_pieces() made of the rows."""
    click.echo("{", nl=False)
    for name, value in before.items():
        click.echo(f"{_json(name)}: {_json(value)},\n ", nl=False)
    click.echo(f'"{key}": [', nl=False)
    skipped = 1  # the comma in front of the first row
    for text in _gathered(pieces):
        click.echo(text[skipped:], nl=False)
        skipped = 0
    click.echo("\n]}")


def json_pieces(row: Mapping[str, Any]) -> Iterable[str]:
    """Return a row as print_json_list() prints it, behind another one."""
    return json_of(tuple(row))(row.values())


def json_of(keys: tuple[str, ...]) -> Callable[[Iterable[Any]], Iterable[str]]:
    """Return what makes the same of the values of a row that has these keys."""
    return _json_of(keys, not is_utf8())


@lru_cache(maxsize=64)
def _json_of(
    keys: tuple[str, ...], ensure_ascii: bool
) -> Callable[[Iterable[Any]], Iterable[str]]:
    object_of = _object_of(keys, ensure_ascii)

    def pieces(values: Iterable[Any]) -> Iterable[str]:
        try:
            text = object_of(values)
        except KeyError:  # a collection, or derived from one of them
            return _long_row(keys, values)
        # Of ASCII json has escaped all but one: that takes no look at each letter.
        is_plain = text.isascii() and "\x7f" not in text
        return (f",\n{text if is_plain else _printable(text)}",)

    return pieces


@lru_cache(maxsize=64)
def _object_of(
    keys: tuple[str, ...], ensure_ascii: bool
) -> Callable[[Iterable[Any]], str]:
    # Small values as json has them, put together of their parts: to begin is most of
    # what json itself takes for twenty of them.
    encoders = _encoders(ensure_ascii)
    blank = ["{"]
    for number, key in enumerate(keys):
        blank += [f"{', ' if number else ''}{encoders[str](key)}: ", ""]
    blank.append("}")

    def object_of(values: Iterable[Any]) -> str:
        parts = blank.copy()
        parts[2::2] = [encoders[type(value)](value) for value in values]
        return "".join(parts)

    return object_of


def _long_row(keys: Iterable[str], values: Iterable[Any]) -> Iterator[str]:
    begin = ",\n{"
    for name, value in zip(keys, values, strict=True):
        yield f"{begin}{_json(name)}: "
        if isinstance(value, _KINDS):
            yield _json(value)
        else:
            yield from _json_numbers(value)
        begin = ", "
    yield "}" if begin == ", " else ",\n{}"


def _hex(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)


def batches(rows: Iterable[_Row], most: int) -> Iterator[list[_Row]]:
    """Yield rows in lists of so many: few writes, and yet little in memory."""
    left = iter(rows)
    while batch := list(islice(left, most)):
        yield batch


def _gathered(pieces: Iterable[str]) -> Iterator[str]:
    # Many pieces a write, and never much text in memory.
    gathered: list[str] = []
    chars = 0
    for piece in pieces:
        gathered.append(piece)
        chars += len(piece)
        if chars >= _BATCH_CHARS:
            yield "".join(gathered)
            gathered, chars = [], 0
    yield "".join(gathered)


def _json_numbers(numbers: Iterable[int] | Iterable[list[int]]) -> Iterator[str]:
    begin = "["
    for batch in batches(numbers, _BATCH_ROWS):
        yield begin + ", ".join(map(str, batch))
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
        rows = [_object_of(tuple(row), ensure_ascii)(row.values()) for row in values]
        return f"[{', '.join(rows)}]"

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


def _json(value: Any, indent: int | None = None) -> str:
    # What is not printable is escaped, so that JSON can be looked at, too; and what
    # the encoding may lack, for which the stream has no escapes of JSON's.
    return _printable(_encoder(indent, not is_utf8()).encode(value))


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
