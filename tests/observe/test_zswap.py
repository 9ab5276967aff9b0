from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from swaptools.observe.zswap import (
    Zswap,
    read_compressors,
    read_settings,
    read_writeback,
    read_zswap,
)

if TYPE_CHECKING:
    from pyfakefs.fake_filesystem import FakeFilesystem

ZSWAP = "/sys/module/zswap/parameters"
CGROUP2 = "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"


def write(fs: FakeFilesystem, **files: str) -> None:
    for path, contents in files.items():
        fs.create_file(path, contents=contents)


def cgroup2(fs: FakeFilesystem, own: str, **knobs: str) -> None:
    """A unified hierarchy with the memory controller, and the knobs given."""
    write(
        fs,
        **{
            "/proc/self/mountinfo": CGROUP2,
            "/proc/self/cgroup": f"0::{own}\n",
            "/sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
        },
    )
    for place, value in knobs.items():
        fs.create_file(
            f"/sys/fs/cgroup/{place}/memory.zswap.writeback", contents=f"{value}\n"
        )


def test_a_kernel_without_zswap_has_no_state(fs: FakeFilesystem) -> None:
    assert fs.exists("/")
    assert read_zswap() is None


def test_the_whole_state_is_read(fs: FakeFilesystem) -> None:
    write(
        fs,
        **{
            f"{ZSWAP}/enabled": "Y\n",
            f"{ZSWAP}/compressor": "zstd\n",
            f"{ZSWAP}/max_pool_percent": "20\n",
            f"{ZSWAP}/accept_threshold_percent": "90\n",
            f"{ZSWAP}/shrinker_enabled": "N\n",
            "/proc/meminfo": "MemTotal: 1000 kB\nZswap: 8 kB\nZswapped: 64 kB\n",
            "/sys/kernel/debug/zswap/stored_pages": "16\n",
            "/sys/kernel/debug/zswap/pool_limit_hit": "0\n",
        },
    )
    cgroup2(fs, "/", **{".": "1"})
    assert read_zswap() == Zswap(
        enabled=True,
        compressor="zstd",
        max_pool_percent=20,
        accept_threshold_percent=90,
        shrinker_enabled=False,
        pool_bytes=8192,
        stored_bytes=65536,
        counters={"pool_limit_hit": 0, "stored_pages": 16},
        counters_unknown=None,
        writeback=True,
        writeback_unknown=None,
    )


def test_what_an_older_kernel_does_not_tell_is_none(fs: FakeFilesystem) -> None:
    fs.create_file(f"{ZSWAP}/enabled", contents="N\n")
    assert read_zswap() == Zswap(
        enabled=False,
        compressor=None,
        max_pool_percent=None,
        accept_threshold_percent=None,
        shrinker_enabled=None,
        pool_bytes=None,
        stored_bytes=None,
        counters=None,
        counters_unknown="debugfs is not mounted",
        writeback=None,
        writeback_unknown="not known here (no cgroup v2)",
    )


def test_a_zero_on_the_way_from_the_root_forbids_writeback(fs: FakeFilesystem) -> None:
    cgroup2(fs, "/a/b", **{".": "1", "a": "0", "a/b": "1"})
    assert read_writeback() == (False, None)


def test_writeback_is_allowed_when_every_cgroup_says_one(fs: FakeFilesystem) -> None:
    cgroup2(fs, "/a/b", **{".": "1", "a": "1", "a/b": "1", "a/c": "0"})
    assert read_writeback() == (True, None)


@pytest.mark.parametrize(
    ("mounts", "controllers", "reason"),
    [
        ("29 1 0:5 / /sys rw - sysfs sysfs rw\n", "", "(no cgroup v2)"),
        (CGROUP2, "cpu pids\n", "(cgroup v1)"),
    ],
)
def test_without_the_memory_controller_in_cgroup_v2_it_cannot_be_told(
    mounts: str, controllers: str, reason: str, fs: FakeFilesystem
) -> None:
    write(
        fs,
        **{
            "/proc/self/mountinfo": mounts,
            "/sys/fs/cgroup/cgroup.controllers": controllers,
        },
    )
    assert read_writeback() == (None, f"not available here {reason}")


def test_a_kernel_before_the_knob_cannot_tell(fs: FakeFilesystem) -> None:
    cgroup2(fs, "/")
    assert read_writeback() == (
        None,
        "not available here (the knob came with Linux 6.8)",
    )


DEBUGFS = "26 25 0:7 / /sys/kernel/debug rw - debugfs debugfs rw\n"


@pytest.mark.parametrize(
    ("mounts", "filesystems", "reason"),
    [
        ("", "nodev\tdebugfs\n\text4\n", "debugfs is not mounted"),
        ("", "nodev\tsysfs\n\text4\n", "this kernel has no debugfs"),
        (DEBUGFS, "nodev\tdebugfs\n", "zswap was not on since boot"),
    ],
)
def test_why_there_are_no_counters(
    mounts: str, filesystems: str, reason: str, fs: FakeFilesystem
) -> None:
    """Not being root is only one of the reasons, and not the usual one."""
    write(
        fs,
        **{
            f"{ZSWAP}/enabled": "N\n",
            "/proc/self/mountinfo": mounts,
            "/proc/filesystems": filesystems,
        },
    )
    fs.create_dir("/sys/kernel/debug")
    found = read_zswap()
    assert found is not None
    assert (found.counters, found.counters_unknown) == (None, reason)


def test_counters_are_read_where_debugfs_is_mounted(fs: FakeFilesystem) -> None:
    write(
        fs,
        **{
            f"{ZSWAP}/enabled": "Y\n",
            "/proc/self/mountinfo": DEBUGFS.replace("/sys/kernel/debug", "/my\\040dbg"),
            "/my dbg/zswap/stored_pages": "3\n",
        },
    )
    found = read_zswap()
    assert found is not None
    assert (found.counters, found.counters_unknown) == ({"stored_pages": 3}, None)


def test_debugfs_is_for_root(
    fs: FakeFilesystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    fs.create_file(f"{ZSWAP}/enabled", contents="Y\n")

    def denied(_path: str) -> list[str]:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "listdir", denied)
    found = read_zswap()
    assert found is not None
    assert found.counters_unknown == "debugfs is for root of the machine"


def test_every_setting_is_read_as_it_is_written(fs: FakeFilesystem) -> None:
    write(fs, **{f"{ZSWAP}/enabled": "Y\n", f"{ZSWAP}/new_one": "7\n"})
    assert read_settings() == {"enabled": "Y", "new_one": "7"}


def test_a_kernel_without_zswap_has_no_settings(fs: FakeFilesystem) -> None:
    fs.create_dir("/sys/module")
    assert read_settings() is None


def test_compressors_are_those_of_the_kernel(fs: FakeFilesystem) -> None:
    assert read_compressors() is None
    text = "name         : lzo\ndriver       : lzo-generic\n\nname         : zstd\n"
    fs.create_file("/proc/crypto", contents=text)
    assert read_compressors() == frozenset({"lzo", "zstd"})
