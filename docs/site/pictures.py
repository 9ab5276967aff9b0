"""The pictures of README and site, from what the programs print: ``make pictures``.

The same bytes every time, and nothing in them is fetched from elsewhere.

Not here: plots of the commands themselves (--plot).
"""

from __future__ import annotations

import io
import os
import pty
import re
import shlex
import subprocess
import sys
import tempfile
import termios
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from swaptools.cli.map_plot import draw
from swaptools.emulator import Machine
from swaptools.swapmap import AreaMap, SwapMap
from swaptools.swapmap.held import HeldSlots

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURES: Final = Path(__file__).parents[1] / "pictures"
_COLUMNS: Final = 92
_THEME: Final = TerminalTheme(
    (250, 250, 248),
    (40, 44, 52),
    [
        *((40, 44, 52), (190, 30, 45), (40, 120, 50), (150, 100, 0)),
        *((30, 80, 180), (130, 50, 150), (0, 115, 130), (90, 95, 100)),
    ],
)
#: As rich has it, without a window around it, and with the reader's own font.
_FORMAT: Final = """\
<svg class="terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
 font: {char_height}px ui-monospace, monospace; line-height: {line_height}px;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})"
 clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
#: A file that was cut: what it is, why no kernel takes it, and what mends it.
_CUT: Final = """\
truncate -s 17M disk.img
ghost-mkswap --quiet --real --offset 1M --uuid-seed picture -L swap disk.img
truncate -s 13M disk.img
"""


def main() -> None:
    """Make all of them."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        _run(["sh", "-ec", _CUT], folder)
        _terminal("swapcheck", "swapcheck --kernel 6.18 --offset 1M disk.img", folder)
    plot = str(PICTURES / "compare.svg")
    _run(["swapemu", "compare", "zswap-writeback", "--plot", plot], ".")
    draw(_slots(), str(PICTURES / "slots.svg"))


def _run(words: list[str], folder: str) -> str:
    """Run a program of ours as on a terminal, and return what it prints."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, _COLUMNS))
    with subprocess.Popen(
        words,
        cwd=folder,
        env={"PATH": path, "LC_ALL": "C.UTF-8", "TERM": "xterm"},
        stdout=theirs,
    ) as process:
        os.close(theirs)
        said = b"".join(_read(ours))
    if process.returncode not in (0, 1):
        raise SystemExit(f"{words}: exit status {process.returncode}")
    return said.decode().replace("\r\n", "\n")


def _read(descriptor: int) -> Iterator[bytes]:
    # A terminal whose other end is closed is an error, not an end.
    with os.fdopen(descriptor, "rb", buffering=0) as terminal, suppress(OSError):
        while data := terminal.read(1 << 16):
            yield data


def _terminal(name: str, command: str, folder: str) -> None:
    # A command and what it prints, as a terminal shows them.
    said = _run(shlex.split(command), folder)
    console = Console(
        record=True, width=_COLUMNS, file=io.StringIO(), color_system="standard"
    )
    console.print(Text(f"$ {command}"))
    console.print(Text.from_ansi(said.rstrip("\n")))
    made = console.export_svg(
        title="", theme=_THEME, code_format=_FORMAT, unique_id=f"t-{name}"
    )
    # Lights of a window that is none, and blanks at the ends of lines.
    lights = r'\s*<g transform="translate\(26,22\)">.*?</g>'
    made = re.sub(lights, "", made, flags=re.DOTALL)
    text = "\n".join(line.rstrip() for line in made.splitlines()) + "\n"
    (PICTURES / f"{name}.svg").write_text(text, encoding="utf-8")


def _slots() -> SwapMap:
    """Return the slots of a disk on which four tasks have lived."""
    machine = Machine(kernel="6.18", cpus=2)
    nr_slots = 64 * 512
    device = machine.swapon_pages(nr_slots, "block", path="/dev/vda2", priority=10)
    draws, held = Random(7), HeldSlots()
    for number in range(4):
        machine.cpu, task = number % 2, machine.task()
        task.write(0, 6000)
        task.pageout(0, 6000)
        for _ in range(40):
            task.drop(draws.randrange(5900), draws.randrange(1, 100))
        offsets = [each[1] for each in task.entries(0, 6000) if isinstance(each, tuple)]
        held.add(sorted(offsets), 1000 + number)
    area = AreaMap(
        name="/dev/vda2",
        type="partition",
        priority=10,
        type_number=0,
        nr_slots=nr_slots,
        used_slots=device.inuse_pages,
        held=held,
    )
    return SwapMap(kernel="6.18", page_size=4096, areas=(area,), holders=())


if __name__ == "__main__":
    main()
