"""A child of this process at work on pages that it inherited."""

from __future__ import annotations

import os
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from swaptools.emulator.machine.touch import PageEntry
    from tests.against_kernel.slots_rig import KernelPages


class ForkedPages:
    """The pages of a child, which does one operation at a time and then waits."""

    def __init__(self, pages: KernelPages) -> None:
        """Fork; the child keeps to the CPU that this process is on."""
        self._inherited = pages.swapped_out_pages
        self.swapped_out_pages = 0
        self._connection, theirs = Pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                _serve(pages, theirs)
            finally:
                os._exit(0)
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.exit()

    def write(self, first: int, nr_pages: int, order: int, tag: int) -> None:
        """As KernelPages does, in the child; and so on."""
        self._ask("write", first, nr_pages, order, tag)

    def read(self, first: int, nr_pages: int) -> None:
        self._ask("read", first, nr_pages)

    def pageout(self, first: int, nr_pages: int) -> None:
        self._ask("pageout", first, nr_pages)

    def drop(self, first: int, nr_pages: int) -> None:
        self._ask("drop", first, nr_pages)

    def entries(self, first: int, nr_pages: int) -> list[PageEntry]:
        entries: list[PageEntry] = self._ask("entries", first, nr_pages)
        return entries

    def exit(self) -> None:
        """End the child; its memory is free when this returns."""
        if self._pid:
            self._connection.send(("exit", ()))
            self._connection.close()
            os.waitpid(self._pid, 0)
            self._pid = 0

    def _ask(self, name: str, *args: int) -> Any:
        self._connection.send((name, args))
        result, swapped_out_pages = self._connection.recv()
        self.swapped_out_pages = swapped_out_pages - self._inherited
        if isinstance(result, Exception):
            raise result
        return result


# Ends when told to: a closed connection is not seen while a later child has it, too.
def _serve(pages: KernelPages, connection: Connection) -> None:
    while True:
        name, args = connection.recv()
        if name == "exit":
            return
        try:
            result = getattr(pages, name)(*args)
        except OSError as exc:
            result = exc
        connection.send((result, pages.swapped_out_pages))
