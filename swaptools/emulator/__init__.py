"""A kernel's swap in user space: slots, zswap, zram and the designs argued about."""

from swaptools.emulator.device import SwapDevice
from swaptools.emulator.machine import Machine
from swaptools.emulator.memory import Task

__all__ = ["Machine", "SwapDevice", "Task"]
