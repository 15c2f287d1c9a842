"""The house rules that can be checked: floors, module length, and that no ordinary test looks at a clock."""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "xsrun"

#: The rooms from the ground up: each imports only from those before it.
ROOMS = (
    "documents",
    "hints",
    "errors",
    "extras",
    "processors",
    "records",
    "lazy_regex",
    "reading",
    "writing",
    "cache",
    "language",
    "diagnostics",
    "values",
    "dates",
    "running",
    "syntax",
    "names",
    "registry",
    "fields",
    "services",
    "evaluator",
    "database",
    "filters",
    "statements",
    "workspace",
    "dispatch",
    "testing",
    "analysis",
    "api",
    "manual",
    "server",
    "editor",
    "cli",
    "__main__",
)
#: Imports that the rule allows besides: (from, to), with the reason.
EXCEPTIONS = {
    ("testing", "api"): "the pytest plugin is an entry point, like a command",
    ("errors", "diagnostics"): "for type checking only: an error of a program's text carries its diagnostics",
    ("fields", "services"): "a file input makes a file of a data URL, when one comes",
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """The dotted name of a module, its package's left out: `values.paths`."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


NAMES = {name_of(path): path for path in MODULES}


def imports_of(path: Path) -> dict[str, int]:
    """The package's own modules that a module imports, wherever in it, also for types alone, each with a line."""
    found: dict[str, int] = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        modules: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "xsrun":
            longer = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = [one if one.partition(".")[2] in NAMES else node.module for one in longer]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names if alias.name.split(".")[0] == "xsrun"]
        for module in modules:
            found.setdefault(module.partition(".")[2], node.lineno)
    return {module: line for module, line in found.items() if module in NAMES and module != name_of(path)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_go_down(path: Path) -> None:
    room = name_of(path).partition(".")[0]
    if room == "__init__":
        return
    for module, line in imports_of(path).items():
        target = module.partition(".")[0]
        if target not in ("", room, "__init__") and (room, target) not in EXCEPTIONS:
            assert ROOMS.index(target) < ROOMS.index(room), f"{path.relative_to(PACKAGE)}:{line} imports xsrun.{module}"


def test_modules_of_a_room_do_not_import_one_another_in_circles() -> None:
    graph = {name: list(imports_of(path)) for name, path in NAMES.items() if name != "__init__"}

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        pending = [start]
        while pending:
            for module in graph.get(pending.pop(), ()):
                if module not in seen:
                    seen.add(module)
                    pending.append(module)
        return seen

    below = {name: reached(name) for name in graph}
    circles = {tuple(sorted(one for one in below[name] if name in below[one])) for name in graph if name in below[name]}
    assert not circles


def test_no_two_classes_share_a_name() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in MODULES]
    names = Counter(node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    assert {name for name, times in names.items() if times > 1} == set()


def test_no_two_modules_of_a_room_share_a_name() -> None:
    names = Counter((name.partition(".")[0], name.rpartition(".")[2]) for name in NAMES if "." in name)
    assert {name for name, times in names.items() if times > 1} == set()


def test_what_one_database_knows_stands_in_its_module() -> None:
    found = {
        name
        for name, path in NAMES.items()
        if name.startswith("database.")
        and re.search(
            r"sqlalchemy\.dialects|@compiles\(|sqlite_autoincrement|postgresql_", path.read_text(encoding="utf-8")
        )
    }
    assert found == {"database.postgres_writer", "database.sqlite_writer"}


#: Lines of a module, and of a function without its docstring: for a builtin that is its page.
MOST_LINES, MOST_LINES_OF_FUNCTION = 450, 40


def test_modules_stay_readable() -> None:
    lengths = {
        path.relative_to(PACKAGE).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES
    }
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function, without its decorators and its docstring."""
    first = function.body[0]
    docstring = 0
    if ast.get_docstring(function) is not None:
        docstring = (first.end_lineno or 0) - first.lineno + 1
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def test_functions_stay_readable() -> None:
    long = {
        f"{path.relative_to(PACKAGE).as_posix()}:{node.name}": lines_of(node)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and lines_of(node) > MOST_LINES_OF_FUNCTION
    }
    assert long == {}


def test_paths_that_users_type_are_asked_by_what_does_not_raise() -> None:
    """`~nobody`, a name of 300 characters and a circle of links are paths that are not there (`xsrun.reading`)."""
    commands = [path for name, path in NAMES.items() if name.startswith(("cli.", "workspace.loader"))]
    raising = re.compile(r"(?<!entry)\.(?:exists|is_dir|resolve)\(\)")
    found = [path.name for path in commands if raising.search(path.read_text(encoding="utf-8"))]
    home = [name for name, path in NAMES.items() if "expanduser(" in path.read_text(encoding="utf-8")]
    assert (found, sorted(home)) == ([], ["reading", "workspace.loader"])


# Clocks in tests -----------------------------------------------------------------------------------------------------

TESTS = Path(__file__).parent
#: What an ordinary test does not call: how long a thing takes says more of the machine than of xsrun.
CLOCKS = {"time.sleep", "asyncio.sleep"} | {
    f"time.{clock}{unit}"
    for clock in ("time", "monotonic", "perf_counter", "process_time", "thread_time")
    for unit in ("", "_ns")
}
#: What a run tells of the time it took.
DURATIONS = {"duration", "elapsed"}
#: Files that may all the same, with the reason.
MAY_LOOK_AT_CLOCKS = {
    "waiting.py": "looks for a condition again and again, until a time-out that only ends a hang",
    "corpus.py": "a script, which prints how long it took",
    "conformance/run.py": "a script, which prints how long it took",
}
CODE_WITH_CLOCK = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(CLOCKS)))})\(")


def is_slow(node: ast.AST) -> bool:
    """Is a function, a class or a whole module marked slow?"""
    if isinstance(node, ast.Module):
        marks = [
            one.value
            for one in node.body
            if isinstance(one, ast.Assign) and any(ast.unparse(target) == "pytestmark" for target in one.targets)
        ]
    else:
        marks = list(getattr(node, "decorator_list", ()))
    return any(ast.unparse(part) == "pytest.mark.slow" for mark in marks for part in ast.walk(mark))


def full_names(tree: ast.Module) -> dict[str, str]:
    """What the names that a file imports stand for."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update({one.asname or one.name: one.name for one in node.names})
        elif isinstance(node, ast.ImportFrom):
            names.update({one.asname or one.name: f"{node.module}.{one.name}" for one in node.names})
    return names


def looks_at_clocks(node: ast.AST, names: dict[str, str]) -> Iterator[tuple[int, str]]:
    """(line, what) of each look at a clock, outside of what is marked slow."""
    if is_slow(node):
        return
    if isinstance(node, ast.Call):
        first, dot, rest = ast.unparse(node.func).partition(".")
        called = names.get(first, first) + dot + rest
        if called in CLOCKS:
            yield node.lineno, called
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE_WITH_CLOCK.search(node.value):
        yield node.lineno, "code for another process"
    elif isinstance(node, ast.Compare) and any(isinstance(one, (ast.Lt, ast.LtE, ast.Gt)) for one in node.ops):
        sides = [side.attr for side in (node.left, *node.comparators) if isinstance(side, ast.Attribute)]
        yield from ((node.lineno, name) for name in sides if name in DURATIONS)
    for child in ast.iter_child_nodes(node):
        yield from looks_at_clocks(child, names)


def clocks_of(source: str) -> list[tuple[int, str]]:
    tree = ast.parse(source)
    return list(looks_at_clocks(tree, full_names(tree)))


def test_no_ordinary_test_looks_at_a_clock() -> None:
    """Events, counts and clocks of the test's own serve instead (`waiting.py`); what needs time is marked slow."""
    found = {
        name: looks
        for path in sorted(TESTS.rglob("*.py"))
        if not (name := path.relative_to(TESTS).as_posix()).startswith("benchmarks/")
        if (looks := clocks_of(path.read_text(encoding="utf-8")))
    }
    assert {name: looks for name, looks in found.items() if name not in MAY_LOOK_AT_CLOCKS} == {}
    assert set(MAY_LOOK_AT_CLOCKS) <= set(found), "a file that needs no exception any more"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        *((f"import time, asyncio\n{clock}(1)", [(2, clock)]) for clock in sorted(CLOCKS)),
        ("import time as t\nasync def f():\n    t.sleep(1)", [(3, "time.sleep")]),
        ("from time import perf_counter as now\nassert now() < 1", [(2, "time.perf_counter")]),
        ("assert run().duration < 1", [(1, "duration")]),
        (f"run('import time; {'time.sleep'}(1)')", [(1, "code for another process")]),
        ("import time\nworkspace.sleep = time.sleep", []),
        ("import time as t\n@pytest.mark.slow\ndef test_a():\n    t.sleep(1)\nt.sleep", []),
        ("from time import sleep\npytestmark = [pytest.mark.slow]\nsleep(1)", []),
        ("gate.sleep(1)\nclock.time()\nassert one.duration >= 0", []),
    ],
)
def test_what_counts_as_a_look_at_a_clock(source: str, found: list[tuple[int, str]]) -> None:
    assert clocks_of(source) == found


#: Handlers that may show the text of an error of Python's: (module, type), with the reason.
PYTHONS_WORDS = {
    ("cli/arguments.py", "Exception"): "a fault of xsrun is reported as it is",
    ("server/application.py", "Exception"): "a fault of xsrun is reported as it is",
    ("editor/dap/dap_session.py", "Exception"): "a fault of xsrun is reported as it is",
    ("editor/dap/launching.py", "Exception"): "a fault of xsrun is reported as it is",
    ("editor/mcp/toolbox.py", "Exception"): "a fault of xsrun is reported as it is",
    ("services/project_file.py", "tomllib.TOMLDecodeError"): "only searched for the place",
    ("database/raw_sql/external.py", "ConnectionError"): "raised by xsrun.services.network, in its words",
    ("evaluator/stack_functions.py", "RecursionError"): "only compared",
    ("evaluator/stack_functions.py", "SyntaxError"): "only compared",
    ("services/jose.py", "Exception"): "only compared",
    ("services/jose_keys.py", "Exception"): "the words of cryptography, which raises errors of Python's kinds",
}
#: Modules of Python whose errors carry the words of the library below: SQLite, OpenSSL.
OTHERS_WORDS = ("sqlite3", "ssl")


def handled(handler: ast.ExceptHandler) -> list[str]:
    """The names of the exceptions that a handler takes."""
    one = handler.type
    return [ast.unparse(kind) for kind in (one.elts if isinstance(one, ast.Tuple) else [one] if one else [])]


def is_pythons(kind: str) -> bool:
    """Is this a class of exceptions of Python itself, whose texts change from version to version?"""
    module = kind.partition(".")[0]
    return hasattr(builtins, kind) or (module in sys.stdlib_module_names and module not in OTHERS_WORDS)


def shows(handler: ast.ExceptHandler) -> bool:
    """Does a handler put the error's text into something?"""
    for node in ast.walk(handler):
        values = []
        if isinstance(node, ast.FormattedValue):
            values = [node.value]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("str", "repr", "InternalError"):
            values = node.args
        elif isinstance(node, ast.Attribute) and node.attr in ("args", "msg", "reason"):
            values = [node.value]
        if any(isinstance(value, ast.Name) and value.id == handler.name for value in values):
            return True
    return False


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_message_repeats_the_words_of_python(path: Path) -> None:
    module = path.relative_to(PACKAGE).as_posix()
    for handler in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(handler, ast.ExceptHandler) and handler.name and shows(handler):
            told = [kind for kind in handled(handler) if is_pythons(kind) and (module, kind) not in PYTHONS_WORDS]
            assert not told, f"{module}:{handler.lineno} shows the text of {told}: say it in xsrun's own words"
