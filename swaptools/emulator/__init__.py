"""A kernel's swap in user space: slots, zswap, zram and the designs argued about."""

from swaptools.emulator.machine.device import SwapDevice
from swaptools.emulator.machine.machine import Machine
from swaptools.emulator.machine.task import Task
from swaptools.emulator.replays.replay import replay
from swaptools.emulator.replays.replayed import Replayed

__all__ = ["Machine", "Replayed", "SwapDevice", "Task", "replay"]
