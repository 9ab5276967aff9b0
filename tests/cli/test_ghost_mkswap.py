from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from swaptools.cli.ghost_mkswap import main
from swaptools.observe import tags
from tests import disks
from tests.builders import SAMPLE_UUID, header_page
from tests.create.witness import listing, untouched
from tests.disks import Part, gpt_pieces

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("on_filesystem")

UUID_TEXT = "6f8a0e3c-52a1-4c3b-9d47-1c2f3a4b5c6d"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(
        main, [str(word) for word in words], prog_name="ghost-mkswap"
    )


def test_a_ghost_prints_mkswaps_two_lines_and_calls_it_a_ghost(tmp_path: Path) -> None:
    result = run("-p4096", "-L", "g", "-U", UUID_TEXT, tmp_path / "g.swap", "64G")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "Setting up ghost swapspace version 1,"
        " size = 64 GiB (68719472640 bytes)\n"
        f"LABEL=g, UUID={UUID_TEXT}\n"
    )
    assert (tmp_path / "g.swap").read_bytes() == header_page(
        last_page=16777215, label=b"g", ghost_flag=True
    )


def test_a_real_area_prints_exactly_mkswaps_two_lines(tmp_path: Path) -> None:
    result = run("--real", "-p4096", "-U", "clear", tmp_path / "r", "1M")
    assert result.stdout == (
        "Setting up swapspace version 1, size = 1020 KiB (1044480 bytes)\n"
        "no label, UUID=00000000-0000-0000-0000-000000000000\n"
    )


def test_json_has_the_promised_keys_in_order(tmp_path: Path) -> None:
    path = tmp_path / "g"
    result = run("--json", "-p8192", "-e", "big", "-U", UUID_TEXT, path, "1G")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == {
        "path": str(path),
        "is_ghost": True,
        "ghost_flag": True,
        "page_size": 8192,
        "byte_order": "big",
        "last_page": 131071,
        "size_bytes": 1 << 30,
        "usable_bytes": (1 << 30) - 8192,
        "file_bytes": 8192,
        "uuid": UUID_TEXT,
        "label": None,
        "changed": True,
        "verdict": {
            "kernel": "ghost-rfc",
            "asked": "ghost-rfc",
            "exact": True,
            "accepted": True,
            "errno": None,
            "message": None,
            "reason": None,
        },
        "warnings": [],
    }
    assert list(json.loads(result.stdout)) == [
        "path",
        "is_ghost",
        "ghost_flag",
        "page_size",
        "byte_order",
        "last_page",
        "size_bytes",
        "usable_bytes",
        "file_bytes",
        "uuid",
        "label",
        "changed",
        "verdict",
        "warnings",
    ]


def test_json_of_a_real_area_with_a_nil_uuid(tmp_path: Path) -> None:
    path = tmp_path / "r"
    found = json.loads(
        run("--json", "--real", "-p4096", "-Uclear", "-Lx", path, "1M").stdout
    )
    assert (found["is_ghost"], found["ghost_flag"]) == (False, False)
    assert (found["uuid"], found["label"], found["file_bytes"]) == (None, "x", 1 << 20)


def test_quiet_prints_nothing(tmp_path: Path) -> None:
    result = run("-q", tmp_path / "g", "1G")
    assert (result.exit_code, result.output) == (0, "")
    assert listing(tmp_path) == ["g"]


def test_quiet_still_prints_errors(tmp_path: Path) -> None:
    result = run("-q", tmp_path, "1G")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"ghost-mkswap: {tmp_path}: Is a directory\n"


def test_a_dry_run_says_what_it_would_do_and_does_not(tmp_path: Path) -> None:
    result = run("-n", "-p4096", "-Uclear", tmp_path / "g", "1M")
    assert result.stdout.startswith(
        "Would set up ghost swapspace version 1, size = 1020 KiB (1044480 bytes)\n"
    )
    assert listing(tmp_path) == []


def test_no_flag_leaves_out_the_flag_and_nothing_else(tmp_path: Path) -> None:
    run("--no-flag", "-p4096", "-U", UUID_TEXT, "-Lsample", tmp_path / "g", "4M")
    assert (tmp_path / "g").read_bytes() == header_page()


def test_keep_id_relabels_a_ghost(area_file: Callable[..., Path]) -> None:
    path = area_file()
    result = run("--keep-id", "-L", "new", path)
    assert result.stdout.endswith(f"LABEL=new, UUID={SAMPLE_UUID}\n")
    assert path.read_bytes() == header_page(label=b"new", ghost_flag=True)


def test_if_needed_says_so_and_changes_nothing(area_file: Callable[..., Path]) -> None:
    path = area_file()
    with untouched(path):
        result = run("--if-needed", "-p4096", "-e", "little", path, "4M")
        again = run("--if-needed", "-p4096", "-e", "little", "--json", path, "4M")
    assert result.exit_code == 0
    assert result.stdout == f"{path}: already as asked, nothing changed\n"
    assert json.loads(again.stdout)["changed"] is False


def test_a_uuid_seed_gives_the_same_bytes_every_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        run("--uuid-seed", "build-42", "-L", "swap", tmp_path / name, "1G")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert b"\x1f\x1e\xdc\x3e\xc4\x4a" in (tmp_path / "a").read_bytes()


def test_a_seed_that_is_empty_is_none(tmp_path: Path) -> None:
    """All areas that a build without its variable makes would have one UUID."""
    result = run("--uuid-seed", "", "-L", "swap", tmp_path / "a", "1G")
    assert result.exit_code == 1
    assert (
        result.stderr == f"ghost-mkswap: {tmp_path}/a: the seed of the UUID is empty\n"
    )
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("words", "begins"),
    [(("-U", "random"), "4"), (("-U", "time"), "1"), ((), "4")],
)
def test_a_uuid_is_made_as_asked(
    words: tuple[str, ...], begins: str, tmp_path: Path
) -> None:
    made = json.loads(run("--json", *words, tmp_path / "g", "1G").stdout)["uuid"]
    assert made[14] == begins


def test_an_upper_case_uuid_is_taken_and_printed_in_lower_case(tmp_path: Path) -> None:
    result = run("-U", UUID_TEXT.upper(), tmp_path / "g", "1G")
    assert result.stdout.endswith(f"UUID={UUID_TEXT}\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("-U", "zz"), "'zz' is not a UUID, clear, random or time"),
        (("-U", UUID_TEXT[:-1]), "is not a UUID"),
        (("-U", UUID_TEXT.replace("-", "")), "is not a UUID"),
        (("-U", "{" + UUID_TEXT + "}"), "is not a UUID"),
        (("-p", "3000"), "3000 is not a power of two from 2048 to 262144"),
        (("-p", "1M"), "1M is not a power of two from 2048 to 262144"),
        (("-p", "x"), "invalid size 'x'"),
        (("-e", "middle"), "'middle' is not one of"),
        (("--offset", "4096"), "--offset needs --real"),
        (("--partition", "2"), "--partition needs --real"),
        (("--real", "--partition", "0"), "0 is not in the range x>=1"),
        (("--real", "--partition", "2", "-o", "1M"), "exclude each other"),
        (("--check",), "--check needs --real"),
        (("--bad-pages", "3"), "--bad-pages needs --real"),
        (("--real", "--bad-pages", "3,"), "'3,' is not a list of page numbers"),
        (("--real", "--bad-pages", "-3"), "'-3' is not a list of page numbers"),
        (("-U", "clear", "--uuid-seed", "x"), "exclude each other"),
        (("--lock=maybe",), "'maybe' is not one of"),
        (("--nonsense",), "--nonsense"),
        (("--recipe", "loop", "--json"), "--recipe and --json exclude each other"),
        (("--recipe", "loop", "-L", "x"), "--recipe and --label exclude each other"),
        (("--recipe", "loop", "--real"), "--recipe and --real exclude each other"),
        (("--recipe", "loop", "-U", "clear"), "--recipe and --uuid exclude"),
        (("--recipe", "loop", "--lock"), "--recipe and --lock exclude each other"),
    ],
)
def test_a_usage_error_is_2_and_writes_nothing(
    words: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    result = run(*words, tmp_path / "g", "1G")
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert listing(tmp_path) == []


@pytest.mark.parametrize("words", [(), ("a", "1G", "more"), ("a", "many")])
def test_a_wrong_number_of_arguments_or_no_size_is_2(words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("-p4096", "{}", "4097"), "4097 bytes are less than 2 pages of 4096"),
        (("-p4096", "{}", "17T"), "pages of 4096 are more than a header can count"),
        (("-L", "sixteen letters.", "{}", "1G"), "label of 16 bytes does not fit"),
        (("--real", "{}"), "a new file needs a SIZE"),
        (("--real", "--bad-pages", "3", "{}", "1M"), "bad pages are for block devices"),
        (("--real", "-o", "4096", "{}", "1M"), "an offset needs an existing file"),
    ],
)
def test_a_refusal_is_1_in_one_line(
    words: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "g"
    result = run(*(word.format(path) for word in words))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"ghost-mkswap: {path}: ")
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert listing(tmp_path) == []


@pytest.mark.parametrize("tag", ["UUID", "LABEL", "PARTUUID", "PARTLABEL"])
@pytest.mark.parametrize("words", [("8M",), ("--real", "8M"), ("--real", "-f", "8M")])
def test_a_tag_that_no_device_has_makes_no_file(
    tag: str, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = f"{tag}=no such device"
    result = run(*words[:-1], file, words[-1])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"ghost-mkswap: {file}: no device has it")
    assert listing(tmp_path) == []


def test_a_tag_leads_to_its_device_and_a_path_to_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "disk"
    there.write_bytes(bytes(1 << 20))
    monkeypatch.setattr(tags, "resolve", {"LABEL=a": str(there)}.get)
    monkeypatch.chdir(tmp_path)
    assert run("--real", "-q", "-p4096", "LABEL=a").exit_code == 0
    assert there.read_bytes()[4086:4096] == b"SWAPSPACE2"
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert run("-q", "./LABEL=a", "8M").exit_code == 0
    assert {one.name for one in tmp_path.iterdir()} == {"LABEL=a", "disk"}


def test_an_escape_sequence_in_label_and_path_reaches_no_terminal(
    tmp_path: Path,
) -> None:
    path = tmp_path / "\x1b[31mred\n"
    result = run("-L", "\x1b[2J", path, "1G")
    again = run("--real", path, "1G")
    assert result.exit_code == 0
    assert "LABEL=\\x1b[2J, " in result.stdout
    assert "\\x1b[31mred\\x0a: " in again.stderr
    assert "\x1b" not in result.output + again.output


def test_lock_stands_alone_as_mkswaps_does(area_file: Callable[..., Path]) -> None:
    path = area_file()
    assert run("--lock", "-p4096", path, "1G").exit_code == 0
    with path.open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        held = run("--lock=nonblock", "-p4096", path, "1G")
        assert run("--lock=no", "-p4096", path, "1G").exit_code == 0
    assert held.exit_code == 1
    assert held.stderr == f"ghost-mkswap: {path}: already locked\n"


def test_wiping_and_warnings_are_spoken_of(
    tmp_path: Path, as_device: Callable[..., None], swaps: Callable[..., None]
) -> None:
    swaps()
    path = tmp_path / "r"
    with path.open("wb") as file:
        file.truncate(1 << 20)
        file.seek(65600)
        file.write(b"_BHRfS_M")
    path.chmod(0o666)
    as_device(path)
    result = run("--real", "-f", path)
    assert result.exit_code == 0
    assert result.stderr == (
        f"ghost-mkswap: {path}: insecure permissions 0666,"
        f" fix with: chmod 0660 {path}\n"
        f"ghost-mkswap: {path}: wiping old btrfs signature\n"
    )


def test_a_place_that_takes_no_swap_is_refused_and_force_warns(
    tmp_path: Path, on_filesystem: Callable[..., None]
) -> None:
    on_filesystem("tmpfs")
    path = tmp_path / "r"
    result = run("--real", path, "1M")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"ghost-mkswap: {path}: would be on tmpfs, which the kernel refuses;"
        " use -f to make it nevertheless\n"
    )
    assert listing(tmp_path) == []
    forced = run("--real", "-f", "--json", path, "1M")
    assert forced.exit_code == 0
    assert forced.stderr == (
        f"ghost-mkswap: {path}: is on tmpfs, which the kernel refuses\n"
    )
    found = json.loads(forced.stdout)
    assert found["warnings"] == ["is on tmpfs, which the kernel refuses"]
    verdict = found["verdict"]
    assert (verdict["accepted"], verdict["errno"]) == (False, "EINVAL")


def test_a_partition_is_picked_by_its_number(tmp_path: Path) -> None:
    pieces = gpt_pieces((Part(2048, 2048), Part(4096, 4096)), 16384)
    path = disks.write(tmp_path / "disk.img", 16384 * 512, pieces)
    before = path.read_bytes()
    result = run("--real", "--partition", "2", "-p4096", "-U", UUID_TEXT, path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "Setting up swapspace version 1, size = 2 MiB (2093056 bytes)\n"
        f"no label, UUID={UUID_TEXT}\n"
    )
    start = 4096 * 512
    page = header_page(last_page=511, label=b"")
    assert path.read_bytes() == before[:start] + page + before[start + 4096 :]
    missing = run("--real", "--partition", "3", path)
    assert missing.exit_code == 1
    assert missing.stderr == (
        f"ghost-mkswap: {path}: has no partition 3; there are: 1, 2\n"
    )


def test_a_directory_that_cannot_be_synced_has_a_status_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def broken(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "broken")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", broken)
    path = tmp_path / "g"
    result = run("-p4096", "-U", UUID_TEXT, "-L", "g", path, "64G")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        f"ghost-mkswap: {path}: changed, but not known to be on disk (broken)\n"
    )
    assert path.read_bytes() == header_page(
        last_page=16777215, label=b"g", ghost_flag=True
    )


def test_bad_pages_are_counted(
    tmp_path: Path, as_device: Callable[..., None], swaps: Callable[..., None]
) -> None:
    swaps()
    node = tmp_path / "sda1"
    node.write_bytes(bytes(1 << 20))
    as_device(node)
    result = run("--real", "-p4096", "--bad-pages", "3,4", node)
    assert result.stdout.startswith(
        "2 bad pages\nSetting up swapspace version 1, size = 1012 KiB (1036288 bytes)\n"
    )
    one = run("--real", "-f", "-p4096", "--bad-pages", "3", node)
    assert one.stdout.startswith("1 bad page\n")


def test_a_path_that_is_no_utf8_is_a_path(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    result = run("--json", path, "1G")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["path"] == path


def test_help_and_version_stand_alone() -> None:
    for option in ("-h", "--help"):
        assert run(option).stdout.startswith("Usage: ghost-mkswap [OPTIONS] FILE")
    for option in ("-V", "--version"):
        assert run(option).stdout.startswith("ghost-mkswap from swaptools ")
