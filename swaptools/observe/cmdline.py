"""The kernel command line of this boot.

Not here: taking one apart (config/cmdline.py), what its words ask for (power.py,
zswap.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.config.cmdline import parse_cmdline
from swaptools.observe.proc import read_text

if TYPE_CHECKING:
    from swaptools.config.cmdline import Parameter

_CMDLINE: Final = "/proc/cmdline"


def read_cmdline() -> tuple[Parameter, ...]:
    """Read the words of the kernel command line, none where there is no /proc."""
    return parse_cmdline(read_text(_CMDLINE) or "")
