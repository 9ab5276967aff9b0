"""A replay in bytes, and back: it goes on as if it had never stopped.

Theory. A pickle has what is Python's: the machine's parts and how they refer to one
another. What never changes is not in it but asked for by name, of a machine that was
started in the same way: kernel, design, policy, compiled code. Nor are flat buffers in
it, which stand behind it, without the parts that are zeros; a record that is a view of
one is known by its place. What is read back is made of classes of the emulator, which
opens nothing, so that a file from somebody else does no more than be wrong.

Not here: files, whether it is the same trace and command (cli/replay_checkpoint.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

import ctypes
import pickle
from ctypes import Structure, addressof, c_int64, sizeof
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, Final, cast

from swaptools.emulator.core.memory import Flat
from swaptools.emulator.core.plain import record_of
from swaptools.emulator.core.structs import ITEMS
from swaptools.emulator.machine.backing import BACKINGS
from swaptools.emulator.machine.redirect import VIRTUAL
from swaptools.emulator.store.compress import Codec, get_codec

if TYPE_CHECKING:
    from swaptools.emulator.machine.machine import Machine
    from swaptools.emulator.replays.replay import Replay

_PROTOCOL: Final = 5
#: Of a buffer at a time.
_PART_BYTES: Final = 1 << 20
_ZEROS: Final = bytes(_PART_BYTES)
#: What is in the pickle, whatever it says.
_IN_IT: Final = {int, str, tuple, type(None)}
#: What items of flat buffers are, by name.
_ITEMS: Final = {item.__name__: item for item in (*ITEMS.values(), c_int64)}
#: Where classes may come from that are read back; and what is none of a module's.
_ROOMS: Final = ("swaptools.emulator.", "swaptools.kernel.", "swaptools.references")
_OTHERS: Final = {
    ("array", "_array_reconstructor"),
    ("array", "array"),
    ("builtins", "set"),
    ("collections", "Counter"),
    ("collections", "defaultdict"),
}


class NotKept(Exception):
    """Bytes that no replay was kept in."""


def fixed_parts(machine: Machine) -> dict[str, Any]:
    """Return what no operation changes, by a name for each."""
    others = (VIRTUAL, *machine.design.backings)
    kinds = BACKINGS | {ops.name: ops for ops in others}
    return {
        "engine": machine.state.arena.engine,
        "design": machine.design,
        "policy": machine.policy,
        "profile": machine.profile,
        "watch": machine.state.watch,
        **{f"kind {name}": ops for name, ops in kinds.items()},
    }


class _Writer(pickle.Pickler):
    def __init__(self, file: IO[bytes], machine: Machine) -> None:
        super().__init__(file, _PROTOCOL)
        parts = fixed_parts(machine).items()
        self._fixed = {id(part): name for name, part in parts if part is not None}
        self._numbers: dict[int, int] = {}
        self.buffers: list[ctypes.Array[Any]] = []

    def persistent_id(self, obj: Any) -> Any:  # noqa: ANN401
        """Name what is not in the pickle; None for what is."""
        if type(obj) in _IN_IT:  # most are
            return None
        if id(obj) in self._fixed:
            return "fixed", self._fixed[id(obj)]
        if isinstance(obj, ctypes.Array):
            return "buffer", self._number(obj), obj._type_.__name__, len(obj)
        if isinstance(obj, Structure):
            buffer: Any = obj._b_base_
            place = (addressof(obj) - addressof(buffer)) // sizeof(obj)
            return "record", place, self.persistent_id(buffer)
        if isinstance(obj, Codec):
            return "codec", obj.name
        if isinstance(obj, type) and "_fields_" in vars(obj):
            return "class", obj.__name__
        return None

    def _number(self, buffer: Any) -> int:  # noqa: ANN401
        address = addressof(buffer)
        if address not in self._numbers:
            self._numbers[address] = len(self.buffers)
            self.buffers.append(buffer)
        return self._numbers[address]


class _Reader(pickle.Unpickler):
    def __init__(self, file: IO[bytes], machine: Machine) -> None:
        super().__init__(file)
        self._fixed = fixed_parts(machine)
        self.buffers: dict[int, Any] = {}

    def persistent_load(self, pid: Any) -> Any:  # noqa: ANN401
        """Return what has that name; buffers have zeros for now."""
        kind, name, *more = pid
        if kind == "fixed":
            return self._fixed[name]
        if kind == "codec":
            return get_codec(name)
        if kind == "class":
            return record_of(_ITEMS[name])
        if kind == "record":
            return self.persistent_load(more[0])[name]
        if name not in self.buffers:
            item_name, length = more
            self.buffers[name] = Flat().zeroed(_ITEMS[item_name], length)
        return self.buffers[name]

    def find_class(self, module_name: str, global_name: str) -> Any:  # noqa: ANN401
        """Return a class of the emulator, and refuse any other."""
        return find_class(module_name, global_name)


def find_class(module_name: str, global_name: str) -> Any:  # noqa: ANN401
    """Return a class that a replay may be made of.

    Raises:
        NotKept: It may not.
    """
    name = module_name, global_name
    if name in _OTHERS or f"{module_name}.".startswith(_ROOMS):
        found = vars(import_module(module_name)).get(global_name)
        is_its = isinstance(found, type) and found.__module__ == module_name
        if name in _OTHERS or is_its:
            return found
    raise NotKept(f"a replay has no {module_name}.{global_name}")


def write_replay(file: IO[bytes], replay: Replay) -> None:
    """Write a replay between two batches."""
    writer = _Writer(file, replay.machine)
    writer.dump(replay)
    for buffer in writer.buffers:
        _write_buffer(file, memoryview(buffer).cast("B"))


def _write_buffer(file: IO[bytes], data: memoryview) -> None:
    for first in range(0, len(data), _PART_BYTES):
        part = data[first : first + _PART_BYTES]
        is_used = part != _ZEROS[: len(part)]
        file.write(b"\1" if is_used else b"\0")
        if is_used:
            file.write(part)


def read_replay(file: IO[bytes], machine: Machine) -> Replay:
    """Read a replay back.

    Args:
        file: Where write_replay() wrote.
        machine: Started as the replay's was; it is used up.

    Raises:
        NotKept: There is none, or of another machine.
        EOFError: It ends too early.
    """
    reader = _Reader(file, machine)
    try:
        replay = cast("Replay", reader.load())
        for number in sorted(reader.buffers):
            _read_buffer(file, memoryview(reader.buffers[number]).cast("B"))
    except EOFError:
        raise
    except (
        pickle.UnpicklingError,
        ArithmeticError,
        AttributeError,
        ImportError,
        LookupError,
        TypeError,
        ValueError,
    ) as exc:
        raise NotKept(f"no replay of such a machine: {exc}") from exc
    return replay


def _read_buffer(file: IO[bytes], data: memoryview) -> None:
    for first in range(0, len(data), _PART_BYTES):
        end = min(first + _PART_BYTES, len(data))
        if _exactly(file, 1) == b"\1":
            data[first:end] = _exactly(file, end - first)


def _exactly(file: IO[bytes], nr_bytes: int) -> bytes:
    data = file.read(nr_bytes)
    if len(data) < nr_bytes:
        raise EOFError("ends too early")
    return data
