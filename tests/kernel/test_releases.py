"""Any release is judged: by which profile, how surely, and why not."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from swaptools.errors import SelectionError
from swaptools.kernel.profiles import PROFILES
from swaptools.kernel.releases import Reason, find_kernel
from tests.cases import every_case


class Row(NamedTuple):
    """A release and what is expected of it."""

    release: str
    profile: str
    reason: Reason | None = None
    #: A file encrypted by its file system is refused.
    refuses_encrypted: bool = False


BETWEEN, READ_ONLY = Reason.BETWEEN, Reason.READ_ONLY
DISTRIBUTION, OLDER, NEWER = Reason.DISTRIBUTION, Reason.OLDER, Reason.NEWER

RELEASES = (
    # kernel.org, written by people
    Row("6.1", "6.1", None, True),
    Row("v6.6", "6.6", READ_ONLY),
    Row("linux-6.8", "6.8", READ_ONLY),
    Row("6.12.y", "6.12", None, True),
    Row("6.12.0", "6.12", READ_ONLY),
    Row("6.12.107", "6.12", READ_ONLY),
    Row("6.12.108", "6.12", None, True),
    Row("6.1.186", "6.1", READ_ONLY),
    Row("6.1.187", "6.1", None, True),
    Row("6.6.148", "6.6", READ_ONLY),
    Row("6.6.153", "6.6", READ_ONLY, True),
    Row("6.18.48", "6.18"),
    Row("6.18.49", "6.18", READ_ONLY, True),
    Row("7.1.12", "7.1", READ_ONLY),
    Row("7.1.13", "7.1", None, True),
    Row("5.15.223", "5.15", READ_ONLY),
    Row("5.15.224", "5.15", READ_ONLY, True),
    Row("6.19.14", "6.19"),
    Row("7.2.13", "7.2", None, True),
    # release candidates
    Row("7.3-rc7", "7.3", None, True),
    Row("7.3rc4", "7.3", None, True),
    Row("v6.18-rc1", "6.18"),
    Row("7.4-rc1", "7.3", NEWER, True),
    # between two, older and newer than all
    Row("4.19.325", "4.18", BETWEEN),
    Row("5.16.20", "5.15", BETWEEN),
    Row("6.5.13", "6.1", BETWEEN),
    Row("6.7.12", "6.6", BETWEEN),
    Row("6.14", "6.12", BETWEEN),
    Row("6.15.9-arch1-1", "6.12", BETWEEN),
    Row("8.1.0", "7.3", NEWER, True),
    Row("4.15.0-213-generic", "4.18", OLDER),
    Row("3.10.0-1160.el7.x86_64", "4.18", OLDER),
    Row("2.6.32", "4.18", OLDER),
    # Debian
    Row("5.10.0-46-amd64", "5.10"),
    Row("6.1.0-52-amd64", "6.1", READ_ONLY),
    Row("6.1.0-53-amd64", "6.1", None, True),
    Row("6.1.0-56-cloud-amd64", "6.1", None, True),
    Row("6.1.0-56-rpi", "6.1", None, True),
    Row("5.10.0-8-amd64", "5.10", READ_ONLY),
    Row("6.12.74+deb13-amd64", "6.12", READ_ONLY),
    Row("6.12.117+deb13-arm64", "6.12", None, True),
    Row("6.12.9+bpo-amd64", "6.12", READ_ONLY),
    Row("7.3~rc7-cloud-amd64", "7.3", None, True),
    # Ubuntu
    Row("5.4.0-216-generic", "5.4", READ_ONLY),
    Row("5.15.0-91-generic", "5.15", READ_ONLY),
    Row("5.15.0-204-generic", "5.15", READ_ONLY, True),
    Row("6.8.0-147-generic", "6.8", READ_ONLY),
    Row("6.8.0-148-generic", "6.8", READ_ONLY, True),
    Row("6.8.0-151-lowlatency", "6.8", READ_ONLY, True),
    Row("6.8.0-1029-aws", "6.8", DISTRIBUTION),
    Row("6.11.0-29-generic", "6.8", BETWEEN),
    Row("7.0.0-38-generic", "7.0", DISTRIBUTION),
    Row("7.0.0-39-generic", "7.0", READ_ONLY, True),
    # Red Hat and its kin
    Row("4.18.0-553.el8_10.x86_64", "4.18", DISTRIBUTION),
    Row("5.14.0-570.el9", "5.10", DISTRIBUTION),
    Row("6.12.0-55.9.1.el10_0.x86_64", "6.12", DISTRIBUTION),
    Row("5.15.0-200.131.27.el8uek.x86_64", "5.15", DISTRIBUTION),
    # SUSE
    Row("4.12.14-122.37-default", "4.18", OLDER),
    Row("5.14.21-150500.55.83-default", "5.10", DISTRIBUTION),
    Row("6.4.0-150600.23.33-default", "6.1", DISTRIBUTION),
    Row("6.12.0-160000.5-default", "6.12", DISTRIBUTION),
    Row("6.18.3-1-default", "6.18"),
    # Amazon
    Row("4.14.355-280.652.amzn2.x86_64", "4.18", OLDER),
    Row("5.10.223-212.873.amzn2.x86_64", "5.10", DISTRIBUTION),
    Row("6.1.102-111.182.amzn2023.x86_64", "6.1", DISTRIBUTION),
    # Android, WSL, Raspberry Pi, others with trees of their own
    Row("5.10.198-android13-4-00050-g12a3c9f-ab11", "5.10", DISTRIBUTION),
    Row("6.6.30-android15-8-gdeadbeef", "6.6", DISTRIBUTION),
    Row("5.15.153.1-microsoft-standard-WSL2", "5.15", DISTRIBUTION),
    Row("6.6.87.2-microsoft-standard-WSL2+", "6.6", DISTRIBUTION),
    Row("6.6.51+rpt-rpi-v8", "6.6", DISTRIBUTION),
    Row("6.1.21-v8+", "6.1", DISTRIBUTION),
    Row("6.8.12-4-pve", "6.8", DISTRIBUTION),
    Row("6.6.78.1-3.azl3", "6.6", DISTRIBUTION),
    # and those that build kernel.org's
    Row("6.18.5-200.fc43.x86_64", "6.18"),
    Row("6.12.118-0-lts", "6.12", None, True),
    Row("6.18.44-fc-v669", "6.18"),
)


@every_case("row", RELEASES, ids=[row.release for row in RELEASES])
def test_release(row: Row) -> None:
    """The profile, why not exact, and the rule that stable releases changed."""
    kernel = find_kernel(row.release)
    assert (kernel.profile.name, kernel.reason) == (row.profile, row.reason)
    assert kernel.exact is (row.reason is None)
    assert kernel.asked == row.release
    assert kernel.profile.swapon.refuses_encrypted is row.refuses_encrypted


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_is_found_by_its_name(name: str) -> None:
    """And is exact where a kernel confirmed it."""
    kernel = find_kernel(name)
    assert kernel.profile is PROFILES[name]
    assert kernel.exact is (PROFILES[name].confirmed_by is not None)


@pytest.mark.parametrize("name", [n for n in PROFILES if not n.startswith("ghost")])
def test_the_release_that_confirmed_a_profile_has_its_rules(name: str) -> None:
    """What was booted is what the name of the series stands for."""
    profile = PROFILES[name]
    if profile.confirmed_by is not None:
        kernel = find_kernel(profile.confirmed_by)
        assert kernel.profile is profile
        assert kernel.exact


@pytest.mark.parametrize(
    "name",
    ["nonsense", "", "6", "6.", "v", "6.x", "6.1foo", "ghost", "-6.1", "6,1", "６.１"],
)
def test_a_name_that_is_no_release_is_refused(name: str) -> None:
    """The error lists what there is."""
    with pytest.raises(SelectionError, match=r"6\.12\.41.*4\.18, 5\.4.*ghost-rfc"):
        find_kernel(name)
