from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.observe.zswap import Zram, Zswap, read_writeback, read_zrams, read_zswap

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
        writeback=None,
        writeback_unknown="not available here (cgroup v1)",
    )


def test_a_zero_on_the_way_from_the_root_forbids_writeback(fs: FakeFilesystem) -> None:
    cgroup2(fs, "/a/b", **{".": "1", "a": "0", "a/b": "1"})
    assert read_writeback() == (False, None)


def test_writeback_is_allowed_when_every_cgroup_says_one(fs: FakeFilesystem) -> None:
    cgroup2(fs, "/a/b", **{".": "1", "a": "1", "a/b": "1", "a/c": "0"})
    assert read_writeback() == (True, None)


def test_a_kernel_before_the_knob_cannot_tell(fs: FakeFilesystem) -> None:
    cgroup2(fs, "/")
    assert read_writeback() == (
        None,
        "not available here (the knob came with Linux 6.8)",
    )


def test_zram_devices_with_a_size_are_listed(fs: FakeFilesystem) -> None:
    write(
        fs,
        **{
            "/sys/block/zram0/disksize": "67108864\n",
            "/sys/block/zram0/mm_stat": " 4096000 900000 1011712 0 1011712 0 0 0 0\n",
            "/sys/block/zram0/comp_algorithm": "lzo-rle [lz4] zstd\n",
            "/sys/block/zram0/backing_dev": "none\n",
            "/sys/block/zram1/disksize": "0\n",
            "/sys/block/zram1/mm_stat": "0 0 0 0 0 0 0 0 0\n",
        },
    )
    assert read_zrams() == (
        Zram(
            name="/dev/zram0",
            disksize_bytes=64 << 20,
            compressor="lz4",
            orig_data_bytes=4096000,
            compr_data_bytes=900000,
            mem_used_bytes=1011712,
            backing_dev=None,
        ),
    )
