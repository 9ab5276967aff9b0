"""Files that a report is made of, written in a moment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner, Result

from swaptools.cli.swapemu import main
from swaptools.sweep.rows import About, Row

if TYPE_CHECKING:
    from pathlib import Path

DESIGNS = ("plain", "ghost", "vswap")
HOSTILE = "</script><script>throw 1</script>\x1b[2J"


def run(*words: str | Path) -> Result:
    """Run swapemu."""
    return CliRunner().invoke(main, list(map(str, words)), prog_name="swapemu")


def about(title: str = "Slots", **axes: list[Any]) -> About:
    """What a study is."""
    return About(
        "s" * 16,
        {
            "path": "slots.toml",
            "title": title,
            "question": "How many?",
            "left_out": "Time.",
            "fixed": {"script": "fill.swap"},
            "axes": axes,
            "metrics": [],
        },
        "0.2.0",
    )


def row(cell: dict[str, Any], error: str | None = None, **metrics: float) -> Row:
    """What has come of a cell, with two moments and an area of 100 slots."""
    pictured = {"area": "/disk", "nr_slots": 100, "used": ["0000", "9500"]}
    return Row(
        study="s" * 16,
        cell=cell,
        inputs={},
        metrics={} if error else dict(metrics),
        series={} if error else {"pages_touched": [0, 90], "metadata_bytes": [0, 4096]},
        slots=[] if error else [pictured],
        error=error,
        version="0.2.0",
        seconds=0.5,
    )


def slots(folder: Path, nr_sizes: int = 4, title: str = "Slots") -> Path:
    """Rows of three designs, memories and shares; a cell failed, one was not run."""
    many = nr_sizes > 8
    sizes = [f"{64 * (n + 1) if many else 64 << n}M" for n in range(nr_sizes)]
    shares = [1, 20]
    lines = [about(title, design=list(DESIGNS), ram=sizes, share=shares).line()]
    for design in DESIGNS:
        for number, ram in enumerate(sizes):
            for share in shares:
                cell = {"design": design, "ram": ram, "share": share}
                held = 1000 * (number + 1) * share if design == "plain" else 0
                failed = "out of memory" if cell == FAILED else None
                lines.append(
                    row(
                        cell,
                        failed,
                        disk_slots_held_peak=held,
                        metadata_peak_bytes=1024 * (number + 1 + len(design)),
                        pages_out=77,
                    ).line()
                )
    lines.pop()
    path = folder / "slots.jsonl"
    path.write_text("".join(lines))
    return path


FAILED = {"design": "ghost", "ram": "64M", "share": 1}


def printed(folder: Path, name: str, *words: str) -> Path:
    """What a command prints as JSON, in a file."""
    done = run(*words, "--json")
    assert done.exit_code == 0, done.stderr
    path = folder / f"{name}.json"
    path.write_text(done.stdout)
    return path


def trace(folder: Path) -> Path:
    """What swapemu trace show prints of a small trace."""
    lines = "".join(f" L {0x10000000 + 4096 * (n % 40):08x},8\n" for n in range(2000))
    path = folder / "small.lackey"
    path.write_text(lines)
    return printed(folder, "trace", "trace", "show", "--format", "lackey", str(path))


def load(path: Path) -> Any:
    return json.loads(path.read_text())
