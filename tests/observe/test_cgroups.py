from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.observe import cgroups, shm
from swaptools.observe.cgroups import (
    CgroupSwap,
    Hierarchy,
    find_hierarchy,
    read_cgroups,
)
from swaptools.observe.shm import Segment, read_segments

if TYPE_CHECKING:
    from pathlib import Path

V1 = "35 31 0:32 / {} rw,relatime - cgroup cgroup rw,memory\n"
V2 = "41 31 0:38 / {} rw,relatime - cgroup2 cgroup2 rw\n"


def write(place: Path, **files: object) -> None:
    place.mkdir(parents=True, exist_ok=True)
    (place / "cgroup.procs").write_text("")
    for name, value in files.items():
        (place / name.replace("_dot_", ".")).write_text(f"{value}\n")


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cgroups, "_MOUNTINFO", str(tmp_path / "mountinfo"))
    return tmp_path


def test_version_2_is_found_by_its_controller(mounts: Path) -> None:
    root = mounts / "c2"
    (mounts / "mountinfo").write_text(V2.format(root))
    write(root, cgroup_dot_controllers="cpu memory pids")
    assert find_hierarchy() == Hierarchy(2, str(root))
    write(root, cgroup_dot_controllers="cpu pids")
    assert find_hierarchy() is None


def test_version_1_has_memory_where_both_are_mounted(mounts: Path) -> None:
    write(mounts / "c2", cgroup_dot_controllers="")
    text = V2.format(mounts / "c2") + V1.format(mounts / "c\\040 1".replace(" ", ""))
    (mounts / "mountinfo").write_text(text)
    assert find_hierarchy() == Hierarchy(1, str(mounts / "c 1"))


def test_nothing_mounted_is_nothing_found(mounts: Path) -> None:
    assert find_hierarchy() is None
    (mounts / "mountinfo").write_text("garbage\n\n1 2 - x\n")
    assert find_hierarchy() is None


def test_version_2_is_read_parents_first(tmp_path: Path) -> None:
    write(tmp_path)
    write(
        tmp_path / "user.slice",
        memory_dot_swap_dot_current=8192,
        memory_dot_swap_dot_max=1 << 20,
        memory_dot_zswap_dot_current=100,
    )
    write(
        tmp_path / "user.slice" / "a.scope",
        memory_dot_swap_dot_current=4096,
        memory_dot_swap_dot_max="max",
    )
    write(tmp_path / "empty")
    assert list(read_cgroups(Hierarchy(2, str(tmp_path)))) == [
        CgroupSwap("/", None, None, None),
        CgroupSwap("/empty", None, None, None),
        CgroupSwap("/user.slice", 8192, 1 << 20, 100),
        CgroupSwap("/user.slice/a.scope", 4096, None, None),
    ]


def test_version_1_is_read_with_all_below(tmp_path: Path) -> None:
    stat = "cache 5\nswap 4096\ntotal_cache 7\ntotal_swap 12288"
    write(
        tmp_path,
        memory_dot_stat=stat,
        memory_dot_memsw_dot_limit_in_bytes=9223372036854771712,
    )
    write(
        tmp_path / "a",
        memory_dot_stat="cache 5\ntotal_cache 7",
        memory_dot_memsw_dot_limit_in_bytes=1 << 30,
    )
    assert list(read_cgroups(Hierarchy(1, str(tmp_path)))) == [
        CgroupSwap("/", 12288, None, None),
        CgroupSwap("/a", None, 1 << 30, None),
    ]


def test_processes_of_a_cgroup_and_below(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path / "b")
    (tmp_path / "cgroup.procs").write_text("7\n9\n")
    (tmp_path / "b" / "cgroup.procs").write_text("8\n")
    assert list(cgroups.pids_of(str(tmp_path))) == [7, 9, 8]
    with pytest.raises(FileNotFoundError):
        list(cgroups.pids_of(str(tmp_path / "c")))


HEADING = (
    "       key      shmid perms       size  cpid  lpid nattch   uid   rss   swap\n"
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        (HEADING, ()),
        (
            HEADING
            + "         0          3  1600    4096    10    11      2     0 0 8192\n"
            "         0          4  1600    4096    10    11      0     0 0 4096\n"
            "  short line\n",
            (Segment(3, 2, 8192), Segment(4, 0, 4096)),
        ),
        ("  key  shmid\n  0  1\n", ()),
    ],
)
def test_segments_of_system_v(
    text: str,
    found: tuple[Segment, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "shm"
    path.write_text(text)
    monkeypatch.setattr(shm, "_SHM", str(path))
    assert read_segments() == found
