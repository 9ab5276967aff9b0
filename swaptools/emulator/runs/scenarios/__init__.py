"""Runs that come with the package, as text.

Not here: what a run can say (emulator/runs/grammar.py), reading one (script_files.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""
