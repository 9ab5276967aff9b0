"""The schemas that are shipped: exact, made from the types, one for every command."""

from __future__ import annotations

import re
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NamedTuple,
    NotRequired,
    TypedDict,
)

import click
import pytest
from jsonschema import Draft202012Validator

from swaptools import schema
from swaptools.schema.kinds import Keyword, Signed
from tests.cases import every_case
from tests.schema import documents, outputs
from tests.schema.generate import schema_of
from tests.test_docs import COMMANDS, command

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = sorted(documents.DOCUMENTS)


def test_the_files_are_those_that_are_known() -> None:
    assert list(schema.names()) == NAMES


@every_case("name", NAMES)
def test_a_file_is_what_its_types_give(name: str) -> None:
    file = documents.FOLDER / f"{name}{schema.SUFFIX}"
    assert file.read_text(encoding="utf-8") == documents.render(name), "make schemas"


def test_the_page_says_what_prints_each() -> None:
    """Where -columns is asked for by -o, and every option is one that there is."""
    page = (Path(__file__).parents[2] / "docs" / "json.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", page, re.MULTILINE)
    assert [name for name, _ in rows] == list(schema.names())
    for name, commands in rows:
        for line in re.findall("`(.*?)`", commands):
            words = line.split()
            assert name.startswith(words[0])
            assert ("-o" in words) is name.endswith("-columns")


def test_the_documentation_has_the_same_files() -> None:
    shown = Path(__file__).parents[2] / "docs" / "schema"
    assert shown.resolve() == documents.FOLDER.resolve()


@every_case("name", NAMES)
def test_a_schema_is_one_by_the_schema_of_schemas(name: str) -> None:
    Draft202012Validator.check_schema(schema.load(name))


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        schema.load("../py")


def parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for below in value.values():
            yield from parts(below)
    elif isinstance(value, list):
        for below in value:
            yield from parts(below)


@every_case("name", NAMES)
def test_every_object_is_closed_and_every_key_described(name: str) -> None:
    for part in parts(schema.load(name)):
        if not isinstance(part.get("properties"), dict) or "type" not in part:
            continue
        assert part["additionalProperties"] is False
        for key, about in part["properties"].items():
            said = about.get("description", "")
            assert re.fullmatch(r"\S.{5,}[.:;)]", said), f"{name}: {key}: {said!r}"
            assert "None" not in said, f"{name}: {key}: {said!r}"


#: What tells the unit where the name does not.
UNIT = re.compile(r"bytes|pages|MiB|seconds|percent|slots|in bytes", re.IGNORECASE)


@every_case("name", NAMES)
def test_every_size_has_its_unit(name: str) -> None:
    for part in parts(schema.load(name)):
        for key, about in part.get("properties", {}).items():
            if re.search(r"size|length|offset|_(bytes|pages|mib|percent|s)$", key):
                assert UNIT.search(about["description"]) or "number" not in str(
                    about.get("type")
                ), f"{name}: {key}: {about['description']}"


def commands_with_json() -> Iterator[str]:
    """Yield the words of each command that has --json, joined by hyphens."""

    def below(words: str, one: click.Command) -> Iterator[str]:
        if any("--json" in parameter.opts for parameter in one.params):
            yield words
        if isinstance(one, click.Group):
            for word, each in one.commands.items():
                yield from below(f"{words}-{word}", each)

    for name in COMMANDS:
        yield from below(name, command(name))


@pytest.mark.parametrize("words", list(commands_with_json()))
def test_every_command_that_prints_json_has_a_schema(words: str) -> None:
    assert words in NAMES


class Inner(NamedTuple):
    """What lies within."""

    #: One of two.
    kind: Literal["a", "b"] | None


class Outer(TypedDict):
    """What lies around.

    More of it.
    """

    #: How much; None where it is not told.
    size_bytes: int | None
    #: Up to
    #: or down.
    change: Signed
    #: A name.
    name: Annotated[str, Keyword("pattern", "^x")]
    #: In order.
    pairs: list[tuple[int, str]]
    #: By name.
    counts: NotRequired[dict[str, int]]
    #: Within.
    inner: Annotated[dict[str, Any], Inner]


def test_types_become_a_schema() -> None:
    made = schema_of("outer", "9.9", Outer)
    assert made == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:swaptools:9.9:outer",
        "title": "outer",
        "description": "What lies around.",
        "type": "object",
        "properties": {
            "size_bytes": {
                "description": "How much; null where it is not told. In bytes.",
                "type": ["integer", "null"],
                "minimum": 0,
            },
            "change": {"description": "Up to or down.", "type": "integer"},
            "name": {"description": "A name.", "type": "string", "pattern": "^x"},
            "pairs": {
                "description": "In order.",
                "type": "array",
                "items": {
                    "type": "array",
                    "prefixItems": [
                        {"type": "integer", "minimum": 0},
                        {"type": "string"},
                    ],
                    "minItems": 2,
                    "maxItems": 2,
                },
            },
            "counts": {
                "description": "By name.",
                "type": "object",
                "additionalProperties": {"type": "integer", "minimum": 0},
            },
            "inner": {"description": "Within.", "$ref": "#/$defs/Inner"},
        },
        "required": ["size_bytes", "change", "name", "pairs", "inner"],
        "additionalProperties": False,
        "$defs": {
            "Inner": {
                "description": "What lies within.",
                "type": "object",
                "properties": {
                    "kind": {"description": "One of two.", "enum": ["a", "b", None]}
                },
                "required": ["kind"],
                "additionalProperties": False,
            }
        },
    }


GOOD: dict[str, Any] = {"path": "a", "extents": None, "error": "no"}


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (GOOD, []),
        (
            GOOD | {"size": 1},
            [
                "swapinfo-extents: $.files[0]: Additional properties are not allowed"
                " ('size' was unexpected)"
            ],
        ),
        (
            {"path": "a", "error": "no"},
            ["swapinfo-extents: $.files[0]: 'extents' is a required property"],
        ),
        (
            GOOD | {"error": 2},
            ["swapinfo-extents: $.files[0].error: 2 is not of type 'string', 'null'"],
        ),
    ],
)
def test_what_does_not_fit_is_found(row: dict[str, Any], wrong: list[str]) -> None:
    assert outputs.problems({"files": [row]}) == wrong


def test_what_no_schema_has_is_found() -> None:
    assert outputs.problems({"never": 1}) == ["no schema has the keys never"]
