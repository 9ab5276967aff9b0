"""Claim: a command starts nearly as fast as the libraries that it is made of.

``swapinfo FILE`` takes at most 1.15 times ``import click``, ``swapcheck FILE`` and
``ghost-mkswap -n`` 1.3 times, what prints the language of scripts or completes a line
1.5 times, names of designs, policies and rules 1.6 times; and ``import swaptools`` 1.2
times an interpreter that does nothing. Whole processes, in turn, many times; the ratios
of the medians are printed, and which of them is too high. Byte code is compiled first,
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
from typing import NamedTuple

import swaptools

ROUNDS = 41
BARE = "python -c pass"
CLICK = "python -c 'import click'"


class Claim(NamedTuple):
    """What a command may take of another one's time."""

    command: str
    peer: str
    at_most: float


CLAIMS = (
    Claim("swapinfo FILE", CLICK, 1.15),
    Claim("swapcheck FILE", CLICK, 1.3),
    Claim("ghost-mkswap -n", CLICK, 1.3),
    Claim("swapemu run --help", CLICK, 1.5),
    Claim("Tab behind swapemu run", CLICK, 1.5),
    Claim("Tab behind --design", CLICK, 1.6),
    Claim("Tab behind --policy", CLICK, 1.6),
    Claim("Tab behind --select", CLICK, 1.6),
    Claim("import swaptools", BARE, 1.2),
)


def tab(begun: str) -> list[str]:
    """Return what bash runs to learn what a line may go on with."""
    program = begun.split(" ")[0]
    asked = [f"_{program.upper()}_COMPLETE=bash_complete", f"COMP_WORDS={begun}"]
    return ["env", *asked, str(Path(sys.executable).parent / program)]


def commands(place: Path) -> dict[str, list[str]]:
    """Return what is run, by name; peers that are not installed are left out."""
    programs = Path(sys.executable).parent
    area, ghost = str(place / "area"), str(place / "ghost")
    make, info = str(programs / "ghost-mkswap"), str(programs / "swapinfo")
    emu = str(programs / "swapemu")
    subprocess.run([make, "-q", "--real", area, "1M"], check=True)
    found = {
        BARE: [sys.executable, "-c", "pass"],
        CLICK: [sys.executable, "-c", "import click"],
        "import swaptools": [sys.executable, "-c", "import swaptools"],
        "swapinfo --version": [info, "--version"],
        "swapinfo --help": [info, "--help"],
        "swapinfo": [info],
        "swapinfo FILE": [info, area],
        "swapcheck FILE": [str(programs / "swapcheck"), area],
        "swapemu demo": [emu, "demo"],
        "swapemu run --help": [emu, "run", "--help"],
        "Tab behind swapemu run": tab("swapemu run "),
        # And those of others are looked for.
        "Tab behind --design": tab("swapemu run --design "),
        "Tab behind --policy": tab("swapemu replay --policy "),
        "Tab behind --select": tab("swapcheck --select "),
        "ghost-mkswap -n": [make, "-n", ghost, "1G"],
        "ghost-mkswap": [make, "-f", ghost, "1G"],
        "mkswap": ["mkswap", area],
        "swaplabel": ["swaplabel", area],
        "file": ["file", area],
    }
    return {name: words for name, words in found.items() if shutil.which(words[0])}


def seconds(command: list[str]) -> float:
    """Time one run, its output thrown away."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def compare() -> int:
    """Run all commands in turn, print the ratios, return how many are too high."""
    compileall.compile_dir(str(Path(swaptools.__file__).parent), quiet=1)
    with tempfile.TemporaryDirectory() as scratch:
        known = commands(Path(scratch))
        taken: dict[str, list[float]] = {name: [] for name in known}
        for _ in range(ROUNDS):
            for name, command in known.items():
                taken[name].append(seconds(command))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    for name, median in medians.items():
        print(
            f"{name:26} {median * 1e3:7.1f} ms {median / medians[CLICK]:5.2f} x click"
        )
    ratios = [medians[claim.command] / medians[claim.peer] for claim in CLAIMS]
    for claim, ratio in zip(CLAIMS, ratios, strict=True):
        verdict = "ok" if ratio <= claim.at_most else "TOO HIGH"
        print(
            f"{claim.command}: {ratio:.2f} x {claim.peer} ({claim.at_most}) {verdict}"
        )
    return sum(r > claim.at_most for r, claim in zip(ratios, CLAIMS, strict=True))


if __name__ == "__main__":
    sys.exit(compare())
