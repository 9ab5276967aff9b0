"""Scenarios as text: what they can say, and those that come along."""

from __future__ import annotations

import random
from contextlib import suppress
from importlib.resources import files

import pytest

from swaptools.emulator.machine.design import AreaPlan, Design, design_names, disks
from swaptools.emulator.machine.setup import DiskSetup, Setup
from swaptools.emulator.runs.script import Run, parse_script, run_script
from swaptools.errors import ScriptError
from tests.emulator.runs.garbage import some_garbage
from tests.emulator.runs.random_scripts import random_script
from tests.parts import pairs_in

FOLDER = files("swaptools.emulator.runs.scenarios")
NAMES = sorted(
    entry.name for entry in FOLDER.iterdir() if entry.name.endswith(".scenario")
)


def test_there_is_one_of_each_kind() -> None:
    assert [name.removesuffix(".scenario") for name in NAMES] == [
        "areas",
        "disk-only",
        "fragmentation",
        "incompressible",
        "large-folios",
        "overgrown-ghost",
        "swapoff",
        "tiers",
        "zram",
        "zswap-only",
        "zswap-writeback",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_what_comes_along_has_a_title_and_a_machine(name: str) -> None:
    script = parse_script((FOLDER / name).read_text())
    assert len(script.title) > 40
    assert script.setup.disks or script.setup.virtual_pages
    assert {operation.verb for operation in script} >= {"write", "pageout"}


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("name", "design"), pairs_in(8, NAMES, design_names()))
def test_every_design_does_it_and_loses_nothing(name: str, design: str) -> None:
    """What is read is compared with what was written."""
    run = Run(compiled=False, design=design)
    list(run_script(parse_script((FOLDER / name).read_text()), run))
    run.started().check_invariants()
    assert run.started().counts()["pages_out"] > 0
    assert run.started().losses == []


def test_what_there_is_when_tasks_begin() -> None:
    script = parse_script(
        """\
        # A title
        # in two lines.
        ram 64M   # not a part of it
        zswap on max_pool_percent=30
        virtual 1G prio=7
        swapon a block 1024 prio=3
        swapon b file 4M rotational
        swapon z zram 1024
        tiers +HIGH:5 +LOW:-1
        max /job HIGH 0
        task t cgroup=/job
        write 8 16 order=2 length=100
        read 1 2 step=5
        transfer a b 9
        zswap off
        swapon c block 1024
        """
    )
    assert script.title == "A title in two lines."
    assert script.nr_pages == 27
    assert script.setup == Setup(
        disks=(
            DiskSetup("a", 1024, 3),
            DiskSetup("b", 1024, None, "file", is_rotational=True),
        ),
        virtual_pages=1 << 18,
        virtual_prio=7,
        zswap=True,
        ram_bytes=64 << 20,
        max_pool_percent=30,
    )


def done(text: str, design: str | None) -> Run:
    run = Run(compiled=False, design=design, goes_on="expect pswpin" in text)
    list(run_script(parse_script(text), run))
    return run


def areas(run: Run) -> dict[str, tuple[str, int, int]]:
    return {
        name: (area.ops.name, area.pages + 1, area.prio)
        for name, area in run.devices.items()
    }


@pytest.mark.parametrize(
    ("design", "made"),
    [
        (None, {"a": ("block", 600, 3)}),
        ("plain", {"a": ("block", 600, 3)}),
        ("ghost", {"virtual": ("ghost", 1024, 9), "a": ("block", 600, 3)}),
        ("xswap", {"virtual": ("xswap", 1024, 9), "a": ("block", 600, 3)}),
        ("zram", {"virtual": ("zram", 1024, 9)}),
        ("vswap", {"a": ("block", 600, 3)}),
    ],
)
@pytest.mark.parametrize(
    "lines",
    [
        "zswap on\nvirtual 4M prio=9\nswapon a block 600 prio=3",
        "virtual 4M prio=9\nswapon a block 600 prio=3\nzswap on",
    ],
)
def test_areas_are_made_as_the_design_has_them(
    design: str | None, lines: str, made: dict[str, tuple[str, int, int]]
) -> None:
    run = done(f"{lines}\nwrite 0 9", design)
    assert areas(run) == made
    assert run.started().zswap.enabled is (design != "zram")


@pytest.mark.slow
def test_knobs_of_the_kernel_say_the_same_as_zswap_does() -> None:
    said = "zswap on max_pool_percent=30"
    knobs = "set zswap.enabled Y\nset zswap.max_pool_percent 30"
    assert parse_script(said).setup == parse_script(knobs).setup
    for design in (None, *design_names()):
        runs = [
            done(f"ram 64M\n{lines}\nvirtual 4M\nwrite 0 9\npageout 0 9", design)
            for lines in (said, knobs)
        ]
        assert runs[0].stats() == runs[1].stats()
        assert areas(runs[0]) == areas(runs[1])


def test_a_design_may_make_areas_of_nothing_that_is_virtual() -> None:
    def areas_of(setup: Setup) -> tuple[AreaPlan, ...]:
        more = (AreaPlan("extra", 64, "ghost", 7), AreaPlan("more", 64, "zram"))
        return (*disks(setup), *more)

    design = Design(name="own", title="", source="", areas=areas_of)
    text = "swapon a block 600 prio=3\nwrite 0 1\nwrite 0 1"
    run = Run(compiled=False, design=design)
    list(run_script(parse_script(text), run))
    assert areas(run) == {
        "a": ("block", 600, 3),
        "virtual": ("ghost", 64, 7),
        "more": ("zram", 64, -1),
    }


def test_without_a_disk_a_real_area_is_as_large_as_what_is_virtual() -> None:
    assert areas(done("virtual 4M", "plain")) == {"virtual": ("block", 1024, 100)}
    assert areas(done("virtual 4M", None)) == {"virtual": ("block", 1024, 100)}
    assert areas(done("virtual 4M", "vswap")) == {}


@pytest.mark.parametrize("design", design_names())
def test_areas_of_a_script_are_what_it_says_under_every_design(design: str) -> None:
    run = done("swapon g ghost 64 prio=3\nswapon z zram 64\nwrite 0 1", design)
    assert {name: kind for name, (kind, _, _) in areas(run).items()} == {
        "g": "ghost",
        "z": "zram",
    }


def test_a_zrams_own_disk_goes_with_it() -> None:
    text = "virtual 4M\nswapon disk block 64\nwrite 0 9\npageout 0 9\n"
    run = done(f"{text}transfer virtual disk 3\nswapoff disk", "zram")
    assert run.devices == {}
    assert run.started().counts()["pages_in"] == 9
    assert done(f"{text}swapoff virtual\nswapoff disk", "zram").devices == {}


@pytest.mark.parametrize("design", design_names())
def test_tiers_and_transfers_are_of_every_design(design: str) -> None:
    text = (
        "zswap off\nswapon ssd block 600 prio=10\nswapon hdd block 600 prio=5\n"
        "tiers +SSD:8 +HDD:-1\nmax /batch SSD 0\ntask batch cgroup=/batch\n"
        "write 0 100 length=9\npageout 0 100\ntransfer hdd ssd 10\nread 0 100"
    )
    run = done(text, design)
    counts = run.started().counts()
    assert counts["moved_by_walk"] + counts["moved_in_place"] == 10
    # A page that is moved by a walk goes out once more.
    pages_out = run.started().counts("/batch")["pages_out"]
    assert pages_out == 100 + counts["moved_by_walk"]


def test_tiers_are_refused_as_the_kernel_would() -> None:
    text = "swapon a block 64 prio=10\ntiers +A:-1\ntiers +B:5\nwrite 0 1"
    with pytest.raises(ScriptError, match="line 3: tiers: an area of priority 10"):
        done(text, "plain")


@pytest.mark.parametrize(
    ("design", "text"),
    [
        ("vswap", "virtual 4M\nexpect virtual 0"),
        ("plain", "virtual 4M\nswapon a block 64\nexpect virtual 0"),
        ("zram", "virtual 4M\nswapon a block 64\nexpect a 0"),
    ],
)
def test_an_area_that_a_design_does_not_make_cannot_be_expected(
    design: str, text: str
) -> None:
    with pytest.raises(ScriptError, match="have no such area under this design"):
        done(text, design)


@pytest.mark.parametrize("design", design_names())
def test_garbage_is_refused_with_its_line_or_done_under_every_design(
    design: str,
) -> None:
    choose = random.Random(design)
    for _ in range(40):
        text = some_garbage(choose)
        with suppress(ScriptError):
            done(text, design)


@pytest.mark.sampled(8)
@pytest.mark.parametrize("design", design_names())
def test_random_scripts_lose_nothing_under_any_design(design: str) -> None:
    choose = random.Random(design)
    for _ in range(2):
        run = done(random_script(choose), design)
        run.started().check_invariants()
