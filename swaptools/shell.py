r"""Words for a shell that mean the same bytes, whatever is in them.

A name with a line end or an escape sequence in it is written as ``$'...'``, so that
the text can be shown on a terminal and pasted from it. Bash, zsh and ksh know that
form, a plain sh does not.
"""

from __future__ import annotations

import re
from typing import Final

#: What begins a path that programs would take for something else.
_ODD: Final = r"[-=]|\w+="


def quote(text: str, *, ascii_only: bool = False) -> str:
    r"""Return ``text`` as one word of a shell, printable on one line.

    Args:
        text: Any text; bytes that are not UTF-8 as surrogates, as in a path.
        ascii_only: Write letters beyond ASCII as escapes, too: for a text that
            goes where they may be changed.

    >>> print(quote("my swap"), quote("a\nb"), quote("caf\udce9"))
    'my swap' $'a\nb' $'caf\351'
    """
    if text.isprintable() and (text.isascii() or not ascii_only):
        return _plainly(text)
    return "$'" + "".join(_escaped(char, ascii_only) for char in text) + "'"


def quote_path(path: str, *, ascii_only: bool = False) -> str:
    """Return a path as one word of a shell that means the file to every program.

    A relative one is never taken for an option, nor for ``UUID=`` and the like, nor
    by zsh for the name of a command.
    """
    is_odd = re.match(_ODD, path) is not None
    return quote(f"./{path}" if is_odd else path, ascii_only=ascii_only)


def needs_bash(word: str) -> bool:
    """Tell whether a word that quote() returned is one that a plain sh lacks."""
    return word.startswith("$'")


def for_any_shell(command: str) -> str:
    """Return a command that a plain sh runs, too, whatever is in its words."""
    return f"bash -c {_plainly(command)}" if "$'" in command else command


def _plainly(text: str) -> str:
    from shlex import quote  # most commands quote nothing

    return quote(text)


def _escaped(char: str, ascii_only: bool) -> str:
    if char in "'\\":
        return f"\\{char}"
    if char == "\n":
        return "\\n"
    if char.isprintable() and (char.isascii() or not ascii_only):
        return char
    data = char.encode("utf-8", "surrogateescape")
    return "".join(f"\\{byte:03o}" for byte in data)
