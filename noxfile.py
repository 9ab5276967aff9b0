"""nox: the tests on every Python that is here, and on the oldest libraries.

``nox`` runs all sessions, ``nox -s tests-3.13`` one; a Python that is absent is
skipped. Not here: what a developer runs all day (Makefile).
"""

from __future__ import annotations

from typing import Final

import nox

PYTHONS: Final = ("3.11", "3.12", "3.13", "3.14")
#: What Debian 12 has, and pyproject.toml names as the oldest.
OLDEST: Final = ("click==8.1.3", "construct==2.10.68")
PYPROJECT: Final = nox.project.load_toml("pyproject.toml")

nox.options.error_on_missing_interpreters = False


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the default suite, or what is named behind ``--``."""
    session.install("-e", ".", *nox.project.dependency_groups(PYPROJECT, "test"))
    session.run("python", "-m", "pytest", "-q", *session.posargs)


@nox.session(python=PYTHONS[0])
def oldest(session: nox.Session) -> None:
    """Run the tests of the commands on the oldest libraries that are allowed."""
    session.install("-e", ".", *nox.project.dependency_groups(PYPROJECT, "test"))
    session.install(*OLDEST)
    session.run("python", "-m", "pytest", "-q", *(session.posargs or ["tests/cli"]))


@nox.session(python=PYTHONS[0])
def lint(session: nox.Session) -> None:
    """Run what ``make check`` runs."""
    session.run("make", "check", external=True)
