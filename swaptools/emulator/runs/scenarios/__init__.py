"""Runs that come with the package, as text.

Not here: what a run can say (emulator/runs/script.py), reading one (cli/swapemu.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""
