"""Words for a shell: what bash makes of them is what was quoted."""

from __future__ import annotations

import os
import shutil
import subprocess
from random import Random

import pytest

from swaptools import shell

SHELLS = [name for name in ("bash", "dash", "sh") if shutil.which(name)]


@pytest.mark.parametrize("ascii_only", [False, True])
def test_bash_reads_back_every_byte_string(ascii_only: bool) -> None:
    """All bytes but NUL, alone and in random company."""
    rng = Random(7)
    raws = [bytes([byte]) for byte in range(1, 256)]
    raws += [bytes(rng.choices(range(1, 256), k=rng.randint(1, 30))) for _ in range(99)]
    raws += ["é\u202e\U0001f47b\u0085\u2028".encode(), b"'", b"$'\\n'", b"\\", b""]
    words = [shell.quote(os.fsdecode(raw), ascii_only=ascii_only) for raw in raws]
    assert all(word.isprintable() for word in words)
    assert not ascii_only or all(word.isascii() for word in words)
    script = f"printf '%s\\0' {' '.join(words)}"
    for locale in ("C", "C.UTF-8"):
        said = subprocess.run(
            ["bash", "-c", script],
            check=True,
            capture_output=True,
            env={**os.environ, "LC_ALL": locale},
        )
        assert said.stdout == b"".join(raw + b"\0" for raw in raws)


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/swapfile", "/swapfile"),
        ("-f", "./-f"),
        ("my swap", "'my swap'"),
        ("café", "'café'"),
        ("-\n", "$'./-\\n'"),
        ("a\x1b[31m", "$'a\\033[31m'"),
        ("caf\udce9", "$'caf\\351'"),
        ("LABEL=x", "./LABEL=x"),
        ("/far/LABEL=x", "/far/LABEL=x"),
        ("=ls", "./=ls"),
        ("~", "'~'"),
    ],
)
def test_a_path_is_one_word_and_no_option(path: str, word: str) -> None:
    assert shell.quote_path(path) == word


def test_only_dollar_quotes_need_bash() -> None:
    assert not shell.needs_bash(shell.quote("it's $HOME"))
    assert shell.needs_bash(shell.quote("a\tb"))


@pytest.mark.parametrize("shell_name", SHELLS)
def test_a_command_is_the_same_to_every_shell(shell_name: str) -> None:
    """Where a word needs bash, bash is asked to read it."""
    for name in ("plain", "it's", "a\nb", "caf\udce9", "$'"):
        command = shell.for_any_shell(f"printf %s {shell.quote(name)} && echo .")
        said = subprocess.run(
            [shell_name, "-c", command], check=True, capture_output=True
        )
        assert said.stdout == os.fsencode(name) + b".\n"
    assert shell.for_any_shell("printf plain") == "printf plain"
