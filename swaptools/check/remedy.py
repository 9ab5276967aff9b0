"""What a finding says to do about it: a sentence, and a command where one is safe.

A command can be pasted as it stands: it runs, leaves the area accepted or says
what else it takes, changes no byte outside the area and destroys nothing that is
not swap. Where that cannot be had there is the sentence alone.

Not here: which remedy a finding has (remedies/).
"""

from __future__ import annotations

from typing import NamedTuple


class Remedy(NamedTuple):
    """One way to mend what was found."""

    #: What to do, for people; says what is lost, too.
    text: str
    #: The command alone, one line of printable characters; None when no command
    #: is safe.
    command: str | None = None
    #: What is lost when it is followed; None for nothing.
    loses: str | None = None
