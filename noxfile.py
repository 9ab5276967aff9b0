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
#: Tests that start processes: click 8.1 has another runner for those within one. And
#: it shows help, not an error, for a command whose first letter is a control.
AS_USERS_DO: Final = (
    *("-m", "not (kernel or compiled or long or release or sweep)"),
    *("tests/test_guide.py", "tests/cli/test_startup.py", "tests/cli/test_shells.py"),
    *("tests/hostile/test_matrix.py", "-k", "not (long_word and swapemu)"),
)
PYPROJECT: Final = nox.project.load_toml("pyproject.toml")

nox.options.error_on_missing_interpreters = False


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the default suite, or what is named behind ``--``."""
    session.install("-e", ".", *nox.project.dependency_groups(PYPROJECT, "test"))
    session.run("python", "-m", "pytest", "-q", *session.posargs)


@nox.session(python=PYTHONS[0])
def oldest(session: nox.Session) -> None:
    """Run what starts the commands as users do on the oldest libraries allowed."""
    session.install("-e", ".", *nox.project.dependency_groups(PYPROJECT, "test"))
    session.install(*OLDEST)
    session.run("python", "-m", "pytest", "-q", *(session.posargs or AS_USERS_DO))


@nox.session(python=PYTHONS[0])
def lint(session: nox.Session) -> None:
    """Run what ``make check`` runs."""
    session.run("make", "check", external=True)
