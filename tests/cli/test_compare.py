"""swapemu overhead and swapemu compare as a person sees them."""

from __future__ import annotations

import io
import json
import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from swaptools import plugins
from swaptools.cli import plot, progress
from swaptools.cli.legend import LEGEND
from swaptools.cli.scripts import steps
from swaptools.cli.swapemu import main
from swaptools.emulator.machine import design as designs
from swaptools.emulator.machine.design import design_names
from swaptools.emulator.runs.script import Run, parse_script

SMALL = """\
# A small one: as small as can be.
zswap on
virtual 4M
swapon disk block 512 prio=5
write 0 100 length=900
pageout 0 100
shrink 10
read 0 50
swapoff disk
"""

STAYS = """\
zswap on max_pool_percent=1
ram 2M
virtual 4M
swapon disk block 64 prio=5
write 0 300 length=900
pageout 0 300
"""

# Covers of virtual swap, and sizes of structures: facts of the overhead table.
PUBLISHED = {
    "old+zswap": [25, 57, 89, 121, 153],
    "old+disk": [25, 41, 57, 73, 89],
    "vswap+zswap": [0, 48.25, 96.5, 144.75, 193],
    "vswap+disk": [2, 66.25, 130.5, 194.75, 259],
}
STRUCTS = {
    "6.18+disk": [25.5, 41.5, 57.5, 73.5, 89.5],
    "6.18+zswap": [25.5, 59.8, 94.1, 128.3, 162.6],
    "7.2+disk": [0.75, 20.75, 40.75, 60.75, 80.75],
    "7.2+zswap": [0.75, 39.0, 77.3, 115.6, 153.9],
    "ghost-dynamic+zswap": [0, 38.6, 77.2, 115.8, 154.4],
    "vswap-ste+zswap": [0, 36.4, 72.8, 109.1, 145.5],
    "vswap-ste+disk": [0.75, 53.1, 105.5, 157.9, 210.3],
}


def invoke(*args: str, stdin: str | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, args, input=stdin, prog_name="swapemu")
    return result.exit_code, result.stdout, result.stderr


def compared(*args: str, text: str = SMALL) -> list[dict[str, Any]]:
    code, out, err = invoke("compare", "--json", *args, "-", stdin=text)
    assert (code, err) == (0, "")
    designs: list[dict[str, Any]] = json.loads(out)["designs"]
    return designs


class TestOverhead:
    def rows(self, *args: str) -> dict[tuple[str, str], list[float]]:
        code, out, _ = invoke("overhead", "--json", *args)
        assert code == 0
        rows = json.loads(out)["rows"]
        return {(row["design"], row["figures"]): row["metadata_mib"] for row in rows}

    def test_the_published_rows_come_out_exactly(self) -> None:
        rows = self.rows("--area", "32G")
        assert {name: rows[name, "published"] for name in PUBLISHED} == PUBLISHED

    def test_the_rows_from_structures_come_out_to_a_tenth(self) -> None:
        rows = self.rows("--area", "32G")
        for name, wanted in STRUCTS.items():
            assert rows[name, "structs"] == pytest.approx(wanted, abs=0.1)

    def test_the_table(self) -> None:
        code, out, _ = invoke("overhead", "--design", "old+zswap", "--design", "zram")
        assert code == 0
        assert out == (
            "Metadata in MiB, by how much of an area of 32 GiB is in use\n"
            "DESIGN    FIGURES       0%    25%    50%    75%   100%\n"
            "old+zswap published  25.00  57.00  89.00 121.00 153.00\n"
            "zram      structs   128.75 148.75 168.75 188.75 208.75\n"
        )

    def test_area_and_designs_are_the_callers(self) -> None:
        rows = self.rows("--area", "1G", "--design", "old+disk")
        assert rows == {
            ("old+disk", "published"): [n / 32 for n in (25, 41, 57, 73, 89)]
        }

    def test_a_design_that_is_none(self) -> None:
        code, _, err = invoke("overhead", "--design", "ghosts")
        assert code == 2
        assert "no design 'ghosts'; known: old+zswap" in err


class TestCompare:
    def test_json_has_every_counter_of_every_design(self) -> None:
        found = compared()
        assert [stats["design"] for stats in found] == list(design_names())
        for stats in found:
            counts = stats["counts"]
            assert counts["pages_out"] >= 100
            assert stats["samples"][-1]["pages_touched"] == 260
            assert counts["metadata_peak_bytes"] >= counts["metadata_end_bytes"]
            assert counts.keys() == found[0]["counts"].keys()
            assert stats["error"] is None
        assert {len(stats) for stats in found} == {len(found[0])}

    def test_designs_are_the_callers(self) -> None:
        found = compared("--design", "zram", "--design", "plain")
        assert [stats["design"] for stats in found] == ["zram", "plain"]

    @pytest.mark.slow
    def test_text_fits_a_terminal_and_has_bars(self) -> None:
        code, out, err = invoke("compare", "-", stdin=SMALL)
        assert (code, err) == (0, "")
        lines = out.splitlines()
        assert lines[0] == "A small one: as small as can be."
        assert max(map(len, lines)) <= 80
        assert "Disk slots held by pages in zswap" in lines
        assert any(
            set(line.split()[1]) <= {"█", "#"} for line in lines if "KiB" in line
        )

    def test_the_list(self) -> None:
        code, out, _ = invoke("compare", "--list")
        assert code == 0
        assert "zswap-only       zswap and no disk\n" in out
        assert len(out.splitlines()) == 11

    def test_the_list_of_designs(self) -> None:
        code, out, _ = invoke("compare", "--list-designs")
        assert code == 0
        heading, *lines = out.splitlines()
        assert heading.split() == ["DESIGN", "TITLE", "SOURCE"]
        assert [line.split()[0] for line in lines] == list(design_names())

    @pytest.mark.slow
    def test_what_a_script_expects_is_not_judged_and_counted(self) -> None:
        text = f"{SMALL}expect disk 5\nexpect fault 3\nshow swaps\n"
        text = text.replace("swapoff disk\n", "")
        code, out, err = invoke("compare", "-", stdin=text)
        assert (code, err) == (0, "")
        assert "Lines that expect something, not judged: 2" in out.splitlines()
        _, out, _ = invoke("compare", "--json", "-", stdin=text)
        assert json.loads(out)["not_judged"] == 2

    def test_a_design_that_cannot_do_a_line_does_not_take_the_others_along(
        self,
    ) -> None:
        """Virtual memory is full of pages that come back from a disk."""
        text = "ram 320K\nvirtual 4M\nswapon disk block 512\nwrite 0 60\n"
        text += "pageout 0 60\nwrite 100 60\nswapoff disk\n"
        words = ("--design", "plain", "--design", "ghost")
        code, out, err = invoke("compare", "--json", *words, "-", stdin=text)
        assert code == 1
        assert err == (
            "swapemu: -: line 7: swapoff: Cannot allocate memory (design plain)\n"
        )
        plain, ghost = json.loads(out)["designs"]
        assert plain == {
            "design": "plain",
            "error": "line 7: swapoff: Cannot allocate memory",
        }
        assert ghost["error"] is None

    def test_a_scenario_by_name(self) -> None:
        code, out, _ = invoke(
            "compare", "overgrown-ghost", "--design", "xswap", "--json"
        )
        assert code == 0
        (xswap,) = json.loads(out)["designs"]
        assert xswap["counts"]["swap_total_bytes"] == (512 << 20) - 4096

    @pytest.mark.parametrize(
        ("args", "code", "reason"),
        [
            ([], 2, "no SCRIPT; --list prints those of the package"),
            (["nowhere"], 2, "swapemu: nowhere: No such file or directory"),
            (["-", "--design", "ghosts"], 2, "no design 'ghosts'; known: "),
            (["-", "--plot", "a.pdf"], 2, "a.pdf: neither .svg nor .png"),
            (["-", "--plot", "/none/a.svg"], 2, "/none/a.svg: No such file or"),
            (["-", "--plot", "/dev/null/a.svg"], 2, "/dev/null/a.svg: Not a directory"),
        ],
    )
    def test_what_cannot_be_done(self, args: list[str], code: int, reason: str) -> None:
        got, _, err = invoke("compare", *args, stdin=SMALL)
        assert got == code
        assert reason in err

    def test_a_line_that_is_wrong(self) -> None:
        code, _, err = invoke("compare", "-", stdin="write 0 1\nfly\n")
        assert code == 2
        assert err.startswith("swapemu: -: line 2: no operation 'fly'; known: ")


def drawn(script: str, folder: Path) -> str:
    """The plot of a script under every design, as SVG."""
    pytest.importorskip("matplotlib")
    path = folder / "plot.svg"
    assert invoke("compare", "-", "--plot", str(path), stdin=script)[0] == 0
    return path.read_text()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    return drawn(SMALL, tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def stays(tmp_path_factory: pytest.TempPathFactory) -> str:
    return drawn(STAYS, tmp_path_factory.mktemp("stays"))


class TestPlot:
    @pytest.mark.slow
    def test_a_plot(self, tmp_path: Path) -> None:
        pytest.importorskip("matplotlib")
        path = tmp_path / "plot.png"
        words = ("--design", "plain", "--plot", str(path))
        code, _, err = invoke("compare", "-", *words, stdin=SMALL)
        assert (code, err) == (0, "")
        assert path.read_bytes().startswith(b"\x89PNG")

    @pytest.mark.slow
    def test_it_shows_every_design_and_needs_no_colour(self, small: str) -> None:
        assert small.startswith("<?xml")
        for name in design_names():
            assert re.search(rf">{name}( =)?</text>", small)
        colours = set(re.findall(r"#([0-9a-f]{6})\b", small))
        assert colours
        assert all(c[:2] == c[2:4] == c[4:] for c in colours)

    @pytest.mark.slow
    def test_pages_that_stayed_are_drawn_where_some_did(
        self, small: str, stays: str
    ) -> None:
        assert "pages that stayed" not in small
        assert "pages that stayed" in stays

    @pytest.mark.slow
    def test_a_line_that_is_another_ones_has_both_names(self, stays: str) -> None:
        """Plain would hide plain-6.18, or be hidden by it."""
        assert ">plain-6.18 =</text>" in stays
        assert ">plain</text>" in stays

    def test_more_lines_than_an_eye_can_follow_are_side_by_side(self) -> None:
        lines = [[number] for number in range(13)]
        found = plot.groups(lines)
        assert [len(group) for group in found] == [6, 6, 3]
        assert [group[0] for group in found] == [[0]] * 3
        assert sorted(n for group in found for (n,) in group[1:]) == list(range(1, 13))
        assert plot.groups(lines[:6]) == [lines[:6]]

    @pytest.mark.slow
    def test_without_matplotlib_it_says_what_to_install(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        path = tmp_path / "plot.svg"
        code, _, err = invoke("compare", "-", "--plot", str(path), stdin=SMALL)
        assert code == 1
        assert "--plot needs: pip install 'swaptools[plot]'" in err
        assert not path.exists()


def test_a_design_that_cannot_be_used_does_not_take_the_others_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody's package may be broken, or older than this one."""
    known = dict(designs.DESIGNS.points)
    known["broken"] = EntryPoint("broken", "no_such:DESIGN", plugins.DESIGNS_GROUP)
    monkeypatch.setattr(designs.DESIGNS, "points", known)
    code, out, err = invoke("compare", "--list-designs")
    assert code == 0
    assert "ghost-dynamic" in out
    assert err == "swapemu: design 'broken': No module named 'no_such'\n"
    code, _, err = invoke("compare", "--design", "broken", "-", stdin=SMALL)
    assert code == 2
    assert "design 'broken'" in err


class TestBreakEven:
    def test_virtual_swap_against_the_areas_of_its_covers(self) -> None:
        code, out, _ = invoke("overhead", "--break-even")
        assert code == 0
        assert out == (
            "DESIGN          AGAINST   LESS-UP-TO\n"
            "vswap+zswap     old+zswap      38.5%\n"
            "vswap+disk      old+disk       11.9%\n"
            "vswap-ste+zswap 7.2+zswap     100.0%\n"
            "vswap-ste+disk  7.2+disk        0.0%\n"
        )

    def test_any_two(self) -> None:
        args = ["--design", "xswap+zswap", "--design", "6.18+zswap"]
        code, out, _ = invoke("overhead", "--break-even", "--json", *args)
        (row,) = json.loads(out)["break_even"]
        assert code == 0
        assert row == {
            "design": "xswap+zswap",
            "against": "6.18+zswap",
            "percent": 100,
        }

    def test_one_or_three_are_no_pair(self) -> None:
        code, _, err = invoke("overhead", "--break-even", "--design", "zram")
        assert code == 2
        assert "between two designs" in err


def test_backings_and_what_becomes_of_a_write() -> None:
    code, out, _ = invoke("backings")
    assert code == 0
    assert "ghost       ghost     no           does not get as far\n" in out
    code, out, _ = invoke("backings", "--json")
    rows = {row["backing"]: row for row in json.loads(out)["backings"]}
    assert rows["zero"]["write"] == "ends well, and the page is gone"
    assert rows["file"] == {
        "backing": "file",
        "type": "file",
        "large_folios": False,
        "write": "is kept",
    }


def test_what_a_table_of_seconds_can_show() -> None:
    """33 s, five runs: 2 * 33 * sqrt(2 / 5)."""
    code, out, _ = invoke("resolution")
    assert code == 0
    assert out.splitlines()[1].split() == ["5", "41.7", "s"]
    code, out, _ = invoke(
        "resolution", "--json", "--deviation", "1", "--runs", "8", "--runs", "800"
    )
    assert json.loads(out) == {
        "deviation_s": 1.0,
        "resolution": [
            {"runs": 8, "difference_s": 1.0},
            {"runs": 800, "difference_s": 0.1},
        ],
    }


def test_seconds_without_end_are_none() -> None:
    """Twice as many would be no number, in JSON either."""
    code, out, _ = invoke("resolution", "--json", "--deviation", "1e300", "--runs", "1")
    assert code == 0
    assert json.loads(out)["resolution"][0]["difference_s"] < 1e301
    code, out, err = invoke("resolution", "--json", "--deviation", "1e308")
    assert (code, out) == (2, "")
    assert "1e+308 is not in the range 0<=x<=1e+300" in err


class Terminal(io.StringIO):
    """What a person sees."""

    def isatty(self) -> bool:
        return True


def test_long_work_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    for name in ("SHOWN_AFTER_S", "_EVERY_S"):  # as if each part took long
        monkeypatch.setattr(progress, name, 0.0)
    script = parse_script("swapon a block 4096\nwrite 0 3000\npageout 0 3000")
    assert list(steps(script, Run(compiled=False, part_pages=512), "plain")) == []
    seen = [int(found) for found in re.findall(r"plain: +(\d+) %", terminal.getvalue())]
    assert seen == sorted(seen)
    assert len(set(seen)) > 5


def test_short_work_and_no_terminal_are_told_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for terminal, nr_pages in ((Terminal(), 30), (io.StringIO(), 3000)):
        monkeypatch.setattr(sys, "stderr", terminal)
        script = parse_script(f"swapon a block 4096\nwrite 0 {nr_pages}")
        assert list(steps(script, Run(compiled=False), "plain")) == []
        assert terminal.getvalue() == ""


class TestAsPlain:
    """A design that has no part in a script must not look like one that has."""

    DISKS = "zswap on\nswapon a block 512 prio=5\nwrite 0 9\npageout 0 9\n"
    ALIKE = ("zram", "ghost", "ghost-dynamic", "xswap")

    @pytest.mark.slow
    def test_where_nothing_is_virtual(self) -> None:
        found = {each["design"]: each["as_plain"] for each in compared(text=self.DISKS)}
        assert {name for name, alike in found.items() if alike} == set(self.ALIKE)
        _, out, _ = invoke("compare", "-", stdin=self.DISKS)
        said = out.partition("\n\n")[0]
        assert said.replace("\n", " ").strip() == (
            f"As plain: nothing is virtual in this script under {', '.join(self.ALIKE)}"
        )

    @pytest.mark.parametrize(
        ("text", "alike"),
        [
            ("swapon a block 512\nwrite 0 9\n", ALIKE),
            ("virtual 4M\nswapon a block 512\nwrite 0 9\n", ("xswap",)),
        ],
    )
    def test_where_zswap_is_off(self, text: str, alike: tuple[str, ...]) -> None:
        """There is no xswap without it."""
        found = compared(text=text)
        assert [each["design"] for each in found if each["as_plain"]] == [*alike]

    @pytest.mark.sampled(2)
    @pytest.mark.parametrize("disk", ["", "swapon a block 512 prio=5\n"])
    def test_where_something_is(self, disk: str) -> None:
        text = f"zswap on\nvirtual 4M\n{disk}write 0 9\npageout 0 9\n"
        assert not any(each["as_plain"] for each in compared(text=text))
        _, out, _ = invoke("compare", "-", stdin=text)
        assert "As plain" not in out


@pytest.mark.parametrize("size", ["0", "1", "4095"])
def test_overhead_of_no_area_is_refused(size: str) -> None:
    code, out, err = invoke("overhead", "--area", size)
    assert (code, out) == (2, "")
    assert "--area: less than a page of 4096 bytes" in err
    assert invoke("overhead", "--area", "4096")[0] == 0


def test_lists_are_json_when_it_is_asked_for() -> None:
    _, out, _ = invoke("compare", "--list-designs", "-J")
    assert [each["design"] for each in json.loads(out)["designs"]] == [*design_names()]
    assert {len(each) for each in json.loads(out)["designs"]} == {3}
    _, out, _ = invoke("compare", "--list", "--json")
    names = [line.split()[0] for line in invoke("compare", "--list")[1].splitlines()]
    assert [each["scenario"] for each in json.loads(out)["scenarios"]] == names


@pytest.mark.slow
def test_bars_have_digits_as_tables_have() -> None:
    text = "zswap on\nswapon a block 4096\nwrite 0 1500\npageout 0 1500\n"
    _, out, _ = invoke("compare", "--design", "plain", "-", stdin=text)
    assert re.search(r"^Disk slots held .*\n.* 1,500$", out, re.M)
    assert "1500" not in out


def test_every_column_is_explained() -> None:
    """In the order in which it is printed, in the help and in the man page."""
    _, out, _ = invoke("compare", "--design", "plain", "-", stdin=SMALL)
    printed = re.findall(r"^DESIGN +(.*)$", out, re.M)
    explained = [" ".join(name for name, _ in columns) for _, columns in LEGEND]
    assert [" ".join(line.split()) for line in printed] == explained
    _, shown, _ = invoke("compare", "--help")
    page = (Path(__file__).parents[2] / "man" / "swapemu.1").read_text()
    for _, columns in LEGEND:
        for name, meaning in columns:
            assert re.search(rf"^  {name} +\S", shown, re.M), name
            text = meaning.replace("-", "\\-")
            assert f".B {name.replace('-', chr(92) + '-')}\n{text}\n" in page


@pytest.mark.parametrize("width", [60, 80])
def test_what_is_said_around_the_tables_fits_a_terminal(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("comparison", "wrapping"):
        monkeypatch.setattr(f"swaptools.cli.{place}.terminal_width", lambda: width)
    words = ["compare", "ghost.swap", "--design", "plain", "--design", "ghost"]
    text = CliRunner().invoke(main, words).stdout
    sentences = [line for line in text.splitlines() if re.search("[a-z] [a-z]", line)]
    assert len(sentences) >= 5
    assert max(map(len, sentences)) <= width


def test_a_script_of_nothing_has_metadata_from_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_text("")
    words = ["compare", str(path), "--design", "plain"]
    found = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)
    assert found["designs"][0]["metadata_mode"] is None
    assert CliRunner().invoke(main, words).stdout.startswith("\nMemory")
