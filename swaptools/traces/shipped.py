"""The traces that come with the package, by name.

Recorded by examples/workloads/record.sh: a compiler, a key-value server that saves in
the background, and a scan of more than memory.

Not here: what they hold (swapemu trace show), what comes of them (docs/workloads.md).
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_SUFFIX: Final = ".trace"


def shipped_names() -> list[str]:
    """Return the names of those traces.

    >>> shipped_names()
    ['compiler', 'scan', 'server']
    """
    found = (file.name for file in _folder().iterdir())
    return sorted(
        name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX)
    )


def path_of(name: str) -> str:
    """Return where a trace lies: a file of that name comes first, then one of these."""
    path = Path(name)
    if path.name == name and not path.exists() and name in shipped_names():
        return str(_folder() / f"{name}{_SUFFIX}")
    return name


def _folder() -> Traversable:
    return files("swaptools.traces") / "workloads"
