"""What buffers are made of, interpreted: lists of numbers, and of Python's objects.

Theory. A field of a C record takes nine times as long as an attribute of a Python
object in a list, since ctypes makes an object of the record and another of the number.
So a buffer is a list here, and all of them together are an object with slots.

Of records that are there in great numbers before they are used, Python objects are made
when they are: those of a table when its number is read to take it, and those of a
buffer that is sparse one by one. A record belongs to its place: it is changed, and none
is put in its stead.

Not here: flat memory, and how to look at either (memory.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: the width of a field, which is a number of any size here: no hot function may
count on one that wraps around (tests/emulator/checked.py sees to that).
"""

from __future__ import annotations

from collections import defaultdict
from ctypes import Structure
from dataclasses import make_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from swaptools.emulator.core.memory import Flat
from swaptools.emulator.core.structs import Slots

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer

#: More integers than these stay flat: of so many, most are never looked at.
_MANY_INTEGERS: Final = 1 << 20
#: More records than these of a buffer that is sparse are made one by one.
_MANY_RECORDS: Final = 1 << 12

# What Slots is, without what a tuple costs: an attribute takes a fifth of the time.
_PlainSlots: Final = type("_PlainSlots", (), {"__slots__": Slots._fields})


class Plain(Flat):
    """Lists, for the buffers of one machine."""

    replaces = False

    def __init__(self) -> None:
        """Begin with no table taken."""
        self._free_tables = _FreeTables(self)
        # Tables that were ever taken; by buffer: its items, what they are, how many
        # each table has.
        self._taken: set[int] = set()
        self._of_tables: list[tuple[list[Any], type, int]] = []

    def record(self, item: type[Structure]) -> type:
        """Return the class of Python objects with a record's fields."""
        return record_of(item)

    def slots(self, buffers: dict[str, Any]) -> Slots:
        """Return all buffers together, by name."""
        slots: Any = _PlainSlots()
        for name, buffer in buffers.items():
            setattr(slots, name, buffer)
        slots.free_tables = self._free_tables
        return cast("Slots", slots)

    def replaced(self, slots: Slots, name: str, buffer: Buffer[Any]) -> Slots:
        """Put another buffer in the place of one."""
        setattr(slots, name, buffer)
        return slots

    def zeroed(self, item: Any, length: int) -> Buffer[Any]:  # noqa: ANN401
        """Make a buffer of zeros."""
        return self.grown(self.empty(item), item, max(length, 1))

    def empty(self, item: Any) -> Buffer[Any]:  # noqa: ANN401
        """Return a list of no items."""
        return []

    def grown(
        self,
        old: Buffer[Any],
        item: Any,  # noqa: ANN401
        length: int,
        *,
        is_sparse: bool = False,
    ) -> Buffer[Any]:
        """Lengthen a buffer, mostly in its place."""
        if isinstance(old, list):
            if not issubclass(item, Structure):
                return self._more_integers(old, item, length)
            record = self.record(item)
            if is_sparse and length > _MANY_RECORDS:
                sparse: Any = defaultdict(record, enumerate(old))
                return cast("Buffer[Any]", sparse)
            old.extend(record() for _ in range(length - len(old)))
        elif not isinstance(old, defaultdict):
            return super().grown(old, item, length)
        return old

    def _more_integers(self, old: list[int], item: Any, length: int) -> Buffer[int]:  # noqa: ANN401
        if length <= _MANY_INTEGERS or isinstance(old, _FreeTables):
            old.extend([0] * (length - len(old)))
            return old
        new = super().zeroed(item, length)
        cast("Any", new)[: len(old)] = old
        return new

    def grown_by_tables(
        self,
        old: Buffer[Any],
        item: Any,  # noqa: ANN401
        length: int,
        per_table: int,
    ) -> Buffer[Any]:
        """Lengthen one, with records for the tables that were taken."""
        if not issubclass(item, Structure):
            return self.grown(old, item, length)
        buffer: list[Any] = cast("Any", old)
        buffer.extend([None] * (length - len(buffer)))
        if not any(buffer is known for known, _, _ in self._of_tables):
            new = (buffer, self.record(item), per_table)
            self._of_tables.append(new)
            for table in self._taken:
                _make(*new, table)
        return old

    def take(self, table: int) -> None:
        """Make the records of a table, unless it has them."""
        if table not in self._taken:
            self._taken.add(table)
            for buffer, record, per_table in self._of_tables:
                _make(buffer, record, per_table, table)


class _FreeTables(list[int]):
    """Numbers of free tables; one that is read is about to be taken."""

    def __init__(self, plain: Plain) -> None:
        super().__init__()
        self._plain = plain

    def __getitem__(self, place: Any) -> Any:  # noqa: ANN401
        found = super().__getitem__(place)
        if isinstance(found, int):
            self._plain.take(found)
        return found


def _make(buffer: list[Any], record: type, per_table: int, table: int) -> None:
    first = table * per_table
    buffer[first : first + per_table] = [record() for _ in range(per_table)]


@cache
def record_of(item: type[Structure]) -> type:
    """Return the class of Python objects with a record's fields."""
    fields = cast("Any", item)._fields_
    names = [name for name, _ in fields]

    def reduced(record: object) -> tuple[type, tuple[int, ...]]:
        # In a pickle without the names of its fields.
        return type(record), tuple(getattr(record, name) for name in names)

    return make_dataclass(
        item.__name__,
        [(name, int, 0) for name in names],
        namespace={"_fields_": fields, "__reduce__": reduced},
        eq=False,
        slots=True,
    )
