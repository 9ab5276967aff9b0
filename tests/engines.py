"""The two ways in which what counts runs, as parameters of a test.

Not here: that nothing else is compiled (conftest.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from swaptools.compiling import can_compile

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet


def _engines(mark: pytest.MarkDecorator) -> tuple[ParameterSet, ...]:
    needs = pytest.mark.skipif(not can_compile(), reason="needs the fast extra")
    return (
        pytest.param(False, id="interpreted"),
        pytest.param(True, id="compiled", marks=(mark, needs)),
    )


#: Of a test that takes ``compiled``; that it is, is for ``make test-compiled``.
ENGINES: Final = _engines(pytest.mark.compiled)
#: Of one for which every policy is compiled, some minutes each: ``make test-long``.
ENGINES_OF_POLICIES: Final = _engines(pytest.mark.long)
