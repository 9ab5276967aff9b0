"""What compiled code sees of buffers: an address, and nothing that has to be copied.

Theory. All buffers together are one pointer, to a table of where each lies and how long
it is, which stays as it is while compiled code runs; one buffer alone is such a pair.
As numba's own arrays they would be seven numbers each, which every call of one function
by another has to hand on: some hundreds. An item is reached without a look at the
length, and a number in it is one of 64 bits once it is read. Where numba is told to
look at bounds (NUMBA_BOUNDSCHECK=1), that is done here too, from both ends.

No field of a record shares memory with another field, or with a plain integer: each
access says which one it is, so that what was read once need not be read again behind
every write to something else.

Not here: when something is compiled (compiler.py), by whom it is called (engine.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: items from the end, slices, everything but whole numbers and records.
"""

from __future__ import annotations

import operator
from functools import cache
from typing import Any, Final

import numpy
from llvmlite import ir
from numba import config, from_dtype, types
from numba.core import cgutils
from numba.core.typing.templates import (
    AbstractTemplate,
    AttributeTemplate,
    infer_getattr,
    infer_global,
    signature,
)
from numba.extending import (
    NativeValue,
    lower_builtin,
    lower_getattr_generic,
    lower_setattr_generic,
    models,
    register_model,
    unbox,
)

from swaptools.emulator.core.buffers import look_ahead
from swaptools.emulator.core.structs import ITEMS

# Where a buffer's pair is in the table.
_PLACES: Final = {name: 2 * place for place, name in enumerate(ITEMS)}


class SlotsType(types.Type):
    """All buffers of a machine: structs.Slots."""

    def __init__(self) -> None:
        super().__init__(name="Slots")


class BufferType(types.Type):
    """One buffer."""

    def __init__(self, item: Any) -> None:
        """Hold items of a type of numba's."""
        self.item = item
        super().__init__(name=f"Buffer({item})")


class ItemType(types.Record):
    """A record of structs.py."""


SLOTS: Final = SlotsType()


@cache
def buffer_of(item: Any) -> BufferType:
    """Return the type of a buffer of records of structs.py, or integers of ctypes."""
    found = from_dtype(numpy.dtype(item))
    if isinstance(found, types.Record):
        fields = [(name, field._asdict()) for name, field in found.fields.items()]
        found = ItemType(fields, found.size, found.aligned)
    return BufferType(found)


# --- from outside ----------------------------------------------------------


@unbox(SlotsType)
def _unbox_slots(_type: Any, number: Any, c: Any) -> NativeValue:
    value = c.pyapi.long_as_voidptr(number)
    return NativeValue(value, is_error=c.pyapi.c_api_error())


@unbox(BufferType)
def _unbox_buffer(buffer_type: Any, number: Any, c: Any) -> NativeValue:
    pair = c.pyapi.long_as_voidptr(number)
    value = _load_pair(c.context, c.builder, buffer_type, pair, 0)
    return NativeValue(value, is_error=c.pyapi.c_api_error())


# --- models ----------------------------------------------------------------


@register_model(SlotsType)
class _SlotsModel(models.OpaqueModel):
    """An address."""


@register_model(BufferType)
class _BufferModel(models.StructModel):
    """An address, and how many items there are."""

    def __init__(self, dmm: Any, fe_type: Any) -> None:
        members = [("data", types.voidptr), ("length", types.int64)]
        super().__init__(dmm, fe_type, members)


register_model(ItemType)(models.RecordModel)


# It is never written while compiled code runs, whatever else is.
def _load_pair(
    context: Any, builder: Any, buffer_type: Any, table: Any, place: int
) -> Any:
    address = context.get_value_type(types.voidptr)
    pair = cgutils.create_struct_proxy(buffer_type)(context, builder)
    for name, type_, at in (("data", address, 0), ("length", cgutils.intp_t, 1)):
        numbers = builder.bitcast(table, type_.as_pointer())
        pointer = cgutils.gep_inbounds(builder, numbers, place + at)
        value = builder.load(pointer)
        value.set_metadata("invariant.load", builder.module.add_metadata([]))
        setattr(pair, name, value)
    return pair._getvalue()


# --- what is where ---------------------------------------------------------


# Type-based alias analysis: accesses of two kinds are never to the same memory.
def _access(builder: Any, kind: str) -> Any:
    add, zero = builder.module.add_metadata, ir.Constant(ir.IntType(64), 0)
    node = add([kind, add(["buffers"]), zero])
    return add([node, node, zero])


def _load(context: Any, builder: Any, item: Any, pointer: Any, kind: str) -> Any:
    value = context.unpack_value(builder, item, pointer)
    value.set_metadata("tbaa", _access(builder, kind))
    return value


def _store(builder: Any, number: Any, pointer: Any, kind: str) -> None:
    builder.store(number, pointer).set_metadata("tbaa", _access(builder, kind))


def _field(context: Any, builder: Any, item: ItemType, record: Any, name: str) -> Any:
    type_ = context.get_data_type(item.typeof(name))
    return cgutils.get_record_member(builder, record, item.offset(name), type_)


# Two records of one size may have fields of one name, and are two all the same.
def _kind(item: ItemType, name: str) -> str:
    return f"{item} {name}"


@lower_getattr_generic(ItemType)
def _lower_field(context: Any, builder: Any, item: Any, record: Any, name: str) -> Any:
    pointer = _field(context, builder, item, record, name)
    return _load(context, builder, item.typeof(name), pointer, _kind(item, name))


@lower_setattr_generic(ItemType)
def _lower_set_field(context: Any, builder: Any, sig: Any, args: Any, name: str) -> Any:
    (item, given), (record, value) = sig.args, args
    number = context.cast(builder, value, given, item.typeof(name))
    pointer = _field(context, builder, item, record, name)
    _store(builder, number, pointer, _kind(item, name))


# --- attributes and items --------------------------------------------------


@infer_getattr
class _SlotsAttributes(AttributeTemplate):
    key = SlotsType

    def generic_resolve(self, _slots: Any, name: str) -> Any:
        return buffer_of(ITEMS[name]) if name in ITEMS else None


@lower_getattr_generic(SlotsType)
def _lower_attribute(
    context: Any, builder: Any, _slots_type: Any, slots: Any, name: str
) -> Any:
    place, type_ = _PLACES[name], buffer_of(ITEMS[name])
    return _load_pair(context, builder, type_, slots, place)


@infer_global(operator.getitem)
class _GetItem(AbstractTemplate):
    def generic(self, args: Any, _keywords: Any) -> Any:
        buffer, index = args
        if isinstance(buffer, BufferType) and isinstance(index, types.Integer):
            is_number = isinstance(buffer.item, types.Integer)
            item = types.int64 if is_number else buffer.item
            return signature(item, buffer, types.int64)
        return None


@infer_global(operator.setitem)
class _SetItem(AbstractTemplate):
    def generic(self, args: Any, _keywords: Any) -> Any:
        buffer, index, _value = args
        if isinstance(buffer, BufferType) and isinstance(index, types.Integer):
            return signature(types.none, buffer, types.int64, types.int64)
        return None


@infer_global(len)
class _Length(AbstractTemplate):
    def generic(self, args: Any, _keywords: Any) -> Any:
        (buffer,) = args
        is_ours = isinstance(buffer, BufferType)
        return signature(types.int64, buffer) if is_ours else None


@infer_global(look_ahead)
class _LookAhead(AbstractTemplate):
    def generic(self, args: Any, _keywords: Any) -> Any:
        return signature(types.none, args[0], types.int64)


def _pointer(context: Any, builder: Any, type_: Any, buffer: Any, index: Any) -> Any:
    item = context.get_data_type(type_.item).as_pointer()
    data = cgutils.create_struct_proxy(type_)(context, builder, value=buffer).data
    return cgutils.gep_inbounds(builder, builder.bitcast(data, item), index)


def _place(context: Any, builder: Any, type_: Any, buffer: Any, index: Any) -> Any:
    if config.BOUNDSCHECK:
        length = cgutils.create_struct_proxy(type_)(context, builder, value=buffer)
        # As a number without a sign, one below 0 is beyond the end as well.
        is_outside = builder.icmp_unsigned(">=", index, length.length)
        with builder.if_then(is_outside, likely=False):
            said = (f"outside of {type_.name}",)
            context.call_conv.return_user_exc(builder, IndexError, said)
    return _pointer(context, builder, type_, buffer, index)


@lower_builtin(operator.getitem, BufferType, types.Integer)
def _lower_getitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    type_ = sig.args[0]
    pointer = _place(context, builder, type_, *args)
    if not isinstance(type_.item, types.Integer):
        return pointer
    value = _load(context, builder, type_.item, pointer, str(type_.item))
    return context.cast(builder, value, type_.item, types.int64)


@lower_builtin(operator.setitem, BufferType, types.Integer, types.Integer)
def _lower_setitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    type_, (buffer, index, value) = sig.args[0], args
    pointer = _place(context, builder, type_, buffer, index)
    number = context.cast(builder, value, types.int64, type_.item)
    _store(builder, number, pointer, str(type_.item))
    return context.get_dummy_value()


@lower_builtin(len, BufferType)
def _lower_length(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    proxy = cgutils.create_struct_proxy(sig.args[0])
    return proxy(context, builder, value=args[0]).length


@lower_builtin(look_ahead, BufferType, types.Integer)
def _lower_look_ahead(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    pointer = _pointer(context, builder, sig.args[0], *args)
    number = ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
    prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    address = builder.bitcast(pointer, cgutils.voidptr_t)
    # To be written, kept in every cache, of data.
    builder.call(prefetch, [address, number(1), number(3), number(1)])
    return context.get_dummy_value()
