"""Traces of references replayed: machines in which memory runs out, over time."""
