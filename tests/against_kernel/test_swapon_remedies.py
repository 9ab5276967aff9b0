"""Following the hint: what swapcheck says to do makes the running kernel accept."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest

from swaptools.format.header import SwapHeader
from tests.against_kernel import places
from tests.against_kernel.comparison import swapcheck
from tests.against_kernel.oracle import ask_kernel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("kernel")]

PAGE = places.PAGE
LABEL = "kept as it is"


def bad_pages(path: Path) -> Path:
    """A list of two on a regular file."""
    places.written(path)
    header = _header().replace(badpages=(3, 4))
    return _with_header(path, header)


def other_page_size(path: Path) -> Path:
    """Made for a machine with pages four times as large."""
    places.written(path)
    header = SwapHeader.new(
        page_size=4 * PAGE, last_page=15, label=LABEL, uuid=places.UUID
    )
    return _with_header(path, header, blank=True)


def cut_short(path: Path) -> Path:
    """Half of the file is gone."""
    places.written(path)
    _with_header(path, _header())
    os.truncate(path, places.PAGES // 2 * PAGE)
    return path


def wrong_version(path: Path) -> Path:
    """A header of version 2, whatever that is."""
    places.written(path)
    with path.open("r+b") as file:
        file.seek(1024)
        file.write(struct.pack("=I", 2))
    return path


def garbage(path: Path) -> Path:
    """No header at all."""
    path.write_bytes(os.urandom(places.PAGES * PAGE))
    path.chmod(0o600)
    return path


def empty(path: Path) -> Path:
    """No byte."""
    path.touch(0o600)
    return path


CASES: tuple[tuple[str, Callable[[Path], Path], str], ...] = (
    ("ext4", bad_pages, "B301"),
    ("ext4", other_page_size, "H102"),
    ("ext4", cut_short, "S201"),
    ("ext4", wrong_version, "H201"),
    ("ext4", garbage, "H101"),
    ("ext4", empty, "H105"),
    ("ext4", places.sparse, "F701"),
    ("ext4", places.hole_behind, "F702"),
    ("ext4-1k", places.sparse, "F701"),
    ("xfs", places.sparse, "F701"),
    ("xfs", places.reflinked, "F703"),
    ("xfs", cut_short, "S201"),
    ("btrfs", places.written, "F706"),
    ("btrfs", places.compressed, "F707"),
    ("btrfs", places.nocow_sparse, "F701"),
    ("btrfs", places.nocow_reflinked, "F703"),
    ("btrfs", places.nocow_snapshotted, "F703"),
)
_SYSTEMS = {system.name: system for system in places.FILE_SYSTEMS}


@pytest.mark.parametrize(
    ("name", "make", "code"), CASES, ids=lambda value: getattr(value, "__name__", value)
)
def test_remedy(
    name: str, make: Callable[[Path], Path], code: str, tmp_path: Path
) -> None:
    """Refused for the rule's reason; after its hint, accepted, label and all."""
    reason = places.why_not(_SYSTEMS[name])
    if reason is not None or shutil.which("mkswap") is None:
        pytest.skip(reason or "mkswap is not installed")
    with places.mounted(_SYSTEMS[name], tmp_path) as directory:
        path = make(directory / "area with a blank")
        before = swapcheck(path)
        finding = before.findings[0]
        assert finding.code == code
        assert not ask_kernel(path).accepted
        _follow(finding.hint_command)
        after = swapcheck(path)
        assert after.accepted, after.findings
        assert ask_kernel(path).accepted
        assert path.stat().st_mode & 0o777 == 0o600
        old, new = before.area.header, after.area.header
        if old is not None:
            assert new is not None
            assert (new.uuid, new.label) == (old.uuid, old.label)


@pytest.mark.parametrize("enter", [places.immutable, places.readonly_filesystem])
def test_remedy_of_a_state(enter: Callable[..., object], tmp_path: Path) -> None:
    """The file is fine, only its state is in the way."""
    with (
        places.mounted(_SYSTEMS["ext4"], tmp_path) as directory,
        enter(directory / "area") as path,  # type: ignore[attr-defined]
    ):
        finding = swapcheck(path).findings[0]
        assert not ask_kernel(path).accepted
        _follow(finding.hint_command)
        assert swapcheck(path).accepted
        assert ask_kernel(path).accepted


def _header() -> SwapHeader:
    last_page = places.PAGES - 1
    return SwapHeader.new(
        page_size=PAGE, last_page=last_page, label=LABEL, uuid=places.UUID
    )


def _with_header(path: Path, header: SwapHeader, *, blank: bool = False) -> Path:
    with path.open("r+b") as file:
        if blank:
            file.write(bytes(4 * PAGE))
            file.seek(0)
        file.write(header.build())
    return path


def _follow(command: str | None) -> None:
    # Just as it is printed.
    assert command is not None
    subprocess.run(["sh", "-ec", command], check=True, capture_output=True)
