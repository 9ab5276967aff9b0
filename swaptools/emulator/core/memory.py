"""What buffers are made of, for compiled code: flat memory; and how to look at them.

Whoever looks at a buffer from outside, flat or of Python's objects, has its length, an
item by its number, the fields of an item, and the functions here.

Not here: which buffers there are (structs.py), when they grow (arena.py), how that
copies nothing (mapping.py), Python's objects (plain.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: giving memory back.
"""

from __future__ import annotations

from ctypes import Array, Structure, addressof, c_int64, sizeof, string_at
from typing import TYPE_CHECKING, Any, Final, cast

from swaptools.emulator.core.mapping import Mapping
from swaptools.emulator.core.structs import Slots

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.emulator.core.buffers import Buffer

# What a range without anything is compared with, so much at a time.
_ZEROS: Final = bytes(1 << 20)


class Flat:
    """Arrays of ctypes, which take resident memory only where they were written."""

    #: Whether a buffer that grows becomes another one.
    replaces = True

    def slots(self, buffers: dict[str, Any]) -> Slots:
        """Return all buffers together, by name."""
        return Slots(**buffers)

    def replaced(self, slots: Slots, name: str, buffer: Buffer[Any]) -> Slots:
        """Return them with another one in the place of one."""
        return slots._replace(**{name: buffer})

    def zeroed(self, item: Any, length: int) -> Buffer[Any]:  # noqa: ANN401
        """Make a buffer of zeros.

        Args:
            item: A record of structs.py, or an integer of ctypes.
            length: In items; at least one is made.
        """
        nr_bytes = max(length, 1) * sizeof(item)
        return self._view(Mapping(nr_bytes), item, max(length, 1))

    def _view(self, mapping: Mapping, item: Any, length: int) -> Buffer[Any]:  # noqa: ANN401
        array = (item * length).from_buffer(mapping)
        array.mapping = mapping
        return cast("Buffer[Any]", array)

    def integers(self, length: int) -> Buffer[int]:
        """Make a buffer of integers of 64 bits."""
        return self.zeroed(c_int64, length)

    def grown(
        self,
        old: Buffer[Any],
        item: Any,  # noqa: ANN401
        length: int,
        *,
        is_sparse: bool = False,
    ) -> Buffer[Any]:
        """Return a longer buffer with what is in ``old``, zeros at the end.

        Of one that is sparse, few items are ever looked at. ``old`` may be zeros then.
        """
        mapping: Mapping = cast("Any", old).mapping
        nr_bytes = length * sizeof(item)
        if nr_bytes > len(mapping):
            larger = Mapping(nr_bytes, is_sparse=is_sparse)
            larger.take(mapping)
            mapping = larger
        return self._view(mapping, item, length)

    def grown_by_tables(
        self,
        old: Buffer[Any],
        item: Any,  # noqa: ANN401
        length: int,
        per_table: int,
    ) -> Buffer[Any]:
        """Return a longer one, which has so many items for each table."""
        return self.grown(old, item, length)


# --- buffers and records of either kind ------------------------------------


def fields_of(record: Any) -> list[str]:  # noqa: ANN401
    """Return the names of a record's fields, in order."""
    return [field[0] for field in record._fields_]


def is_zero(record: Any) -> bool:  # noqa: ANN401
    """Tell whether nothing is in an item."""
    if isinstance(record, Structure):
        return not any(bytes(record))
    if record is None or isinstance(record, int):
        return not record
    return not any(getattr(record, name) for name in fields_of(record))


def clear(record: Any) -> None:  # noqa: ANN401
    """Put zeros in all fields of a record."""
    for name in fields_of(record):
        setattr(record, name, 0)


def are_zero(buffer: Buffer[Any], first: int, length: int) -> bool:
    """Tell whether nothing is in a range of a buffer, which may be of some GiB."""
    if isinstance(buffer, Array):
        return _bytes_are_zero(buffer, first, length)
    if isinstance(buffer, list):
        # Most items are zeros, and are passed over without a call for each.
        items = buffer[first : first + length]
        return not any(items) or all(map(is_zero, filter(None, items)))
    found: dict[int, Any] = cast("Any", buffer)
    return all(is_zero(found[n]) for n in found if first <= n < first + length)


def _bytes_are_zero(array: Array[Any], first: int, length: int) -> bool:
    size = sizeof(array._type_)
    start = addressof(array) + first * size
    end = start + length * size
    return all(
        string_at(at, min(len(_ZEROS), end - at)) == _ZEROS[: end - at]
        for at in range(start, end, len(_ZEROS))
    )


def first_items(buffer: Buffer[int], length: int) -> list[int]:
    """Return the first integers of a buffer; free tables are not taken by that."""
    return cast("list[int]", cast("Any", buffer)[:length])


def fill(buffer: Buffer[int], numbers: list[int]) -> None:
    """Make them the first integers of a buffer."""
    cast("Any", buffer)[: len(numbers)] = numbers


def numbers_of(buffer: Buffer[Any]) -> Iterable[int]:
    """Return the numbers of all items; of one that is sparse, of those looked at."""
    return sorted(buffer) if isinstance(buffer, dict) else range(len(buffer))
