"""Claim: swapinfo FILE starts within 1.5 times ``import click, construct``.

And swapcheck FILE within 2.2 times, of which the rules are half. Whole processes, in
turn, many times; the ratios of the medians are printed. Byte code is compiled first,
as an installer does for every package.
"""

from __future__ import annotations

import compileall
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import swaptools

ROUNDS = 30


def seconds(command: list[str]) -> float:
    """Time one run, its output thrown away."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def compare() -> None:
    """Run all commands in turn and print the ratios."""
    compileall.compile_dir(str(Path(swaptools.__file__).parent), quiet=1)
    programs = Path(sys.executable).parent
    base = "import click, construct"
    with tempfile.TemporaryDirectory() as scratch:
        area = str(Path(scratch) / "area")
        make = str(programs / "ghost-mkswap")
        subprocess.run([make, "-q", "--real", area, "1M"], check=True)
        commands = {
            base: [sys.executable, "-c", base],
            "swapinfo --version": [str(programs / "swapinfo"), "--version"],
            "swapinfo --help": [str(programs / "swapinfo"), "--help"],
            "swapinfo": [str(programs / "swapinfo")],
            "swapinfo FILE": [str(programs / "swapinfo"), area],
            "swapcheck FILE": [str(programs / "swapcheck"), area],
            "swapemu demo": [str(programs / "swapemu"), "demo"],
            "ghost-mkswap": [make, "-f", f"{area}.ghost", "1G"],
            "mkswap": ["mkswap", area],
            "swaplabel": ["swaplabel", area],
            "file": ["file", area],
        }
        known = {name: c for name, c in commands.items() if shutil.which(c[0])}
        taken: dict[str, list[float]] = {name: [] for name in known}
        for _ in range(ROUNDS):
            for name, command in known.items():
                taken[name].append(seconds(command))
        reference = statistics.median(taken[base])
        for name, times in taken.items():
            median = statistics.median(times)
            print(f"{name:26} {median * 1e3:7.1f} ms  {median / reference:5.2f} x base")


if __name__ == "__main__":
    compare()
