"""Remedies: what mends an area where it lies, made for the case.

A remedy has a command only where three things are known: nothing is in the way of
writing (obstacles.py), nothing but swap would be destroyed (contents.py), and the
kernel that was asked takes the area as the command leaves it (ways.py). Else it is
a sentence. Commands are put together in commands.py; headers.py, lengths.py, storage.py
and access.py have the remedies by what they mend, elsewhere.py what to use instead.

A remedy never loses the UUID and the label that a header already has.

Not here: when a remedy is offered (rules/).
"""
