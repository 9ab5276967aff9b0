"""The doctor: does what a system is told about swap match what it has? Pure.

registry.py has the form of its rules, rules/ the rules by what they are about,
report.py runs them, summary.py says what was understood. Nothing here opens a path:
a system comes from observe/survey.py.

Not here: whether a kernel takes an area (check/).
"""

from swaptools.doctor.registry import Rule, all_rules
from swaptools.doctor.report import Diagnosis, diagnose
from swaptools.rulebook import Finding

__all__ = ["Diagnosis", "Finding", "Rule", "all_rules", "diagnose"]
