"""What a worker that compiles is forked with: numba, ready to load what is kept.

It takes a quarter of a second, and each worker would else do it for itself, in its
first cell. Importing this does it.

Not here: loading (kept_code.py), who imports this (local_cluster.py).
"""

from __future__ import annotations

import gc
from contextlib import suppress
from importlib import import_module

# Whatever is amiss with numba is told where it is used.
with suppress(Exception):
    target = import_module("numba.core.registry").cpu_target
    target.typing_context.refresh()
    target.target_context.refresh()
    import_module("swaptools.emulator.core.compiled_buffers")

# What is there stays: nobody has to look through it for garbage.
gc.freeze()
