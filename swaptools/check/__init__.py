"""The validator: would swapon(2) take this area, what would be lost, what to do.

registry.py has the rules' common form, rules/ the rules by family, remedies/ what
mends them, report.py puts verdicts and findings together, alike.py those of many
areas. Nothing here opens a path: an area comes from observe/, a verdict from kernel/.
"""

from swaptools.check.registry import Rule, all_rules, select_rules
from swaptools.check.report import Report, check_area
from swaptools.rulebook import Finding, Severity

__all__ = [
    "Finding",
    "Report",
    "Rule",
    "Severity",
    "all_rules",
    "check_area",
    "select_rules",
]
