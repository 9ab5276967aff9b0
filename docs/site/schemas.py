"""The JSON schemas as tables: ``{json-schemas}`` stands for all of them.

Not here: the schemas (swaptools/schema/), how they are made (tests/schema/).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from swaptools import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx


class JsonSchemas(SphinxDirective):
    """A section for each schema, with a table of keys for each of its objects."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        return [_section(name, schema.load(name)) for name in schema.names()]


def _section(name: str, one: dict[str, Any]) -> nodes.section:
    file = f"{name}{schema.SUFFIX}"
    section = nodes.section(ids=[nodes.make_id(name)], names=[name])
    section += nodes.title("", name)
    section += _paragraph(one["description"])
    section += _table(one)
    for title, part in one.get("$defs", {}).items():
        section += nodes.rubric("", title)
        section += _paragraph(part["description"])
        section += _table(part)
    link = nodes.reference("", file, refuri=f"../{file}", internal=True)
    section += nodes.paragraph("", "The schema: ", link)
    return section


def _table(part: dict[str, Any]) -> nodes.table:
    head = nodes.thead("", _row("key", "type", "what it is"))
    rows = [
        _row(
            nodes.literal("", key),
            _kind(about) + ("" if key in part["required"] else ", may be absent"),
            about.get("description", ""),
        )
        for key, about in part["properties"].items()
    ]
    widths = [nodes.colspec(colwidth=width) for width in (20, 20, 60)]
    group = nodes.tgroup("", *widths, head, nodes.tbody("", *rows), cols=3)
    return nodes.table("", group)


def _row(*cells: str | nodes.Node) -> nodes.row:
    return nodes.row("", *(nodes.entry("", _paragraph(cell)) for cell in cells))


def _paragraph(content: str | nodes.Node) -> nodes.paragraph:
    if isinstance(content, str):
        return nodes.paragraph("", "", *_with_literals(content))
    return nodes.paragraph("", "", content)


def _with_literals(text: str) -> Iterator[nodes.Node]:
    for number, part in enumerate(text.split("`")):
        yield nodes.literal("", part) if number % 2 else nodes.Text(part)


def _kind(about: dict[str, Any]) -> str:
    """Return a type in words."""
    if "$ref" in about:
        return str(about["$ref"]).rpartition("/")[2]
    if "anyOf" in about:
        return " or ".join(map(_kind, about["anyOf"]))
    if "enum" in about:
        return ", ".join(f"`{json.dumps(one)}`" for one in about["enum"])
    kinds = about.get("type", "anything")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(_one_kind(kind, about) for kind in kinds)


def _one_kind(kind: str, about: dict[str, Any]) -> str:
    if kind == "array" and "prefixItems" in about:
        return f"[{', '.join(map(_kind, about['prefixItems']))}]"
    if kind == "array":
        return f"list of {_kind(about['items'])}"
    if kind == "object" and "additionalProperties" in about:
        return f"object of {_kind(about['additionalProperties'])}"
    return kind


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("json-schemas", JsonSchemas)
    return {"parallel_read_safe": True}
