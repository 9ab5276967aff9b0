"""NamedTuple and TypedDict as typing has them, in a tenth of the time to define one.

A command defines some forty of them before it looks at its first area, which with
typing's is a fifth of all its time: each annotation that is text is compiled, and so
is each constructor. Here annotations stay text, and a class has the constructor of
all until it turns out to be busy.

Not here: any values. Where nothing depends on the start of a command, as in the
emulator, typing's own will do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
    from typing import TypedDict as TypedDict

else:
    try:
        from _collections import _tuplegetter as _getter
    except ImportError:  # not CPython
        from operator import itemgetter

        def _getter(number, _doc):
            return property(itemgetter(number))

    #: After so many values of a class its constructor is compiled.
    _BUSY = 32

    class _Signature:
        # What inspect says of a class: that of the compiled constructor.

        def __get__(self, _one, cls):
            from inspect import signature

            whole = signature(_compiled(cls))
            return whole.replace(parameters=list(whole.parameters.values())[1:])

    class _Record(tuple):
        # What all of them have, as those of collections.namedtuple() do.
        __slots__ = ()
        __signature__ = _Signature()

        @classmethod
        def _make(cls, iterable):
            values = tuple.__new__(cls, iterable)
            if len(values) != len(cls._fields):
                wanted = len(cls._fields)
                raise TypeError(f"Expected {wanted} arguments, got {len(values)}")
            return values

        def _replace(self, /, **changes):
            values = [
                changes.pop(name, value)
                for name, value in zip(self._fields, self, strict=True)
            ]
            if changes:
                raise ValueError(f"Got unexpected field names: {list(changes)!r}")
            return tuple.__new__(self.__class__, values)

        __replace__ = _replace

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __getnewargs__(self):
            return tuple(self)

        def __repr__(self):
            pairs = zip(self._fields, self, strict=True)
            values = ", ".join(f"{name}={value!r}" for name, value in pairs)
            return f"{self.__class__.__name__}({values})"

    class _Maker(type):
        def __new__(mcs, name, bases, namespace):
            if not bases:
                return type.__new__(mcs, name, bases, namespace)
            if "__annotations__" not in namespace:
                raise TypeError("needs from __future__ import annotations")
            fields = tuple(namespace["__annotations__"])
            defaults = {f: namespace.pop(f) for f in fields if f in namespace}
            getters = {f: _getter(i, None) for i, f in enumerate(fields)}
            own = {
                "__slots__": (),
                "__match_args__": fields,
                "_fields": fields,
                "_field_defaults": defaults,
                "__new__": _constructor(fields, defaults),
            }
            return type(name, (_Record,), {**getters, **own, **namespace})

    class NamedTuple(metaclass=_Maker):
        """Fields with a type each, and a default maybe, as typing's."""

    class TypedDict:
        """Keys with a type each, as typing's; what it makes is a dict."""

        def __init_subclass__(cls, *, total=True):
            cls.__total__ = total

        def __new__(cls, /, *args, **named):
            """Return a dict."""
            return dict(*args, **named)

    def _constructor(fields, defaults):
        wanted, nr_made = len(fields), 0

        def __new__(cls, /, *args, **named):
            nonlocal nr_made
            nr_made += 1
            if nr_made == _BUSY:
                _compile(cls)
            if len(args) == wanted and not named:
                return tuple.__new__(cls, args)
            given = dict(zip(fields, args, strict=False))
            whole = {**defaults, **given, **named}
            is_once = len(args) + len(named) == len(given | named)
            if is_once and len(whole) == wanted and whole.keys() >= set(fields):
                return tuple.__new__(cls, map(whole.__getitem__, fields))
            return _compiled(cls)(cls, *args, **named)  # says what is wrong

        return __new__

    def _compile(cls):
        # A class that was made of a record has the constructor from it.
        owner = next(one for one in cls.__mro__ if "_field_defaults" in vars(one))
        owner.__new__ = staticmethod(_compiled(owner))

    def _compiled(cls):
        from collections import namedtuple

        defaults = cls._field_defaults.values()
        return namedtuple(cls.__name__, cls._fields, defaults=defaults).__new__
