"""A kernel's swap in user space: slots, zswap, zram and the designs argued about.

Names are resolved when first used: who asks what a script may say, or which designs
there are, needs no machine.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swaptools.emulator.machine.device import SwapDevice
    from swaptools.emulator.machine.machine import Machine
    from swaptools.emulator.machine.task import Task
    from swaptools.emulator.replays.replay import replay
    from swaptools.emulator.replays.replayed import Replayed

__all__ = ["Machine", "Replayed", "SwapDevice", "Task", "replay"]

_ROOMS = {
    "Machine": "machine.machine",
    "Replayed": "replays.replayed",
    "SwapDevice": "machine.device",
    "Task": "machine.task",
    "replay": "replays.replay",
}


def __getattr__(name: str) -> object:
    from swaptools.front_door import resolve

    return resolve(globals(), _ROOMS, name)


def __dir__() -> list[str]:
    return __all__
