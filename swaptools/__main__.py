"""python -m swaptools: a command by its name, or a list of them.

Not here: how any command begins and ends (cli/start.py).
"""

from swaptools.cli.start import package

if __name__ == "__main__":
    raise SystemExit(package())
