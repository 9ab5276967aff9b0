"""Running a test's body as somebody without privilege, whoever runs the tests."""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOBODY = 65534


def as_nobody(body: Callable[[], None]) -> None:
    """Call ``body`` without privilege; what it raises is raised here.

    For root in a child that has given up all it had.
    """
    if os.geteuid() != 0:
        body()
        return
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        failure: BaseException | None = None
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            body()
        except BaseException as exc:
            failure = AssertionError(f"{type(exc).__name__}: {exc}")
        finally:
            os.write(writing, pickle.dumps(failure))
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        failure = pickle.loads(file.read())
    os.waitpid(pid, 0)
    if failure is not None:
        raise failure


@contextmanager
def own_directory() -> Iterator[Path]:
    """A directory that belongs to who has no privilege, on the way to which is none."""
    path = Path(tempfile.mkdtemp(prefix="swaptools-"))
    try:
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
        yield path
    finally:
        path.chmod(0o700)
        shutil.rmtree(path)
