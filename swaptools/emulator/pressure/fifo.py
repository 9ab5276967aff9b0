"""First in, first out: who came first leaves first, whatever was accessed since.

Kernel: none; a yardstick.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from typing import Final

from swaptools.emulator.pressure.policy import Policy

FIFO: Final = Policy(name="fifo", summary="who came first leaves first")
