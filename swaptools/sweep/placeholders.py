"""Where values go in a script: ``$NAME``, ``${NAME}``, sums as in ``${2*pages-1}``.

Not here: which values there are (study.py), what a line says (emulator/runs/).
"""

from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING, Final

from swaptools.errors import ScriptError, quoted
from swaptools.sweep.cells import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from swaptools.sweep.cells import Value

_PLACE: Final = re.compile(r"\$(?:\{([^{}]*)\}|([A-Za-z_]\w*))")
_NAME: Final = re.compile(r"[A-Za-z_][\w.]*")
#: Of a sum: more is nothing that a script has a use for.
_MAX_CHARS: Final = 200
_MAX_NUMBER: Final = 1 << 63
_SUMS: Final[dict[type[ast.operator], Callable[[int, int], int]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.floordiv,
    ast.FloorDiv: operator.floordiv,
}


def names_in(text: str) -> dict[str, int]:
    r"""Return the names that stand in a script, and the first line of each.

    Comments are nobody's business.

    >>> names_in("write 0 $pages\nread 0 ${pages / 2 + more}  # $5")
    {'pages': 1, 'more': 2}

    Raises:
        ScriptError: Something in braces is neither a name nor a sum.
    """
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        for match in _PLACE.finditer(line.partition("#")[0]):
            for name in _names(match[1] or match[2] or "", number):
                found.setdefault(name, number)
    return found


def filled(text: str, values: Mapping[str, Value]) -> str:
    """Return a script with values in its places.

    >>> filled("drop 0 ${4096-holes} step=$step", {"holes": 96, "step": 2})
    'drop 0 4000 step=2'

    Raises:
        ScriptError: A sum has no value.
    """
    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        words, mark, comment = line.partition("#")

        def fill(match: re.Match[str], number: int = number) -> str:
            return _value(match[1] or match[2], values, number)

        lines.append(_PLACE.sub(fill, words) + mark + comment)
    return "\n".join(lines)


def _names(inside: str, number: int) -> Iterator[str]:
    if _NAME.fullmatch(inside):
        yield inside
        return
    for node in ast.walk(_parsed(inside, number)):
        if isinstance(node, ast.Name):
            yield node.id


def _parsed(inside: str, number: int) -> ast.expr:
    try:
        found = ast.parse(inside.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
        raise _no_sum(inside, number) from exc
    allowed = (ast.BinOp, ast.operator, ast.Name, ast.expr_context, ast.Constant)
    for node in ast.walk(found):
        is_number = not isinstance(node, ast.Constant) or type(node.value) is int
        if not (isinstance(node, allowed) and is_number) or len(inside) > _MAX_CHARS:
            raise _no_sum(inside, number)
    return found


def _no_sum(inside: str, number: int) -> ScriptError:
    return ScriptError(
        f"${{{quoted(inside)[1:-1]}}} is neither a name nor a sum", number
    )


def _value(inside: str, values: Mapping[str, Value], number: int) -> str:
    if _NAME.fullmatch(inside):
        return text_of(values[inside])
    try:
        return str(_sum(_parsed(inside, number), values))
    except (ValueError, ZeroDivisionError, KeyError) as exc:
        reason = f"${{{inside}}} has no value: {exc}"
        raise ScriptError(reason, number) from exc


def _sum(node: ast.expr, values: Mapping[str, Value]) -> int:
    if isinstance(node, ast.Constant):
        return int(str(node.value))
    if isinstance(node, ast.Name):
        value = values[node.id]
        if type(value) is not int:
            raise ValueError(f"{node.id} is no whole number")
        return value
    assert isinstance(node, ast.BinOp)
    do = _SUMS.get(type(node.op))
    if do is None:
        raise ValueError("it has more than + - * /")
    result = do(_sum(node.left, values), _sum(node.right, values))
    if abs(result) > _MAX_NUMBER:
        raise ValueError("it is too large")
    return result
