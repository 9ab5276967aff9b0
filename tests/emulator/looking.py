"""How often a random run is looked through: seldom where time is short.

What went wrong stays wrong, or is noticed by the step that trips over it, so that a
look at every eighth step finds it some steps late; ``make test-compiled`` looks after
each one, and says which it was.
"""

from __future__ import annotations

from typing import Final

import pytest

#: Parameters of a test that takes ``every``: look after so many steps.
LOOKS: Final = (
    pytest.param(8, id="some"),
    pytest.param(1, id="all", marks=pytest.mark.compiled),
)
