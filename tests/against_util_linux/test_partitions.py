"""sfdisk(8) writes tables of all kinds, and we read what it reads."""

from __future__ import annotations

import json
import os
import random
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.format.partition_table import find_table
from tests.against_util_linux.tools import place, run
from tests.disks import GPT_LINUX, Part, gpt_pieces, mbr_entry, mbr_sector, write

if TYPE_CHECKING:
    from pathlib import Path

    from swaptools.format.partitions import PartitionTable

pytestmark = pytest.mark.util_linux

SIZE_BYTES = 64 << 20
GPT = "label: gpt\n"
DOS = "label: dos\nlabel-id: 0xcafe0001\n"
LAYOUTS = {
    "gpt": GPT + "size=4M,type=linux,name=root\nsize=8M,type=swap,name=swäp\n",
    "gpt with gaps": GPT + "3: start=9M,size=4M,type=swap\n7: size=2M,type=uefi\n",
    "gpt, short array": "label: gpt\ntable-length: 8\nsize=4M,type=swap\n",
    "dos": DOS + "size=4M,type=83,bootable\nsize=8M,type=82\n",
    "dos, logical": DOS + "size=4M,type=82\ntype=5\nsize=4M,type=82\nsize=5M,type=83\n",
    "dos, order": DOS + "start=30M,size=4M,type=82\nstart=2M,size=4M,type=82\n",
    "dos, large": DOS + "size=4M,type=83\ntype=f\nsize=1M\nsize=1M\nsize=1M\nsize=1M\n",
}


def sfdisk(path: Path, script: str, *words: str) -> None:
    """Write a table; a sfdisk that will not is a fault of the test."""
    command = [place("sfdisk"), "-q", *words, str(path)]
    done = subprocess.run(
        command, input=script, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def told(path: Path) -> list[dict[str, Any]]:
    """What sfdisk(8) reads: number, sectors, type, name and UUID of each."""
    table = json.loads(run("sfdisk", "--json", path))["partitiontable"]
    rows = []
    for row in table["partitions"]:
        type_ = row["type"].lower()
        rows.append(
            {
                "number": int(row["node"].removeprefix(str(path))),
                "start": row["start"],
                "size": row["size"],
                "type": type_ if "-" in type_ else f"{int(type_, 16):#04x}",
                "name": row.get("name"),
                "uuid": row["uuid"].lower() if "uuid" in row else None,
            }
        )
    return rows


def read(path: Path) -> PartitionTable:
    """What we read."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        table = find_table(
            lambda offset, length: os.pread(descriptor, length, offset),
            path.stat().st_size,
        )
    finally:
        os.close(descriptor)
    assert table is not None
    return table


def ours(table: PartitionTable) -> list[dict[str, Any]]:
    """The same in sfdisk's units; it gives no UUID of an MBR's partition."""
    return [
        {
            "number": one.number,
            "start": one.start_bytes // table.sector_bytes,
            "size": one.size_bytes // table.sector_bytes,
            "type": one.type,
            "name": one.name,
            "uuid": one.uuid if table.scheme == "gpt" else None,
        }
        for one in table.partitions
    ]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image"
    path.touch()
    os.truncate(path, SIZE_BYTES)
    return path


@pytest.mark.sampled(7)
@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_tables_read_alike(layout: str, image: Path) -> None:
    sfdisk(image, LAYOUTS[layout])
    table = read(image)
    assert ours(table) == told(image)
    assert table.damage == ()


@pytest.mark.slow
def test_random_tables_read_alike(image: Path) -> None:
    """GPT with numbers in any order, MBR with as many logical ones as fit."""
    chance = random.Random(20)
    for _ in range(3):
        if chance.random() < 0.5:
            numbers = chance.sample(range(1, 129), chance.randint(1, 9))
            rows = [f"{n}: size={chance.randint(1, 5)}M,type=swap" for n in numbers]
            script = GPT
        else:
            rows = ["size=2M,type=82", "type=5"]
            rows += [f"size={chance.randint(1, 4)}M,type=82" for _ in range(9)]
            script = DOS
        sfdisk(image, script + "\n".join(rows) + "\n", "--wipe", "always")
        table = read(image)
        assert ours(table) == told(image)
        assert table.damage == ()


@pytest.mark.slow
def test_partuuid_is_blkids(image: Path) -> None:
    """Of an MBR, where sfdisk(8) says nothing: the number of the disk and its own."""
    sfdisk(image, LAYOUTS["dos"])
    found = run("blkid", "-p", "-o", "export", image)
    assert "PTUUID=cafe0001" in found
    assert [one.uuid for one in read(image).partitions] == [
        "cafe0001-01",
        "cafe0001-02",
    ]


SECTORS = 16384
PARTS = (Part(2048, 2048, GPT_LINUX, "root"), Part(4096, 1024), Part(6000, 7, number=9))
ON_GPT = gpt_pieces(PARTS, SECTORS)
SWAP = mbr_entry(0x82, 2048, 1024)
#: By hand: {byte offset: bytes}, the damaged ones as well.
DISKS: dict[str, dict[int, bytes]] = {
    "gpt": ON_GPT,
    "gpt, primary lost": {at: data for at, data in ON_GPT.items() if at != 512},
    "gpt, entries damaged": {**ON_GPT, 1024: bytes(1024)},
    "gpt, hybrid": {**ON_GPT, 0: mbr_sector(mbr_entry(0xEE, 1, 2047), SWAP)},
    "gpt, hidden by an MBR": {**ON_GPT, 0: mbr_sector(SWAP)},
    "dos": {0: mbr_sector(SWAP, mbr_entry(0x83, 4096, 100, boot=0x80))},
    "dos, logical": {
        0: mbr_sector(SWAP, mbr_entry(0x05, 8192, 8000)),
        8192 * 512: mbr_sector(mbr_entry(0x82, 63, 1000), mbr_entry(0x05, 2000, 1200)),
        10192 * 512: mbr_sector(mbr_entry(0x83, 100, 1000)),
    },
    "dos, boot flag": {0: mbr_sector(mbr_entry(0x82, 2048, 1024, boot=1))},
    "nothing": {},
}


@pytest.mark.parametrize("disk", sorted(DISKS))
def test_libblkid_sees_the_same_partitions(disk: str, image: Path) -> None:
    """On damaged disks, too; partx(8) asks it."""
    write(image, SECTORS * 512, DISKS[disk])
    rows = partx(image)
    descriptor = os.open(image, os.O_RDONLY)
    table = find_table(lambda at, count: os.pread(descriptor, count, at), SECTORS * 512)
    os.close(descriptor)
    assert rows == [
        (one.number, one.start_bytes // 512, one.size_bytes // 512)
        for one in (table.partitions if table else ())
    ]


def partx(path: Path) -> list[tuple[int, ...]]:
    """Number, first sector and sectors; it fails where there is no table."""
    command = [place("partx"), "-gbr", "-o", "NR,START,SECTORS", str(path)]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    return [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
