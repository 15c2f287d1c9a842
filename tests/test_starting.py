"""What makes starting quick: records, late patterns, few modules; and that none of it changes a result."""

from __future__ import annotations

import copy
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import typing
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odd_words_data import Lines

import xsrun
from xsrun import cache, reading
from xsrun.cli import arguments
from xsrun.diagnostics import Diagnostic
from xsrun.hints import NamedTuple
from xsrun.lazy_regex import pattern
from xsrun.records import made, record, replace, unset
from xsrun.values import conversion
from xsrun.values.paths import Step

# Records -------------------------------------------------------------------------------------------------------------


@record
class Point:
    """A place."""

    x: int
    y: int = 0
    tags: list[str] = made(factory=list)
    sum: int = unset(init=False)

    def __post_init__(self) -> None:
        self.sum = self.x + self.y


@record(frozen=True)
class Key:
    name: str
    number: int = 1


def test_records_take_values_by_position_and_name() -> None:
    point = Point(1, y=2)
    assert (point.x, point.y, point.tags, point.sum) == (1, 2, [], 3)
    assert Point(1).tags is not Point(1).tags
    assert repr(point) == "Point(x=1, y=2, tags=[])"
    with pytest.raises(TypeError):
        Point()  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        point.z = 1  # type: ignore[attr-defined]


def test_records_are_equal_by_value_and_frozen_ones_are_keys() -> None:
    assert Point(1) == Point(1, 0) != Point(2)
    assert Point(1) != Key("a")
    assert {Key("a"): 1}[Key("a", 1)] == 1
    with pytest.raises(TypeError):
        hash(Point(1))


def test_records_are_copied_and_kept() -> None:
    assert replace(Point(1, 2, ["a"]), y=3) == Point(1, 3, ["a"])
    problem = Diagnostic("error", "XS100", "no", line=3)
    assert pickle.loads(pickle.dumps(problem)) == problem == copy.copy(problem)
    match Key("a", 2):
        case Key(name, number):
            assert (name, number) == ("a", 2)


def test_named_tuples_are_those_of_typing() -> None:
    class Theirs(typing.NamedTuple):
        """A pair."""

        one: int
        two: str = "b"

        @property
        def both(self) -> str:
            return f"{self.one}{self.two}"

    class Ours(NamedTuple):
        """A pair."""

        one: int
        two: str = "b"

        @property
        def both(self) -> str:
            return f"{self.one}{self.two}"

    assert Ours(1) == Theirs(1) == (1, "b") and Ours(1).both == "1b"
    assert {name for name in dir(Theirs) if not name.startswith("__")} == {n for n in dir(Ours) if n[:2] != "__"}
    assert (Ours._fields, Ours._field_defaults, Ours.__doc__) == (
        Theirs._fields,
        Theirs._field_defaults,
        Theirs.__doc__,
    )
    assert (Ours.__module__, repr(Ours(2))) == (Theirs.__module__, "Ours(one=2, two='b')")
    assert pickle.loads(pickle.dumps(Step("a"))) == Step("a")._replace(position=None)


@given(st.text("/.ab~ ", max_size=12))
def test_names_are_those_that_pathlib_writes(name: str) -> None:
    path = PurePosixPath(name)
    assert reading.tidy(name) == path.as_posix()
    if path.name.strip(".") and ".." not in path.name and path.name[-1] != ".":
        assert (reading.stem_of(path.as_posix()), reading.suffix_of(path.as_posix())) == (path.stem, path.suffix)


def test_folders_are_paths_when_they_are_asked_for() -> None:
    class Holder:
        folder = reading.FolderAttribute("folder_name")
        folder_name: object

    held = Holder()
    for told, path in ((None, None), ("a/b", Path("a/b")), (Path("c"), Path("c"))):
        held.folder = told
        assert (held.folder, held.folder_name) == (path, told)


def test_an_installed_package_is_known_by_its_list_of_files(tmp_path: Path) -> None:
    package, listed = tmp_path / "xsrun", tmp_path / f"xsrun-{xsrun.__version__}.dist-info" / "RECORD"
    assert cache._installed(str(package)) is None
    listed.parent.mkdir()
    listed.write_bytes(b"xsrun/api.py,sha256=x,1")
    assert cache._installed(str(package)) == b"xsrun/api.py,sha256=x,1"


def test_a_late_pattern_does_what_a_compiled_one_does() -> None:
    late, compiled = pattern(r"(a)(\d)?", re.IGNORECASE), re.compile(r"(a)(\d)?", re.IGNORECASE)
    assert late.sub("x", "bA1a") == compiled.sub("x", "bA1a") == "bxx"
    assert late.fullmatch("a2").groups() == ("a", "2")  # type: ignore[union-attr]
    assert late.groups == 2


# JSON without orjson -------------------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


JSON_WORDS = st.sampled_from(
    ["[", "]", "{", "}", ",", ":", " ", "\n", '"a"', '"', "1", "0", "-", ".5", "e3", "true", "null"]
)


@given(st.lists(JSON_WORDS, max_size=12).map("".join) | json_values.map(json.dumps) | st.text(max_size=20))
def test_plain_texts_are_read_as_orjson_reads_them(text: str) -> None:
    def read() -> str:
        try:
            return repr(conversion.from_json(text))
        except ValueError as error:
            return str(error)

    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, "orjson", raising=False)
        patch.setattr(conversion, "_read", 0)
        plainly = read()
    import orjson

    assert read() == plainly  # everything is left to orjson once it is there
    if not conversion.may_be_json(text):
        with pytest.raises(ValueError):
            orjson.loads(text)


@given(json_values, st.booleans())
def test_small_values_are_written_as_orjson_writes_them(value: Any, indent: bool) -> None:
    import orjson

    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, "orjson")
        patch.setattr(conversion, "_written", 0)
        plainly = conversion.to_json(value, indent=indent)
    assert orjson is sys.modules["orjson"]
    assert conversion.to_json(value, indent=indent) == plainly


# Options -------------------------------------------------------------------------------------------------------------

#: Command lines that are left to argparse, and some that are not.
ELSEWHERE = (
    *(
        "run a.xs --inputs x=1",
        "run a.xs -i",
        "run a.xs --input -1",
        "run a.xs -ix=1",
        "run -2",
        "run",
        "run a.xs b.xs",
    ),
    *("run --help", "run a.xs --json=1", "run a.xs --input=", "run a.xs --record a --replay b", "eval 1 --fill-seed x"),
    *(
        "run a.xs --isolation none",
        "check a --json --format text",
        "check a --fix b",
        "test -- a",
        "test -qv",
        "db dump",
    ),
)
PLAIN = (
    *("run a.xs --input x=1 -i y=2 --json", "run --input={} a.xs", "run - --now 5", "check", "check a b --fix"),
    *("test -x -n 2 --smoke --lf a b", "eval 1+1 --var a=1 --fill-seed 7", "format --check", "serve . -p 80"),
    *("docs substr", "support --json", "doctest a.md --fill", "console --port=0", "init", "mcp --http", "lsp", "dap"),
)


@pytest.mark.parametrize("line", PLAIN)
def test_plain_command_lines_are_read_without_argparse(line: str) -> None:
    command, *words = line.split()
    found = arguments.read_declared(command, words)
    assert found is not None
    assert repr(found) == repr(arguments.build(command).parse_args(words))


@pytest.mark.parametrize("line", ELSEWHERE)
def test_other_command_lines_are_left_to_argparse(line: str) -> None:
    command, *words = line.split()
    assert arguments.read_declared(command, words) is None


@pytest.mark.parametrize("seed", range(20))
def test_no_command_line_means_anything_else_without_argparse(seed: int) -> None:
    lines, read = Lines(seed), 0
    for _ in range(100):
        command, *words = lines.line_of(lines.chance.choice(list(lines.options)))
        found = arguments.read_declared(command, words)
        if found is not None:
            read += 1
            assert repr(found) == repr(arguments.build(command).parse_args(words)), words
    assert read


# Modules -------------------------------------------------------------------------------------------------------------

SAMPLES = Path(__file__).parents[1] / "samples"
#: What a warm run of a plain program must not import: each takes long, some as long as Python itself.
HEAVY = {
    *("typing", "argparse", "pathlib", "pickle", "lark", "orjson", "sqlalchemy", "jwcrypto", "cryptography", "jinja2"),
    *("dotenv", "httpx", "regex", "yaml", "dataclasses", "inspect", "ast", "decimal", "tempfile", "random", "shutil"),
    *("uuid", "datetime", "platform"),
    *("xsrun.evaluator.compiler", "xsrun.syntax.parser", "xsrun.analysis.check", "xsrun.database"),
}


def imported(words: list[str], cache: Path, edited: Path | None = None) -> set[str]:
    """The modules that a command imports when it runs for the second time, after an edit of a file if one is given."""
    environment = {**os.environ, "XSRUN_CACHE": str(cache)}
    for _ in range(2):
        if edited is not None:
            edited.write_text(edited.read_text(encoding="utf-8") + "\n// edited\n", encoding="utf-8")
        command = [sys.executable, "-X", "importtime", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines[1:]}


@pytest.mark.parametrize(("command", "most"), [("run", 128), ("check", 54)])
def test_a_second_run_imports_little(command: str, most: int, tmp_path: Path) -> None:
    file = tmp_path / "totals.xs"
    shutil.copy(SAMPLES / "snippets" / "totals.xs", file)
    cache = tmp_path / "cache"
    found = imported(["-m", "xsrun", command, str(file)], cache) - imported(["-c", "pass"], cache)
    assert not sorted(found & HEAVY)
    assert len(found) <= most, sorted(found)


ROWS = """
function "fruits" {
  input {
  }
  stack {
    db.add "fruit" { data = {name: "apple", price: 1.5, tags: ["red", "sweet"]} } as $added
    db.edit "fruit" { field_name = "id", field_value = $added.id, data = {price: 2} } as $edited
    db.add "loose" { data = {name: "pear", n: 3} } as $loose
    db.query "loose" { where = $db.loose.n > 2 && $db.loose.name includes "EA" } as $found
    db.query "fruit" {
      where = $db.fruit.name in ["apple", "fig"] && $db.fruit.price >= 1
      sort = {name: "asc"}
      eval = {upper: $db.fruit.name|to_upper}
      return = {type: "list", paging: {page: 1, per_page: 5, totals: true}}
    } as $page
    db.bulk.delete "fruit" { where = $db.fruit.id > 0 } as $gone
  }
  response = [$page.items.0.upper, $page.items.0.price, $found.0.n, $gone]

  test "rows" { expect.to_equal ($response) { value = ["APPLE", 2, 3, 1] } }
}
"""
FRUIT = """
table "fruit" {
  auth = false
  schema {
    int id
    text name
    decimal price
    text[] tags
    json more?
  }
  index = [{type: "primary", field: [{name: "id"}]}, {type: "btree", field: [{name: "name"}]}]
}
"""


@pytest.mark.parametrize(
    "words", [["run", "function:fruits"], ["test"], ["run", "function:fruits", "--database", "sqlite:///rows.db"]]
)
def test_a_second_run_with_rows_does_not_import_sqlalchemy(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("function/fruits.xs", ROWS), ("table/fruit.xs", FRUIT)):
        Path(tmp_path, name).parent.mkdir()
        Path(tmp_path, name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    cache = tmp_path / "cache"
    found = imported(["-m", "xsrun", *words], cache) - imported(["-c", "pass"], cache)
    assert "xsrun.database.sqlite_backend" in found
    heavy = {"sqlalchemy", "lark", "orjson", "decimal", "uuid", "dataclasses"}
    heavy |= {"inspect"} if sys.version_info < (3, 15) else set()  # 3.15 loads it where an ExitStack is entered
    if words[0] == "run":
        heavy |= {"typing", "pathlib", "xsrun.evaluator.compiler", "xsrun.database.selects"}
    assert not sorted(found & heavy)


def test_a_second_evaluation_parses_nothing(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    words = ["-m", "xsrun", "eval", '[$x, 2]|sum|add:"3"', "--var", "x=1"]
    found = imported(words, cache) - imported(["-c", "pass"], cache)
    assert not sorted(
        found & {*HEAVY, "re", "json", "xsrun.syntax.lexer", "xsrun.evaluator.stack_functions", "xsrun.analysis.check"}
    )
    environment = {**os.environ, "XSRUN_CACHE": str(cache)}
    answers = []
    for kept in (True, False):
        for file in (cache / "expression").iterdir():
            if not kept:
                file.write_bytes(b"damaged")
        done = subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, check=True)
        answers.append(done.stdout)
    assert answers == ["6\n", "6\n"]


def test_an_expression_is_kept_for_its_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XSRUN_CACHE", str(tmp_path))
    for variables in ({"a": 1, "b": 10}, {"b": 10, "a": 1}, {"a": 2, "b": 20}):
        assert xsrun.evaluate("$b - $a", variables) == variables["b"] - variables["a"]
    with pytest.raises(xsrun.XanoScriptError, match="Missing var entry: b"):
        xsrun.evaluate("$b - $a", {"a": 1})
    for value in ("1", "2"):
        assert xsrun.evaluate("$env.SOME_VALUE", env={"SOME_VALUE": value}) == value
        monkeypatch.setenv("OTHER_VALUE", value)
        assert xsrun.evaluate("$env.OTHER_VALUE") == value


def test_what_is_kept_of_sql_is_made_anew_when_it_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XSRUN_CACHE", str(tmp_path / "cache"))

    def answer() -> Any:
        with xsrun.Workspace.from_sources({"function/fruits.xs": ROWS, "table/fruit.xs": FRUIT}) as workspace:
            return workspace.run("fruits").response

    assert answer() == ["APPLE", 2, 3, 1]
    kept = sorted((tmp_path / "cache" / "sql").iterdir())
    whole = [path.read_bytes() for path in kept]
    assert len(kept) > 4
    for path in kept:
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert answer() == ["APPLE", 2, 3, 1]
    assert [path.read_bytes() for path in kept] == whole


def test_kept_sql_follows_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XSRUN_CACHE", str(tmp_path / "cache"))
    program = """db.add "t" { data = {a: "10"} } as $x
db.query "t" { where = $db.t.a > 9, return = {type: "count"} } as $count
"""
    table = 'table "t" {\n  schema {\n    int id\n    KIND a\n  }\n}\n'
    found = []
    for kind in ("text", "int", "text", "date"):
        sources = {"x.xs": program, "table/t.xs": table.replace("KIND", kind)}
        with xsrun.Workspace.from_sources(sources) as workspace:
            result = workspace.run(file="x.xs")
            found.append(str(result.error) if result.error else result.variables["count"])
    assert found[:3] == [0, 1, 0]
    assert "Value is not a valid date" in found[3]


@pytest.mark.parametrize(
    "text",
    [
        *("1", "-1", "-0", "01", "1.50", "123456789012345", "1234567890123456", "12345678901234567890", "1e5", "1.0"),
        *('"a"', '"\\n"', '"é"', '"a', "", "[1, 2", "[1,,2]", '{"a": 1, "a": 2}', "[[[]]]", "tru", "truefalse", "1 2"),
        *("1" * 60 + "x", "[" * 150, "NaN", "[1.5, true, null, {}]"),
    ],
)
def test_small_texts_are_read_as_orjson_reads_them(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import orjson

    def read() -> Any:
        try:
            return conversion.from_json(text)
        except ValueError as error:
            return type(error), str(error)

    with monkeypatch.context() as patch:
        patch.delitem(sys.modules, "orjson")
        patch.setattr(conversion, "_read", 0)
        plainly = repr(read())
    assert orjson is sys.modules["orjson"]
    assert repr(read()) == plainly


def test_checking_an_edited_file_imports_neither_compiler_nor_services(tmp_path: Path) -> None:
    shop, cache = tmp_path / "shop", tmp_path / "cache"
    shutil.copytree(SAMPLES / "shop", shop)
    found = imported(["-m", "xsrun", "check", str(shop)], cache, shop / "function" / "discount.xs")
    assert "xsrun.syntax.lalr" in found, "the edited file is parsed"
    unwanted = {"regex._main", "sqlalchemy", "jwcrypto", "cryptography", "jinja2", "httpx", "xsrun.services.javascript"}
    assert not sorted(found & (unwanted | {"xsrun.evaluator.compiler", "xsrun.database.operators"}))


def test_a_full_cache_loses_its_oldest_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XSRUN_CACHE", str(tmp_path))
    monkeypatch.setattr(cache, "MOST_ENTRIES", 10)
    for number in range(12):
        cache.write("tree", f"f{number:02}", b"x")
        os.utime(tmp_path / "tree" / f"f{number:02}", (number, number))
    cache.write("tree", "00", b"x")
    left = {file.name for file in (tmp_path / "tree").iterdir()}
    assert left == {"00", *(f"f{number:02}" for number in range(6, 12))}


def test_threads_that_need_a_builtin_at_once_all_get_it() -> None:
    program = (
        "import sys, threading, importlib\n"
        "from xsrun import registry\n"
        "sys.setswitchinterval(1e-6)\n"
        "start, found = threading.Barrier(8), []\n"
        "def look():\n"
        "    start.wait()\n"
        "    found.append(registry.find('statement', 'redis.incr'))\n"
        "threads = [threading.Thread(target=look) for _ in range(8)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "assert len(found) == 8 and None not in found, found\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
