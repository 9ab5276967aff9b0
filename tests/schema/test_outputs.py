"""Each command is run, and what it prints has the schema of that name.

Not here: the same of all that other tests have commands print (outputs.py).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from swaptools import schema
from tests.cli.test_live import machine  # noqa: F401 - a fixture
from tests.schema.outputs import schema_for
from tests.test_docs import command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCRIPT = "swapon disk block 64\nwrite 0 9\npageout 0 9\nshow 0 9\nexpect 0 9: 1-9\n"
#: What needs neither root nor a machine with swap; {} is an area.
RUNS = {
    "ghost-mkswap": "ghost-mkswap -n -f {}.new 1M",
    "swapcheck": "swapcheck --kernel 6.18 {}",
    "swapcheck-kernels": "swapcheck --kernel list",
    "swapcheck-rules": "swapcheck --list D",
    "swapemu-backings": "swapemu backings",
    "swapemu-break-even": "swapemu overhead --break-even",
    "swapemu-compare": "swapemu compare --interpreted --design ghost -",
    "swapemu-designs": "swapemu compare --list-designs",
    "swapemu-overhead": "swapemu overhead",
    "swapemu-resolution": "swapemu resolution",
    "swapemu-run": "swapemu run -",
    "swapemu-scenarios": "swapemu compare --list",
    "swapinfo": "swapinfo",
    "swapinfo-columns": "swapinfo -O",
    "swapinfo-extents": "swapinfo --extents {}",
    "swapinfo-files": "swapinfo {} no-such-file",
    "swapinfo-files-columns": "swapinfo -o path,partuuid,size {}",
    "swapinfo-column-names": "swapinfo --list-columns",
    "swapinfo-resume-offset": "swapinfo --resume-offset {}",
}
#: What a machine has whose processes have pages in swap.
LIVE = {
    "swapinfo-map": "swapinfo --map",
    "swapinfo-who-mapping": "swapinfo --who=mapping --pid 7",
    "swapinfo-who-mapping-columns": "swapinfo --who=mapping --pid 7 -O",
    "swapinfo-who-process": "swapinfo --who",
    "swapinfo-who-process-columns": "swapinfo --who -o pid,share",
}
#: What takes a cgroup, memory of others or a trace; their own tests have it printed.
ELSEWHERE = {
    "swapemu-replay",
    "swapemu-trace-show",
    "swapinfo-estimate",
    "swapinfo-who-cgroup",
    "swapinfo-who-cgroup-columns",
}


def test_no_schema_is_left_out() -> None:
    assert RUNS.keys() | LIVE.keys() | ELSEWHERE == set(schema.names())


def run(words: str, area: object) -> tuple[dict[str, Any], bool]:
    name, *rest = words.replace("{}", str(area)).split()
    result = CliRunner().invoke(command(name), [*rest, "--json"], input=SCRIPT)
    value: dict[str, Any] = json.loads(result.stdout)
    return value, any(word in ("-o", "-O") for word in rest)


@pytest.mark.parametrize("name", RUNS)
def test_a_command_prints_what_its_schema_says(
    name: str, area_file: Callable[..., Path], swaps: Callable[..., None]
) -> None:
    area = area_file(file_bytes=4 << 20)
    swaps(f"{area}\tfile\t4092\t8\t-2")
    value, of_columns = run(RUNS[name], area)
    assert schema_for(value, of_columns=of_columns) == name


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("name", LIVE)
def test_a_machine_that_swaps_is_told_as_its_schema_says(name: str) -> None:
    value, of_columns = run(LIVE[name], "")
    assert schema_for(value, of_columns=of_columns) == name
