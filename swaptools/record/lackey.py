"""Every reference of a program, from valgrind's lackey, reduced while it runs.

Valgrind connects to us for every process that it follows, which names itself in its
first lines; a log file that several processes write would tear lines. A process that
was forked and has not called exec shares its parent's connection, and cannot be told
from it.

Not here: the lines (traces/lackey.py), what is dropped (traces/reduce.py).
"""

from __future__ import annotations

import select
import shutil
import socket
from typing import TYPE_CHECKING, Final

from swaptools.errors import RecordError
from swaptools.record.child import Child, check_runs
from swaptools.record.connection import Connection, is_ours
from swaptools.record.memory import Memory, with_kinds
from swaptools.record.recording import MOST_TASKS, Recording
from swaptools.traces.reduce import Reducer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from swaptools.record.lengths import Lengths
    from swaptools.references import References
    from swaptools.traces.compact_write import TraceWriter

_READ_BYTES: Final = 1 << 20
_WAIT_S: Final = 0.1


def check_lackey(words: Sequence[str]) -> None:
    """Look whether valgrind is there, and the program.

    Raises:
        RecordError: One of them is not.
    """
    if shutil.which("valgrind") is None:
        raise RecordError("valgrind is not installed (Debian: valgrind)", 125)
    check_runs(words[0])


def _valgrind(port: int) -> list[str]:
    return [
        "valgrind",
        "--tool=lackey",
        "--trace-mem=yes",
        "--trace-children=yes",
        f"--log-socket=127.0.0.1:{port}",
        "--",
    ]


class Lackey(Recording):
    """One recording by lackey; ``broken`` are lines that were none of its own."""

    def __init__(
        self,
        writer: TraceWriter,
        least_pages: int,
        tell: Callable[[str], None],
        lengths: Lengths | None = None,
    ) -> None:
        """Get ready.

        Args:
            writer: Where references go.
            least_pages: What they are reduced for; 1 keeps all of them.
            tell: Called with sentences for people.
            lengths: A sample of what pages compress to, or None for no sample.
        """
        super().__init__(writer, tell, lengths)
        self._reducer = Reducer(least_pages) if least_pages > 1 else None
        self._open: dict[socket.socket, Connection] = {}
        self._nr_tasks = 0
        self._memories: dict[int, Memory] = {}

    def run(self, words: Sequence[str]) -> Iterator[int]:
        """Record a program until it and all that it started have ended.

        Yields:
            References so far, now and then.

        Raises:
            RecordError: It cannot be started.
        """
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            with Child([*_valgrind(port), *words]) as child:
                yield from self._follow(server, child)
        self._finish()

    def _follow(self, server: socket.socket, child: Child) -> Iterator[int]:
        is_told = False
        while True:
            ready, _, _ = select.select([server, *self._open], [], [], _WAIT_S)
            for one in ready:
                if one is server:
                    self._accept(server)
                else:
                    self._read(one)
            self._write_now_and_then()
            yield self.seen
            ended = child.look()
            if self.exit_code is None:  # and one more round, for what is on its way
                self.exit_code = ended
            elif child.is_given_up or not (ready or self._open):
                return
            elif not ready and not is_told:
                is_told = True
                self._tell("waiting for what it left running; Ctrl-C thrice ends this")

    def _accept(self, server: socket.socket) -> None:
        connection, _ = server.accept()
        if not is_ours(connection) or self._nr_tasks >= MOST_TASKS:
            self._tell("a connection is not read: another user's, or one too many")
            connection.close()
            return
        self._open[connection] = Connection(self._nr_tasks)
        self._nr_tasks += 1

    def _read(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(_READ_BYTES)
        except OSError:  # the process was killed
            data = b""
        if data:
            known = self._open[connection]
            for batch in known.references(data):
                self._memories[known.task] = known.memory
                known.memory.learn(batch.pages)
                if self._lengths is not None:
                    self._lengths.look(known.memory, batch.pages)
                self._add(batch)
        else:
            self._close(connection)

    def _close(self, connection: socket.socket) -> None:
        known = self._open.pop(connection)
        connection.close()
        self.broken += known.broken
        if known.name is not None:
            self._writer.name_task(known.task, known.name)

    def _add(self, batch: References) -> None:
        self.seen += len(batch.pages)
        if self._reducer is None:
            self._keep(batch)
            return
        for part in self._reducer.add(batch):
            self._keep(part)

    def _keep(self, part: References) -> None:
        flags = with_kinds(part.pages, part.flags, part.tasks, self._memories)
        self._gatherer.add(part._replace(flags=flags))

    def _finish(self) -> None:
        for connection in list(self._open):
            self._close(connection)
        if self._reducer is not None:
            for part in self._reducer.finish():
                self._keep(part)
        self._gatherer.flush()
