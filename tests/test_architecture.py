"""The house has the shape that its design gives it: proved from the imports."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import swaptools
from tests.cases import every_case

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PACKAGE = Path(swaptools.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
EMULATOR_FILES = [f for f in FILES if f.is_relative_to(PACKAGE / "emulator")]

#: The values that travel, in which nothing is looked at.
VALUES = {
    *("errors", "units", "format", "backing", "caller", "contents", "area"),
    *("swapmap", "schema"),
}
#: The form that values have; whoever has any may import it.
ANYWHERE = {"records"}
#: Each room, and the rooms that it may import besides itself. An import under
#: TYPE_CHECKING counts as well: who needs another's types knows of it.
MAY_IMPORT: dict[str, set[str]] = {
    "__version__": set(),
    "errors": set(),
    "records": set(),
    "deprecation": set(),
    "front_door": set(),
    "plugins": {"errors"},
    "notebook": set(),
    "units": set(),
    "shell": set(),
    "schema": set(),
    "format": {"errors", "units", "schema"},
    "backing": {"errors", "units", "format"},
    "caller": set(),
    "contents": {"errors", "units", "format", "schema"},
    "area": VALUES - {"area", "swapmap"},
    "swapmap": {"errors", "units", "format", "schema"},
    "config": set(),
    "observe": VALUES | {"config"},
    "kernel": VALUES,
    "create": VALUES | {"shell", "observe", "kernel"},
    "info": VALUES | {"observe"},
    "status": VALUES | {"observe"},
    "who": VALUES | {"notebook", "observe", "status"},
    "remarks": VALUES | {"config", "observe"},
    "resume": VALUES | {"config", "observe"},
    "rulebook": {"errors", "schema", "deprecation"},
    "check": VALUES | {"notebook", "shell", "observe", "kernel", "rulebook"},
    "doctor": VALUES
    | {"notebook", "shell", "config", "observe", "kernel", "rulebook", "remarks"}
    | {"deprecation"},
    "recipe": {"errors", "shell", "format"},
    "probe": VALUES | {"observe"},
    "estimate": VALUES | {"notebook", "kernel", "emulator"},
    "compile_cache": set(),
    "kept_code": {"compile_cache"},
    "compiling": {"kept_code"},
    "references": set(),
    "traces": {"errors", "references", "compiling"},
    "record": VALUES | {"config", "observe", "references", "traces", "emulator"},
    "working_set": {"references", "compiling"},
    "emulator": VALUES - {"contents"}
    | {"notebook", "kernel", "compile_cache", "kept_code", "references", "plugins"}
    | {"front_door"},
    "script_files": {"errors"},
    "sweep": {
        *("__version__", "errors", "units", "notebook", "references", "traces"),
        *("working_set", "kernel", "emulator", "script_files", "compile_cache"),
        "front_door",
    },
    "report": {"errors", "units", "notebook", "sweep"},
}
#: The front door opens every room, and the commands may use them all.
FRONT = {"__init__", "__main__", "cli"}


class Import(NamedTuple):
    file: Path
    module: str

    @property
    def room(self) -> str:
        return self.module.split(".")[1] if "." in self.module else "__init__"


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


@cache
def nodes_of(file: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree_of(file)))


def name_of(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


@cache
def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def statements(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Those, and all that stand within them: a part of what ast.walk() finds."""
    for node in nodes:
        yield node
        for name in ("body", "handlers", "cases", "orelse", "finalbody"):
            yield from statements(getattr(node, name, ()))


def imports(file: Path) -> list[Import]:
    """Every import statement of a file, wherever it stands."""
    found = []
    for node in statements(tree_of(file).body):
        if isinstance(node, ast.Import):
            found += [Import(file, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(file)}: relative import"
            assert node.module is not None
            if node.module.count(".") == 0 and node.module == "swaptools":
                found += [Import(file, f"swaptools.{a.name}") for a in node.names]
            else:
                found.append(Import(file, node.module))
    return found


@cache
def every_import() -> list[Import]:
    """Of all files: not looked for while tests are collected."""
    return [each for file in FILES for each in imports(file)]


@cache
def ours() -> list[Import]:
    """Those of what is in the package itself."""
    return [e for e in every_import() if e.module.split(".")[0] == "swaptools"]


def test_every_room_has_its_place_in_the_table() -> None:
    assert {room_of(file) for file in FILES} <= set(MAY_IMPORT) | FRONT


@every_case("room", sorted(MAY_IMPORT))
def test_a_room_imports_only_what_lies_before_it(room: str) -> None:
    wrong = [
        f"{name_of(each.file)} imports {each.module}"
        for each in ours()
        if room_of(each.file) == room
        and each.room not in MAY_IMPORT[room] | {room} | ANYWHERE
    ]
    assert wrong == []


def test_the_table_itself_has_no_way_round() -> None:
    """No two rooms may import each other, by whatever detour."""
    reached: dict[str, set[str]] = {room: set(to) for room, to in MAY_IMPORT.items()}
    for _ in MAY_IMPORT:
        for to in reached.values():
            to.update(*(reached[room] for room in set(to)))
    assert [room for room, to in reached.items() if room in to] == []


#: Rooms of the emulator, and those of them that each may import besides itself.
EMULATOR: dict[str, set[str]] = {
    "core": set(),
    "store": {"core"},
    "pressure": {"core"},
    "machine": {"core", "store", "pressure"},
    "designs": {"core", "store", "machine"},
    "runs": {"core", "store", "pressure", "machine", "designs"},
    "replays": {"core", "store", "pressure", "machine", "designs", "runs"},
}


def test_the_emulator_has_these_rooms_and_a_front_door() -> None:
    places = {file.relative_to(PACKAGE / "emulator").parts for file in EMULATOR_FILES}
    assert {parts[0] for parts in places if len(parts) > 1} == set(EMULATOR)
    assert {parts[0] for parts in places if len(parts) == 1} == {"__init__.py"}


@every_case("room", sorted(EMULATOR))
def test_a_room_of_the_emulator_imports_only_what_lies_before_it(room: str) -> None:
    wrong = [
        f"{name_of(each.file)} imports {each.module}"
        for each in ours()
        if each.file.is_relative_to(PACKAGE / "emulator" / room)
        and each.room == "emulator"
        and each.module.split(".")[2] not in EMULATOR[room] | {room}
    ]
    assert wrong == []


def test_hot_functions_stand_in_the_core_and_in_policies() -> None:
    """They are what is compiled, and those are all that is."""
    marks = {"hot", "hot_inline", "hot_run", "needs"}
    marked = {
        file.relative_to(PACKAGE / "emulator").parts[0]
        for file in EMULATOR_FILES
        for node in nodes_of(file)
        if isinstance(node, ast.FunctionDef)
        for mark in node.decorator_list
        if ast.unparse(mark).partition("(")[0] in marks
    }
    assert marked == {"core", "pressure"}


def modules_imported(file: Path) -> set[Path]:
    """The files of ours that a file imports, a name that is a module included."""
    found = set()
    for node in nodes_of(file):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if module_file(name) else str(node.module) for name in names]
        else:
            continue
        found |= {path for path in map(module_file, names) if path}
    return found - {file}


def module_file(name: str) -> Path | None:
    """Where a module of ours is; None for what is none."""
    parts = name.split(".")
    where = PACKAGE.joinpath(*parts[1:])
    places = [where.with_suffix(".py"), where / "__init__.py"]
    return next((p for p in places if parts[0] == PACKAGE.name and p.exists()), None)


def circles(graph: dict[Path, set[Path]]) -> set[str]:
    """Names of the files that are in a circle, or on the way from one to another."""
    left = {file: set(to) for file, to in graph.items()}
    while True:  # who imports nothing that is left is in no circle, nor is who is free
        imported = set().union(*left.values())
        ends = {file for file, to in left.items() if not to or file not in imported}
        if not ends:
            break
        left = {file: to - ends for file, to in left.items() if file not in ends}
    return {name_of(file) for file in left}


def test_no_file_imports_itself_by_whatever_detour() -> None:
    """Not under TYPE_CHECKING and not within a function either."""
    graph = {file: modules_imported(file) for file in FILES}
    assert sum(map(len, graph.values())) > len(FILES)
    assert circles(graph) == set()


def test_a_circle_is_found() -> None:
    """What the test above looks for is seen, however long the way round is."""
    a, b, c, d = (PACKAGE / f"{name}.py" for name in "abcd")
    assert circles({a: {b}, b: {c}, c: {d}, d: set()}) == set()
    assert circles({a: {b}, b: {c}, c: {b, d}, d: set()}) == {"b.py", "c.py"}


def test_no_library_module_imports_the_commands() -> None:
    assert [
        name_of(each.file)
        for each in ours()
        if each.room == "cli" and room_of(each.file) not in ("cli", "__main__")
    ] == []


def users_of(module: str) -> set[str]:
    return {
        name_of(each.file)
        for each in every_import()
        if each.module.split(".")[0] == module
    }


def test_only_layout_imports_construct() -> None:
    assert users_of("construct") == {"format/layout.py"}


def test_only_the_commands_import_click() -> None:
    assert users_of("click") != set()
    assert {name.split("/")[0] for name in users_of("click")} == {"cli"}


#: What the package may import besides itself and the standard library.
FOREIGN = {
    "construct",
    "click",
    "llvmlite",
    "numba",
    "numpy",
    "lz4",
    "zstandard",
    "lzallright",
    "matplotlib",
}


def test_nothing_else_is_imported() -> None:
    import sys

    others = {each.module.split(".")[0] for each in every_import()}
    assert others - set(sys.stdlib_module_names) - {"swaptools"} <= FOREIGN


def calls(file: Path) -> set[str]:
    """Names that a file calls: plain ones, and the last part of dotted ones."""
    found = set()
    for node in nodes_of(file):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                found.add(node.func.id)
            elif isinstance(node.func, ast.Attribute):
                found.add(f".{node.func.attr}")
    return found


def callers(*names: str) -> set[str]:
    return {room_of(file) for file in FILES if calls(file) & set(names)}


def test_only_the_commands_print_or_exit() -> None:
    assert callers("print", ".echo", ".secho") <= {"cli"}
    # A task of the emulator exits, too; the process must not.
    assert callers("exit", ".exit") <= {"cli", "emulator"}
    assert {room_of(each.file) for each in every_import() if each.module == "sys"} <= {
        "cli",
        "create",
        "kernel",  # for the byte order
        "observe",
        "traces",  # for the byte order, and standard input
    }


def test_only_those_who_look_or_write_open_paths() -> None:
    opening = callers(
        "open", ".open", ".read_text", ".read_bytes", ".write_text", ".write_bytes"
    )
    # The schemas are files of the package's own; what is compiled is kept.
    looking = {"observe", "create", "traces", "record", "script_files", "sweep"}
    looking |= {"report"}
    assert looking <= opening <= looking | {"cli", "compile_cache", "schema"}


def test_format_and_the_emulator_know_no_clock_no_chance_and_no_files() -> None:
    forbidden = {"os", "io", "pathlib", "time", "datetime", "random", "secrets"}
    assert [
        f"{name_of(each.file)} imports {each.module}"
        for each in every_import()
        if room_of(each.file) in ("format", "units", "area", "emulator")
        and each.module.split(".")[0] in forbidden
    ] == []


def test_a_file_says_what_it_is() -> None:
    first_lines = {
        name_of(file): (ast.get_docstring(tree_of(file)) or "").partition("\n")[0]
        for file in FILES
    }
    assert [name for name, line in first_lines.items() if not 0 < len(line) <= 84] == []
