"""What files say about swap: bytes to values, a file a format; read by observe/.

Every parser is pure and takes any bytes: a line of a megabyte, NUL, what is no UTF-8.
None raises; what cannot be understood is left out, or is a value that says so.

Not here: which files there are (files.py has the list, observe/ reads them), what to
think of it all (doctor/).
"""
