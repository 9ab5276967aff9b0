"""The paste test: every command that a rule can print, pasted as it stands.

Each is pasted into a shell, in turn bash and dash, where its situation was made anew.
It has to run; swapcheck, and the running kernel, then accept the area, or the hint
said what else it takes; and no byte outside the area may change.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from swaptools.check import all_rules, check_area
from swaptools.observe import read_area
from swaptools.observe.proc import memory_bytes
from tests.against_kernel import places, rig
from tests.against_kernel.oracle import ask_kernel
from tests.against_kernel.paste import situations, surroundings
from tests.against_kernel.paste.ledger import Ledger
from tests.against_kernel.paste.situations import Situation
from tests.searching import PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swaptools.check import Finding, Report
    from tests.against_kernel.paste.surroundings import Subject

    Put = Callable[[Situation], Any]

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("kernel", "only_4k_pages")]

_SHELLS: Final = [name for name in ("bash", "dash") if shutil.which(name)]
#: How a hint says that something else is in the way, or that a kernel never will.
_SAYS_MORE: Final = ("refuse", "(A80")
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
    *situations.STORAGE,
    *situations.GHOSTS,
    *situations.FOREIGN,
)
_INSIDE: Final = (*situations.HEADERS, *situations.FOREIGN)
_ON_DEVICES: Final = (
    *situations.HEADERS,
    *situations.BAD_PAGES,
    *situations.FOREIGN,
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
        _paste_all(name, _ON_FILES, partial(surroundings.file_in, root), ledger)
        for enter in situations.STATES:
            state = Situation(enter.__name__, enter)
            put = partial(_in_state, root, enter)
            with suppress(OSError):
                _paste_each(name, state, put, ledger)
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
    _paste_all(name, those, partial(put, scratch), ledger)
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


def _paste_all(
    place: str, those: tuple[Situation, ...], put: Put, ledger: Ledger
) -> None:
    ledger.places.add(place)
    for situation in those:
        try:
            _paste_each(place, situation, put, ledger)
        except (OSError, NotImplementedError, subprocess.CalledProcessError):
            continue  # the file system does not know such a thing


def _paste_each(place: str, situation: Situation, put: Put, ledger: Ledger) -> None:
    # The findings of one subject; then a fresh one for each command.
    with put(situation) as subject:
        report = _check(situation, subject)
    ledger.sentences += sum(found.hint_command is None for found in report.findings)
    for code in ledger.new_codes(place, report.findings):
        with put(situation) as subject:
            found = _found(_check(situation, subject), code)
            assert found is not None, f"{place} {situation.name}: no {code} again"
            _paste(
                f"{place} {situation.name} {code}", situation, subject, found, ledger
            )


def _check(situation: Situation, subject: Subject) -> Report:
    here = Path.cwd()
    os.chdir(subject.directory)
    try:
        area = read_area(subject.path, subject.offset, holds=True)
        ram_bytes = situation.ram_bytes or memory_bytes()
        return check_area(area, situation.kernel, ram_bytes=ram_bytes)
    finally:
        os.chdir(here)


def _found(report: Report, code: str) -> Finding | None:
    return next((found for found in report.findings if found.code == code), None)


def _paste(
    name: str,
    situation: Situation,
    subject: Subject,
    found: Finding,
    ledger: Ledger,
) -> None:
    before = subject.outside()
    kept = _foreign(situation, subject)
    shell = _SHELLS[ledger.pastes % len(_SHELLS)]
    ledger.pastes += 1
    ran = subprocess.run(
        [shell, "-c", str(found.hint_command)],
        cwd=subject.directory,
        env={
            **os.environ,
            "PATH": PATH,
        },
        capture_output=True,
        check=False,
        timeout=60,
    )
    where = f"{name}: {shell}: {found.hint_command}"
    if ran.returncode:
        ledger.failures.append(f"{where}: exit {ran.returncode}, {ran.stderr!r}")
    if subject.outside() != before or _foreign(situation, subject) != kept:
        ledger.foreign_changes.append(where)
    wrong = _not_mended(situation, subject, found)
    if wrong is not None:
        ledger.failures.append(f"{where}: {wrong}")


def _foreign(situation: Situation, subject: Subject) -> bytes:
    if situation.foreign_from is None:
        return b""
    with subject.file.open("rb") as file:
        file.seek(subject.offset + situation.foreign_from)
        return file.read()


def _not_mended(situation: Situation, subject: Subject, found: Finding) -> str | None:
    after = _check(situation, subject)
    said_more = any(words in found.hint for words in _SAYS_MORE)
    if not after.accepted:
        codes = [one.code for one in after.findings]
        return None if said_more else f"still refused, {codes}"
    if _found(after, found.code) is not None and found.code != "S202":
        return f"{found.code} is found again"
    if situation.kernel == "running" and not _accepts(subject, after):
        return "swapcheck accepts it, the kernel does not"
    return None


def _accepts(subject: Subject, after: Report) -> bool:
    if not subject.offset:
        return ask_kernel(subject.file).accepted
    header = after.area.header
    size_bytes = header.size_bytes if header else 0
    window = ("--offset", str(subject.offset), "--sizelimit", str(size_bytes))
    with rig.loop_device(subject.file, *window) as device:
        return ask_kernel(device).accepted
