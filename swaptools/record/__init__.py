"""Recording the references of a program that runs.

Not here: formats of traces (traces/), the command (cli/record.py).
"""
