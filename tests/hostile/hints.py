"""Hints about images drawn at random, followed on a copy: no byte of others changes.

As a script, a long run: ``python -m tests.hostile.hints --count 2000``. Image number
N of a seed is always the same, so that a failure can be had again with
``--first N --count 1``. Prints figures, and exits with 1 when a command failed, when
it changed or claims a byte that is not the area's, or when the area is not accepted
and the hint did not say so.

Every region of an image is asked about by its offset, and the image as a whole.

Not here: the images (images.py), hints on file systems (against_kernel/test_paste.py).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

from click.testing import CliRunner

from swaptools.check import check_area
from swaptools.cli.ghost_mkswap import main as ghost_mkswap
from swaptools.observe import read_area, read_areas
from tests.hostile.images import Image, Region, draw
from tests.searching import PATH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swaptools.area import SwapArea
    from swaptools.check import Finding

_KERNELS: Final = ("6.18", "6.18", "6.18", "7.2", "4.18", "ghost-rfc")
_PAGE: Final = 4096
_NAME: Final = "disk.img"


@dataclass
class Figures:
    """What a run has seen."""

    images: int = 0
    areas: int = 0
    findings: int = 0
    commands: int = 0
    by_code: Counter[str] = field(default_factory=Counter)
    #: Commands that changed, or claim, a byte of somebody else's.
    foreign: list[str] = field(default_factory=list)
    #: Commands that failed, or left an area that is refused without a word.
    failures: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Return the figures in one line."""
        return (
            f"{self.images} images, {self.areas} areas asked about,"
            f" {self.findings} findings, {self.commands} commands followed on a copy:"
            f" {len(self.foreign)} touch or claim foreign bytes,"
            f" {len(self.failures)} fail"
        )

    @property
    def is_good(self) -> bool:
        """Whether nothing of somebody else's was touched and everything ran."""
        return not self.foreign and not self.failures


def run(seed: int, numbers: Iterable[int]) -> Figures:
    """Ask about these images of a seed."""
    figures = Figures()
    here = Path.cwd()
    # Nothing here has to outlive a loss of power, and disks are slow.
    with tempfile.TemporaryDirectory() as directory, patch.object(os, "fsync"):
        try:
            os.chdir(directory)
            for number in numbers:
                _ask_about(figures, number, Random(f"{seed} {number}"))
        finally:
            os.chdir(here)
    return figures


def _ask_about(figures: Figures, number: int, rng: Random) -> None:
    image = draw(rng)
    figures.images += 1
    Path(_NAME).write_bytes(image.data)
    Path(_NAME).chmod(0o600)
    for area in _areas(image):
        figures.areas += 1
        kernel = rng.choice(_KERNELS)
        for found in check_area(area, kernel, _PAGE).findings:
            figures.findings += 1
            if found.hint_command is not None:
                figures.by_code[found.code] += 1
                where = (
                    f"image {number}, {image.scheme}, offset {area.offset}, {kernel}"
                )
                _follow(figures, where, image, area, found, kernel)


def _areas(image: Image) -> Iterator[SwapArea]:
    yield from read_areas(_NAME, holds=True)
    for region in image.regions:
        if 0 < region.start < len(image.data):
            yield read_area(_NAME, region.start, holds=True)


def _follow(
    figures: Figures,
    where: str,
    image: Image,
    area: SwapArea,
    found: Finding,
    kernel: str,
) -> None:
    # On the file itself, which is put back afterwards.
    figures.commands += 1
    said = f"{where}: {found.code} {found.hint_command}"
    wrong = _run(str(found.hint_command))
    after = read_area(_NAME, area.offset, holds=True)
    report = check_area(after, kernel, _PAGE)
    if wrong is None and not report.accepted and "refuse" not in found.hint:
        wrong = f"refused still, {[one.code for one in report.findings]}"
    if wrong is not None:
        figures.failures.append(f"{said}: {wrong}")
    harm = _harm(image, area, after)
    if harm is not None:
        figures.foreign.append(f"{said}: {harm}")
    Path(_NAME).unlink()
    Path(_NAME).write_bytes(image.data)
    Path(_NAME).chmod(0o600)


def _run(command: str) -> str | None:
    # ghost-mkswap without a process of its own: there are thousands.
    if command.startswith("ghost-mkswap ") and "&&" not in command:
        words = command.split()[1:]
        result = CliRunner().invoke(ghost_mkswap, words, prog_name="ghost-mkswap")
        return None if result.exit_code == 0 else result.output
    ran = subprocess.run(
        ["sh", "-c", command],
        env={**os.environ, "PATH": PATH},
        capture_output=True,
        check=False,
        text=True,
    )
    return None if ran.returncode == 0 else ran.stderr


def _harm(image: Image, before: SwapArea, after: SwapArea) -> str | None:
    # What was changed, or is claimed now, and is not the area's own.
    own = _own_region(image, before.offset)
    start, end = (own.start, own.end) if own else (0, 0)
    new = Path(_NAME).read_bytes()
    for first, last in ((0, start), (end, len(image.data))):
        if new[first:last] != image.data[first:last] and not _is_cut(image, own, new):
            return f"bytes {first}..{last} changed; ours are {start}..{end}"
    claimed = after.header.size_bytes if after.header else 0
    old = before.header.size_bytes if before.header else 0
    if claimed > max(old, end - start) and before.offset + claimed > end:
        return f"claims {claimed} bytes, {end - start} are there, {old} were claimed"
    return None


def _own_region(image: Image, offset: int) -> Region | None:
    for region in image.regions:
        if region.start == offset and region.is_ours:
            return _with_zeros(image, region)
    if offset == 0 and not any(image.data):
        return Region("zeros", 0, len(image.data), is_ours=True)
    return None


def _with_zeros(image: Image, region: Region) -> Region:
    # Of a file without a table that begins with swap, the rest is the area's when
    # it is zeros, every byte of it.
    is_file = image.scheme == "stacked" and region.start == 0
    if not is_file or any(image.data[region.end :]):
        return region
    return region._replace(length=len(image.data))


def _is_cut(image: Image, own: Region | None, new: bytes) -> bool:
    # A file that is nothing but an area may get another length.
    is_whole = own is not None and image.scheme == "whole"
    shorter = min(len(new), len(image.data))
    return is_whole and not any(image.data[shorter:]) and not any(new[shorter:])


def main(arguments: list[str] | None = None) -> int:
    """Run as the command line says, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    figures = run(options.seed, range(options.first, options.first + options.count))
    for fault in (*figures.foreign, *figures.failures)[:20]:
        print(fault, file=sys.stderr)
    print(f"seed {options.seed}, {figures.text()}")
    return 0 if figures.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
