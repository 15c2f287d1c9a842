"""Other programs beside which the start-up of xsrun is measured. One that is not found is left out, and that is said.

`pip install --group peers` installs those that Python's package index has; node is the system's.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

#: What ours is measured beside theirs.
EVALUATE, CHECK, TEST = "eval '1 + 1'", "check a small file again", "run one unit test"

_STARLARK = """import starlark
program = starlark.parse("one.star", "1 + 1")
print(starlark.eval(starlark.Module(), program, starlark.Globals.standard()))
"""
_TESTED = "def add(a, b):\n    return a + b\n\n\ndef test_add():\n    assert add(1, 2) == 3\n"


def found(folder: Path) -> dict[str, tuple[str, str, list[str]]]:
    """Peer -> the row of ours beside it, what it does, the words that start it. `folder` takes the files they need."""
    tested = folder / "test_one.py"
    tested.write_text(_TESTED, encoding="utf-8")
    peers = {}
    for name, (ours, does, program, *words) in {
        "node": (EVALUATE, "`node -p '1 + 1'`", _program("node"), "-p", "1 + 1"),
        "deno": (EVALUATE, "`deno eval -p '1 + 1'`", _program("deno"), "eval", "-p", "1 + 1"),
        "starlark-pyo3": (EVALUATE, "`starlark.eval`", _python_with("starlark"), "-c", _STARLARK),
        "ruff": (CHECK, "`ruff check`", _program("ruff"), "check", "--no-cache", str(tested)),
        "pytest": (TEST, "pytest without plugins", _python_with("pytest"), "-m", "pytest", "-q", str(tested)),
    }.items():
        if program is None:
            print(f"start-up: {name} is left out, it is not installed", file=sys.stderr)
        else:
            peers[name] = ours, does, [program, *words]
    return peers


def _program(name: str) -> str | None:
    """The path of a program: beside Python, else where the system looks."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


def _python_with(module: str) -> str | None:
    """Python, where it has a module."""
    return sys.executable if importlib.util.find_spec(module) is not None else None
