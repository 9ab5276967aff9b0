"""Which kernels are asked.

Not here: what they are asked.
"""

#: Series, in the order of their releases.
KERNELS = (
    *("5.10", "6.1", "6.12", "6.16", "6.17", "6.18"),
    *("6.19", "7.0", "7.1", "7.2", "7.3"),
)
