"""The paste test: every command that a rule can print, pasted as it stands.

Each is pasted into a shell, in turn bash and dash, where its situation was made anew.
It has to run; swapcheck, and the running kernel, then accept the area, or the hint
said what else it takes; and no byte outside the area may change.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest

from swaptools.check import all_rules
from tests.against_kernel import places
from tests.against_kernel.paste import foreign, situations, storage, surroundings
from tests.against_kernel.paste.ledger import Ledger
from tests.against_kernel.paste.pasting import paste_all, paste_each
from tests.against_kernel.paste.situations import Situation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.against_kernel.paste.surroundings import Subject

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("kernel", "only_4k_pages")]

#: Rules that never print a command, and why.
WITHOUT: Final = {
    "H104": "a new header would lose a hibernation image",
    "H105": "nobody knows the size that is meant",
    "H106": "the magic may be that of a hibernation image",
    "H107": "the header behind is harmless",
    "H204": "nothing is to be done",
    "H301": "what is below a mapping is not swap",
    "H302": "what is below an array or a volume is not swap",
    "H303": "a file system is not written over",
    "H304": "what is within has to be taken out by its own program",
    "H305": "what is within has to be unpacked first",
    "H306": "a partition table is not written over",
    "H307": "what has another name is not written over",
    "H308": "nobody knows the size that is meant",
    "H309": "which of two signatures is the leftover nobody knows",
    "H310": "a partition table is not written over",
    "S202": "nothing is to be done",
    "S204": "nothing is to be done",
    "S205": "nothing is to be done",
    "S206": "only another file system has other blocks",
    "S207": "only a longer device can hold it",
    "B308": "it is about what not to do",
    "I402": "it is about how to name it",
    "I404": "it is about how to name it",
    "G503": "only a kernel with the patches takes it",
    "G504": "a ghost belongs into a file that somebody has to name",
    "G506": "it is about what not to do",
    "G507": "nothing is to be done",
    "F705": "where the blocks of a new file lie is the file system's choice",
    "F708": "a conversion gives up copies of all data",
    "F709": "only root can look",
    "F710": "only another file system has other blocks",
    "F711": "only another file system takes swapfiles",
    "F712": "only another file system takes swapfiles",
    "F713": "only another device takes swap",
    "F714": "the size of a section is not known",
    "F715": "only another file system has one device",
    "F716": "a mount option is not for a command to choose",
    "F717": "only another kernel or file system takes it",
    "F719": "whether it is refused only the kernel can say",
    "F720": "only another file system or kernel takes it",
    "A803": "the seal is for good",
    "A804": "whose process it is nobody knows",
    "A805": "nothing is to be done",
    "A806": "what uses it nobody knows",
    "A807": "the name is gone",
    "A808": "only another place is safe",
    "A809": "what is swapped on is in use",
    "A810": "only another place is safe",
    "A811": "who made it so knows why",
    "P001": "privileges are not for a command to take",
    "P002": "privileges are not for a command to take",
    "P003": "privileges are not for a command to take",
    "P004": "privileges are not for a command to take",
    "U901": "it has to be looked at by somebody else",
    "U902": "only the kernel can say",
}
FILE_SYSTEMS: Final = (
    "ext4",
    "ext4-blocks",
    "xfs",
    "btrfs",
    "btrfs-zstd",
    "btrfs-raid1",
    "tmpfs",
    "overlay",
    "ntfs",
)
_ON_FILES: Final = (
    *situations.HEADERS,
    *storage.STORAGE,
    *situations.GHOSTS,
    *foreign.FOREIGN,
)
_INSIDE: Final = (*situations.HEADERS, *foreign.FOREIGN)
_ON_DEVICES: Final = (
    *situations.HEADERS,
    *situations.BAD_PAGES,
    *foreign.FOREIGN,
)


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """One for all places; the last test sums it up."""
    return Ledger()


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """Memory for the images: half of the commands wait for a disk otherwise."""
    with surroundings.memory(tmp_path / "scratch") as place:
        yield place


@pytest.mark.parametrize("name", FILE_SYSTEMS)
def test_files(name: str, scratch: Path, ledger: Ledger) -> None:
    """On every file system that this machine can mount."""
    _skip_without(name)
    with surroundings.mounted(name, scratch) as root:
        paste_all(name, _ON_FILES, partial(surroundings.file_in, root), ledger)
        for enter in storage.STATES:
            state = Situation(enter.__name__, enter)
            put = partial(_in_state, root, enter)
            with suppress(OSError):
                paste_each(name, state, put, ledger)
    assert not ledger.failures, "\n".join(ledger.failures)
    assert not ledger.foreign_changes, "\n".join(ledger.foreign_changes)


@pytest.mark.parametrize(
    ("name", "put", "those"),
    [
        ("image", surroundings.in_image, _INSIDE),
        ("partition", surroundings.in_partition, _INSIDE),
        ("device", surroundings.on_device, _ON_DEVICES),
    ],
)
def test_with_neighbours(
    name: str,
    put: Callable[[Path, Situation], Any],
    those: tuple[Situation, ...],
    scratch: Path,
    ledger: Ledger,
) -> None:
    """Before and behind, in one file."""
    paste_all(name, those, partial(put, scratch), ledger)
    assert not ledger.failures, "\n".join(ledger.failures)
    assert not ledger.foreign_changes, "\n".join(ledger.foreign_changes)


def test_every_rule_was_pasted_or_has_no_command(
    ledger: Ledger, say: Callable[[object], None]
) -> None:
    """A rule without a case fails here, and so does one that is listed and has one."""
    say(ledger)
    if len(ledger.places) < len(FILE_SYSTEMS) + 3:
        pytest.skip(f"only on {', '.join(sorted(ledger.places))}")
    codes = {rule.code for rule in all_rules()}
    assert codes - ledger.codes() == WITHOUT.keys() & codes
    assert WITHOUT.keys() <= codes


def _skip_without(name: str) -> None:
    needed = {"overlay": [], "ntfs": ["ntfs-3g", "mkfs.ntfs"]}.get(name)
    if name == "btrfs-raid1":
        needed = ["mkfs.btrfs"]
    if needed is not None:
        missing = [program for program in needed if shutil.which(program) is None]
        reason = f"{missing[0]} is not installed" if missing else None
    else:
        reason = places.why_not(surroundings.system(name))
    if reason is not None:
        pytest.skip(reason)


@contextmanager
def _in_state(
    root: Path, enter: Callable[[Path], Any], situation: Situation
) -> Iterator[Subject]:
    # Beside the neighbours: some states are those of the whole directory.
    own = root / f"in state {situation.name}"
    with enter(own) as path:
        yield surroundings.Subject(
            str(path), root, 0, lambda: surroundings.digest(root, own)
        )
    own.unlink(missing_ok=True)
