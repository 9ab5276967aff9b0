"""What a report is made of: files of rows, and JSON that commands have printed.

Not here: what is told of each (study.py, printed.py).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from swaptools.errors import SelectionError, StudyError
from swaptools.report.printed import PRINTED
from swaptools.report.study import section_of
from swaptools.sweep.results import read_results
from swaptools.sweep.rows import BEGINNING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.report.seen import Wishes
    from swaptools.report.values import Section

#: Of JSON, which is read whole.
_MAX_BYTES: Final = 256 << 20


def sections_of(path: str, wishes: Wishes) -> Iterator[Section]:
    """Yield what a file has to tell.

    Raises:
        OSError: It cannot be read.
        StudyError: It is nothing that a report is made of; with the line at fault.
        SelectionError: What is wished for is not in it.
    """
    with open(path, "rb") as file:
        beginning = file.read(len(BEGINNING))
    if beginning == BEGINNING.encode():
        for studied in read_results(path).studies.values():
            yield section_of(studied, wishes)
        return
    found = _object(path)
    for one in PRINTED:
        if one.keys <= found.keys():
            try:
                yield one.section(found, wishes)
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as exc:
                if isinstance(exc, StudyError | SelectionError):
                    raise
                raise _none(path, f"{one.command} prints no such thing") from exc
            return
    known = ", ".join(one.command for one in PRINTED)
    raise _none(path, f"neither rows of a study nor what these print: {known}")


def _none(path: str, reason: str) -> StudyError:
    return StudyError(path, reason)


def _object(path: str) -> dict[str, Any]:
    with open(path, "rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise StudyError(path, f"longer than {_MAX_BYTES} bytes")
    if not data.strip():
        raise StudyError(path, "it is empty")
    try:
        found = json.loads(data)
    except json.JSONDecodeError as exc:
        raise StudyError(path, f"no JSON: {exc.msg}", exc.lineno) from exc
    except (ValueError, RecursionError) as exc:
        raise StudyError(path, "no JSON") from exc
    return found if isinstance(found, dict) else {}
