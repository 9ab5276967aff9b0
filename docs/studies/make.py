"""The studies of this folder: their rows, their pages, and what studies.md has of them.

``make studies`` runs what has no row yet, writes a page of each below build/studies,
and the tables of docs/studies.md; tests/test_studies.py holds rows and tables against
what the commands give.
"""

from __future__ import annotations

import json
import os
import re
import sys
from itertools import product
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from swaptools.cli.swapemu import main as swapemu

HERE = Path(__file__).parent
PAGE = HERE.with_name("studies.md")
BUILT = HERE.parents[1] / "build" / "studies"
NAMES = sorted(path.stem for path in HERE.glob("*.toml"))
_BLOCK = re.compile(
    r"(<!-- (pivot|break-even): (.+?) -->\n).*?(<!-- end -->)", re.DOTALL
)


def swap_emu(*words: str) -> str:
    """Run swapemu in this folder, and return what it prints."""
    before = Path.cwd()
    os.chdir(HERE)
    try:
        result = CliRunner().invoke(swapemu, words, prog_name="swapemu")
    finally:
        os.chdir(before)
    if result.exit_code:
        raise RuntimeError(f"{' '.join(words)}: {result.output}")
    return result.stdout


def rows(name: str) -> tuple[dict[str, list[Any]], list[dict[str, Any]]]:
    """Return the axes of a study, and its rows as flat as a frame has them."""
    about, *found = map(json.loads, (HERE / f"{name}.jsonl").read_text().splitlines())
    flat = [{**row["cell"], **row["metrics"]} for row in found]
    return about["about"]["axes"], flat


def pivot(name: str, metric: str, *fixed: str) -> str:
    """Return a table of one count: designs from left to right, other axes downwards."""
    axes, found = rows(name)
    wanted = dict(each.split("=") for each in fixed)
    found = [row for row in found if all(str(row[k]) == v for k, v in wanted.items())]
    others = [axis for axis in axes if axis != "design" and axis not in wanted]
    designs = axes["design"]
    lines = [
        f"| {' | '.join([*others, *designs])} |",
        "|---:" * (len(others + designs)) + "|",
    ]
    for place in product(*(axes[axis] for axis in others)):
        here = {
            row["design"]: row[metric]
            for row in found
            if tuple(row[axis] for axis in others) == place
        }
        cells = [*map(str, place), *(f"{here[design]:,}" for design in designs)]
        lines.append(f"| {' | '.join(cells)} |")
    return (
        f"`{metric}` of [{name}.jsonl](studies/{name}.jsonl)\n\n"
        + "\n".join(lines)
        + "\n"
    )


def break_even(name: str, metric: str, *words: str) -> str:
    """Return what the command prints, below the command."""
    command = ["report", "--break-even", "--metric", metric, *words, f"{name}.jsonl"]
    told = swap_emu(*command).partition(":\n\n")
    told = told[2].rpartition("\n\n") if "\n\n" in told[2] else told
    return f"```console\n$ swapemu {' '.join(command)}\n{told[2]}```\n"


def block(kind: str, words: str) -> str:
    """Return what a block of the page has to be."""
    return {"pivot": pivot, "break-even": break_even}[kind](*words.split())


def page(text: str) -> str:
    """Return the page with its blocks made anew."""
    return _BLOCK.sub(lambda m: m[1] + block(m[2], m[3]) + m[4], text)


def main() -> None:
    """Run what is missing, and write all that follows from it."""
    BUILT.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        sys.stdout.write(swap_emu("sweep", f"{name}.toml"))
        target = BUILT / f"{name}.html"
        sys.stdout.write(swap_emu("report", f"{name}.jsonl", "-o", str(target)))
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
