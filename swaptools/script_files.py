"""Scripts of swapemu as they lie on disk, or in the package.

What is no script is refused before much of it is in memory: a disk, a log file of
gigabytes, a program.

Not here: what a line may ask for (emulator/runs/grammar.py).
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Final

from swaptools.errors import ScriptError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SUFFIX: Final = ".scenario"
_CHUNK_BYTES: Final = 1 << 16
#: Some hundred thousand operations, or expectations of many runs.
_MAX_SCRIPT_BYTES: Final = 8 << 20
_MAX_LINE_BYTES: Final = 1 << 20


def read_script_file(name: str) -> str:
    """Return the text of a file, or of a script of the package; a file comes first.

    Raises:
        OSError: There is none, or it cannot be read.
        ValueError: It is no script; a ScriptError where a line of it says so.
    """
    from pathlib import Path  # for who reads one: --help does without

    path = Path(name)
    if path.name == name and not path.exists():
        folder = _package_folder()
        for scenario in (folder / name, folder / f"{name}{_SUFFIX}"):
            if scenario.is_file():
                return scenario.read_text(encoding="utf-8")
    with open(name, "rb") as file:
        return read_script_text(file)


def read_script_text(file: IO[bytes]) -> str:
    """Return the text of a script that is open.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no script; a ScriptError where a line of it says so.
    """
    try:
        return b"".join(_chunks(file)).decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise ValueError("not a text file") from exc


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    # The parts of a file, until one of them shows that it is no script.
    total_bytes = line_bytes = lines = 0
    while chunk := file.read(_CHUNK_BYTES):
        if b"\0" in chunk:
            raise ValueError("not a text file")
        total_bytes += len(chunk)
        if total_bytes > _MAX_SCRIPT_BYTES:
            raise ValueError(f"longer than {_MAX_SCRIPT_BYTES} bytes")
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            lines += 1
            if line_bytes + len(line) > _MAX_LINE_BYTES:
                raise ScriptError(f"longer than {_MAX_LINE_BYTES} bytes", lines)
            line_bytes = 0
        line_bytes += len(rest)
        if line_bytes > _MAX_LINE_BYTES:
            raise ScriptError(f"longer than {_MAX_LINE_BYTES} bytes", lines + 1)
        yield chunk


def scenario_names() -> list[str]:
    """Return the names of the scenarios that compare every design."""
    found = _package_files()
    return sorted(name.removesuffix(_SUFFIX) for name in found if _SUFFIX in name)


def package_scripts() -> list[str]:
    """Return what may be named in place of a file: scenarios, and other scripts."""
    return sorted(name.removesuffix(_SUFFIX) for name in _package_files())


def _package_files() -> list[str]:
    found = _package_folder().iterdir()
    return [entry.name for entry in found if entry.name.endswith((_SUFFIX, ".swap"))]


def _package_folder() -> Path:
    from pathlib import Path  # importlib.resources is slower still, and Tab waits

    return Path(__file__).parent / "emulator" / "runs" / "scenarios"
