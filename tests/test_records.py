"""Values of ours are as typing's named tuples are."""

from __future__ import annotations

import copy
import inspect
import pickle
import typing
from typing import Any

import pytest

from swaptools.area import AreaKind, SwapArea
from swaptools.records import NamedTuple, TypedDict


class Ours(NamedTuple):
    """A value."""

    #: The first.
    first: int
    second: str | None = None
    third: tuple[int, ...] = ()

    @property
    def twice(self) -> int:
        return self.first * 2


class Theirs(typing.NamedTuple):
    """A value."""

    first: int
    second: str | None = None
    third: tuple[int, ...] = ()

    @property
    def twice(self) -> int:
        return self.first * 2


class Below(Ours):
    """Made of a value, with nothing of its own."""

    __slots__ = ()


#: How one may be made: arguments and named ones.
GOOD: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1,), {}),
    ((1, "a", (2,)), {}),
    ((1,), {"third": (3,)}),
    ((), {"third": (3,), "first": 4}),
    ((), {"first": 4}),
]
BAD: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {}),
    ((1, "a", (), 5), {}),
    ((1,), {"first": 1}),
    ((1,), {"fourth": 1}),
    ((), {"second": "a", "fourth": 1}),
    ((1, "a"), {"second": "a"}),
]


@pytest.fixture(params=[1, 100], ids=["fresh", "busy"])
def kinds(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """Two classes that are alike but for the name, new or made often."""
    maker: Any = type(NamedTuple)
    ours = maker(  # as a class statement does
        "Ours",
        (NamedTuple,),
        {
            "__module__": __name__,
            "__annotations__": Theirs.__annotations__,
            "second": None,
            "third": (),
        },
    )
    for number in range(request.param - 1):
        ours(number)
    return ours, Theirs


@pytest.mark.parametrize(("args", "named"), GOOD)
def test_it_is_made_in_every_way(
    kinds: tuple[Any, Any], args: tuple[Any, ...], named: dict[str, Any]
) -> None:
    ours, theirs = (kind(*args, **named) for kind in kinds)
    assert tuple(ours) == tuple(theirs)
    assert ours._asdict() == theirs._asdict()
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")


@pytest.mark.parametrize(("args", "named"), BAD)
def test_what_is_wrong_is_said_in_the_same_words(
    kinds: tuple[Any, Any], args: tuple[Any, ...], named: dict[str, Any]
) -> None:
    said = []
    for kind in kinds:
        with pytest.raises(TypeError) as caught:
            kind(*args, **named)
        said.append(str(caught.value).replace("Theirs", "Ours"))
    assert said[0] == said[1]


def test_a_value_is_what_a_tuple_is() -> None:
    one, other = Ours(1, "a"), Ours(1, "a")
    assert one == other
    assert hash(one) == hash((1, "a", ()))
    assert tuple(one) == (1, "a", ())
    first, *_ = one
    assert (first, one.twice, one[1]) == (1, 2, "a")
    with pytest.raises(AttributeError):
        one.first = 2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        one.fourth = 2  # type: ignore[attr-defined]
    match one:
        case Ours(2):
            pytest.fail("is no 2")
        case Ours(1, second):
            assert second == "a"


def test_another_one_is_made_of_it() -> None:
    one = Ours(1)
    assert one._replace(third=(7,)) == (1, None, (7,))
    assert type(Below(1)._replace(first=2)) is Below
    with pytest.raises(ValueError, match=r"unexpected field names: \['fourth'\]"):
        one._replace(fourth=1)  # type: ignore[call-arg]
    assert tuple(Ours._make(range(3))) == (0, 1, 2)
    with pytest.raises(TypeError, match="Expected 3 arguments, got 2"):
        Ours._make(range(2))


@pytest.mark.parametrize("kind", [Ours, Below])
def test_it_travels(kind: type[Ours]) -> None:
    for number in range(40):  # past where it is busy
        one = kind(number, "a")
        there = pickle.loads(pickle.dumps(one))
        assert there == copy.deepcopy(one) == one
        assert type(there) is kind


def test_whoever_asks_is_told_the_fields() -> None:
    assert Ours._fields == Theirs._fields
    assert Ours._field_defaults == Theirs._field_defaults
    assert str(inspect.signature(Ours)) == "(first, second=None, third=())"
    assert typing.get_type_hints(Ours) == typing.get_type_hints(Theirs)
    assert Ours.__doc__ == "A value."


def test_the_values_of_the_package_are_so() -> None:
    area = SwapArea("x", AreaKind.FILE)
    assert isinstance(area, tuple)
    assert repr(area) == "<SwapArea 'x': file, None>"
    assert str(inspect.signature(SwapArea)).startswith("(path, kind, offset=0, ")


def test_annotations_have_to_be_text() -> None:
    """Newer Pythons keep others where they are not looked for."""
    maker: Any = type(NamedTuple)
    with pytest.raises(TypeError, match="from __future__ import annotations"):
        maker("Ours", (NamedTuple,), {"__annotate_func__": dict})


class Told(TypedDict):
    path: str
    size_bytes: int | None


class Asked(TypedDict, total=False):
    path: str


def test_a_typed_dict_is_a_dict_with_text_for_types() -> None:
    assert type(Told(path="a", size_bytes=None)) is dict
    assert Told(path="a", size_bytes=1) == {"path": "a", "size_bytes": 1}
    assert Told.__annotations__ == {"path": "str", "size_bytes": "int | None"}
    assert typing.get_type_hints(Told) == {"path": str, "size_bytes": int | None}
    assert (Told.__total__, Asked.__total__) == (True, False)
