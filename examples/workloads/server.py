"""A key-value server that saves in the background: the server of the workloads.

Values of 1 KiB by key, asked for by a client that likes some keys more than others;
each tenth request writes. Twice, when so many requests are done, it forks a child that
goes through all keys and writes them to /dev/null, as Redis does with BGSAVE, and goes
on meanwhile. The same requests each time.

    python3 server.py [KEYS] [REQUESTS]
"""

import os
import sys
from random import Random

VALUE_BYTES = 1000


def save(values: dict[int, bytearray]) -> int:
    """Write a snapshot in a child; return its number."""
    pid = os.fork()
    if pid:
        return pid
    with open(os.devnull, "wb") as file:
        for key, value in values.items():
            file.write(b"%d %s\n" % (key, value))
    os._exit(0)


def main(nr_keys: int, nr_requests: int) -> None:
    """Fill the table, then serve."""
    rng = Random(1)
    values = {
        key: bytearray(rng.randbytes(8) * (VALUE_BYTES // 8)) for key in range(nr_keys)
    }
    children = []
    for number in range(nr_requests):
        key = int(nr_keys * rng.random() ** 4)
        if number % 10 == 0:
            values[key][:8] = rng.randbytes(8)
        elif values[key][0] > 255:
            raise AssertionError
        if number in (nr_requests // 3, 2 * nr_requests // 3):
            children.append(save(values))
    for pid in children:
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main(*(int(word) for word in (*sys.argv[1:], "24000", "60000")[:2]))
