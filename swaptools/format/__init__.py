"""Bytes of a swap header page to values and back; no files, clock or randomness.

signature.py finds the magic, header.py parses and builds, hibernation.py reads
what a suspended machine left, ghost.py has the two ghost facts, layout.py the
construct definitions, packed.py what is made of them to read without construct,
constants.py the kernel's numbers. Read in that order, it takes ten minutes.
"""
