"""What the child that asks libblkid is given: a file to read, and no right to write."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from swaptools.observe import blkid
from swaptools.observe.blkid import Prober
from tests.conftest import needs_proc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: Answers with the access mode of what it was given.
CHILD = """
import fcntl, os, socket
requests = socket.socket(fileno=0)
while True:
    text, descriptors, _, _ = socket.recv_fds(requests, 64, 1)
    if not text:
        break
    mode = fcntl.fcntl(descriptors[0], fcntl.F_GETFL) & os.O_ACCMODE
    os.close(descriptors[0])
    requests.send(b"!mode %d" % mode)
"""


@pytest.fixture
def prober(tmp_path: Path) -> Iterator[Prober]:
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    made = Prober(child=str(script))
    yield made
    made.close()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[int], int]]:
    path = tmp_path / "area"
    path.write_bytes(bytes(4096))
    descriptors = []

    def open_as(flags: int) -> int:
        descriptors.append(os.open(path, flags))
        return descriptors[-1]

    yield open_as
    for descriptor in descriptors:
        os.close(descriptor)


@needs_proc
def test_it_cannot_write_to_what_is_being_written(
    prober: Prober, opened: Callable[[int], int]
) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    descriptor = opened(os.O_RDWR)
    assert prober.ask(descriptor, 0, 4096).reason == f"mode {os.O_RDONLY}"
    assert os.write(descriptor, b"ours") == 4
    prober.close()
    left = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    assert left == before + 1


def test_nor_to_a_stream_that_was_kept(prober: Prober) -> None:
    descriptor = os.memfd_create("area")
    reason = prober.ask(descriptor, 0, 0).reason
    os.close(descriptor)
    assert reason in (
        f"mode {os.O_RDONLY}",
        "no descriptor that cannot write: No such file or directory",
    )


def test_where_there_is_none_to_read_alone_it_gets_nothing(
    prober: Prober,
    opened: Callable[[int], int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As without /proc; one that was opened for reading is good as it is."""
    monkeypatch.setattr(blkid, "_DESCRIPTORS", str(tmp_path / "none"))
    refused = "no descriptor that cannot write: No such file or directory"
    assert prober.ask(opened(os.O_RDWR), 0, 4096).reason == refused
    assert prober.ask(opened(os.O_RDONLY), 0, 4096).reason == f"mode {os.O_RDONLY}"
