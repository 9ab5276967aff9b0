"""mountinfo, and the mount that a descriptor is on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from swaptools.observe import mounts, statfs
from swaptools.observe.mounts import Mounts, parse_mountinfo
from tests.conftest import needs_proc

TEXT = """\
29 1 254:1 / / rw,relatime shared:1 master:2 - btrfs /dev/nowhere7 rw,ssd
31 29 0:40 / /a\\040b ro,nodev - overlay overlay rw,lowerdir=/x
cut short
32 29 0:50 / /far rw - fuse.sshfs host:/ rw
33 29 8:1 / /old rw - ext3 /dev/nowhere8 ro
"""


def test_fields() -> None:
    """Optional fields before the dash are skipped, broken lines left out."""
    found = parse_mountinfo(TEXT)
    assert sorted(found) == [29, 31, 32, 33]
    root, overlay, old = (found[number] for number in (29, 31, 33))
    assert (root.filesystem, root.device_name) == ("btrfs", "nowhere7")
    assert (overlay.filesystem, overlay.device_name) == ("overlay", None)
    assert (root.mount_point, overlay.mount_point) == ("/", "/a b")
    assert overlay.options == {"ro", "nodev"}
    assert old.super_options == {"ro"}
    assert found[32].filesystem == "fuse"


def test_ext3_is_ext4_where_its_driver_serves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver decides what swapon(2) asks, not the name of the format."""
    monkeypatch.setattr(mounts, "_EXT4_SYSFS", tmp_path)
    assert parse_mountinfo(TEXT)[33].filesystem == "ext3"
    (tmp_path / "nowhere8").mkdir()
    assert parse_mountinfo(TEXT)[33].filesystem == "ext4"


def test_mount_of_a_descriptor(tmp_path: Path) -> None:
    """The one with the file's mount number; none for a closed descriptor."""
    path = tmp_path / "file"
    path.touch()
    table = Mounts()
    with path.open("rb") as file:
        mount = table.of_descriptor(file.fileno())
    assert mount is not None
    assert mount.filesystem
    assert table.of_descriptor(os.sysconf("SC_OPEN_MAX") - 1) is None


def on_a_plain_chroot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A root that is no mount point is in no table: only what is mounted below."""
    table = tmp_path / "mountinfo"
    table.write_text("999999 1 0:5 / /proc rw - proc proc rw\n")
    monkeypatch.setattr(mounts, "_MOUNTINFO", table)


def test_a_file_system_without_a_line_is_told_by_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same as the table has it, wherever it has it."""
    path = tmp_path / "file"
    path.touch()
    with path.open("rb") as file:
        listed = Mounts().of_descriptor(file.fileno())
        on_a_plain_chroot(monkeypatch, tmp_path)
        unlisted = Mounts().of_descriptor(file.fileno())
    assert listed is not None
    assert unlisted is not None
    assert unlisted.filesystem == listed.filesystem
    assert unlisted.options == {"rw"}


@pytest.mark.parametrize(
    ("magic", "device", "expected"),
    [
        (0xEF53, 0x801, "ext4"),
        (0x9FA0, 0x5, "proc"),
        (0x65735546, 0x5, "fuse"),
        (0x65735546, 0x801, "fuseblk"),
        (0x12345678, 0x5, "0x12345678"),
    ],
)
def test_without_proc_the_magic_number_names_it(
    magic: int,
    device: int,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file system that is not known keeps its number."""
    monkeypatch.setattr(mounts, "_mount_id", lambda _descriptor: None)
    monkeypatch.setattr(mounts, "_EXT4_SYSFS", tmp_path / "no-sysfs" / "ext4")
    monkeypatch.setattr(statfs, "filesystem_magic", lambda _descriptor: magic)
    path = tmp_path / "file"
    path.touch()
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        place = os.stat_result((*status[:2], device, *status[3:10]))
        monkeypatch.setattr(os, "fstat", lambda _descriptor: place)
        mount = Mounts().of_descriptor(file.fileno())
    assert mount is not None
    assert mount.filesystem == expected


def test_ext2_has_its_own_driver_where_sysfs_has_no_ext4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One magic number for three formats: the driver is what counts."""
    monkeypatch.setattr(mounts, "_mount_id", lambda _descriptor: None)
    monkeypatch.setattr(mounts, "_EXT4_SYSFS", tmp_path / "ext4")
    monkeypatch.setattr(mounts, "_name_of_device", lambda _device: "vda1")
    monkeypatch.setattr(statfs, "filesystem_magic", lambda _descriptor: 0xEF53)
    path = tmp_path / "file"
    path.touch()
    with path.open("rb") as file:
        found = Mounts().of_descriptor(file.fileno())
        assert found is not None
        assert (found.filesystem, found.source) == ("ext2", "/dev/vda1")
        (tmp_path / "ext4" / "vda1").mkdir(parents=True)
        found = Mounts().of_descriptor(file.fileno())
        assert found is not None
        assert found.filesystem == "ext4"


class TestPlaces:
    """A directory is asked about once; what lies in it in another way is, too."""

    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        descriptors: list[int] = []
        ask = mounts.resolved_path

        def resolved_path(name: str, descriptor: int) -> str:
            descriptors.append(descriptor)
            return ask(name, descriptor)

        monkeypatch.setattr(mounts, "resolved_path", resolved_path)
        return descriptors

    @staticmethod
    def paths(table: Mounts, *names: str | Path) -> list[str]:
        found = []
        for name in map(str, names):
            with open(name, "rb") as file:
                descriptor = file.fileno()
                mount, path = table.place_of(name, descriptor, os.fstat(descriptor))
                assert mount == Mounts().of_descriptor(descriptor)
                assert path == str(Path(f"/proc/self/fd/{descriptor}").readlink())
                found.append(path)
        return found

    @needs_proc
    def test_files_of_a_directory(self, tmp_path: Path, asked: list[int]) -> None:
        files = [tmp_path / name for name in ("a", "b", "c (deleted)", "d\n\udcff")]
        for file in files:
            file.touch()
        assert self.paths(Mounts(), *files) == [os.path.realpath(f) for f in files]
        assert len(asked) == 1

    @needs_proc
    def test_a_relative_name_is_not_one_of_the_root(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        for name in ("a", "b"):
            Path(name).touch()
        table = Mounts()
        root = parse_mountinfo(TEXT)[29]
        table._directories["/", os.stat("a").st_dev] = root, "/"
        assert self.paths(table, "a", "b") == [f"{tmp_path}/a", f"{tmp_path}/b"]

    @needs_proc
    def test_links_are_followed(self, tmp_path: Path, asked: list[int]) -> None:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
        one, two = tmp_path / "one", tmp_path / "two"
        for file in (one / "a", one / "b", two / "a"):
            file.touch()
        (one / "link").symlink_to("../two/a")
        (one / "hard").hardlink_to(two / "a")
        (tmp_path / "three").symlink_to("two")
        names = (one / "link", one / "a", one / "link", one / "hard", one / "b")
        found = self.paths(Mounts(), *names, tmp_path / "three" / "a")
        ends = ["two/a", "one/a", "two/a", "one/hard", "one/b", "two/a"]
        assert found == [f"{tmp_path}/{end}" for end in ends]
        assert len(asked) == 4

    @needs_proc
    def test_a_descriptor_by_its_name_in_proc(self, tmp_path: Path) -> None:
        with (tmp_path / "a").open("wb") as a, (tmp_path / "b").open("wb") as b:
            names = [f"/proc/self/fd/{file.fileno()}" for file in (a, b)]
            assert self.paths(Mounts(), *names) == [a.name, b.name]

    @needs_proc
    def test_a_mount_point_is_asked_about(
        self, tmp_path: Path, asked: list[int]
    ) -> None:
        for name in ("a", "b", "c"):
            (tmp_path / name).touch()
        table = Mounts()
        self.paths(table, tmp_path / "a")
        table._mount_points.add(f"{tmp_path}/b")
        self.paths(table, tmp_path / "b", tmp_path / "c", tmp_path / "b")
        assert len(asked) == 3
        first = Mounts()
        first._mount_points.add(f"{tmp_path}/b")
        first._by_id |= table._by_id
        self.paths(first, tmp_path / "b", tmp_path / "b")
        assert len(asked) == 5

    @needs_proc
    def test_of_another_namespace_nothing_is_taken_for_granted(
        self, tmp_path: Path, asked: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("a", "b"):
            (tmp_path / name).touch()
        monkeypatch.setattr(mounts, "_MOUNTINFO", "/dev/null")
        self.paths(Mounts(), tmp_path / "a", tmp_path / "b")
        assert len(asked) == 2
