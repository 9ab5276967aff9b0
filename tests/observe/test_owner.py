"""Who owns a file, as a user namespace shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from swaptools.observe.owner import owner_uid

if TYPE_CHECKING:
    from pyfakefs.fake_filesystem import FakeFilesystem


class Owned(NamedTuple):
    st_uid: int


@pytest.mark.parametrize(
    ("uid_map", "uid", "expected"),
    [
        ("         0          0 4294967295\n", 65534, 65534),
        ("         0          0 4294967295\n", 1000, 1000),
        ("         0       1000          1\n", 65534, None),
        ("0 1000 1\n1 100000 65536\n", 65534, 65534),
        ("         0       1000          1\n", 0, 0),
        ("", 65534, None),
    ],
)
def test_an_owner_without_a_number_here_is_not_nobody(
    uid_map: str, uid: int, expected: int | None, fs: FakeFilesystem
) -> None:
    """Root of the machine is shown as nobody in a container of somebody else."""
    fs.create_file("/proc/self/uid_map", contents=uid_map)
    assert owner_uid(Owned(uid)) == expected  # type: ignore[arg-type]
