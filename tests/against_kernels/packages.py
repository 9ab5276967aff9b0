"""Kernels as packages: found by series, fetched once into a cache, unpacked.

Newer and older suites than the machine's own are looked up through a private
configuration of apt, with lists and a status file of its own: nothing is
installed, and the machine's apt sees nothing of it. The mirror is the one that the
machine's own sources name.

Not here: what of a kernel's modules a guest needs (modules.py).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.against_kernels.modules import collect_modules

#: Suites that have kernels, by the end of a mirror's address, oldest first; one that
#: is gone is passed over.
SUITES = {
    "debian": (
        *("bullseye", "bookworm", "bookworm-backports", "trixie", "trixie-backports"),
        *("forky", "sid", "experimental"),
    ),
    "debian-security": ("bullseye-security", "bookworm-security", "trixie-security"),
}
LISTS_ARE_FRESH_SECONDS = 24 * 3600
DOWNLOAD_SECONDS = 600

_TOOLS = ("apt-get", "apt-cache", "dpkg-deb", "tar")
_NAME = re.compile(
    r"linux-(?P<what>image|binary)-"
    r"(?P<release>(?P<series>\d+\.\d+)[0-9.]*(?:-[0-9][0-9a-z.]*)?(?:\+deb[0-9.]+)?)"
    r"-(?P<cloud>cloud-)?amd64"
)


class NotToBeHad(Exception):
    """A kernel that this machine cannot get; says why."""


@dataclass(frozen=True)
class Kernel:
    """An unpacked kernel: ``vmlinuz`` and the modules that a guest can load."""

    #: As it was asked for: ``6.12``, or a whole release.
    name: str
    #: As uname(2) says it there, as far as the package's name tells.
    release: str
    directory: Path

    @property
    def image(self) -> Path:
        """What QEMU boots."""
        return self.directory / "vmlinuz"

    @property
    def modules(self) -> Path:
        """Decompressed modules, and one list a purpose of which to load."""
        return self.directory / "modules"


def cache_directory() -> Path:
    """Where kernels are kept: KERNEL_CACHE, or the user's cache."""
    given = os.environ.get("KERNEL_CACHE")
    if given:
        return Path(given)
    user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(user) / "swaptools-kernels"


def get_kernel(name: str) -> Kernel:
    """Return a kernel by series or release, from the cache or the mirror.

    Raises:
        NotToBeHad: No tools, no mirror, no such package, no network.
    """
    for tool in _TOOLS:
        if shutil.which(tool) is None:
            raise NotToBeHad(f"{tool} is not installed")
    apt = _Apt(cache_directory() / "apt")
    packages = _choose(name, apt.package_names())
    directory = cache_directory() / packages[0]
    kernel = Kernel(name, _release(packages[0]), directory)
    if not (directory / "complete").exists():
        _unpack(apt.download(packages), directory)
    return kernel


def _release(package: str) -> str:
    match = _NAME.fullmatch(package)
    assert match is not None
    return f"{match['release']}-{match['cloud'] or ''}amd64"


def _choose(name: str, names: frozenset[str]) -> tuple[str, ...]:
    # With modules first, the newest release first.
    found = []
    for package in names:
        match = _NAME.fullmatch(package)
        if match is None or name not in (match["series"], _bare(match["release"])):
            continue
        modules = f"linux-modules-{_release(package)}"
        is_split = f"linux-binary-{_release(package)}" in names
        if is_split and match["what"] == "image":
            continue
        with_modules = match["what"] == "image" or modules in names
        if not with_modules and not match["cloud"]:
            continue  # nothing that it could read a disk with
        needed = (package, modules) if is_split and with_modules else (package,)
        is_full = with_modules and not match["cloud"]
        found.append((is_full, with_modules, _numbers(match["release"]), needed))
    if not found:
        raise NotToBeHad(f"no package has a kernel {name}")
    return max(found)[-1]


def _bare(release: str) -> str:
    return release.partition("+")[0]


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", release))


class _Apt:
    """apt with lists of its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        for name in ("lists/partial", "cache/archives/partial", "state"):
            (directory / name).mkdir(parents=True, exist_ok=True)
        (directory / "status").touch()
        self._configuration = directory / "apt.conf"
        self._configuration.write_text(
            f'Dir::State "{directory}/state";\n'
            f'Dir::State::Lists "{directory}/lists";\n'
            f'Dir::State::status "{directory}/status";\n'
            f'Dir::Cache "{directory}/cache";\n'
            f'Dir::Etc::SourceList "{directory}/sources.list";\n'
            'Dir::Etc::SourceParts "/dev/null";\n'
            'Dir::Etc::Preferences "/dev/null";\n'
            'Dir::Etc::PreferencesParts "/dev/null";\n'
            'APT::Sandbox::User "root";\n'
        )

    def package_names(self) -> frozenset[str]:
        """Names of all packages, from lists that are a day old at most."""
        stamp = self._directory / "updated"
        age = time.time() - stamp.stat().st_mtime if stamp.exists() else None
        if age is None or age > LISTS_ARE_FRESH_SECONDS:
            self._write_sources()
            # A suite that is gone fails the command and leaves the others.
            self._run("apt-get", "update", check=False)
            stamp.touch()
        names = self._run("apt-cache", "pkgnames", "linux-").split()
        if not names:
            stamp.unlink()
            raise NotToBeHad("the mirror's lists of packages cannot be had")
        return frozenset(names)

    def download(self, packages: tuple[str, ...]) -> list[Path]:
        """Fetch packages into the cache."""
        where = self._directory / "debs"
        where.mkdir(exist_ok=True)
        self._run("apt-get", "download", *packages, cwd=where)
        return [next(where.glob(f"{package}_*.deb")) for package in packages]

    def _write_sources(self) -> None:
        lines = [
            f"deb {uri} {suite} main"
            for uri in _mirrors()
            for suite in SUITES.get(uri.rpartition("/")[2], ())
        ]
        if not lines:
            raise NotToBeHad("this machine's apt names no Debian mirror")
        (self._directory / "sources.list").write_text("\n".join(lines) + "\n")

    def _run(self, *command: str, check: bool = True, cwd: Path | None = None) -> str:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=cwd,
            timeout=DOWNLOAD_SECONDS,
            env=os.environ | {"APT_CONFIG": str(self._configuration)},
        )
        if check and done.returncode:
            words = done.stderr.strip().splitlines() or ["no reason given"]
            raise NotToBeHad(f"{' '.join(command[:2])}: {words[-1]}")
        return done.stdout


def _mirrors() -> list[str]:
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)"],
        capture_output=True,
        text=True,
        check=False,
    )
    return sorted({uri.rstrip("/") for uri in listed.stdout.split()})


def _unpack(debs: list[Path], directory: Path) -> None:
    # Only what a guest needs stays; "complete" is written last.
    shutil.rmtree(directory, ignore_errors=True)
    tree = directory / "tree"
    tree.mkdir(parents=True)
    for deb in debs:
        packed = subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE
        )
        subprocess.run(
            ["tar", "-x", "-C", str(tree), "--exclude=*/drivers/[!bn]*"],
            stdin=packed.stdout,
            check=True,
        )
        if packed.wait():
            raise NotToBeHad(f"{deb.name} is damaged")
    image = next(tree.rglob("vmlinuz*"))
    shutil.copy(image, directory / "vmlinuz")
    collect_modules(tree, directory / "modules")
    shutil.rmtree(tree)
    for deb in debs:
        deb.unlink()
    (directory / "complete").touch()
