from __future__ import annotations

import pytest

from swaptools.observe import ioctl


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ("x86_64", (0x80086601, 0x40086602, 0xC020660B)),
        ("aarch64", (0x80086601, 0x40086602, 0xC020660B)),
        ("s390x", (0x80086601, 0x40086602, 0xC020660B)),
        ("ppc64le", (0x40086601, 0x80086602, 0xC020660B)),
        ("mips64", (0x40086601, 0x80086602, 0xC020660B)),
        ("sparc64", (0x40086601, 0x80086602, 0xC020660B)),
    ],
)
def test_requests_are_numbered_as_the_machine_does(
    machine: str, expected: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """FS_IOC_GETFLAGS, FS_IOC_SETFLAGS and FS_IOC_FIEMAP with a long of 8 bytes."""
    read, write = ioctl._directions(machine)
    monkeypatch.setattr(ioctl, "_READ", read)
    monkeypatch.setattr(ioctl, "_WRITE", write)
    letter = ord("f")
    numbers = (
        ioctl.ior(letter, 1, 8),
        ioctl.iow(letter, 2, 8),
        ioctl.iowr(letter, 11, 32),
    )
    assert numbers == expected
