"""Types to JSON schemas: named tuples, typed dictionaries and dataclasses.

Their fields are the keys, the comments above them (``#:``) and their docstrings the
descriptions. Nothing is said twice: mypy holds the code against the same types.

Not here: which types are printed (documents.py).
"""

from __future__ import annotations

import ast
import inspect
import re
import types
import typing
from collections.abc import Collection, Iterable, Sequence
from enum import Enum
from functools import cache
from importlib import import_module
from textwrap import dedent
from typing import Annotated, Any, Literal, NotRequired, Union

from swaptools.schema.kinds import Keys, Keyword

DIALECT = "https://json-schema.org/draft/2020-12/schema"
#: What a quantity is counted in, by how its name ends or begins.
UNITS = {
    "_bytes": "In bytes.",
    "_pages": "In pages.",
    "_percent": "In percent.",
    "_mib": "In MiB.",
    "_s": "In seconds.",
    "_slots": "In slots.",
}
_PLAIN = {int: "integer", float: "number", str: "string", bool: "boolean"}
_LISTS = (list, Collection, Sequence, Iterable)


def schema_of(name: str, version: str, *shapes: type) -> dict[str, Any]:
    """Return the schema of one document, an object with the keys of all shapes."""
    parts = _Parts()
    top = parts.object(*shapes)
    found = {
        "$schema": DIALECT,
        "$id": f"urn:swaptools:{version}:{name}",
        "title": name,
        **top,
    }
    if parts.definitions:
        found["$defs"] = dict(sorted(parts.definitions.items()))
    return found


class _Parts:
    """Schemas of the types that one document refers to."""

    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}
        self._shapes: dict[str, tuple[type, ...]] = {}

    def of(self, hint: Any) -> dict[str, Any]:
        origin = typing.get_origin(hint)
        if origin is Annotated:
            base, *extra = typing.get_args(hint)
            return self._narrowed(self.of(base), extra)
        if origin in (Union, types.UnionType):
            return self._any_of(typing.get_args(hint))
        if origin is Literal:
            return _values(typing.get_args(hint))
        if origin is tuple or origin in _LISTS:
            return self._array(origin, typing.get_args(hint))
        if origin is dict:
            _, value = typing.get_args(hint)
            return {"type": "object", "additionalProperties": self.of(value)}
        if hint is Any or hint is object:
            return {}
        if hint is type(None):
            return {"type": "null"}
        if hint in _PLAIN:
            limits = {"minimum": 0} if hint is int else {}
            return {"type": _PLAIN[hint], **limits}
        if isinstance(hint, type) and issubclass(hint, Enum):
            return _values(tuple(one.value for one in hint))
        return self._reference(hint)

    def object(self, *shapes: type) -> dict[str, Any]:
        """Return the schema of an object that has the keys of all of them."""
        properties, required = {}, []
        for key, (hint, comment) in _fields(shapes).items():
            if typing.get_origin(hint) is NotRequired:
                (hint,) = typing.get_args(hint)
            else:
                required.append(key)
            said = _with_unit(key, hint, comment)
            about = {"description": said} if said else {}
            properties[key] = {**about, **self.of(hint)}
        return {
            "description": _first_line(shapes[0]),
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }

    def _reference(self, *shapes: type, is_whole: bool = True) -> dict[str, Any]:
        name = shapes[0].__name__.removesuffix("Dict")
        if self._shapes.setdefault(name, shapes) != shapes:
            name = f"{shapes[0].__module__.split('.')[1]}.{name}"
        if name not in self.definitions:
            self.definitions[name] = {}  # a type may refer to itself
            made = self.object(*shapes)
            if not is_whole:
                made = {**made, "required": [], "minProperties": 1}
            self.definitions[name] = made
        return {"$ref": f"#/$defs/{name}"}

    def _any_of(self, hints: Sequence[Any]) -> dict[str, Any]:
        found = [self.of(hint) for hint in hints]
        *rest, last = found
        if last == {"type": "null"} and len(rest) == 1:
            (one,) = rest
            if "enum" in one:
                return {"enum": [*one["enum"], None]}
            if isinstance(one.get("type"), str):
                return {**one, "type": [one["type"], "null"]}
        return {"anyOf": found}

    def _array(self, origin: Any, hints: Sequence[Any]) -> dict[str, Any]:
        if origin is tuple and hints[-1] is not Ellipsis:
            places = [self.of(hint) for hint in hints]
            length = {"minItems": len(places), "maxItems": len(places)}
            return {"type": "array", "prefixItems": places, **length}
        return {"type": "array", "items": self.of(hints[0])}

    def _narrowed(self, found: dict[str, Any], extra: Iterable[Any]) -> dict[str, Any]:
        # Keywords are added; a type, or several, say more than the one that mypy sees.
        for one in extra:
            if isinstance(one, Keyword):
                found = {**found, one.name: one.value}
            elif isinstance(one, Keys):
                found = self._reference(*one.shapes, is_whole=one.is_whole)
            else:
                found = self.of(one)
        return {key: value for key, value in found.items() if value is not None}


def _values(values: Sequence[Any]) -> dict[str, Any]:
    return {"enum": list(values)}


def _fields(shapes: Sequence[type]) -> dict[str, tuple[Any, str]]:
    """Return the type and the comment of every key."""
    found = {}
    for shape in shapes:
        comments = comments_of(shape)
        for key, hint in _hints(shape).items():
            found[key] = (hint, comments.get(key, ""))
    return found


def _hints(shape: type) -> dict[str, Any]:
    # Types that are imported for checking alone are needed here, too.
    found: dict[str, Any] = {}
    for one in reversed(shape.__mro__):
        if one.__module__ not in ("builtins", "typing"):
            own = type(one.__name__, (), {"__annotations__": _annotations(one)})
            names = _checked_names(one.__module__)
            found |= typing.get_type_hints(own, names, names, include_extras=True)
    return found


def _annotations(shape: type) -> dict[str, Any]:
    # Constants of a class are none of its fields.
    own = inspect.get_annotations(shape)
    return {key: hint for key, hint in own.items() if "ClassVar" not in str(hint)}


@cache
def _checked_names(module: str) -> dict[str, Any]:
    """Return the names of a module, those under TYPE_CHECKING as well."""
    names = dict(vars(import_module(module)))
    for node in ast.parse(inspect.getsource(import_module(module))).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for statement in node.body:
                if isinstance(statement, ast.ImportFrom):
                    found = dict(vars(import_module(str(statement.module))))
                    for alias in statement.names:
                        if alias.name not in found:
                            found |= _checked_names(str(statement.module))
                        names[alias.asname or alias.name] = found[alias.name]
                else:
                    block = ast.Module([statement], [])
                    exec(compile(block, module, "exec"), names)
    return names


def comments_of(shape: type) -> dict[str, str]:
    """Return the words of the comment above each field."""
    found: dict[str, str] = {}
    for one in reversed(shape.__mro__):
        if one.__module__ in ("builtins", "typing"):
            continue
        said: list[str] = []
        for line in dedent(inspect.getsource(one)).splitlines():
            comment = re.match(r" +#: (.*)", line)
            field = re.match(r" {4}(\w+): ", line)
            if field and (said or field[1] not in found):
                found[field[1]] = _plain(" ".join(said))
            said = [*said, comment[1]] if comment else []
    return found


def _plain(text: str) -> str:
    return re.sub(r"\bNone\b", "null", text.replace("``", "`"))


def _with_unit(key: str, hint: Any, said: str) -> str:
    unit = next((unit for end, unit in UNITS.items() if key.endswith(end)), "")
    is_number = "int" in str(hint) or "float" in str(hint)
    if not is_number or key.startswith("nr_") or unit[:-1].lower() in said.lower():
        unit = ""
    return " ".join(filter(None, [said, unit]))


def _first_line(shape: type) -> str:
    text: str = inspect.getdoc(shape) or ""
    return _plain(text.partition("\n\n")[0].replace("\n", " "))
