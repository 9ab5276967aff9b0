"""A kernel's swap in user space: slots, zswap, zram and the designs argued about."""

from swaptools.emulator.machine.device import SwapDevice
from swaptools.emulator.machine.machine import Machine
from swaptools.emulator.machine.task import Task

__all__ = ["Machine", "SwapDevice", "Task"]
