"""A shell on a terminal of its own, with the completions that are shipped.

What is typed is what a person types; Enter runs a function that prints the words which
it was given, and Tab asks the command itself.
"""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Final

from tests.searching import PATH

SHELLS: Final = ("bash", "zsh", "fish")
_SHIPPED: Final = Path(__file__).parents[2] / "completions"
#: A session with the terminal on descriptor 0.
_BEGIN: Final = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""
_OPTIONS: Final = {
    "bash": ["--norc", "--noprofile", "-i"],
    "zsh": ["-f", "-i"],
    "fish": ["--no-config", "-i"],
}
_POSIX: Final = "{0}() {{ printf '<%s>' {0} \"$@\"; echo; }};"
_DEFINE: Final = {
    "bash": _POSIX,
    "zsh": _POSIX,
    "fish": "function {0}; printf '<%s>' {0} $argv; echo; end;",
}
_READ: Final = {
    "bash": "for f in {0}/bash/*; do . $f; done;",
    # Keys that come at once are taken for a paste, in which a tab is a tab.
    "zsh": "zstyle ':completion:*' insert-tab false; fpath=({0}/zsh $fpath);"
    " autoload -U compinit; compinit -u -d $HOME/dump;",
    "fish": "for f in {0}/fish/*; source $f; end;",
}
_COMMANDS: Final = ("ghost-mkswap", "swapinfo", "swapcheck", "swapemu")
#: The machine that runs the tests may be busy.
_PATIENCE_S: Final = 20.0


class Shell:
    """One that has begun and waits for keys.

    Raises:
        LookupError: It is not installed.
    """

    def __init__(self, name: str, home: Path) -> None:
        program = shutil.which(name)
        if program is None:
            raise LookupError(f"{name} is not installed")
        self._terminal, theirs = pty.openpty()
        termios.tcsetwinsize(self._terminal, (40, 80))
        places = {"PATH": PATH, "HOME": str(home), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        self._child = subprocess.Popen(
            [sys.executable, "-c", _BEGIN, program, *_OPTIONS[name]],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=home,
            env={**os.environ, **places},
        )
        os.close(theirs)
        #: All that was on the screen by now.
        self.seen = ""
        define = "".join(map(_DEFINE[name].format, _COMMANDS))
        self.enter(
            f"{_READ[name].format(_SHIPPED)}{define} printf rea; echo dy", "ready"
        )

    def enter(self, keys: str, until: str) -> str:
        """Type a line, and return what is shown from then until that text."""
        return self.type(f"{keys}\r", until)

    def type(self, keys: str, until: str | None = None) -> str:
        """Type keys, and return what is shown from then until that text."""
        begin = len(self.seen)
        os.write(self._terminal, keys.encode())
        deadline = time.monotonic() + _PATIENCE_S
        while until is not None and until not in self.seen[begin:]:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._terminal], [], [], left)[0]:
                raise TimeoutError(f"no {until!r} in {self.seen[begin:]!r}")
            self.seen += os.read(self._terminal, 65536).decode(errors="replace")
        return self.seen[begin:]

    def close(self) -> None:
        """End it."""
        self._child.kill()
        self._child.wait()
        os.close(self._terminal)
