"""The two ways in which what counts runs, as parameters of a test.

Not here: that nothing else is compiled (conftest.py).
"""

from __future__ import annotations

from typing import Final

import pytest

from swaptools.compiling import can_compile

#: Of a test that takes ``compiled``; that it is, is for ``make test-compiled``.
ENGINES: Final = (
    pytest.param(False, id="interpreted"),
    pytest.param(
        True,
        id="compiled",
        marks=(
            pytest.mark.compiled,
            pytest.mark.skipif(not can_compile(), reason="needs the fast extra"),
        ),
    ),
)
