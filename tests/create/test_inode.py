from __future__ import annotations

import errno
import fcntl
import os
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.create import inode

if TYPE_CHECKING:
    import array
    from pathlib import Path

OLD = b"unconfined_u:object_r:user_home_t:s0:c1,c2\0"


@pytest.fixture
def selinux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A machine with SELinux on and one file of type user_home_t."""
    label: dict[str, Any] = {"context": OLD}
    enforce = tmp_path / "enforce"
    enforce.write_text("1")

    def get(_descriptor: int, name: str) -> bytes:
        assert name == "security.selinux"
        if isinstance(label["context"], OSError):
            raise label["context"]
        found: bytes = label["context"]
        return found

    def put(_descriptor: int, _name: str, value: bytes) -> None:
        label["context"] = value

    monkeypatch.setattr(inode, "_SELINUXFS", enforce)
    monkeypatch.setattr(os, "getxattr", get)
    monkeypatch.setattr(os, "setxattr", put)
    return label


def test_a_swapfile_gets_its_selinux_type_and_keeps_the_rest(
    selinux: dict[str, Any],
) -> None:
    inode.label_swapfile(0)
    assert selinux["context"] == b"unconfined_u:object_r:swapfile_t:s0:c1,c2\0"


def test_a_context_without_a_level_stays_without_one(selinux: dict[str, Any]) -> None:
    selinux["context"] = b"user_u:object_r:tmp_t\0"
    inode.label_swapfile(0)
    assert selinux["context"] == b"user_u:object_r:swapfile_t\0"


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.ENODATA])
def test_a_file_system_without_labels_is_left_alone(
    number: int, selinux: dict[str, Any]
) -> None:
    refusal = OSError(number, "no label")
    selinux["context"] = refusal
    inode.label_swapfile(0)
    assert selinux["context"] is refusal


def test_a_label_that_may_not_be_read_is_an_error(selinux: dict[str, Any]) -> None:
    selinux["context"] = PermissionError(errno.EACCES, "no")
    with pytest.raises(PermissionError):
        inode.label_swapfile(0)


def test_without_selinux_no_label_is_looked_at(
    selinux: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inode, "_SELINUXFS", tmp_path / "none")
    inode.label_swapfile(0)
    assert selinux["context"] == OLD


def test_nocow_is_added_to_the_flags_that_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = []

    def ioctl(_descriptor: int, request: int, flags: array.array[int]) -> None:
        if request == 0x80086601:
            flags[0] = 0x80000
        else:
            assert request == 0x40086602
            written.append(flags[0])

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    inode.forbid_copy_on_write(0)
    assert written == [0x880000]


@pytest.mark.parametrize(
    ("number", "passes"),
    [(errno.ENOTTY, True), (errno.EOPNOTSUPP, True), (errno.EIO, False)],
)
def test_a_file_system_without_the_flag_is_none_the_worse(
    number: int, passes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ioctl(*_arguments: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    if passes:
        inode.forbid_copy_on_write(0)
    else:
        with pytest.raises(OSError, match="no"):
            inode.forbid_copy_on_write(0)


@pytest.mark.parametrize("inherited", [0x4, 0x400], ids=["chattr +c", "chattr +m"])
def test_inherited_compression_is_cleared_before_nocow_is_set(
    inherited: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In two steps: btrfs takes NOCOW only where neither is set, nor was."""
    held = [inherited | 0x40]

    def ioctl(_descriptor: int, request: int, flags: array.array[int]) -> None:
        if request == 0x80086601:
            flags[0] = held[-1]
            return
        if flags[0] & 0x800000 and (held[-1] | flags[0]) & 0x404:
            raise OSError(errno.EINVAL, "mutually exclusive")
        held.append(flags[0])

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    inode.forbid_copy_on_write(0)
    assert held == [inherited | 0x40, 0x40, 0x800040]
