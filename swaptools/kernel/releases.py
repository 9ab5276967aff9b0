"""Which profile describes a kernel, by the release it gives itself.

Not here: the profiles (profiles.py), the release of the running kernel.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from swaptools.kernel.profiles import K6_12, K6_18, K7_2

if TYPE_CHECKING:
    from swaptools.kernel.profiles import KernelProfile

#: First version of each mainline profile -> the profile, and what it describes.
_SERIES: Final[dict[tuple[int, int], tuple[KernelProfile, set[tuple[int, int]]]]] = {
    (6, 12): (K6_12, {(6, 12)}),
    (6, 18): (K6_18, {(6, 18)}),
    (7, 2): (K7_2, {(7, 2), (7, 3)}),
}


def profile_for_release(release: str) -> tuple[KernelProfile, bool]:
    """Return the profile that describes a release, and whether it does exactly.

    A kernel between two profiles is judged as the older one, one older than all
    of them as the oldest.

    Args:
        release: As uname(2) has it: ``6.18.44-lts``.

    >>> profile_for_release("6.15.3")[0].name, profile_for_release("7.3.0")[1]
    ('6.12', True)
    """
    match = re.match(r"(\d+)\.(\d+)", release)
    version = (int(match[1]), int(match[2])) if match else (0, 0)
    known = [first for first in _SERIES if first <= version]
    profile, described = _SERIES[max(known, default=min(_SERIES))]
    return profile, version in described
