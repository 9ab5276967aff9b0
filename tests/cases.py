"""Cases of a moment each, tried in one test that names those which fail.

A test of its own takes pytest three times as long as such a case, in each process that
collects it. Where a case needs a place of its own (``tmp_path`` and the like), or is
for long runs alone, it is a parameter as ever.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

#: So many failures are told of at length.
_MOST = 20


def every_case(
    names: str | Sequence[str],
    cases: Iterable[Any],
    ids: Callable[[Any], Any] | Iterable[Any] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Try a test with each, as pytest.mark.parametrize() has it, whatever fails.

    Raises:
        ValueError: There is no case, or one has marks.
    """
    parts = (
        [one.strip() for one in names.split(",")] if isinstance(names, str) else names
    )
    found = [_values(case, len(parts)) for case in cases]
    if not found:
        raise ValueError("no case")
    given = None if ids is None or callable(ids) else list(ids)

    def name_of(number: int) -> str:
        if given is not None:
            return str(given[number])
        name, values = found[number]
        if name is None and callable(ids):
            name = "-".join(str(ids(value)) for value in values)
        return name or ", ".join(f"{value!r:.200}" for value in values)

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def tried(*args: Any, **others: Any) -> None:
            failed: list[tuple[str, BaseException]] = []
            for number, (_, values) in enumerate(found):
                try:
                    test(*args, **others, **dict(zip(parts, values, strict=True)))
                except (Exception, pytest.fail.Exception) as exc:
                    failed.append((name_of(number), exc))
            if failed:
                raise AssertionError(_told(failed, len(found))) from failed[0][1]

        signature = inspect.signature(test)
        left = [one for name, one in signature.parameters.items() if name not in parts]
        cast("Any", tried).__signature__ = signature.replace(parameters=left)
        return tried

    return decorate


def _values(case: Any, nr_names: int) -> tuple[str | None, tuple[Any, ...]]:
    name = None
    if isinstance(case, type(pytest.param())):
        if case.marks:
            raise ValueError(f"a case has marks: {case}")
        name, case = case.id, case.values[0] if nr_names == 1 else case.values
    return str(name) if name else None, (case,) if nr_names == 1 else tuple(case)


def _told(failed: list[tuple[str, BaseException]], nr_cases: int) -> str:
    lines = [f"{len(failed)} of {nr_cases} cases"]
    lines += [f"[{name}] {type(exc).__name__}: {exc}" for name, exc in failed[:_MOST]]
    lines += [f"[{name}]" for name, _ in failed[_MOST:]]
    return "\n".join(lines)
