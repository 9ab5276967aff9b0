"""swapemu replay as a person sees it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from swaptools.cli import figures
from swaptools.cli.swapemu import main
from swaptools.emulator.machine.design import design_names
from swaptools.references import CODE, WRITE, Description, Order
from swaptools.traces.shipped import shipped_names
from tests.traces import samples
from tests.traces.samples import Reference, batch

PAGE = 4096


def invoke(*args: str, stdin: bytes | None = None) -> tuple[int, str, str]:
    words = ("replay", "--interpreted", *args)
    result = CliRunner().invoke(main, words, input=stdin, prog_name="swapemu")
    return result.exit_code, result.stdout, result.stderr


def as_json(*args: str) -> dict[str, Any]:
    code, out, err = invoke("--json", *args)
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def references(count: int = 3000, nr_pages: int = 300) -> list[Reference]:
    rng = Random(4)
    return [
        Reference(int(nr_pages * rng.random() ** 3), WRITE * (rng.random() < 0.3))
        for _ in range(count)
    ]


def written(path: Path, made: list[Reference], **about: Any) -> str:
    parts = [batch(made[at : at + 1000]) for at in range(0, len(made), 1000)]
    path.write_bytes(samples.compact(parts, Description("swap-trace", **about)))
    return str(path)


@pytest.fixture
def trace(tmp_path: Path) -> str:
    return written(tmp_path / "t", references(), source="sort big.txt")


LRU = ("--policy", "lru", "--design", "plain")


def test_text(trace: str) -> None:
    """What was asked, what missed, over the trace, and what compare prints."""
    code, out, err = invoke("--ram", "30%", *LRU, trace)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:5] == [
        f"{trace}: swap-trace, every reference",
        "from sort big.txt",
        "memory   356 KiB; its 297 pages are 1.2 MiB",
        "policy   lru",
        "lengths  fixed:2048",
    ]
    at = lines.index("Who was not there, and who was killed")
    assert lines[at + 1].split() == [
        *("DESIGN", "FAULTS", "MISSES", "RATIO", "OOM-KILLS", "SKIPPED")
    ]
    assert lines[at + 2].split()[0] == "plain"
    assert "Over the trace, plain" in lines
    assert any(line.startswith("     3,000 ") for line in lines)
    assert "Look-ups for a page, tables + xarrays" in lines


def test_json(trace: str) -> None:
    found = as_json("--ram", "400K", *LRU, "--bound", trace)
    (one,) = found["replays"]
    assert (found["ram_bytes"], found["order"]) == (400 << 10, "references")
    assert (one["references"], one["policy"], one["error"]) == (3000, "lru", None)
    assert found["bound_misses"] < one["misses"]
    assert found["bound_miss_ratio"] == found["bound_misses"] / 3000
    assert found["bound_file_bytes"] == 8 * 3000
    assert one["moments"][-1]["misses"] == one["misses"]
    assert found["area_bytes"] == 2 * one["pages"] * PAGE


@pytest.mark.slow
def test_csv(trace: str) -> None:
    code, out, _ = invoke("--ram", "400K", "--every", "500", "--csv", *LRU, trace)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [row["references"] for row in rows] == [
        str(n) for n in range(500, 3001, 500)
    ]
    assert {row["design"] for row in rows} == {"plain"}


@pytest.mark.slow
def test_plot(trace: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pictures = []
    for name in ("a.svg", "b.svg"):
        path = tmp_path / name
        words = ("--ram", "30%", "--bound", "--plot", str(path), *LRU, trace)
        assert invoke(*words)[0] == 0
        pictures.append(path.read_bytes())
    assert pictures[0] == pictures[1]
    assert b"misses, %" in pictures[0]


def test_a_plot_that_cannot_be_drawn_is_told_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(figures, "find_spec", lambda _name: None)
    code, out, err = invoke("--ram", "30%", "--plot", "a.svg", "/no/such/trace")
    assert (code, out) == (2, "")
    assert "--plot needs: pip install 'swaptools[plot]'" in err


@pytest.mark.slow
def test_every_design_has_its_turn(trace: str) -> None:
    found = as_json("--ram", "60%", "--policy", "lru", trace)
    assert [one["design"] for one in found["replays"]] == list(design_names())
    assert {one["error"] for one in found["replays"]} == {None}
    for one in found["replays"]:
        assert (one["oom_kills"] > 0) == (one["skipped"] > 0)
        assert one["misses"] >= one["pages"] or one["oom_kills"]


def test_opt_as_a_policy_knows_the_future(trace: str) -> None:
    words = ("--ram", "400K", "--no-zswap", "--design", "plain", trace)
    found = as_json("--policy", "opt", "--bound", *words)
    assert found["replays"][0]["misses"] == found["bound_misses"]


@pytest.mark.slow
def test_twice_the_same(trace: str) -> None:
    words = ("--ram", "30%", "--json", "--policy", "random", "--design", "vswap", trace)
    assert invoke(*words) == invoke(*words)


@pytest.mark.slow
def test_code_and_files_are_left_out(tmp_path: Path) -> None:
    made = [*references(), *[Reference(9000 + n, CODE) for n in range(50)]]
    path = written(tmp_path / "t", made)
    without, with_all = (
        as_json("--ram", "400K", *LRU, *more, path) for more in ((), ("--all-pages",))
    )
    assert (without["left_out"], with_all["left_out"]) == (50, 0)
    assert with_all["replays"][0]["pages"] == without["replays"][0]["pages"] + 50
    _, out, _ = invoke("--ram", "400K", *LRU, path)
    assert "left out 50 references to code and files\n" in out


@pytest.mark.parametrize("ram", ["400K", "50%"])
@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ([], "has no references"),
        ([Reference(n, CODE) for n in range(7)], "has 7 references, all to code and"),
    ],
)
def test_nothing_to_replay(
    made: list[Reference], reason: str, ram: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "t", made)
    code, out, err = invoke("--ram", ram, *LRU, path)
    assert (code, out) == (2, "")
    assert f"swapemu: {path}: {reason}" in err


@pytest.mark.slow
def test_a_trace_of_faults_says_itself_what_missed(tmp_path: Path) -> None:
    """In the memory that it was made in, unless another is asked for."""
    path = written(
        tmp_path / "t", references(), order=Order.FAULTS, ram_bytes=320 << 10
    )
    found = as_json(*LRU, path)
    (one,) = found["replays"]
    assert (found["ram_bytes"], one["policy"]) == (320 << 10, None)
    assert (one["misses"], one["miss_ratio"]) == (3000, None)
    assert as_json(*LRU, "--ram", "80K", path)["ram_bytes"] == 80 << 10
    _, out, _ = invoke(*LRU, path)
    assert "policy   what missed is told\n" in out
    assert "RATIO" not in out
    code, _, err = invoke(*LRU, "--bound", path)
    assert (code, "--bound: the trace has only what missed" in err) == (2, True)


@pytest.mark.slow
def test_lengths(trace: str, tmp_path: Path) -> None:
    table = tmp_path / "lengths"
    table.write_text("100 3\n3000\n")
    words = ("--ram", "400K", *LRU, trace)
    found = as_json("--lengths", f"table:{table}", *words)
    assert found["replays"][0]["lengths"] == f"table:{table}"
    assert (
        as_json("--lengths", "fixed:0", *words)["replays"][0]["moments"][-1][
            "pool_bytes"
        ]
        == 0
    )
    for bad in ("fixed:5000", "fixed:x", "table:", "half", f"table:{tmp_path}/none"):
        code, out, err = invoke("--lengths", bad, *words)
        assert (code, out) == (2, "")
        assert err
    code, _, err = invoke("--lengths", "trace", *words)
    assert (code, "it has none (record --sample-lengths)" in err) == (2, True)


def test_lengths_of_the_trace(tmp_path: Path) -> None:
    from swaptools.traces.compact_write import write_trace

    path = tmp_path / "t"
    with path.open("wb") as file:
        writer = write_trace(file, Description("swap-trace"), [batch(references())])
        writer.add_lengths({"zstd": [50, 60], "deflate": [40, 40]})
        writer.finish()
    found = as_json("--ram", "400K", "--lengths", "trace", *LRU, str(path))
    assert found["replays"][0]["lengths"] == "trace (zstd)"


def test_a_machine_from_a_script(trace: str, tmp_path: Path) -> None:
    """Its areas are those of the script."""
    script = tmp_path / "s"
    script.write_text("ram 1M\nzswap off\nswapon small block 200\n")
    words = ("--ram", "400K", *LRU, "--machine", str(script), trace)
    found = as_json(*words)["replays"][0]
    assert found["counts"]["swap_total_bytes"] == 199 * PAGE
    assert found["counts"]["content_peak_bytes"] == 0


@pytest.mark.slow
def test_standard_input_is_read_once(trace: str) -> None:
    data = Path(trace).read_bytes()
    code, _, err = invoke("--ram", "30%", *LRU, "-", stdin=data)
    assert (code, "standard input is read once" in err) == (2, True)
    code, out, _ = invoke("--ram", "400K", "--area", "4M", *LRU, "-", stdin=data)
    assert (code, "memory   400 KiB; its 297 pages" in out) == (0, True)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "no --ram"),
        (("--ram", "0%"), "no share from 0%"),
        (("--ram", "nan%"), "no share from 0%"),
        (("--ram", "1001%"), "no share from 0%"),
        (("--ram", "x"), "x"),
        (("--ram", "0"), "says nothing of fewer than 1 pages, and there are 0"),
        (("--ram", "4095"), "says nothing of fewer than 1 pages"),
        (("--ram", "1M", "--policy", "clock"), "no policy 'clock'; known:"),
        (("--ram", "1M", "--kernel", "x"), "x"),
        (("--ram", "1M", "--design", "x"), "no design 'x'"),
        (("--ram", "1M", "--json", "--csv"), "--json and --csv: one of them"),
        (("--ram", "1M", "--plot", "x.gif"), "neither .svg nor .png"),
        (("--ram", "1M", "--plot", "/none/x.svg"), "/none/x.svg: No such file or"),
        (("--ram", "1M", "--every", "0"), "--every"),
        (("--ram", "1M", "--machine", "/none"), "/none"),
    ],
)
def test_what_makes_no_sense(words: tuple[str, ...], reason: str, trace: str) -> None:
    code, out, err = invoke("--policy", "lru", *words, trace)
    assert (code, out) == (2, "")
    assert reason in err


def test_a_memory_that_the_trace_was_not_made_for(tmp_path: Path) -> None:
    path = written(tmp_path / "t", references(), least_pages=64)
    code, out, err = invoke("--ram", "252K", *LRU, path)
    assert (code, out) == (2, "")
    assert "says nothing of fewer than 64 pages, and there are 63" in err
    assert as_json("--ram", "256K", *LRU, path)["least_pages"] == 64


def test_one_design_that_fails_leaves_the_others(trace: str) -> None:
    """A disk of one page is none; what is virtual needs no disk of its own."""
    words = ("--ram", "1M", "--policy", "lru", "--area", "4K", "--json")
    code, out, err = invoke(*words, "--design", "plain", trace)
    assert code == 1
    assert json.loads(out)["replays"][0].keys() == {"design", "error"}
    assert "(design plain)" in err


def test_a_trace_that_breaks_off_is_used_up_to_there(trace: str) -> None:
    path = Path(trace)
    path.write_bytes(path.read_bytes()[:-60])
    code, out, err = invoke("--ram", "400K", *LRU, "--json", trace)
    assert (code, json.loads(out)["is_cut"]) == (0, True)
    assert "used up to there" in err


@pytest.mark.slow
@pytest.mark.parametrize("name", shipped_names())
def test_traces_of_the_package_are_there_by_name(name: str) -> None:
    code = (
        CliRunner().invoke(main, ("trace", "show", name, "--sample", "10%")).exit_code
    )
    assert code == 0
