"""UUID= and the like lead to one device, or say why they do not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from swaptools.errors import AreaError
from swaptools.observe import read_areas, tags
from tests.builders import SAMPLE_UUID, header_page
from tests.disks import Part, gpt_pieces, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PARTUUID = str(Part(4096, 0).guid)


class Machine:
    """A machine in a directory: devices are files, udev is what was noted."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("dev", "data", "sys"):
            (root / name).mkdir()
        self.names: list[str] = []

    def device(self, name: str, label: bytes = b"sample") -> Path:
        """Add a device with a swap header."""
        path = self.root / "dev" / name
        write(path, 1 << 20, {0: header_page(last_page=255, label=label)})
        self.names.append(name)
        rows = "".join(f" 8 {n} 1024 {name}\n" for n, name in enumerate(self.names))
        (self.root / "partitions").write_text(f"major minor #blocks name\n\n{rows}")
        return path

    def link(self, tag: str, value: str, device: Path) -> None:
        """Have udev name a device."""
        folder = self.root / f"by-{tag}"
        folder.mkdir(exist_ok=True)
        (folder / value).symlink_to(device)

    def note(self, number: str, device: Path, *lines: str) -> None:
        """Have udev note what it found on a device."""
        text = "".join(f"{line}\n" for line in ("S:x", *lines))
        (self.root / "data" / f"b{number}").write_text(text)
        target = self.root / "sys" / "devices" / device.name
        target.mkdir(parents=True)
        (self.root / "sys" / number).symlink_to(target)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(tags, "_LINKS", str(tmp_path / "by-"))
    monkeypatch.setattr(tags, "_DATABASE", str(tmp_path / "data"))
    monkeypatch.setattr(tags, "_PARTITIONS", str(tmp_path / "partitions"))
    monkeypatch.setattr(tags, "_SYSFS", str(tmp_path / "sys"))
    monkeypatch.setattr(tags, "_DEV", str(tmp_path / "dev"))
    return Machine(tmp_path)


@pytest.mark.parametrize(
    "path", ["/swap", "-", "UUID", "./UUID=1", "uuid=1", "ID=1", "a=b"]
)
def test_a_path_stays_a_path(path: str, machine: Machine) -> None:
    assert tags.resolve(path) == path


@pytest.mark.parametrize(
    ("tag", "noted", "asked"),
    [
        ("uuid", str(SAMPLE_UUID), f"UUID={SAMPLE_UUID}"),
        ("uuid", str(SAMPLE_UUID), f"UUID={str(SAMPLE_UUID).upper()}"),
        ("uuid", str(SAMPLE_UUID), f'UUID="{SAMPLE_UUID}"'),
        ("label", r"my\x20swap\x2f1", "LABEL=my swap/1"),
        ("label", r"my\x20swap", "LABEL='my swap'"),
        ("label", "größe", "LABEL=größe"),
        ("label", r"\xff", "LABEL=\udcff"),
        ("partuuid", "cafe0001-02", "PARTUUID=CAFE0001-02"),
        ("partlabel", "swap", "PARTLABEL=swap"),
    ],
)
def test_udev_names_it(tag: str, noted: str, asked: str, machine: Machine) -> None:
    device = machine.device("sda2")
    machine.link(tag, noted, device)
    assert tags.resolve(asked) == str(device)


def test_a_label_is_what_it_is(machine: Machine) -> None:
    machine.link("label", "swap", machine.device("sda2"))
    (machine.root / "partitions").unlink()
    with pytest.raises(AreaError, match=r"LABEL=Swap: no device has it$"):
        tags.resolve("LABEL=Swap")


def test_two_devices_have_one_name_but_both_are_noted(machine: Machine) -> None:
    """A cloned disk: the name leads to the one that was seen last."""
    first, second = machine.device("sda2"), machine.device("sdb2")
    machine.link("uuid", str(SAMPLE_UUID), second)
    for number, device in (("8:2", first), ("8:18", second)):
        machine.note(number, device, f"E:ID_FS_UUID_ENC={SAMPLE_UUID}")
    with pytest.raises(AreaError, match=f"several devices have it: {first}, {second}"):
        tags.resolve(f"UUID={SAMPLE_UUID}")


def test_the_paths_to_one_disk_are_not_several(machine: Machine) -> None:
    mapped, path = machine.device("dm-0"), machine.device("sda")
    machine.note("254:0", mapped, f"E:ID_FS_UUID_ENC={SAMPLE_UUID}")
    machine.note(
        "8:0",
        path,
        f"E:ID_FS_UUID_ENC={SAMPLE_UUID}",
        "E:DM_MULTIPATH_DEVICE_PATH=1",
    )
    assert tags.resolve(f"UUID={SAMPLE_UUID}") == str(mapped)


def has_libblkid(machine: Machine) -> bool:
    (area,) = read_areas(machine.device("probe", b"other"), holds=True)
    return area.believed == "swap"


class TestWithoutUdev:
    """Every device is looked into."""

    @pytest.fixture(autouse=True)
    def _libblkid(self, tmp_path: Path, machine: Machine) -> None:
        if not has_libblkid(machine):
            pytest.skip("there is no libblkid here")
        machine.names.clear()

    def test_by_uuid_and_label(self, machine: Machine) -> None:
        device = machine.device("sda2", b"one")
        assert tags.resolve(f"UUID={SAMPLE_UUID}") == str(device)
        assert tags.resolve("LABEL=one") == str(device)

    def test_several(self, machine: Machine) -> None:
        first, second = machine.device("sda2"), machine.device("sdb2")
        with pytest.raises(AreaError, match=f"several .*: {first}, {second}"):
            tags.resolve("LABEL=sample")

    def test_none(self, machine: Machine) -> None:
        machine.device("sda2")
        with pytest.raises(AreaError, match=r"LABEL=x: no device has it$"):
            tags.resolve("LABEL=x")

    def test_what_cannot_be_read_is_counted(self, machine: Machine) -> None:
        machine.device("sda2").unlink()
        with pytest.raises(AreaError, match="no device has it; 1 could not be read"):
            tags.resolve("LABEL=x")

    def test_the_area_has_the_path_of_the_device(self, machine: Machine) -> None:
        device = machine.device("sda2", b"one")
        (area,) = read_areas("LABEL=one")
        assert area.path == str(device)


@pytest.mark.parametrize("asked", [f"PARTUUID={PARTUUID}", "PARTLABEL=swap"])
def test_a_partition_without_udev_is_found_in_the_table(
    asked: str,
    machine: Machine,
    as_device: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And where it begins says which device the kernel has for it."""
    disk = machine.device("sda")
    parts = (Part(2048, 2048), Part(4096, 2048, name="swap"))
    write(disk, 16384 * 512, gpt_pieces(parts, 16384))
    as_device(disk, number=0x800)
    node = machine.root / "sys" / "8:0" / "sda2"
    node.mkdir(parents=True)
    (node / "start").write_text("4096\n")
    (node / "dev").write_text("8:2\n")
    monkeypatch.setattr("swaptools.observe.devices._SYSFS", machine.root / "sys")
    assert tags.resolve(asked) == os.fspath(machine.root / "dev" / "sda2")
