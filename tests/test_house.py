"""The house rules that can be checked: floors, module length, and that every builtin is documented."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "xsrun"

#: The floor of each room; a room imports only from lower floors, and a room's parts from each other. Half a floor
#: orders rooms that stand on one: the services speak of values, and a command starts the server.
FLOORS: dict[str, float] = {
    "__main__": 10,
    "cli": 9.5,
    "server": 9,
    "api": 8,
    "testing": 7,
    "analysis": 7,
    "dispatch": 7,
    "workspace": 6,
    "statements": 5,
    "filters": 5,
    "evaluator": 4,
    "database": 4,
    "fields": 3,
    "field_filters": 2.5,
    "registry": 2,
    "syntax": 2,
    "catalogue": 1,
    "services": 1.5,
    "runtime": 1,
    "diagnostics": 1,
    "cache": 0,
    "documents": 0,
    "errors": 0,
    "patterns": 0,
    "records": 0,
}
#: Imports that the rule allows besides: (from, to) rooms, with the reason.
EXCEPTIONS = {
    ("testing", "api"): "the pytest plugin is an entry point, like a command",
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(module: str) -> str:
    """The room of a dotted module name below the package."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def imports_of(path: Path) -> list[tuple[str, int, bool]]:
    """(module, line, only for types) of every import of the package's own."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = []
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "xsrun":
            names = [node.module] if node.module != "xsrun" else [f"xsrun.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.split(".")[0] == "xsrun"]
        found.extend((name, node.lineno, id(node) in typing_only) for name in names)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_go_down(path: Path) -> None:
    relative = path.relative_to(PACKAGE)
    room = relative.parts[0].removesuffix(".py")
    if room == "__init__":
        return
    for module, line, typing_only in imports_of(path):
        target = room_of(module)
        plugin = path.name == "pytest_plugin.py"
        if target in ("", room, "__version__") or typing_only or (plugin and (room, target) in EXCEPTIONS):
            continue
        assert FLOORS[target] < FLOORS[room], f"{relative}:{line} imports {module}"


def test_modules_stay_readable() -> None:
    long = {
        path.relative_to(PACKAGE).as_posix(): lines
        for path in MODULES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 560
    }
    assert not long
