"""What others install beside this package, found by name among entry points.

What comes with the package is found in the same way (pyproject.toml), so that anybody
can add a design or a policy without a change here.

Not here: any of them, or what they are (emulator/).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from swaptools.errors import SelectionError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_T = TypeVar("_T")
#: Where designs are found by name.
DESIGNS_GROUP: Final = "swaptools.designs"
#: Where policies are.
POLICIES_GROUP: Final = "swaptools.policies"


class Plugins(Generic[_T]):
    """Those of one group of entry points."""

    def __init__(self, group: str, kind: str, type_: type[_T]) -> None:
        """Look for nothing yet.

        Args:
            group: Name of the entry points.
            kind: What one is called in a message: ``design``.
            type_: What each of them has to be.
        """
        self._group = group
        self._kind = kind
        self._type = type_

    @cached_property
    def points(self) -> dict[str, EntryPoint]:
        """By name; nobody takes one away from the package."""
        from importlib.metadata import entry_points  # slow to start, for who asks

        found = sorted(entry_points(group=self._group), key=is_ours)
        return {point.name: point for point in found}

    def names(self) -> tuple[list[str], list[str]]:
        """Return the names of ours, and those of others in order."""
        ours = [name for name, point in self.points.items() if is_ours(point)]
        return ours, sorted(set(self.points) - set(ours))

    def find(self, name: str) -> _T:
        """Return the one of that name.

        Raises:
            SelectionError: There is none; the message lists the names. Or what is
                installed under it is something else.
        """
        found, kind = self.points, self._kind
        if name not in found:
            known = ", ".join(found) or "none; the package has to be installed anew"
            raise SelectionError(f"no {kind} {name!r}; known: {known}")
        try:
            plugin = found[name].load()
        except Exception as exc:  # whatever a stranger's module does
            reason = str(exc) or type(exc).__name__
            raise SelectionError(f"{kind} {name!r}: {reason}") from exc
        if not isinstance(plugin, self._type):
            raise SelectionError(f"{kind} {name!r} is a {type(plugin).__name__}")
        return plugin


def is_ours(point: EntryPoint) -> bool:
    """Tell whether an entry point is of this package."""
    return point.module.partition(".")[0] == __name__.partition(".")[0]
