"""Scenarios as text: what they can say, and those that come along."""

from __future__ import annotations

from importlib.resources import files

import pytest

from swaptools.emulator.designs.lineup import LINEUP
from swaptools.emulator.machine.setup import DiskSetup
from swaptools.emulator.runs.replay import Replay
from swaptools.emulator.runs.scenario import Operation, parse_scenario
from swaptools.errors import ScriptError

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
    scenario = parse_scenario((FOLDER / name).read_text())
    assert len(scenario.title) > 40
    assert scenario.setup.disks or scenario.setup.virtual_pages
    assert {operation.verb for operation in scenario.operations} >= {
        "write",
        "pageout",
    }


def test_a_machine_and_its_tasks() -> None:
    scenario = parse_scenario(
        """\
        # A title
        # in two lines.
        ram 64M   # not a part of it
        zswap on max_pool_percent=30
        virtual 1G prio=7
        swapon a block 1024 prio=3
        swapon b file 4M rotational
        tiers +HIGH:5 +LOW:-1
        max /job HIGH 0
        task t cgroup=/job
        write 8 16 order=2 length=100
        read 1 2 step=5
        transfer a b 9
        """
    )
    setup = scenario.setup
    assert scenario.title == "A title in two lines."
    assert (setup.ram_bytes, setup.zswap, setup.max_pool_percent) == (
        64 << 20,
        True,
        30,
    )
    assert (setup.virtual_pages, setup.virtual_prio) == (1 << 18, 7)
    assert setup.disks == (
        DiskSetup("a", 1024, 3),
        DiskSetup("b", 1024, -2, "file", is_rotational=True),
    )
    assert setup.tiers is not None
    assert not setup.tiers.allows("/job", 7)
    assert scenario.operations == (
        Operation(10, "task", name="t", cgroup="/job"),
        Operation(11, "write", first=8, nr_pages=16, order=2, length_bytes=100),
        Operation(12, "read", first=1, nr_pages=2, step=5),
        Operation(13, "transfer", name="a", target="b", nr_pages=9),
    )
    assert scenario.nr_pages == 27


def test_a_script_of_a_machine_is_one_too() -> None:
    """Slots that it expects are one machine's, and passed over."""
    scenario = parse_scenario(
        """\
        kernel ghost-rfc
        zswap on
        swapon g ghost 64G
        write 0 100 text=words
        pageout 0 100
        expect 0 100: 1-100
        show swaps
        read 0 100
        """
    )
    assert scenario.setup.virtual_pages == 1 << 24
    assert scenario.operations[0].length_bytes < 100
    for name in LINEUP:
        assert Replay(scenario, name).run().counters.pages_in == 100


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("write 0 1\nzswap off", "line 2: zswap: too late: tasks have begun"),
        ("write 0 1\nswapon a block 9", "line 2: swapon: too late"),
        ("shm x 9", "line 1: shm: no design can do that"),
        ("set zswap.enabled 1", "line 1: set: no design can do that"),
    ],
)
def test_what_no_design_can_do_is_refused_with_its_line(text: str, reason: str) -> None:
    with pytest.raises(ScriptError, match=reason):
        parse_scenario(text)
