"""Studies: read whole, and what is wrong with one is said with file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.errors import StudyError
from swaptools.sweep import read_study
from tests.sweep.studies import SCRIPT, STUDY, study

if TYPE_CHECKING:
    from pathlib import Path


def refused(folder: Path, text: str, script: str = SCRIPT) -> str:
    """What is said of a study, its own path left out."""
    path = study(folder, text, script)
    with pytest.raises(StudyError) as caught:
        list(read_study(str(path)).cells())
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    return said.removeprefix(f"{path}: ")


def test_every_combination_is_a_cell_the_last_axis_fastest(tmp_path: Path) -> None:
    found = read_study(str(study(tmp_path)))
    assert found.nr_cells == 4
    assert [cell.values for cell in found.cells()] == [
        {"design": "plain", "pages": 100},
        {"design": "plain", "pages": 300},
        {"design": "ghost", "pages": 100},
        {"design": "ghost", "pages": 300},
    ]
    assert [cell.job.nr_pages for cell in found.cells()] == [250, 650, 250, 650]


def test_values_that_are_wanted_alone(tmp_path: Path) -> None:
    found = read_study(str(study(tmp_path)))
    cells = found.cells({"design": ["ghost"], "pages": ["300"]})
    assert [str(cell) for cell in cells] == ["design=ghost pages=300"]


def test_a_script_of_the_package_and_lines_of_a_machine(tmp_path: Path) -> None:
    text = '[fixed]\nscript = "disk-only"\nram = "64M"\n[axes]\nkernel = ["6.18", 7.2]'
    cells = list(read_study(str(study(tmp_path, text))).cells())
    assert [cell.values for cell in cells] == [{"kernel": "6.18"}, {"kernel": 7.2}]


def test_the_hash_is_of_what_decides_a_cell(tmp_path: Path) -> None:
    """Titles may be mended and axes grow: rows are kept."""
    first = read_study(str(study(tmp_path)))
    longer = STUDY.replace("300]", "300, 500]").replace("Small", "Better")
    assert read_study(str(study(tmp_path, longer))).hash == first.hash
    for other in (
        STUDY.replace("1400", "1500"),
        STUDY.replace("[fixed]", "moments = 3\n[fixed]"),
        STUDY.replace("[fixed]", 'metrics = ["pages_out"]\n[fixed]'),
    ):
        assert read_study(str(study(tmp_path, other))).hash != first.hash


def test_another_script_makes_other_cells(tmp_path: Path) -> None:
    keys = [
        {cell.key for cell in read_study(str(study(tmp_path, script=text))).cells()}
        for text in (SCRIPT, SCRIPT.replace("read 0 50", "read 0 51"))
    ]
    assert keys[0].isdisjoint(keys[1])


AXES = '\n[axes]\ndesign = ["plain"]\n'
FIXED = '[fixed]\nscript = "fill.swap"\nlength = 1\npages = 9\n'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "axes: there is none"),
        ("[axes]", "line 1: axes: there is none"),
        ("\n[fixed]\nx = 1", "axes: there is none"),
        ("a = \n", "line 1: Invalid value"),
        ("a = 1\nb = 'x", 'Expected "\'"'),
        ("a = 1", "no key 'a'; known: title, question"),
        ("\ntitle = 1", "line 2: title: is no text"),
        ("[[axes]]\nx = [1]", "axes: is no table"),
        (f"moments = 9999\n{FIXED}{AXES}", "line 1: moments: 9999 is not 0 to 1000"),
        (f"moments = true\n{FIXED}{AXES}", "line 1: moments: is no whole number"),
        (f'metrics = ["x"]\n{FIXED}{AXES}', "line 1: metrics: no metric 'x'; known: "),
        (f"{FIXED}[axes]\nram = 5", "line 6: ram: is no list of values"),
        (f"{FIXED}[axes]\nram = []", "line 6: ram: is no list of values"),
        (f"{FIXED}[axes]\npages = [1]", "line 4: pages: is fixed, and an axis as well"),
        (f'{FIXED}[axes]\nkernel = ["6.1", 6.1]', "line 6: kernel: has '6.1' twice"),
        (
            f"{FIXED}[axes]\nkernel = [1979-05-27]",
            "line 6: kernel: has what is neither",
        ),
        (f"{FIXED}[axes]\nkernel = [[1]]", "line 6: kernel: has what is neither"),
        (f"{FIXED}[axes]\nkernel = [nan]", "line 6: kernel: nan is no number"),
        (
            f'{FIXED}[axes]\nkernel = ["a\\nb"]',
            "line 6: kernel: 'a\\nb' is no value of",
        ),
        (f"{FIXED}[axes]\nzswap.enabled = [1]", "zswap: is no list of values"),
        (f"{FIXED}zswap.enabled = 1\n{AXES}", "zswap: is a table; a name with a dot"),
        (
            f'{FIXED}[axes]\ndesign = ["tape"]',
            "line 6: design: no design 'tape'; known",
        ),
        (f"{FIXED}[axes]\nside = [1]", "line 6: side: fill.swap has no $side for it"),
        (
            '[fixed]\nscript = "fill.swap"\npages = 9\n' + AXES,
            "line 2: script: fill.swap: line 6: $length has no value",
        ),
        (
            f'{FIXED}[axes]\nram = ["1G"]',
            "line 6: ram: fill.swap: line 2 says it already; write ${ram} there",
        ),
        (
            f'{FIXED}[axes]\n"zswap.enabled" = [true]',
            "line 6: zswap.enabled: fill.swap: line 3 says it already",
        ),
        (
            f'{FIXED}[axes]\n"zswap.speed" = [1]',
            "line 6: zswap.speed: no knob 'zswap.speed'; known",
        ),
        (
            f'{FIXED}[axes]\n"zswap.max_pool_percent" = [20, 101]',
            "line 6: zswap.max_pool_percent: '101' is not 0 to 100",
        ),
        (
            f'{FIXED}[axes]\nkernel = ["6.18", "tape"]',
            "kernel=tape: kernel: ",
        ),
        (
            FIXED.replace("9", '"nine"') + AXES,
            "design=plain: fill.swap: line 6: write: page count 'nine' is no number",
        ),
        (
            '[fixed]\nscript = "gone.swap"\n' + AXES,
            "line 2: script: gone.swap: No such file or directory",
        ),
        ('[axes]\nscript = [""]\n', "line 2: script: has a name that is empty"),
        (
            '[fixed]\ntrace = ""\n[axes]\nram = ["1M"]\n',
            "line 2: trace: has a name that is empty",
        ),
        (
            "[axes]\n" + "\n".join(f"a{n} = {list(range(10))}" for n in range(7)),
            "no workload: name a script",
        ),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(
    text: str, reason: str, tmp_path: Path
) -> None:
    said = refused(tmp_path, text)
    assert said.startswith(reason)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("write 0 ${pages", "script: fill.swap: line 9: write: page count '${pages'"),
        ("write 0 ${}", "script: fill.swap: line 9: ${} is neither a name nor a sum"),
        ("write 0 ${pages.x()}", "script: fill.swap: line 9: ${pages.x()} is neither"),
        ("write 0 ${'a'}", 'script: fill.swap: line 9: ${"a"} is neither'),
        ("write 0 ${1.5*pages}", "script: fill.swap: line 9: ${1.5*pages} is neither"),
        (f"read 0 ${{{'(' * 300}1{')' * 300}}}", "script: fill.swap: line 9: ${(((("),
        ("write 0 ${pages/0}", "line 9: ${pages/0} has no value: integer division"),
        ("write 0 ${pages%2}", "line 9: ${pages%2} has no value: it has more than"),
        ("write 0 ${9**9**9}", "line 9: ${9**9**9} has no value: it has more than"),
        ("write 0 ${pages-pages-1}", "line 9: write: page count '-1' is no number"),
    ],
)
def test_a_sum_that_is_none(line: str, reason: str, tmp_path: Path) -> None:
    said = refused(tmp_path, STUDY, f"{SCRIPT}{line}\n")
    assert reason.removeprefix("script: fill.swap: ").replace('"a"', "'a'") in said


def test_sums_of_values(tmp_path: Path) -> None:
    path = study(tmp_path, STUDY, f"{SCRIPT}drop 0 ${{(pages - 20) / 2}}\n")
    cells = list(read_study(str(path)).cells())
    assert [cell.job.nr_pages for cell in cells] == [290, 790, 290, 790]


def test_more_cells_than_anybody_has_time_for(tmp_path: Path) -> None:
    names = [f"a{number}" for number in range(7)]
    script = SCRIPT + "".join(f"read ${name} 1\n" for name in names)
    axes = "".join(f"{name} = {list(range(10))}\n" for name in names)
    said = refused(tmp_path, f"{FIXED}[axes]\n{axes}", script)
    assert said == "line 5: axes: 10,000,000 cells; at most 1,000,000"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xfe", "not a text file"),
        (b"#" * ((1 << 20) + 1), "longer than 1048576 bytes"),
        (b"a = " + b"[" * 5000, "maximum recursion"),
        (b"script = 1\0", "line 1: Expected newline"),
    ],
)
def test_what_is_no_toml(data: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(data)
    with pytest.raises(StudyError, match=reason):
        read_study(str(path))


def test_a_script_that_is_none_is_no_study(tmp_path: Path) -> None:
    path = study(tmp_path)
    (tmp_path / "fill.swap").write_bytes(b"\0" * 10)
    with pytest.raises(StudyError, match=r"line 5: script: fill\.swap: not a text"):
        read_study(str(path))
