from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from swaptools.cli.columns import AREA
from swaptools.cli.swapinfo import main
from tests.builders import bitmap_page, header_page, suspend_tail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


UUID_TEXT = "6f8a0e3c-52a1-4c3b-9d47-1c2f3a4b5c6d"

KEYS = [
    "path",
    "kind",
    "signature",
    "version",
    "page_size",
    "byte_order",
    "last_page",
    "nr_badpages",
    "badpages",
    "uuid",
    "label",
    "size_bytes",
    "usable_bytes",
    "area_bytes",
    "allocated_bytes",
    "is_ghost",
    "ghost_flag",
    "offset",
    "hibernation",
    "other_signatures",
    "holds",
    "partition",
    "active",
    "error",
]


def run(*words: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(
        main, [str(word) for word in words], prog_name="swapinfo", input=stdin
    )


def look(*words: str | Path, stdin: bytes | None = None) -> list[dict[str, Any]]:
    result = run("--json", *words, stdin=stdin)
    rows: list[dict[str, Any]] = json.loads(result.stdout)["swapareas"]
    return rows


@pytest.mark.usefixtures("swaps")
class TestJson:
    def test_a_ghost_in_full(self, area_file: Callable[..., Path]) -> None:
        path = area_file(last_page=16777215, ghost_flag=True)
        (row,) = look(path)
        allocated = row.pop("allocated_bytes")
        assert allocated >= 4096
        assert row == {
            "path": str(path),
            "kind": "file",
            "signature": "SWAPSPACE2",
            "version": 1,
            "page_size": 4096,
            "byte_order": "little",
            "last_page": 16777215,
            "nr_badpages": 0,
            "badpages": [],
            "uuid": UUID_TEXT,
            "label": "sample",
            "size_bytes": 64 << 30,
            "usable_bytes": (64 << 30) - 4096,
            "area_bytes": 4096,
            "is_ghost": True,
            "ghost_flag": True,
            "offset": 0,
            "hibernation": None,
            "other_signatures": [],
            "holds": None,
            "partition": None,
            "active": False,
            "error": None,
        }

    def test_every_row_has_the_promised_keys_in_order(
        self, area_file: Callable[..., Path], tmp_path: Path
    ) -> None:
        for row in look(area_file(), tmp_path / "missing", "/dev/null"):
            assert list(row) == KEYS

    def test_what_cannot_be_looked_at_is_null_but_for_the_error(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "missing"
        (row,) = look("--offset", "4096", path)
        given = {"path": str(path), "offset": 4096}
        assert row == dict.fromkeys(KEYS) | given | {
            "error": "No such file or directory"
        }

    def test_a_file_without_a_header_says_what_it_is_all_the_same(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "text"
        path.write_bytes(b"hello")
        (row,) = look(path)
        assert (row["kind"], row["area_bytes"], row["active"]) == ("file", 5, False)
        assert (row["signature"], row["is_ghost"], row["offset"]) == (None, None, 0)
        assert row["error"] == "no swap signature found"

    def test_bad_pages_a_nil_uuid_and_no_label(
        self, area_file: Callable[..., Path]
    ) -> None:
        path = area_file(
            byte_order="big",
            last_page=99,
            badpages=(7, 5, 7),
            uuid=None,
            label=b"",
            file_bytes=409600,
        )
        (row,) = look(path)
        assert (row["uuid"], row["label"]) == (None, None)
        assert (row["nr_badpages"], row["badpages"]) == (3, [7, 5, 7])
        assert (row["size_bytes"], row["usable_bytes"]) == (409600, 397312)
        assert (row["byte_order"], row["is_ghost"]) == ("big", False)

    def test_a_hibernation_image(self, area_file: Callable[..., Path]) -> None:
        (row,) = look(area_file(patches=(suspend_tail(),)))
        assert row["signature"] == "S1SUSPEND"
        assert list(row["hibernation"].items()) == [
            ("signature", "S1SUSPEND"),
            ("orig_sig", "SWAPSPACE2"),
            ("image", 0x99AABBCC),
            ("flags", 5),
            ("hw_sig", 0x11223344),
            ("crc32", 0x55667788),
        ]

    def test_tuxonice_at_byte_0_is_an_image_beside_the_header(
        self, area_file: Callable[..., Path]
    ) -> None:
        tuxonice = bytes.fromhex("edc302e99856e50c")
        (row,) = look(area_file(patches=((0, tuxonice),)))
        assert row["signature"] == "SWAPSPACE2"
        assert row["hibernation"] == {
            "signature": "TuxOnIce",
            "orig_sig": None,
            "image": None,
            "flags": None,
            "hw_sig": None,
            "crc32": None,
        }
        assert row["other_signatures"] == [{"signature": "TuxOnIce", "offset": 0}]

    def test_version_0(self, tmp_path: Path) -> None:
        path = tmp_path / "old"
        path.write_bytes(bitmap_page({1, 2, 4}) + bytes(4 * 4096))
        (row,) = look(path)
        assert (row["version"], row["signature"]) == (0, "SWAP-SPACE")
        assert (row["last_page"], row["badpages"]) == (4, [3])
        assert row["usable_bytes"] == 12288

    def test_an_image_at_an_offset(self, tmp_path: Path) -> None:
        path = tmp_path / "disk.img"
        path.write_bytes(bytes(1 << 20) + header_page(last_page=1) + bytes(4096))
        (row,) = look("--offset", "1M", path)
        assert (row["kind"], row["offset"]) == ("image", 1 << 20)
        assert (row["area_bytes"], row["is_ghost"]) == (8192, False)

    def test_stdin(self) -> None:
        (row,) = look("-", stdin=header_page())
        assert (row["path"], row["kind"]) == ("-", "stream")
        assert (row["is_ghost"], row["active"]) == (True, None)
        assert row["allocated_bytes"] is None

    def test_a_device(
        self, area_file: Callable[..., Path], as_device: Callable[..., None]
    ) -> None:
        node = area_file(file_bytes=1 << 22)
        as_device(node)
        (row,) = look(node)
        assert (row["kind"], row["area_bytes"]) == ("block", 1 << 22)
        assert row["allocated_bytes"] is None

    def test_an_active_area(
        self, area_file: Callable[..., Path], swaps: Callable[..., None]
    ) -> None:
        path = area_file()
        swaps(f"{path} file\t\t4092\t\t0\t\t-2")
        assert look(path)[0]["active"] is True


@pytest.mark.usefixtures("swaps")
class TestTable:
    def test_the_usual_columns(
        self, area_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(area_file("g.swap", last_page=16777215).parent)
        result = run("g.swap")
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout == (
            "PATH   KIND GHOST PAGE-SIZE SIZE USABLE LABEL  UUID\n"
            f"g.swap file yes        4096  64G    64G sample {UUID_TEXT}\n"
        )

    @pytest.mark.parametrize(
        ("option", "size", "usable"),
        [
            ("-b", "4194304", "4190208"),
            ("-k", "4096", "4092"),
            ("-m", "4", "3"),
            ("-g", "0", "0"),
            ("--bytes", "4194304", "4190208"),
        ],
    )
    def test_units(
        self, option: str, size: str, usable: str, area_file: Callable[..., Path]
    ) -> None:
        result = run(option, "-rn", "-o", "SIZE,USABLE", area_file())
        assert result.stdout == f"{size} {usable}\n"

    def test_columns_are_chosen_in_order_in_either_case(
        self, area_file: Callable[..., Path]
    ) -> None:
        result = run("-o", "label,Ghost,BYTE-ORDER", area_file())
        assert result.stdout == "LABEL  GHOST BYTE-ORDER\nsample yes   little\n"

    def test_plus_adds_to_the_usual_ones(self, area_file: Callable[..., Path]) -> None:
        result = run("-o", "+OFFSET,ACTIVE", area_file())
        assert re.search(r" LABEL +UUID +OFFSET ACTIVE$", result.stdout.splitlines()[0])
        assert result.stdout.splitlines()[1].endswith(f"{UUID_TEXT}      0 no")

    @pytest.mark.parametrize("option", ["-n", "--noheadings"])
    def test_no_headings(self, option: str, area_file: Callable[..., Path]) -> None:
        result = run(option, "-o", "LABEL", area_file())
        assert result.stdout == "sample\n"

    def test_raw_and_pairs(self, area_file: Callable[..., Path]) -> None:
        path = area_file(label=b"a b$(x)", uuid=None)
        columns = ("-o", "LABEL,PAGE-SIZE,UUID")
        assert run("-r", *columns, path).stdout == (
            "LABEL PAGE-SIZE UUID\na\\x20b$(x) 4096 \n"
        )
        assert run("-P", *columns, path).stdout == (
            'LABEL="a b\\x24(x)" PAGE_SIZE="4096" UUID=""\n'
        )

    def test_every_listed_column_can_be_asked_for(
        self, area_file: Callable[..., Path]
    ) -> None:
        listed = run("--list-columns").stdout
        listed, _, who = listed.partition("--who=process:\n")
        assert "--who=mapping:\n" in who
        active, _, file = listed.partition("FILE:\n")
        assert active.startswith("active areas (no FILE):\n")
        names = [line.split()[0] for line in file.splitlines()]
        assert len(names) == 26
        for name in names:
            assert run("-o", name, area_file()).exit_code == 0
        for line in active.splitlines()[1:]:
            assert run("-o", line.split()[0]).exit_code == 0

    def test_hibernation_and_other_signatures_in_a_cell(
        self, area_file: Callable[..., Path]
    ) -> None:
        path = area_file(
            patches=(suspend_tail(), (0, bytes.fromhex("edc302e99856e50c")))
        )
        result = run("-rn", "-o", "HIBERNATION,OTHER", path)
        assert result.stdout == "S1SUSPEND TuxOnIce@0x0\n"

    def test_an_unknown_column_is_a_usage_error(
        self, area_file: Callable[..., Path]
    ) -> None:
        result = run("-o", "LABEL,NONSENSE", area_file())
        assert (result.exit_code, result.stdout) == (2, "")
        assert "unknown column 'NONSENSE'; there are PATH, PART" in result.stderr
        assert result.stderr.endswith(", ACTIVE, ERROR\n")

    def test_without_a_file_the_columns_are_others(self) -> None:
        assert "'PATH'; there are NAME, TYPE, " in run("-o", "PATH").stderr

    @pytest.mark.parametrize("option", ["-O", "--output-all"])
    def test_all_columns(self, option: str, area_file: Callable[..., Path]) -> None:
        lines = run(option, area_file()).stdout.splitlines()
        assert lines[0].split() == [spec.heading for spec in AREA.columns]

    @pytest.mark.parametrize(
        "words",
        [["-O", "-o", "PATH"], ["-O", "--dump"], ["-O", "--extents"], ["-O", "--map"]],
        ids=" ".join,
    )
    def test_all_columns_of_what_has_none(
        self, words: list[str], area_file: Callable[..., Path]
    ) -> None:
        files = [] if "--map" in words else [area_file()]
        assert run(*words, *files).exit_code == 2

    def test_json_has_the_columns_that_are_named(
        self, area_file: Callable[..., Path]
    ) -> None:
        path = area_file(label=b"x", badpages=(3,))
        named = "path,label,size,partlabel,partition,badpages"
        (row,) = json.loads(run("--json", "-o", named, path).stdout)["swapareas"]
        assert row == {
            "path": str(path),
            "label": "x",
            "size_bytes": 1 << 22,
            "partition_name": None,
            "partition": None,
            "badpages": [3],
        }
        usual = json.loads(run("--json", "-o", "+LABEL", path).stdout)["swapareas"][0]
        assert list(usual) == [
            *("path", "kind", "is_ghost", "page_size", "size_bytes"),
            *("usable_bytes", "label", "uuid"),
        ]

    def test_the_list_of_columns_names_the_keys_of_json(
        self, area_file: Callable[..., Path]
    ) -> None:
        listed = json.loads(run("--list-columns", "--json").stdout)["columns"]
        keys = {one["key"] for one in listed if one["table"] == "FILE"}
        (row,) = json.loads(run("-O", "--json", area_file()).stdout)["swapareas"]
        assert set(row) == keys
        (whole,) = json.loads(run("--json", area_file()).stdout)["swapareas"]
        assert set(row) - set(whole) == {"partition_name", "partition_uuid"}

    def test_raw_and_pairs_exclude_each_other(self) -> None:
        assert run("-r", "-P").exit_code == 2

    def test_an_escape_sequence_in_label_and_path_reaches_no_terminal(
        self, area_file: Callable[..., Path]
    ) -> None:
        path = area_file("\x1b[31m", label=b"\x1b[2J\xc2\x9b")
        for words in ((), ("-r",), ("-P",), ("--json",), ("--dump",)):
            printed = run(*words, path).output + run(*words, f"{path}missing").output
            assert "\x1b" not in printed
            assert "\x9b" not in printed
        assert "\\x1b[2J\\xc2\\x9b" in run(path).stdout

    def test_a_label_that_is_not_utf8_comes_back_byte_for_byte(
        self, area_file: Callable[..., Path]
    ) -> None:
        raw = bytes([0xFF, 0x80, 0xE9, 0x41, 0xC3, 0xA9, 0x5C, 0x78])
        path = area_file(label=raw)
        (row,) = look(path)
        assert os.fsencode(row["label"]) == raw
        assert "\\xff\\x80\\xe9Aé\\x" in run(path).stdout

    def test_no_bad_page_is_an_empty_cell(self, area_file: Callable[..., Path]) -> None:
        for words in ("-rn", "-nP"):
            listed = run(words, "-o", "BADPAGES,OTHER,HOLDS,LABEL", area_file())
            assert not set(listed.stdout) & set("()[]")

    @pytest.mark.slow
    def test_a_very_long_list_is_cut_in_text_and_whole_in_json(
        self, area_file: Callable[..., Path]
    ) -> None:
        last = 8 * (65536 - 10) - 1
        path = area_file()
        path.write_bytes(bitmap_page({last}, page_size=65536))
        listed = run("-n", "-o", "BADPAGES", path).stdout.strip()
        assert listed.startswith("1,2,3,")
        assert listed.endswith(",64,... (524206)")
        (row,) = look(path)
        assert row["badpages"] == list(range(1, last))


@pytest.mark.usefixtures("swaps")
class TestSeveral:
    def test_one_row_each_in_order_bad_ones_included(
        self, area_file: Callable[..., Path], tmp_path: Path
    ) -> None:
        good, last = area_file("good"), area_file("last", label=b"last")
        missing, text = tmp_path / "missing", tmp_path / "text"
        text.write_bytes(b"text")
        result = run("-rn", "-o", "PATH,LABEL,ERROR", good, text, last)
        assert result.exit_code == 1
        assert result.stderr == f"swapinfo: {text}: no swap signature found\n"
        assert result.stdout.splitlines() == [
            f"{good} sample ",
            f"{text}  no\\x20swap\\x20signature\\x20found",
            f"{last} last ",
        ]
        assert run(good, text, missing, last).exit_code == 2
        assert [row["path"] for row in look(missing, good, text)] == [
            str(missing),
            str(good),
            str(text),
        ]

    def test_a_file_that_is_missing_is_a_row_and_a_line(self, tmp_path: Path) -> None:
        path = tmp_path / "missing"
        result = run("-rn", "-o", "PATH,SIZE", path)
        assert (result.exit_code, result.stdout) == (2, f"{path} \n")
        assert result.stderr == f"swapinfo: {path}: No such file or directory\n"


FIELD = re.compile(r"(0x[0-9a-f]{5})\.\.(0x[0-9a-f]{5}) (\w+)(?: = (.*))?")


@pytest.mark.usefixtures("swaps")
class TestDump:
    def test_it_is_text_and_says_so(self, area_file: Callable[..., Path]) -> None:
        result = run("--dump", "--json", area_file())
        assert (result.exit_code, result.stdout) == (2, "")
        assert "--dump is text" in result.stderr

    @pytest.mark.parametrize("page_size", [2048, 4096, 65536, 262144])
    def test_the_fields_cover_every_byte_exactly_once(
        self, page_size: int, area_file: Callable[..., Path]
    ) -> None:
        path = area_file(page_size=page_size)
        at = 0
        for line in run("--dump", path).stdout.splitlines():
            if (field := FIELD.fullmatch(line)) is not None:
                assert int(field[1], 16) == at
                at = int(field[2], 16)
                assert at > int(field[1], 16)
        assert at == page_size

    def test_every_byte_that_is_not_zero_is_printed_once(
        self, area_file: Callable[..., Path]
    ) -> None:
        path = area_file(patches=((3, b"\1\2"), (1100, b"\xff"), (4084, b"\3\4")))
        page = bytearray(4096)
        for line in run("--dump", path).stdout.splitlines():
            found = re.match(r"    ([0-9a-f]{5})  ((?:[0-9a-f]{2} ?)+) ", line)
            if found is not None:
                at, data = int(found[1], 16), bytes.fromhex(found[2])
                assert not any(page[at : at + len(data)])
                page[at : at + len(data)] = data
        assert page == path.read_bytes()

    def test_fields_say_what_they_mean(self, area_file: Callable[..., Path]) -> None:
        path = area_file(byte_order="big", badpages=(3, 7), ghost_flag=True)
        fields = {}
        for line in run("--dump", path).stdout.splitlines():
            if (field := FIELD.fullmatch(line)) is not None:
                fields[field[3]] = field[4]
        assert fields == {
            "bootbits": None,
            "version": "1 (big-endian)",
            "last_page": "1023",
            "nr_badpages": "2",
            "sws_uuid": UUID_TEXT,
            "sws_volume": "sample",
            "padding": "ghost flag",
            "badpages": "3,7",
            "slack": None,
            "magic": "SWAPSPACE2",
        }

    def test_a_suspend_image_adds_the_fields_that_overlay_the_page_end(
        self, area_file: Callable[..., Path]
    ) -> None:
        path = area_file(patches=(suspend_tail(),))
        lines = run("--dump", path).stdout.splitlines()
        fields = [match[0] for line in lines if (match := FIELD.fullmatch(line))]
        assert fields[-6:] == [
            "0x00fd8..0x00fdc hw_sig = 287454020",
            "0x00fdc..0x00fe0 crc32 = 1432778632",
            "0x00fe0..0x00fe8 image = 2578103244",
            "0x00fe8..0x00fec flags = 5",
            "0x00fec..0x00ff6 orig_sig = SWAPSPACE2",
            "0x00ff6..0x01000 sig = S1SUSPEND",
        ]

    def test_a_version_0_page_is_its_bitmap(self, tmp_path: Path) -> None:
        path = tmp_path / "old"
        path.write_bytes(bitmap_page({1, 2}))
        lines = run("--dump", path).stdout.splitlines()
        assert [line for line in lines if FIELD.fullmatch(line)] == [
            "0x00000..0x00ff6 bitmap",
            "0x00ff6..0x01000 magic = SWAP-SPACE",
        ]

    def test_several_files_are_named_and_a_bad_one_does_not_stop_it(
        self, area_file: Callable[..., Path], tmp_path: Path
    ) -> None:
        first, last = area_file("first"), area_file("last")
        text = tmp_path / "text"
        text.write_bytes(b"text")
        result = run("--dump", first, text, last)
        assert result.exit_code == 1
        named = [
            line
            for line in result.stdout.splitlines()
            if line.startswith(str(tmp_path))
        ]
        assert named == [f"{first}:", f"{last}:"]
        assert "no swap signature found" in result.stderr
        assert run("--dump", tmp_path / "missing").exit_code == 2

    def test_dump_needs_a_file(self) -> None:
        result = run("--dump")
        assert result.exit_code == 2
        assert "need a FILE" in result.stderr


def test_help_and_version_stand_alone() -> None:
    assert run("-h").stdout.startswith("Usage: swapinfo [OPTIONS] [FILE]...")
    assert run("-V").stdout.startswith("swapinfo from swaptools ")
