"""Names of a package that are looked for in its rooms when they are first used.

Not here: which names there are (__init__.py of each package that has them so).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def resolve(package: dict[str, Any], rooms: Mapping[str, str], name: str) -> object:
    """Return what has a name in a package, which has it from then on.

    Args:
        package: Its globals().
        rooms: The module of each name, below the package.
        name: That is asked for.

    Raises:
        AttributeError: There is no such name.
    """
    path, room = package["__name__"], rooms.get(name)
    if room is None:
        raise AttributeError(f"module {path!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{path}.{room}"), name)
    package[name] = value
    return value
