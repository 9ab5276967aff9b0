"""The rules about a system, D by what they are about; registry.py imports them.

D1 what is to be swapped on, D2 hibernation, D3 encryption, D4 zswap, zram,
priorities and settings, D9 what could not be seen.
"""
