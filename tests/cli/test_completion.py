"""What Tab offers, asked of the commands and of the shells that people use."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.shell_completion import ShellComplete

from tests.searching import PATH

if TYPE_CHECKING:
    from collections.abc import Callable

    import click

SHIPPED = Path(__file__).parents[2] / "completions"


def offered(words: str) -> list[str]:
    """What is offered for the last word, which may be empty."""
    name, *before, begun = words.split(" ")
    main: click.Command = import_module(f"swaptools.cli.{name.replace('-', '_')}").main
    found = ShellComplete(main, {}, name, "").get_completions(before, begun)
    return [item.value for item in found]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("swapinfo -o na", "NAME"),
        ("swapinfo -o part", "PARTITION PARTLABEL PARTUUID"),
        ("swapinfo a -o na", ""),
        ("swapinfo --output=US", "USED USE% USABLE"),
        ("swapinfo a -o PATH,part", "PATH,PARTITION PATH,PARTLABEL PATH,PARTUUID"),
        ("swapinfo -o +ZR", "+ZRAM"),
        ("swapinfo -o NOTHING,X", ""),
        ("swapinfo --who=process -o pi", "PID"),
        ("swapinfo --who=cgroup -o t", "TREE"),
        ("swapinfo --who=ma", "mapping"),
        ("swapcheck --kernel ghost", "ghost-rfc ghost-rfc-6.12 ghost-rfc-dynamic"),
        ("swapcheck --kernel li", "list"),
        ("swapcheck --select M6", "M601 M602 M603 M604"),
        ("swapcheck --ignore G501,M60", "G501,M601 G501,M602 G501,M603 G501,M604"),
        ("ghost-mkswap --recipe ", "loop dm-error"),
        ("ghost-mkswap --recipe=d", "dm-error"),
        ("ghost-mkswap -U ", "clear random time"),
        ("ghost-mkswap -e b", "big"),
        ("swapemu run --design gho", "ghost ghost-dynamic"),
        ("swapemu compare --design vsw", "vswap vswap-ste"),
        ("swapemu overhead --design xsw", "xswap+zswap"),
        ("swapemu run zsw", "zsw zswap-only zswap-writeback"),
        ("swapemu compare gh", "gh ghost.swap"),
        ("swapemu compare ./a", "./a"),
    ],
)  # fmt: skip
def test_what_a_word_could_become(words: str, expected: str) -> None:
    assert offered(words) == expected.split()


def test_an_area_is_one_that_is_active(swaps: Callable[..., None]) -> None:
    swaps("/dev/vdb1 partition 8 0 -2", "/swapfile file 8 0 -3")
    assert offered("swapinfo --map=/d") == ["/dev/vdb1"]


BASH = r"""
. "$shipped/bash/$1"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
compopt() { :; }
"_$(echo "$1" | tr - _)_completion" "$1"
printf '%s\n' "${COMPREPLY[@]}"
"""
ZSH = r"""
compdef() { :; }
_path_files() { :; }
compadd() { shift 4; print -l -- ${(P)1}; }
. "$shipped/zsh/_$1"
words=("$@") CURRENT=$#
"_$(echo "$1" | tr - _)_completion"
"""
FISH = r"""
source $shipped/fish/$argv[1].fish
complete --do-complete "$argv"
"""


@pytest.mark.parametrize(
    ("shell", "script"), [("bash", BASH), ("zsh", ZSH), ("fish", FISH)]
)
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("swapinfo -o PATH,PARTL", "PATH,PARTLABEL"),
        ("ghost-mkswap --recipe d", "dm-error"),
        ("swapemu compare --design vswap-", "vswap-ste"),
        ("swapemu run fragm", "fragmentation"),
    ],
)
def test_a_shell_offers_it(
    shell: str, script: str, words: str, expected: str, tmp_path: Path
) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    options = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}
    rest = words.split() if shell == "fish" else [shell, *words.split()]
    places = {"PATH": PATH, "HOME": str(tmp_path), "shipped": str(SHIPPED)}
    done = subprocess.run(
        [program, *options[shell], "-c", script, *rest],
        env={**os.environ, **places},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (f"{expected}\n", "")
