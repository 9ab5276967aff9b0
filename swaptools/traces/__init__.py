"""Traces of references to pages: what is read, and our own format.

A reader turns bytes into batches of references (references.py), the earliest first;
it holds no more than a batch of them.

Not here: recording (record/), what is found in a trace (working_set/).
"""
