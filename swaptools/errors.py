"""Every exception of the package, one tree under ``SwapToolsError``.

An area that is broken but readable is not an exception: it is a value that
says what is wrong. An exception means that we could not look, will not act,
or were asked for something the emulated kernel would not do.

Each leaf is also the fitting built-in, so ``except OSError`` keeps working.
"""

import os

#: Of a word in a message.
_MAX_QUOTED = 60


def quoted(word: str) -> str:
    """Quote a word for a message; a long one by its beginning.

    >>> quoted("tape"), quoted("9" * 1000)[-24:]
    ("'tape'", "99'... (1000 characters)")
    """
    if len(word) <= _MAX_QUOTED:
        return repr(word)
    return f"{word[:_MAX_QUOTED]!r}... ({len(word)} characters)"


class SwapToolsError(Exception):
    """The root; never raised itself."""


class FormatError(SwapToolsError, ValueError):
    """These bytes are not a swap header.

    Attributes:
        field: The header field at fault, or None when it is the page as such.
        offset: Byte offset of that field in the page, or None.
    """

    def __init__(
        self, reason: str, *, field: str | None = None, offset: int | None = None
    ) -> None:
        super().__init__(reason)
        self.field = field
        self.offset = offset


class TruncatedHeader(FormatError):
    """Fewer bytes than the smallest header page."""


class BadSignature(FormatError):
    """No known swap magic where one has to be."""


def named(path: str) -> str:
    """Return a path for a message, which shows an empty one, too."""
    return path or "''"


class AreaError(SwapToolsError, OSError):
    """An area that cannot be opened, measured, read or written.

    Attributes:
        path: The path as the caller gave it.
        errno: The operating system's error number, or None.
    """

    def __init__(self, path: str, reason: str, errno: int | None = None) -> None:
        super().__init__(errno, reason)
        self.errno = errno
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{named(self.path)}: {self.reason}"

    @classmethod
    def from_os_error(cls, path: str, exc: OSError) -> "AreaError":
        """Keep the errno of ``exc`` and say its standard sentence."""
        reason = os.strerror(exc.errno) if exc.errno else str(exc)
        return cls(path, reason, exc.errno)


class AreaInUse(AreaError):
    """The area is swapped on, mounted, or locked by somebody else."""


class NotKnownOnDisk(AreaError):
    """The area is made, but the disk did not confirm that it has it."""


class CreateRefused(SwapToolsError, ValueError):
    """A new area that we will not make: impossible, or not ours to overwrite."""


class SelectionError(SwapToolsError, ValueError):
    """A rule code, kernel profile or column that does not exist."""


class MissingExtra(SwapToolsError, ImportError):
    """Something that needs a library which is not installed.

    Attributes:
        wanted: What was asked for.
        extra: The extra that brings the library.
    """

    def __init__(self, wanted: str, extra: str) -> None:
        super().__init__(wanted, extra)
        self.wanted = wanted
        self.extra = extra

    def __str__(self) -> str:
        return f"{self.wanted} needs: pip install 'swaptools[{self.extra}]'"


class MapError(SwapToolsError, ValueError):
    """A slot map that cannot be understood, or that no kernel could have."""


class ScriptError(SwapToolsError, ValueError):
    """A run or trace that cannot be understood.

    Attributes:
        line: One-based line number in the script.
    """

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.line = line

    def __str__(self) -> str:
        return f"line {self.line}: {self.args[0]}"


class StudyError(SwapToolsError, ValueError):
    """A study that cannot be run, or rows of one that cannot be understood.

    Attributes:
        path: The file, as the caller gave it.
        reason: What is wrong.
        line: One-based line number in it; None when it is none of them.
    """

    def __init__(self, path: str, reason: str, line: int | None = None) -> None:
        super().__init__(path, reason, line)
        self.path = path
        self.reason = reason
        self.line = line

    def __str__(self) -> str:
        where = "" if self.line is None else f"line {self.line}: "
        return f"{named(self.path)}: {where}{self.reason}"


class ClusterError(SwapToolsError, RuntimeError):
    """Nobody who could run the cells of a study, or who has what they need."""


class TraceError(SwapToolsError, ValueError):
    """A trace that cannot be read on, or that is none.

    Attributes:
        path: The file, as the caller gave it.
        offset: Where in what it holds, decompressed; None when it is the whole file.
        reason: What is wrong there.
    """

    def __init__(self, path: str, reason: str, offset: int | None = None) -> None:
        super().__init__(path, reason, offset)
        self.path = path
        self.reason = reason
        self.offset = offset

    def __str__(self) -> str:
        where = "" if self.offset is None else f"byte {self.offset}: "
        return f"{named(self.path)}: {where}{self.reason}"


class RecordError(SwapToolsError, RuntimeError):
    """A program that cannot be recorded.

    Attributes:
        exit_code: As env(1) has it: 127 not found, 126 not to be run, 125 ours.
    """

    def __init__(self, reason: str, exit_code: int) -> None:
        super().__init__(reason)
        self.exit_code = exit_code


class SwapOnError(SwapToolsError, OSError):
    """The emulated kernel refuses an area; ``errno`` is a number, as in OSError.

    Attributes:
        kernel_message: The line the kernel would log, or None when it is silent.
    """

    def __init__(self, errno: int, kernel_message: str | None) -> None:
        super().__init__(errno, kernel_message or os.strerror(errno))
        self.kernel_message = kernel_message


class TierRefused(SwapToolsError, OSError):
    """The emulated kernel refuses a write to a file of swap tiers.

    Attributes:
        reason: What was wrong with it; the kernel tells the errno alone.
    """

    def __init__(self, errno: int, reason: str) -> None:
        super().__init__(errno, reason)
        self.reason = reason


class LimitRefused(SwapToolsError, OSError):
    """A limit of a cgroup, below what it has (EBUSY) or another limit (EINVAL)."""


class SwapOffError(SwapToolsError, OSError):
    """An area that stays swapped on, since memory has no room for its pages."""


class NoFreeSlot(SwapToolsError, OSError):
    """A slot asked for by hand from an area that has none to give (ENOMEM)."""


class IllegalOperation(SwapToolsError, ValueError):
    """What no kernel could be asked for: a free slot freed, a task that is gone."""


class GhostWriteRefused(SwapToolsError, OSError):
    """Data written by hand to a ghost, which has nowhere to put it."""


class DeviceWriteError(SwapToolsError, OSError):
    """Data written by hand to a device that failed to take them (EIO)."""


class DeviceReadError(SwapToolsError, OSError):
    """A slot that nothing holds was read; the kernel answers with SIGBUS."""


class DecompressError(SwapToolsError, ValueError):
    """Bytes that a compressor cannot have made of a page of that size."""


class KernelOops(SwapToolsError, RuntimeError):
    """What the emulated kernel would not survive."""


class InvariantBroken(SwapToolsError, AssertionError):
    """The emulator contradicts itself: our bug, with the state in the message."""
