"""What this process may do, from a fake /proc and from a filter's answer."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from swaptools.caller import Caller
from swaptools.observe import caller as room
from swaptools.observe.caller import read_caller

if TYPE_CHECKING:
    from pyfakefs.fake_filesystem import FakeFilesystem

FULL = "000001ffffffffff"
#: As container runtimes leave it to root.
DOCKER = "00000000a80425fb"
FIRST = "user:[4026531837]"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No filter is asked in earnest; what it would answer can be put in here."""
    answers: list[str] = []
    monkeypatch.setattr(room, "_ask_filter", lambda: answers[0] if answers else None)
    return answers


def process(
    fs: FakeFilesystem, capabilities: str, *, seccomp: int = 0, namespace: str = FIRST
) -> None:
    """A /proc/self with the few things that matter, on a kernel with swap."""
    fs.create_file("/proc/swaps", contents="Filename\n")
    fs.create_file(
        "/proc/self/status",
        contents=f"Name:\tx\nCapPrm:\t{FULL}\nCapEff:\t{capabilities}\n"
        f"Seccomp:\t{seccomp}\nSeccomp_filters:\t{seccomp and 1}\n",
    )
    fs.create_symlink("/proc/self/ns/user", namespace)


def test_root_on_a_machine_of_its_own(fs: FakeFilesystem, asked: list[str]) -> None:
    process(fs, FULL)
    assert read_caller() == Caller()


@pytest.mark.parametrize("capabilities", [DOCKER, "0000000000000000"])
def test_root_in_a_container_and_a_user_lack_the_capability(
    capabilities: str, fs: FakeFilesystem, asked: list[str]
) -> None:
    asked.append("EPERM")
    process(fs, capabilities, seccomp=2)
    assert read_caller() == Caller(has_sys_admin=False)


def test_one_bit_decides(fs: FakeFilesystem, asked: list[str]) -> None:
    process(fs, f"{1 << 21:016x}")
    assert read_caller().has_sys_admin is True


def test_another_user_namespace(fs: FakeFilesystem, asked: list[str]) -> None:
    process(fs, FULL, namespace="user:[4026532567]")
    assert read_caller() == Caller(is_in_user_namespace=True)


@pytest.mark.parametrize(("mode", "answer"), [(2, "EPERM"), (1, None), (0, None)])
def test_only_a_filter_is_asked(
    mode: int, answer: str | None, fs: FakeFilesystem, asked: list[str]
) -> None:
    asked.append("EPERM")
    process(fs, FULL, seccomp=mode)
    assert read_caller().filtered == answer


def test_a_kernel_without_swap(fs: FakeFilesystem, asked: list[str]) -> None:
    process(fs, FULL)
    fs.create_file("/proc/meminfo", contents="MemTotal: 1 kB\n")
    fs.remove("/proc/swaps")
    assert read_caller() == Caller(has_swap=False)


@pytest.mark.parametrize(("uid", "expected"), [(0, None), (1000, False)])
def test_without_proc_little_is_known(
    uid: int,
    expected: bool | None,
    fs: FakeFilesystem,
    asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not fs.exists("/proc")
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert read_caller() == Caller(
        has_swap=None, has_sys_admin=expected, is_in_user_namespace=None
    )


@pytest.mark.parametrize(
    ("code", "printed", "expected"),
    [
        (0, f"{errno.EINVAL}\n", None),
        (0, f"{errno.EFAULT}\n", None),
        (0, f"{errno.EPERM}\n", "EPERM"),
        (0, f"{errno.ENOSYS}\n", "ENOSYS"),
        (-31, "", "SIGSYS"),
        (1, "", None),
    ],
)
def test_what_the_child_says(
    code: int, printed: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: object, **__: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess([], code, printed.encode(), b"")

    monkeypatch.setattr(subprocess, "run", run)
    assert room._ask_filter() == expected


def test_a_child_that_cannot_be_had_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert room._ask_filter() is None


def test_the_call_itself_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No path, and flags that no kernel knows: it cannot swap anything on."""
    assert "swapon(None, -1)" in room._ASK
    assert room._ask_filter() in {None, "ENOSYS", "EPERM", "SIGSYS"}
