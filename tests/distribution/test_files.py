"""The files that go with a release say one thing, and name no registry."""

from __future__ import annotations

import re
import subprocess
import tomllib
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import swaptools
from tests.distribution.trees import ROOT

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
#: Put together, so that this file has none of them either.
REGISTRIES = re.compile(
    "|".join((r"pypi\.", r"pythonhosted\.", r"npmjs\.", r"deb\.deb" + "ian"))
)


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not in a clone: git says which files there are")
    return listed.stdout.splitlines()


def test_no_file_names_the_host_of_a_registry() -> None:
    named = []
    for name in tracked():
        path = ROOT / name
        if path.is_file() and REGISTRIES.search(
            path.read_bytes().decode("utf-8", "replace")
        ):
            named.append(name)
    assert named == []


def test_the_changelog_has_the_version_and_an_empty_place_for_the_next() -> None:
    heads = re.findall(
        r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert heads[:2] == ["Unreleased", swaptools.__version__]


def test_every_man_page_bears_the_version() -> None:
    for page in (ROOT / "man").glob("*.[1-8]"):
        (title,) = re.findall(r"^\.TH .*$", page.read_text(), re.MULTILINE)
        assert f'"swaptools {swaptools.__version__}"' in title, page.name


def test_man_pages_and_the_package_are_of_the_day_of_the_changelog() -> None:
    version = re.escape(swaptools.__version__)
    text = (ROOT / "CHANGELOG.md").read_text()
    (day,) = re.findall(rf"^## \[{version}\] - (\S+)$", text, re.MULTILINE)
    for page in (ROOT / "man").glob("*.[1-8]"):
        (title,) = re.findall(r"^\.TH .*$", page.read_text(), re.MULTILINE)
        assert f" {day} " in title, page.name
    head, _, rest = (ROOT / "debian/changelog").read_text().partition("\n")
    (stamp,) = re.findall(r"^ -- .*>  (.+)$", rest, re.MULTILINE)[:1]
    assert f"({swaptools.__version__}-" in head
    assert parsedate_to_datetime(stamp).date().isoformat() == day


def test_what_a_major_version_could_break_has_an_upper_bound() -> None:
    project = PROJECT["project"]
    wishes = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        wishes += extra
    assert [wish for wish in wishes if "<" not in wish.partition("[")[0] + wish] == []


def test_the_lock_has_what_developing_takes_in_versions_that_are_allowed() -> None:
    """``make lock`` makes it anew, without what benchmarks and notebooks take."""
    lines = (ROOT / "dev.lock").read_text().splitlines()[1:]
    locked = dict(line.split("==") for line in lines)
    locked = {canonicalize_name(name): version for name, version in locked.items()}
    groups = PROJECT["dependency-groups"]
    wishes = [
        Requirement(one)
        for name in ("test", "lint", "docs", "release")
        for one in groups[name]
    ]
    wishes += map(Requirement, PROJECT["project"]["dependencies"])
    missing = [
        str(wish)
        for wish in wishes
        if not wish.specifier.contains(locked.get(canonicalize_name(wish.name), "0"))
    ]
    assert missing == []


def test_the_pythons_of_nox_are_those_of_the_classifiers() -> None:
    named = re.findall(
        r'"Python :: (3\.\d+)"|Python :: (3\.\d+)',
        str(PROJECT["project"]["classifiers"]),
    )
    versions = {one or other for one, other in named}
    (tuple_,) = re.findall(
        r"PYTHONS: Final = \((.*)\)", (ROOT / "noxfile.py").read_text()
    )
    assert set(re.findall(r"3\.\d+", tuple_)) == versions


def test_the_licence_stands_in_two_places_and_says_the_same() -> None:
    assert (ROOT / "LICENSE").read_text() == (ROOT / "LICENSES/MIT.txt").read_text()
