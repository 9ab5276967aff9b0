"""JSON schemas (draft 2020-12) of everything that a command prints with --json.

A schema is exact: it names every key, and there is no other. The files are made from
the types that the commands fill, by tests/schema/documents.py.

Not here: what may change, and when (docs/stability.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

#: Of all schemas together. The first number changes when a key goes, or says
#: something else; the second when one is added, or a value that a key may have.
VERSION: Final = "1.0"
#: What the name of each file ends with.
SUFFIX: Final = ".schema.json"


def names() -> tuple[str, ...]:
    """Return the names of the schemas: the command, and which of its objects.

    >>> [name for name in names() if name.startswith("ghost")]
    ['ghost-mkswap']
    """
    files = (file.name for file in _folder().iterdir())
    found = (name.removesuffix(SUFFIX) for name in files if name.endswith(SUFFIX))
    return tuple(sorted(found))


def load(name: str) -> dict[str, Any]:
    """Return a schema, as a validator takes it.

    >>> load("ghost-mkswap")["additionalProperties"]
    False

    Args:
        name: One of names().

    Raises:
        KeyError: There is no such schema.
    """
    import json  # only where it is asked for

    if name not in names():
        raise KeyError(name)
    text = _folder().joinpath(name + SUFFIX).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _folder() -> Traversable:
    from importlib.resources import files  # it brings half of the standard library

    return files(__name__).joinpath("files")
