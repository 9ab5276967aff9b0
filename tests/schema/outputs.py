"""Whatever a test has a command print as JSON is held against its schema.

Not here: the schemas (swaptools/schema/), what they are made from (documents.py).
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from swaptools import schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Read before a test puts another file system in the place of this one.
SCHEMAS: Final = {name: schema.load(name) for name in schema.names()}
_JSON: Final = {"-J", "--json"}
#: Of the elements at either end of a list that are looked at.
_MOST = 500
#: Of rows that have only the keys of columns that were asked for.
OF_COLUMNS: Final = {name for name in SCHEMAS if name.endswith("-columns")}
_COLUMNS: Final = ("-o", "-O", "--output")
_invoke = CliRunner.invoke


@cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(SCHEMAS[name])


def schema_for(value: dict[str, Any], *, of_columns: bool) -> str:
    """Return the name of the schema that has these keys; empty for none.

    Args:
        value: What was printed.
        of_columns: Columns were asked for.
    """
    fitting = [
        name
        for name, one in SCHEMAS.items()
        if set(one["required"]) <= value.keys() <= one["properties"].keys()
        and _says_who(one, value)
    ]
    chosen = [name for name in fitting if (name in OF_COLUMNS) is of_columns]
    fitting = chosen or fitting
    assert len(fitting) < 2, f"which of {fitting}?"
    return fitting[0] if fitting else ""


def _says_who(one: dict[str, Any], value: dict[str, Any]) -> bool:
    who = one["properties"].get("who", {}).get("enum")
    return who is None or value["who"] in who


def problems(value: dict[str, Any], *, of_columns: bool = False) -> list[str]:
    """Return what is wrong with an object, one line each, the deepest cause named."""
    name = schema_for(value, of_columns=of_columns)
    if not name:
        return [f"no schema has the keys {', '.join(value)}"]
    found = validator(name).iter_errors(_shortened(value))
    return [f"{name}: {one.json_path}: {_cause(one)}" for one in found]


def _shortened(value: Any) -> Any:
    # Two million bad pages are one like the other, and take half a minute.
    if isinstance(value, dict):
        return {key: _shortened(each) for key, each in value.items()}
    if isinstance(value, list):
        kept = value if len(value) <= _MOST else value[:_MOST] + value[-_MOST:]
        return [_shortened(each) for each in kept]
    return value


def _cause(error: Any) -> str:
    causes = [str(one.message) for one in error.context or ()]
    return "; ".join([str(error.message)[:300], *causes[:3]])


def objects(text: str) -> Iterator[dict[str, Any]]:
    """Go through the objects of a text, of which --watch prints several."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        value, end = decoder.raw_decode(text, at)
        yield value
        at = end + len(text[end:]) - len(text[end:].lstrip())


def checked_invoke(
    runner: CliRunner, cli: Any, args: Sequence[str] | str | None = None, **named: Any
) -> Result:
    """Do what CliRunner.invoke() does, and look at what is printed."""
    result = _invoke(runner, cli, args, **named)
    asked = args.split() if isinstance(args, str) else [str(one) for one in args or ()]
    if _JSON & set(asked) and result.stdout.startswith("{"):
        of_columns = any(word.startswith(_COLUMNS) for word in asked)
        found = objects(result.stdout)
        wrong = [w for one in found for w in problems(one, of_columns=of_columns)]
        assert wrong == [], f"{asked}: {wrong}"
    return result
