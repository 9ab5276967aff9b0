"""A scan of more than memory: the sequential one of the workloads.

24 MiB are written from one end to the other, five times.

    python3 -S -E scan.py
"""

SIZE_BYTES = 24 << 20
PAGE_BYTES = 4096

memory = bytearray(SIZE_BYTES)
for turn in range(5):
    memory[::PAGE_BYTES] = bytes((turn,)) * (SIZE_BYTES // PAGE_BYTES)
