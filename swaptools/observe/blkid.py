"""Asking libblkid what an area holds, through a child that may crash or hang.

libblkid is C, and an image can be made by anybody. So a process of its own asks
it, with the descriptor and nothing else in its hands; it lives as long as we do,
so that thousands of areas stay quick, and is started again when an area was too
much for it.

Not here: what the child does (blkid_child.py), what is known without libblkid
(magics.py).
"""

from __future__ import annotations

import atexit
import fcntl
import os
import struct
import sys
import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from swaptools.contents import Held
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    import _socket
    from collections.abc import Iterator

_CHILD: Final = os.path.join(os.path.dirname(__file__), "blkid_child.py")
#: How long one area may take: a disk that has to spin up takes some seconds.
TIMEOUT_SECONDS: Final = 15.0
#: After this many areas that were too much for it, it is not asked again.
_MAX_FAILURES: Final = 3
#: Questions that wait for an answer, each with a descriptor; so few that no
#: send has to wait until the child has read one.
MOST_WAITING: Final = 16
_DESCRIPTORS: Final = "/proc/self/fd"
_ANSWER_BYTES: Final = 1 << 16
_FIELDS: Final = 6
_CRASHED: Final = "libblkid crashed"
#: The same everywhere; signal takes a while to be imported.
_SIGKILL: Final = 9


class Answer(NamedTuple):
    """What libblkid says of one area."""

    holds: tuple[Held, ...] = ()
    #: What its safe probe takes the area for; None for nothing.
    believed: str | None = None
    #: Why there is no answer; None when there is one.
    reason: str | None = None


class _Failed(Exception):
    # An area was too much for the child; says how.
    pass


class _Crashed(_Failed):
    # It was gone before it answered.
    pass


class Question:
    """A part of a file that libblkid is asked about.

    Attributes:
        descriptor: Of the file, this question's own.
        request: What the child is told.
        asked: The socket that it was last sent through.
        failure: Why it could not be sent.
        found: The answer; None before it is there.
    """

    __slots__ = ("_prober", "asked", "descriptor", "failure", "found", "request")

    def __init__(self, prober: Prober, descriptor: int, request: bytes) -> None:
        self._prober = prober
        self.descriptor = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 0)
        self.request = request
        self.asked: _socket.socket | None = None
        self.failure: _Failed | None = None
        self.found: Answer | None = None

    def answer(self) -> Answer:
        """Return the answer; wait for it when it is not there."""
        return self.found or self._prober.settle(self)

    def close(self) -> None:
        """Let go of the file: it is answered."""
        os.close(self.descriptor)


class Prober:
    """The child and the socket to it; nothing runs before the first question."""

    def __init__(
        self, *, timeout_seconds: float = TIMEOUT_SECONDS, child: str = _CHILD
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._child = child
        self._lock = threading.Lock()
        self._is_to_fork = False
        self._socket: _socket.socket | None = None
        self._pid = 0
        self._owner = 0
        self._failures = 0
        self._reason: str | None = None
        self._waiting: deque[Question] = deque()

    @property
    def pid(self) -> int:
        """Of the child, 0 when there is none."""
        return self._pid

    @property
    def has_failed(self) -> bool:
        """Whether an area was too much for the child: after a few it is given up."""
        return self._failures > 0 or self._reason is not None

    def fork_first(self) -> None:
        """Fork the first child; those that come after it are started.

        For a command that has just begun: one thread, and nothing in memory that is
        nobody's business. An interpreter of its own takes ten times as long to start.
        """
        self._is_to_fork = True

    def ask(self, descriptor: int, offset_bytes: int, size_bytes: int) -> Answer:
        """Look at a part of an open file or device, as ask_ahead() does, and wait."""
        return self.ask_ahead(descriptor, offset_bytes, size_bytes).answer()

    def ask_ahead(
        self, descriptor: int, offset_bytes: int, size_bytes: int
    ) -> Question:
        """Ask about a part of an open file, and do not wait for the answer.

        The child looks meanwhile, at one area after the other, in the order in which
        they were asked about. Few wait at a time: the next one waits with them.

        Args:
            descriptor: Open for reading; it need not stay open.
            offset_bytes: Where the part begins.
            size_bytes: How long it is; nothing outside is looked at.
        """
        question = Question(self, descriptor, f"{offset_bytes} {size_bytes}".encode())
        with self._lock:
            while len(self._waiting) >= MOST_WAITING:
                self._settle_first()
            self._waiting.append(question)
            self._send_waiting()
        return question

    def close(self) -> None:
        """End the child."""
        atexit.unregister(self.close)
        with self._lock:
            self._disconnect()

    def settle(self, question: Question) -> Answer:
        """Wait for the answer to a question of this prober's."""
        with self._lock:
            while question.found is None:
                self._settle_first()
        return question.found

    def _settle_first(self) -> None:
        # Of those that wait: answers come in the order of the questions.
        self._send_waiting()
        first = self._waiting[0]
        try:
            first.found = self._receive(first)
        except BaseException:
            self._disconnect()  # the next answer must not be this one's
            raise
        self._waiting.popleft()
        first.close()

    def _send_waiting(self) -> None:
        # What this child was not asked: it was asked another one, which is gone. They
        # are sent in order, so that the last one tells whether any is left.
        is_sent = self._is_connected() and self._waiting[-1].asked is self._socket
        for question in () if is_sent or self._reason else self._waiting:
            if self._socket is None or question.asked is not self._socket:
                self._send(question)

    def _is_connected(self) -> bool:
        # A fork of ours has a child of its own: two cannot share a socket.
        if self._socket is not None and self._owner != os.getpid():
            self._socket.close()
            self._socket = None
        return self._socket is not None

    def _send(self, question: Question) -> None:
        question.failure = None
        try:
            question.asked = self._connect()
            with _for_reading(question.descriptor) as readable:
                _send_with(question.asked, question.request, readable)
        except OSError:
            question.failure = _Crashed(_CRASHED)
        except _Failed as exc:
            question.failure = exc

    def _receive(self, question: Question) -> Answer:
        # One crash may be an accident: somebody killed it while nobody asked, or it
        # died of another area. So it is asked again, alone.
        if self._reason is not None:
            return Answer(reason=self._reason)
        try:
            try:
                return self._receive_once(question)
            except _Crashed:
                self._disconnect()
                self._send(question)
                return self._receive_once(question)
        except _Failed as exc:
            return self._failed(str(exc))

    def _receive_once(self, question: Question) -> Answer:
        if question.failure is not None:
            raise question.failure
        try:
            data = self._connect().recv(_ANSWER_BYTES)
        except BlockingIOError as exc:  # SO_RCVTIMEO
            raise _Failed("libblkid did not come to an end") from exc
        except OSError as exc:
            raise _Crashed(_CRASHED) from exc
        if not data:
            raise _Crashed(_CRASHED)
        return _parse(data)

    def _connect(self) -> _socket.socket:
        if self._is_connected() and self._socket is not None:
            return self._socket
        # The C module: socket itself takes as long to import as the child to start.
        import _socket

        self._pid = 0
        make = _fork if self._is_to_fork else _spawn
        self._is_to_fork = False
        try:
            self._socket, theirs = _socket.socketpair(
                _socket.AF_UNIX, _socket.SOCK_SEQPACKET
            )
            try:
                self._pid = make(self._child, theirs.fileno())
            finally:
                theirs.close()
        except OSError as exc:
            self._disconnect()
            raise _Failed(f"no process to ask libblkid: {exc.strerror}") from exc
        atexit.register(self.close)
        # Not settimeout(): with that each message takes a poll() before it.
        whole, part = divmod(self._timeout_seconds, 1)
        wait = struct.pack("@ll", int(whole), int(part * 1e6))
        for option in (_socket.SO_RCVTIMEO, _socket.SO_SNDTIMEO):
            self._socket.setsockopt(_socket.SOL_SOCKET, option, wait)
        self._owner = os.getpid()
        return self._socket

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._pid and self._owner == os.getpid():
            _end(self._pid)
        self._pid = 0

    def _failed(self, reason: str) -> Answer:
        self._disconnect()
        self._failures += 1
        if self._failures >= _MAX_FAILURES:
            return self._give_up(f"{reason}, {_MAX_FAILURES} times now")
        return Answer(reason=reason)

    def _give_up(self, reason: str) -> Answer:
        self._disconnect()
        self._reason = reason
        return Answer(reason=reason)


#: One child for all areas.
PROBER: Final = Prober()


def _send_with(to: _socket.socket, data: bytes, descriptor: int) -> None:
    # As socket.send_fds() does.
    import _socket

    rights = descriptor.to_bytes(4, sys.byteorder)
    to.sendmsg([data], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])


def _fork(_script: str, descriptor: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:  # never to return into what the parent is about to do
        os.setpgid(0, 0)
        os.dup2(descriptor, 0)
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        from swaptools.observe import blkid_child

        blkid_child.main()
    finally:
        os._exit(1)


def _spawn(script: str, descriptor: int) -> int:
    # Isolated, so that neither the environment nor the current directory can put
    # code into it; in a group of its own, so that Ctrl-C is for us alone.
    if not sys.executable:
        raise OSError(0, "no interpreter is known")
    safe = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    try:
        return os.posix_spawn(
            sys.executable,
            [sys.executable, "-I", "-S", script],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, safe, 0),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
            setpgroup=0,
        )
    finally:
        os.close(safe)


@contextmanager
def _for_reading(descriptor: int) -> Iterator[int]:
    # The same file with no right to write: what has taken the child over has none.
    if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        yield descriptor
        return
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        readable = os.open(f"{_DESCRIPTORS}/{descriptor}", flags)
    except OSError as exc:
        raise _Failed(f"no descriptor that cannot write: {exc.strerror}") from exc
    try:
        yield readable
    finally:
        os.close(readable)


def _end(pid: int) -> None:
    # A child in the middle of a read from a dead device ends when that does;
    # nobody waits for it.
    try:
        os.kill(pid, _SIGKILL)
        os.waitpid(pid, os.WNOHANG)
    except OSError:
        pass


def _parse(data: bytes) -> Answer:
    # The child may be a liar by now.
    text = data.decode("utf-8", errors="surrogateescape")
    if text.startswith("!"):
        return Answer(reason=text[1:])
    try:
        believed, *fields, _ = text.split("\0")
        starts = range(0, len(fields), _FIELDS)
        holds = tuple(_held(fields[at : at + _FIELDS]) for at in starts)
    except ValueError as exc:
        raise _Failed("libblkid's answer makes no sense") from exc
    return Answer(holds, believed or None)


def _held(fields: list[str]) -> Held:
    type_, usage, label, uuid, offset, magic = fields
    return Held(
        type=type_,
        usage=usage or None,
        label=label or None,
        uuid=uuid or None,
        offset_bytes=int(offset),
        magic=bytes.fromhex(magic),
    )
