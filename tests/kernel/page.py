"""docs/kernels.md: what changed when, made from the profiles.

``python -m tests.kernel.page`` writes it anew; a test compares.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from swaptools.check import check_area
from swaptools.cli.verdicts import report_lines
from swaptools.kernel.differences import by_release, rules
from swaptools.kernel.profiles import PROFILES
from swaptools.kernel.releases import find_kernel
from tests.check.samples import swap_area
from tests.kernel import judged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PAGE: Final = Path(__file__).parents[2] / "docs" / "kernels.md"
#: Kernels that the examples ask.
ASKED: Final = ("4.18", "5.4", "5.10", "6.1", "7.2")
MAINLINE: Final = [name for name, one in PROFILES.items() if one.ghost is None]

_INTRODUCTION: Final = """\
# What each kernel says

`swapcheck --kernel` and `Machine(kernel=)` know these kernels; `swapcheck --kernel
list` prints them with what differs from one to the next. The rules are fields of
`swaptools/kernel/profiles.py`, each with its source, over one checker; this page is
made from them: `python -m tests.kernel.page`.
"""
_SIDE_BY_SIDE: Final = """\
## The same files on five kernels

The file has 256 pages, or 300, and claims 256:

```
swapcheck {} /swap
```
"""
_MATRIX: Final = """\
## Every rule

`=` is as in the column before. A kernel in italics was read in source; every other was
booted and asked, by thousands of headers. What only an emulation shows (`allocator`,
`zswap`) is in the same table.
"""
_WITHIN: Final = """\
## Within a series, and between two

Some rules came with a stable release, and some between two kernels that have a profile;
the whole release decides. The name of a series alone stands for the release that was
asked, or the newest that was read.
"""
_JUDGED: Final = """\
## What judged them

The last full round of `make test-kernels` with each kernel, booted in QEMU with one
CPU: headers on ext4, XFS, btrfs, tmpfs, ramfs and block devices, errno and message
compared; lives of pages, where each page is after every step; sets of contents, what
zswap counts; and areas too large for the memory. A set is told and not judged where
slots are taken ahead (through 6.14), and there is none before 6.12, where no cgroup
tells in time what it is charged. What a kernel lacks, as flavours for clouds lack
XFS and btrfs, is skipped. Seeds are for `--seed`, sources are commits.
"""
_LEFT: Final = """\
## What is left

What an emulation does not foresee, each with the least that shows it
(`python -m tests.against_kernels.ask KERNEL FILE --compare`):

* Before 6.12 an area without a free cluster is gone through from a slot that is drawn
  when it comes on, and on from a drawn one where a scan crosses a multiple of 16384
  slots. A comparison ends there:

  ```
  zswap on
  swapon a block 500
  write 0 200
  pageout 0 200
  ```

* Through 6.12 a folio of several pages goes past zswap to its device, and waits in the
  swap cache until memory is short, since it was still being written when reclaim
  looked at it. A fault finds the whole folio there, maps all of it, and a write frees
  all its slots at once (`put_swap_folio()`); the emulator lets it leave, and faults
  page by page. Such lives are not drawn for areas that are not rotational:

  ```
  zswap on
  swapon a block 7000
  write 2808 4 order=2
  pageout 2808 4
  write 2808 4
  ```

* On 6.12 one of 60 lives parts, and nobody knows why: shared memory over areas that
  are nearly full keeps two slots more in use.

  ```
  swapon a0 block 1400 prio=1
  swapon a1 zram 1000 prio=2
  shm s 1200
  write 656 500
  pageout 656 500
  write 196 500 length=0
  pageout 196 500
  task task1
  write 332 2
  pageout 332 2
  drop 112 500
  ```
"""
_RELEASES: Final = """\
## Releases of distributions

Builds are counted where a distribution counts them: Debian's ABI in `6.1.0-53-amd64`,
Ubuntu's in `6.8.0-148-generic`. A tree with changes of its own is judged as the
kernel.org release that it names, and the verdict says `"reason": "distribution"`. Red
Hat's kernels are among those: what it ported back to 4.18 and 5.14 is not modelled, and
none of them has btrfs, which is a finding (F720).
"""
#: What the examples show.
_FILES: Final[dict[str, dict[str, Any]]] = {
    "XFS, space reserved by fallocate(1)": {
        "filesystem": "xfs",
        "extents": [(0, 0, 256 * 4096, "UNWRITTEN")],
    },
    "XFS, one hole": {
        "filesystem": "xfs",
        "extents": [(0, 0, 128 * 4096), (129 * 4096, 129 * 4096, 127 * 4096)],
    },
    "btrfs, No_COW": {
        "filesystem": "btrfs",
        "inode_flags": "NOCOW",
        "extents": [(0, 0, 256 * 4096)],
    },
    "ext4, a hole behind the last page": {
        "area_bytes": 300 * 4096,
        "extents": [(0, 0, 256 * 4096)],
    },
    "ext4, a hole in the middle": {
        "extents": [(0, 0, 128 * 4096), (129 * 4096, 129 * 4096, 127 * 4096)],
    },
}
_STRINGS: Final = (
    "5.10.0-46-amd64",
    "6.12.74+deb13-amd64",
    "5.15.0-204-generic",
    "6.8.0-151-generic",
    "6.8.0-1029-aws",
    "4.18.0-553.el8_10.x86_64",
    "5.14.0-570.el9",
    "6.4.0-150600.23.33-default",
    "6.1.102-111.182.amzn2023.x86_64",
    "6.6.30-android15-8-gdeadbeef",
    "5.15.153.1-microsoft-standard-WSL2",
    "6.15.9-arch1-1",
    "7.3-rc7",
    "3.10.0-1160.el7.x86_64",
)


def render() -> str:
    """Return the page."""
    options = " ".join(f"--kernel {name}" for name in ASKED)
    return "\n".join(
        [
            _INTRODUCTION,
            _SIDE_BY_SIDE.format(options),
            *(_example(title, area) for title, area in _FILES.items()),
            _MATRIX,
            *_matrix(),
            "",
            _WITHIN,
            *_within(),
            "",
            _JUDGED,
            *_judged(),
            "",
            _LEFT,
            _RELEASES,
            *_releases(),
            "",
        ]
    )


def _example(title: str, area: dict[str, Any]) -> str:
    report = check_area(swap_area(**area), ASKED, 4096, rules=())
    printed = click.unstyle("\n".join(report_lines(report)))
    return f"{title}:\n\n```\n{printed}\n```\n"


def _matrix() -> Iterator[str]:
    columns = {name: rules(PROFILES[name]) for name in MAINLINE}
    names = [name if PROFILES[name].confirmed_by else f"*{name}*" for name in MAINLINE]
    yield _row(["rule", *names])
    yield _row(["---"] * (len(names) + 1))
    for topic in columns[MAINLINE[0]]:
        values = [columns[name][topic] for name in MAINLINE]
        if len(set(values)) > 1:
            yield _row([topic, *_repeated(values)])


def _repeated(values: list[str]) -> Iterator[str]:
    before = None
    for value in values:
        yield "=" if value == before else value
        before = value


def _within() -> Iterator[str]:
    yield _row(["from", "what", "before"])
    yield _row(["---"] * 3)
    for release, _, differences, _ in by_release():
        if release not in PROFILES:
            for topic, before, after in differences:
                yield _row([release, f"{topic}: {after}", before])


def _judged() -> Iterator[str]:
    whats = ("headers", "lives of pages", "sets of contents", "sizes")
    yield _row(["kernel", *whats, "seed", "sources"])
    yield _row(["---"] * (len(whats) + 3))
    for one in judged.load().values():
        figures = [one.parts.get(what, "") for what in whats]
        yield _row([f"`{one.release}`", *figures, str(one.seed), one.commit])


def _releases() -> Iterator[str]:
    yield _row(["release", "judged as", "exact", "reason"])
    yield _row(["---"] * 4)
    for release in _STRINGS:
        kernel = find_kernel(release)
        exact = "yes" if kernel.exact else "no"
        yield _row([f"`{release}`", kernel.profile.name, exact, kernel.reason or ""])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(render())
