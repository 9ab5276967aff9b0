"""Pasting one command into a shell, and what has to be true behind it.

Not here: which commands (test_paste.py), what came of all of them (ledger.py).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from swaptools.check import check_area
from swaptools.observe import read_area
from swaptools.observe.proc import memory_bytes
from tests.against_kernel import rig
from tests.against_kernel.oracle import ask_kernel
from tests.searching import PATH

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.check import Finding, Report
    from tests.against_kernel.paste.ledger import Ledger
    from tests.against_kernel.paste.situations import Situation
    from tests.against_kernel.paste.surroundings import Subject

    Put = Callable[[Situation], Any]

_SHELLS: Final = [name for name in ("bash", "dash") if shutil.which(name)]
#: How a hint says that something else is in the way, or that a kernel never will.
_SAYS_MORE: Final = ("refuse", "(A80")


def paste_all(
    place: str, those: tuple[Situation, ...], put: Put, ledger: Ledger
) -> None:
    """Paste what is printed about each of these situations in one place."""
    ledger.places.add(place)
    for situation in those:
        try:
            paste_each(place, situation, put, ledger)
        except (OSError, NotImplementedError, subprocess.CalledProcessError):
            continue  # the file system does not know such a thing


def paste_each(place: str, situation: Situation, put: Put, ledger: Ledger) -> None:
    """Look at the findings of one subject; then paste each into a fresh one."""
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
        env={**os.environ, "PATH": PATH},
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
