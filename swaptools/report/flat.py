"""A report as flat rows: comma-separated, for a spreadsheet or a data frame.

Not here: which rows a section has (study.py, printed.py).
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swaptools.report.values import Report


def comma_separated(report: Report) -> str:
    """Return the rows of all sections, with the keys of all of them as columns."""
    rows = [
        {"section": section.title, **row}
        for section in report.sections
        for row in section.flat
    ]
    names = dict.fromkeys(name for row in rows for name in row)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(names), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
