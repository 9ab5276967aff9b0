"""The files of a system below any directory, as they would be with that for a root.

Symbolic links are followed inside of it: ``/etc -> /usr/etc`` leads below the
directory, and so does ``../../..``. Only regular files are opened, for reading, and
no more than their first megabyte is read.

Not here: which files are looked for (config/files.py).

Kernel: fs/namei.c; the same as openat2(2) has as RESOLVE_IN_ROOT.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Final

from swaptools.records import NamedTuple

#: The device /dev/null, by which something is masked.
_NULL: Final = os.makedev(1, 3)
_MAX_BYTES: Final = 1 << 20
_MAX_FILES: Final = 2000
_MAX_LINKS: Final = 40
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW


class Unseen(NamedTuple):
    """Something that could not be looked at."""

    path: str
    #: As half a sentence.
    reason: str


class Tree:
    """Reads below a directory; what goes wrong is remembered, never raised.

    Attributes:
        root: The directory.
        unseen: What is there and could not be read.
    """

    def __init__(self, root: str = "/") -> None:
        """Begin with a directory that can be listed.

        Raises:
            OSError: It cannot.
        """
        self.root = root.rstrip("/")
        self.unseen: list[Unseen] = []
        with os.scandir(root):
            pass

    def resolve(self, path: str) -> str:
        """Return a path without symbolic links, inside of the root.

        Raises:
            OSError: They lead in a circle.
            ValueError: There is a NUL in it.
        """
        done: list[str] = []
        todo = path.split("/")[::-1]
        links = 0
        while todo:
            part = todo.pop()
            if part in ("", "."):
                continue
            if part == "..":
                done = done[:-1]
                continue
            target = self._target("/".join(["", *done, part]))
            if target is None:
                done.append(part)
                continue
            links += 1
            if links > _MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            done = [] if target.startswith("/") else done
            todo += target.split("/")[::-1]
        return "/" + "/".join(done)

    def real(self, path: str) -> str:
        """Return where this process finds a path of the system.

        Raises:
            OSError: Its links lead in a circle.
            ValueError: There is a NUL in it.
        """
        return self.root + self.resolve(path)

    def _target(self, path: str) -> str | None:
        try:
            return os.readlink(self.root + path)
        except OSError:
            return None

    def link(self, path: str) -> str | None:
        """Return what a symbolic link says, None where there is none."""
        try:
            parent = self.resolve(path.rpartition("/")[0] or "/")
            return os.readlink(f"{self.root}{parent}/{path.rpartition('/')[2]}")
        except (OSError, ValueError):
            return None

    def stat(self, path: str) -> os.stat_result | None:
        """Look a path up, None where nothing is, or nothing can be said."""
        try:
            return os.stat(self.real(path), follow_symlinks=False)
        except (OSError, ValueError):
            return None

    def read(self, path: str) -> bytes | None:
        """Return a regular file's first megabyte, None where there is none."""
        try:
            data = self._read(path)
        except FileNotFoundError:
            return None
        except NotADirectoryError:
            return None
        except (OSError, ValueError) as exc:
            self.miss(path, _reason(exc))
            return None
        if data is not None and len(data) > _MAX_BYTES:
            self.miss(path, "longer than a megabyte; what follows is not read")
            return data[:_MAX_BYTES]
        return data

    def _read(self, path: str) -> bytes | None:
        descriptor = os.open(self.real(path), _FLAGS)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                if status.st_rdev != _NULL:
                    self.miss(path, "is no regular file")
                return None
            parts = []
            left = _MAX_BYTES + 1
            while left > 0 and (part := os.read(descriptor, left)):
                parts.append(part)
                left -= len(part)
            return b"".join(parts)
        finally:
            os.close(descriptor)

    def text(self, path: str) -> str | None:
        """Return a small file of the kernel's as text, None where there is none.

        What cannot be read is nothing to it, and neither is what is too long.
        """
        try:
            data = self._read(path)
        except (OSError, ValueError):
            return None
        if data is None or len(data) > _MAX_BYTES:
            return None
        return data.decode("utf-8", "surrogateescape")

    def word(self, path: str) -> str | None:
        """Return the same without blanks around it; None when nothing is left."""
        return (self.text(path) or "").strip() or None

    def list(self, directory: str, suffix: str = "") -> list[str]:
        """Return the paths of a directory's entries that end so, sorted."""
        try:
            names = sorted(os.listdir(self.real(directory)))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except (OSError, ValueError) as exc:
            self.miss(directory, _reason(exc))
            return []
        found = [f"{directory}/{name}" for name in names if name.endswith(suffix)]
        if len(found) > _MAX_FILES:
            self.miss(directory, f"more than {_MAX_FILES} files; the rest is not read")
        return found[:_MAX_FILES]

    def miss(self, path: str, reason: str) -> None:
        """Remember that something could not be looked at, once."""
        unseen = Unseen(path, reason)
        if unseen not in self.unseen:
            self.unseen.append(unseen)


def _reason(exc: OSError | ValueError) -> str:
    if isinstance(exc, OSError) and exc.errno:
        return os.strerror(exc.errno)
    return str(exc)
