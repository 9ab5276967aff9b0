"""What is going to go, and says so for one minor version before it does.

Not here: what may change, and when (docs/stability.md).
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Deprecated(NamedTuple):
    """A function that is going to go."""

    name: str
    #: What to use in its place.
    use: str
    #: The first version that warns, and the first one without it: ``0.2``.
    since: str
    until: str

    def __str__(self) -> str:
        return (
            f"{self.name} is deprecated since swaptools {self.since} and goes with"
            f" {self.until}; use {self.use}"
        )


#: Everything that warns.
DEPRECATED: Final[list[Deprecated]] = []


def deprecated(
    use: str, *, since: str, until: str
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Have a function warn its caller that it is going to go.

    Args:
        use: What to use in its place.
        since: The first version that warns.
        until: The first version without it.
    """

    def mark(function: Callable[_P, _R]) -> Callable[_P, _R]:
        about = Deprecated(function.__qualname__, use, since, until)
        DEPRECATED.append(about)

        @wraps(function)
        def warn(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            import warnings  # nobody pays for it who calls nothing that is going to go

            warnings.warn(str(about), DeprecationWarning, stacklevel=2)
            return function(*args, **kwargs)

        return warn

    return mark
