"""What commands print as JSON where it is more than one value's: types alone.

The schemas are made from these and from the values' own, by their names, types and
comments; mypy holds the code against them.

Not here: what is one value's (beside it), how JSON is printed (output.py).
"""
