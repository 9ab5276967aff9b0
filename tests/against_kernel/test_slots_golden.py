"""The golden scripts, done by this kernel: they expect what it does."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from swaptools.emulator.runs.entries import format_runs, parse_runs
from swaptools.emulator.runs.script import parse_script
from tests.against_kernel import slots_rig as rig
from tests.against_kernel.slots_rig import (
    AreaSpec,
    KernelMemory,
    KernelPages,
    KernelShm,
)

if TYPE_CHECKING:
    from swaptools.emulator.runs.words import Line

pytestmark = pytest.mark.kernel

GOLDEN = sorted(Path(__file__).parents[1].glob("emulator/golden/*.swap"))
NR_PAGES = 8192
ATTEMPTS = 4


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden(path: Path, kernel: None, tmp_path: Path) -> None:
    """In one of a few attempts, the first that nobody else swapped in, all holds."""
    lines = [each.line for each in parse_script(path.read_text())]
    for _ in range(ATTEMPTS):
        differences = run(lines, tmp_path)
        if differences is not None:
            assert differences == []
            return
    pytest.skip("other pages were swapped out in every attempt")


def run(lines: list[Line], scratch: Path) -> list[str] | None:
    """Do a script; return what differs, or None when others swapped meanwhile."""
    zswap = any(line.text == "zswap on" for line in lines)
    differences = []
    names: list[str] = []
    with rig.settings(zswap=zswap), ExitStack() as stack:
        pages = stack.enter_context(KernelPages(NR_PAGES))
        pages.move_to_cpu(0)
        memories: dict[str, KernelMemory] = {"": pages}
        memory: KernelMemory = pages
        before = rig.swapped_out_pages()
        for line in lines:
            words = line.words
            if words[0] == "swapon":
                stack.enter_context(rig.area_on(_area(words), scratch))
                names.append(words[1])
            elif words[0] == "cpu":
                pages.move_to_cpu(int(words[1]))
            elif words[0] == "shm":
                if len(words) > 2:
                    shm = KernelShm(int(words[2]))
                    memories[words[1]] = stack.enter_context(shm)
                memory = memories[words[1]]
            elif words[0] == "task":
                memory = pages
            elif words[0] == "exit":
                for each in memories.values():
                    each.drop(0, each.nr_pages)
            elif words[0] == "write":
                tag = 0 if "length=0" in words else line.number
                order = next((w[6:] for w in words if w.startswith("order=")), "0")
                memory.write(int(words[1]), int(words[2]), int(order), tag)
            elif words[0] in ("pageout", "read", "drop"):
                getattr(memory, words[0])(int(words[1]), int(words[2]))
            elif words[0] == "expect" and words[1].isdigit():
                have = memory.entries(int(words[1]), int(words[2].rstrip(":")))
                if have != parse_runs(line.text.partition(":")[2]):
                    runs = format_runs(have, with_types=len(names) > 1)
                    differences.append(f"line {line.number}: {runs}")
            elif words[0] == "expect" and words[1] in names:
                used = rig.used_pages()[names.index(words[1])]
                if used != int(words[2]):
                    differences.append(f"line {line.number}: {used}")
        foreign = rig.swapped_out_pages() - before
        foreign -= sum(each.swapped_out_pages for each in memories.values())
        return None if foreign or rig.root_swap_bytes() else differences


def _area(words: tuple[str, ...]) -> AreaSpec:
    options = dict(word.partition("=")[::2] for word in words[4:])
    bad = options.get("bad", "")
    return AreaSpec(
        kind=words[2],
        pages=int(words[3]),
        prio=int(options["prio"]) if "prio" in options else None,
        rotational="rotational" in options,
        discard="discard" in options,
        bad=tuple(int(page) for page in bad.split(",") if page),
    )
