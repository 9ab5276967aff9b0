"""Whatever files and devices say, the doctor answers; it never raises."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swaptools.cli.doctor import diagnosis_lines
from swaptools.config.config import read_config
from swaptools.config.files import SINGLE
from swaptools.doctor import all_rules, diagnose
from swaptools.observe.proc import parse_swaps
from swaptools.observe.survey import crypto_modules, read_system
from swaptools.observe.system import Running, System
from tests.check.samples import swap_area
from tests.doctor import cases
from tests.doctor.samples import system

if TYPE_CHECKING:
    from pathlib import Path

FILES = (
    *SINGLE,
    "/etc/systemd/system/a.swap",
    "/etc/systemd/system/swap.target.wants/a.swap",
    "/run/systemd/generator/a.swap",
    "/etc/systemd/system/x.slice.d/a.conf",
    "/boot/loader/entries/a.conf",
    "/etc/modprobe.d/a.conf",
    "/etc/sysctl.d/a.conf",
    "/etc/initramfs-tools/conf.d/resume",
    "/etc/default/grub.d/a.cfg",
)
WORDS = (
    *("UUID=1", "LABEL=", "PARTUUID=x", "/dev/sda2", "/dev/mapper/c", "/swapfile"),
    *("/dev/zram0", "none", "swap", "sw", "pri=", "pri=5", "pri=-1", "nofail"),
    *("noauto", "discard", "0", "c", "/dev/urandom", "resume=", "resume=UUID=1"),
    *(
        "resume=/dev/sda2",
        "resume=8:1",
        "resume_offset=",
        "resume_offset=0x1",
        "noresume",
    ),
    *("zswap.enabled=1", "zswap.compressor=lz4", "systemd.swap=0", "[Swap]", "[zram0]"),
    *("What=", "What=/dev/sda2", "swap-priority=5", "HOOKS=(base", ")", "RESUME="),
    *(
        "GRUB_CMDLINE_LINUX=",
        '"',
        "'",
        "\\",
        "\\040",
        "\n",
        "\t",
        ",",
        "#",
        "\0",
        "\xff",
    ),
    *("vm.swappiness=0", "vm.overcommit_memory=2", "MemoryZSwapWriteback=no", "="),
    *("options zswap a=1", "omit_dracutmodules+=", "resume", "9" * 5000, "title", "%i"),
)
TEXT = st.lists(st.sampled_from(WORDS), max_size=25).map(
    lambda words: " ".join(words).encode("latin-1")
)


@pytest.mark.slow
@settings(max_examples=150)
@given(
    files=st.dictionaries(st.sampled_from(FILES), TEXT, max_size=6),
    kind=st.sampled_from(["nothing", "swap", "ext4", "crypto_LUKS", "swsuspend"]),
    is_running=st.booleans(),
    cmdline=TEXT,
)
def test_any_words_in_any_files(
    files: dict[str, bytes], kind: str, is_running: bool, cmdline: bytes
) -> None:
    """Every finding can be printed and written as JSON."""
    base = system(
        sda2=f"{kind} 1",
        zram0="nothing",
        swaps=["/dev/zram0 5", "/dev/sda2 -2"],
        cmdline=cmdline.decode("latin-1"),
        running=is_running,
        files=["/swapfile"],
    )
    made = System(
        config=read_config(files, has_generated=is_running),
        running=base.running,
        root=base.root,
        kernel="6.12.9",
        ram_bytes=1 << 30,
        devices=base.devices,
        knows_devices=True,
        links=base.links,
        files=base.files,
    )
    diagnosis = diagnose(made)
    known = {rule.code for rule in all_rules()}
    assert {one.code for one in diagnosis.findings} <= known
    assert list(diagnosis_lines(diagnosis))
    assert diagnosis.to_dict()["findings"] is not None


@settings(max_examples=60)
@given(data=st.binary(max_size=300))
def test_any_bytes_from_the_kernel(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    parse_swaps(f"Filename\n{text}")
    crypto_modules(text)


@pytest.mark.parametrize(
    "row",
    [
        "/dev/sda2 partition x 0 -2",
        "/a file 1 2 3x",
        "a b c",
        "",
        "/a file 9 9 " + "9" * 99,
    ],
)
def test_odd_lines_of_proc_swaps_are_none(row: str) -> None:
    assert parse_swaps(f"Filename\n{row}\n") == ()


def test_any_area_under_an_entry() -> None:
    """Areas of every kind that check/ knows can lie under an entry."""
    for changes in (
        {"reason": "no swap signature found", "magic": b""},
        {"last_page": 0},
        {"area_bytes": 0},
        {"version": 7},
        {"badpages": (1, 2, 3)},
        {"inode_flags": "ENCRYPTED|IMMUTABLE"},
        {"mode": None, "owner_uid": None},
    ):
        swap_area(**changes)
        made = system(fstab="/swapfile none swap sw 0 0", files={"/swapfile": changes})
        list(diagnosis_lines(diagnose(made)))


def test_a_system_without_anything() -> None:
    for made in (System(), System(running=Running(swaps=None)), System(root="/x")):
        assert diagnose(made).findings == ()


class TestFolders:
    """Directories that no system has."""

    def test_files_where_directories_are(self, tmp_path: Path) -> None:
        for name in ("etc", "usr", "run", "boot", "sys", "proc", "dev"):
            (tmp_path / name).write_text("x")
        made = read_system(str(tmp_path), is_running=True)
        assert made.devices == ()
        assert diagnose(made).has_error is False

    def test_directories_where_files_are(self, tmp_path: Path) -> None:
        for path in ("etc/fstab", "etc/crypttab", "proc/swaps", "proc/cmdline"):
            (tmp_path / path).mkdir(parents=True)
        made = read_system(str(tmp_path), is_running=True)
        assert made.config.fstab.entries == ()

    @pytest.mark.slow
    def test_thousands_of_files(self, tmp_path: Path) -> None:
        folder = tmp_path / "etc" / "sysctl.d"
        folder.mkdir(parents=True)
        for number in range(2500):
            (folder / f"{number:05}.conf").write_text("vm.swappiness=0\n")
        made = read_system(str(tmp_path))
        assert [one.path for one in made.unseen] == ["/etc/sysctl.d"]
        place = made.config.sysctls["vm.swappiness"].place
        assert place.file == "/etc/sysctl.d/01999.conf"

    def test_numbers_in_sys_that_are_none(self, tmp_path: Path) -> None:
        node = tmp_path / "sys" / "class" / "block" / "sda"
        node.mkdir(parents=True)
        for name, text in (("size", "x" * 100), ("dev", "8:0")):
            (node / name).write_text(text)
        assert read_system(str(tmp_path), is_running=True).devices == ()
        (node / "size").write_text("9" * 19)
        (node / "dev").write_text("\0\xff:\n")
        (device,) = read_system(str(tmp_path), is_running=True).devices
        assert device.unread == "No such file or directory"


@pytest.mark.sampled(16)
@pytest.mark.parametrize("name", cases.names()[::3])
def test_files_that_were_damaged(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system whose files have bytes put in, taken out and doubled is answered."""
    for owner, attribute, value in cases.everything_on_ext4():
        monkeypatch.setattr(owner, attribute, value)
    monkeypatch.setattr(
        "swaptools.observe.resume.find_first_byte", cases.first_bytes(name)
    )
    cases.diagnosed(name, tmp_path)
    chance = Random(name)
    root = tmp_path / "root"
    files = [
        path
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 20
    ]
    for turn in range(6):
        for path in chance.sample(files, min(3, len(files))):
            path.write_bytes(_damaged(path.read_bytes(), chance))
        made = read_system(str(root), is_running=turn % 2 == 0)
        assert list(diagnosis_lines(diagnose(made)))


def _damaged(data: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    put = chance.choice(
        [b"\0", b"\xff", b"\\", b"\n", b'"', b"=", b"%", b"9" * 30, b".."]
    )
    kept = chance.choice([data[at:], data[at + 3 :], data[at // 2 :]])
    return (data[:at] + put + kept)[: 1 << 18]
