from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.errors import AreaError
from swaptools.observe import cgroups as observed
from swaptools.observe import proc
from swaptools.who import Rest
from swaptools.who.cgroups import CgroupRow, by_cgroup
from tests.observe.test_cgroups import V1, V2, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swaps: Callable[..., None]
) -> Path:
    """A machine with 100 KiB of swap in use, whose cgroups are not made yet."""
    swaps("/a file 4096 100 -2")
    monkeypatch.setattr(proc, "_MEMINFO", str(tmp_path / "none"))
    monkeypatch.setattr(observed, "_MOUNTINFO", str(tmp_path / "mountinfo"))
    return tmp_path / "cgroup"


def test_version_2_leaves_the_rest_to_the_topmost(root: Path, tmp_path: Path) -> None:
    """What is below a gone cgroup is its parent's."""
    (tmp_path / "mountinfo").write_text(V2.format(root))
    write(root, cgroup_dot_controllers="memory")
    write(
        root / "a",
        memory_dot_swap_dot_current=40960,
        memory_dot_zswap_dot_current=77,
        memory_dot_swap_dot_max="max",
    )
    write(root / "a" / "b", memory_dot_swap_dot_current=12288)
    write(root / "a" / "not-on" / "c")
    write(root / "d", memory_dot_swap_dot_current=0)
    found = by_cgroup()
    assert (found.version, found.rest) == (2, ())
    assert found.rows == (
        CgroupRow("/", 61440, 102400, None, None, 60.0),
        CgroupRow("/a", 28672, 40960, 77, None, 28.0),
        CgroupRow("/a/b", 12288, 12288, None, None, 12.0),
    )


def test_version_2_in_a_namespace_says_what_is_outside(
    root: Path, tmp_path: Path
) -> None:
    (tmp_path / "mountinfo").write_text(V2.format(root))
    write(root, cgroup_dot_controllers="memory", memory_dot_swap_dot_current=4096)
    found = by_cgroup()
    assert found.rows == (CgroupRow("/", 4096, 4096, None, None, 4.0),)
    assert found.rest == (
        Rest("outside", 96 * 1024, "charged to no cgroup that is shown"),
    )


def test_version_1_has_its_own_topmost(root: Path, tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_text(V1.format(root))
    write(root, memory_dot_stat="swap 4096\ntotal_swap 53248")
    write(root / "a", memory_dot_stat="swap 40960\ntotal_swap 49152")
    write(root / "a" / "b", memory_dot_stat="swap 8192\ntotal_swap 8192")
    found = by_cgroup()
    assert [(row.path, row.own_bytes) for row in found.rows] == [
        ("/a", 40960),
        ("/a/b", 8192),
        ("/", 4096),
    ]
    assert [(rest.what, rest.bytes) for rest in found.rest] == [("outside", 49152)]


def test_where_swap_is_not_accounted_is_said(root: Path, tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_text(V1.format(root))
    write(root, memory_dot_stat="cache 1")
    write(root / "a", memory_dot_stat="cache 1")
    with pytest.raises(AreaError, match="not accounted"):
        by_cgroup()


@pytest.mark.usefixtures("root")
def test_no_cgroups_is_an_error() -> None:
    with pytest.raises(AreaError, match="no memory cgroups are mounted"):
        by_cgroup()
