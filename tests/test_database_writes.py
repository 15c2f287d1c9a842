"""What columns take and what comes back: names, dates, decimals, places and files, on each back end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from databases import BACKENDS, new_database

import xsrun

NOW = 1_700_000_000_000
TODAY = "2023-11-14"
Make = Callable[..., xsrun.Workspace]


@pytest.fixture(params=BACKENDS)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    made: list[xsrun.Workspace] = []
    url = new_database(request.param)

    def workspace(columns: str, stack: str = "", **options: Any) -> xsrun.Workspace:
        index = 'index = [{type: "primary", field: [{name: "id"}]}]'
        files = {
            "t.xs": f"table t {{\n  auth = false\n  schema {{\n    int id\n{columns}\n  }}\n  {index}\n}}\n",
            "f.xs": f"function f {{\n  input {{\n    json? v?\n  }}\n  stack {{\n{stack}\n  }}\n  response = $r\n}}\n",
        }
        made.append(xsrun.Workspace.from_sources(files, database=options.pop("url", url), clock=NOW, **options))
        return made[-1]

    yield workspace
    for one in made:
        one.close()


def answer(workspace: xsrun.Workspace, value: Any = None) -> Any:
    result = workspace.run("f", input={"v": value})
    assert result.error is None, f"{result.error} ({result.error.hint})"
    return result.response


def refusal(workspace: xsrun.Workspace, value: Any = None) -> Any:
    result = workspace.run("f", input={"v": value})
    assert result.error is not None, result.response
    return result.error


WRITE = """
    db.add t {
      data = {x: $input.v}
    } as $added
    db.get t {
      field_name = "id"
      field_value = $added.id
    } as $r
    precondition ($added == $r)
    var $r { value = $r.x }
"""


@pytest.mark.parametrize(
    ("column", "value", "kept"),
    [
        ("date x?", "now", TODAY),
        ("date[] x?", ["now", "2020-01-02"], [TODAY, "2020-01-02"]),
        ("timestamp x?", "", 0),
        ("timestamp? x?", "", None),
        ("timestamp x?", "now", NOW),
        ("decimal x?", 999999999.999994, 999999999.99999),
        ("decimal x?", -0.000004, 0),
        (
            "geo_polygon x?",
            {"type": "poly", "data": [{"lng": 0, "lat": 0}, {"lng": 1, "lat": 0}, {"lng": 1, "lat": 1}]},
            {
                "type": "poly",
                "data": [{"lng": 0, "lat": 0}, {"lng": 1, "lat": 0}, {"lng": 1, "lat": 1}, {"lng": 0, "lat": 0}],
            },
        ),
        (
            "geo_multipolygon x?",
            "MULTIPOLYGON(((0 0, 1 0, 1 1)))",
            {
                "type": "polys",
                "data": [[{"lng": 0, "lat": 0}, {"lng": 1, "lat": 0}, {"lng": 1, "lat": 1}, {"lng": 0, "lat": 0}]],
            },
        ),
        ("geo_polygon x?", {"type": "poly", "data": []}, {"type": "poly", "data": []}),
        (
            "geo_linestring x?",
            "LINESTRING(0 0, 1 1)",
            {"type": "path", "data": [{"lng": 0, "lat": 0}, {"lng": 1, "lat": 1}]},
        ),
    ],
)
def test_values_as_columns_keep_them(make: Make, column: str, value: Any, kept: Any) -> None:
    assert answer(make(column, WRITE), value) == kept


@pytest.mark.parametrize("value", [999999999.999999, -999999999.999996, 1e9, 1e300])
def test_decimals_are_rounded_before_their_size_is_tested(make: Make, value: float) -> None:
    problem = refusal(make("decimal x?", WRITE), value)
    assert (problem.message, problem.code, problem.status) == ("SQL Error: 0", "ERROR_FATAL", 500)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("geo_point", "POINT"),
        ("geo_multipoint", "MULTIPOINT"),
        ("geo_linestring", "LINESTRING"),
        ("geo_multilinestring", "MULTILINESTRING"),
        ("geo_polygon", "POLYGON"),
        ("geo_multipolygon", "MULTIPOLYGON"),
    ],
)
def test_geojson_is_refused(make: Make, kind: str, word: str) -> None:
    problem = refusal(make(f"{kind} x?", WRITE), {"type": "Point", "coordinates": [1, 2]})
    assert (problem.message, problem.status) == (f"Only strings are supported for: {word}", 400)


# Columns that differ only in case ------------------------------------------------------------------------------------

CASES = "text Capital?\ntext capital?\ntext CAPITAL?\nint other?"


def test_columns_that_differ_in_case_are_two(make: Make) -> None:
    stack = """
    db.add t {
      data = {Capital: "a", capital: "b", CAPITAL: "c"}
    } as $added
    db.edit t {
      field_name = "capital"
      field_value = "b"
      data = {CAPITAL: "d", other: 4}
    }
    db.add t {
      data = {capital: "a"}
    }
    db.query t {
      where = $db.t.Capital == "a" && $db.t.CAPITAL == "d" && $db.t.capital != "a"
      sort = {capital: "asc"}
      return = {type: "list", distinct: "yes"}
      output = ["Capital", "capital", "CAPITAL"]
    } as $r
    """
    assert answer(make(CASES, stack)) == [{"Capital": "a", "capital": "b", "CAPITAL": "d"}]


def test_undeclared_tables_keep_case_too(make: Make) -> None:
    stack = """
    db.add free {
      data = {name: "a"}
    }
    db.add free {
      data = {Name: "b", "x~1": "c"}
    }
    db.query free {
      sort = {id: "asc"}
      output = ["name", "Name", "x~1"]
    } as $r
    """
    assert answer(make("text a?", stack)) == [{"name": "a"}, {"Name": "b", "x~1": "c"}]


def test_names_that_differ_in_case_outlive_the_process(make: Make, tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path}/rows.db"
    writing = 'db.add t {\n data = {Capital: "a", capital: "b"}\n}\n'
    writing += 'db.add free {\n data = {Name: "c", name: "d"}\n} as $r'
    with make(CASES, writing, url=url) as workspace:
        assert answer(workspace)["name"] == "d"
    reading = 'db.query t {\n output = ["Capital", "capital"]\n} as $t\n'
    reading += 'db.query free {\n output = ["Name", "name"]\n} as $f\nvar $r { value = [$t, $f] }'
    with make(CASES, reading, url=url) as workspace:
        assert answer(workspace) == [[{"Capital": "a", "capital": "b"}], [{"Name": "c", "name": "d"}]]


def test_sql_of_a_program_gets_the_names_back(make: Make) -> None:
    stack = """
    db.add t {
      data = {Capital: "a", capital: "b"}
    }
    db.direct_query {
      sql = "SELECT * FROM t"
      response_type = "single"
    } as $r
    """
    row = answer(make(CASES, stack))
    assert (row["Capital"], row["capital"]) == ("a", "b")


# Files ---------------------------------------------------------------------------------------------------------------

FILE = {"access": "public", "path": "/vault/a/b c.txt", "name": "b c.txt", "type": "txt", "size": 1, "meta": {}}
URL = "http://127.0.0.1:8000/vault/a/b%20c.txt"


@pytest.mark.parametrize("kind", ["image", "video", "audio", "attachment"])
def test_files_of_columns_carry_their_address(make: Make, kind: str) -> None:
    stack = """
    db.add t {
      data = {x: $input.v, more: [$input.v], deep: {file: $input.v}}
    } as $added
    db.query t {
      eval = {copy: $db.t.x}
      output = ["x.url", "more.url", "deep.file.url", "copy.url"]
    } as $rows
    db.get t {
      field_value = $added.id
    } as $got
    db.edit t {
      field_value = $added.id
      data = {x: $got.x}
    } as $edited
    db.direct_query {
      sql = "SELECT x FROM t"
      response_type = "single"
    } as $kept
    var $r { value = [$rows, $added.x.url, $got.x.url, $edited.x.url, $kept.x] }
    """
    columns = f"{kind}? x?\n{kind}[] more?\nobject deep? {{\n schema {{\n {kind}? file?\n }}\n}}"
    rows, added, got, edited, kept = answer(make(columns, stack), FILE)
    assert rows == [{"x": {"url": URL}, "more": [{"url": URL}], "deep": {"file": {"url": URL}}, "copy": {"url": URL}}]
    assert added == got == edited == URL
    assert kept == FILE


def test_the_address_of_files_can_be_set(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = "db.add t {\n data = {x: $input.v}\n} as $r"
    told = answer(make("image x?", stack, base_url="https://files.example.test/"), FILE)
    assert told["x"]["url"] == "https://files.example.test/vault/a/b%20c.txt"
    monkeypatch.setenv("XSRUN_BASE_URL", "https://other.example.test")
    assert answer(make("image x?", stack), FILE)["x"]["url"].startswith("https://other.example.test/vault/")


@pytest.mark.parametrize(
    ("column", "value", "condition", "found"),
    [
        ("image x?", None, "$db.t.x == null", 0),
        ("image x?", None, "$db.t.x != null", 1),
        ("image x?", FILE, "$db.t.x == null", 0),
        ("image x?", FILE, "null != $db.t.x", 1),
        ("image? x?", None, "$db.t.x == null", 1),
        ("image? x?", FILE, "$db.t.x != null", 1),
        ("attachment[] x?", None, "$db.t.x != null", 1),
    ],
)
def test_an_empty_file_column_is_no_null(make: Make, column: str, value: Any, condition: str, found: int) -> None:
    stack = f"""
    db.add t {{
      data = {{x: $input.v}}
    }}
    db.query t {{
      where = {condition}
      return = {{type: "count"}}
    }} as $r
    """
    assert answer(make(column, stack), value) == found


# Operands of a where -------------------------------------------------------------------------------------------------

UUID = "3f2b8c1e-5d77-4a6e-9c1d-0a2b3c4d5e6f"
OBJECT, LIST = {"a": 1}, [1]


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("int", ["old", "", OBJECT, LIST]),
        ("decimal", ["old", "", OBJECT, LIST]),
        ("bool", ["maybe", 2, OBJECT, LIST]),
        ("timestamp", ["gibberish", "", OBJECT, LIST]),
        ("date", ["gibberish", 1.5, True, OBJECT, LIST]),
        ("uuid", ["by_name", 1, True, OBJECT, LIST]),
        ("text", [OBJECT, LIST]),
        ("email", [OBJECT, LIST]),
        ("geo_point", ["here", 1, LIST]),
    ],
)
def test_operands_that_do_not_fit_a_column_are_refused(make: Make, kind: str, wrong: list[Any]) -> None:
    """`int` and `uuid` against a text are reported; the others are inferred."""
    for condition in ("$db.t.x == $input.v", "1 == 1 || $input.v != $db.t.x"):
        stack = f"db.query t {{\n where = {condition}\n}} as $r"
        workspace = make(f"{kind} x?", stack)
        for value in wrong:
            problem = refusal(workspace, value)
            assert problem.message == 'ParseError: Invalid value for param:"t.x"', value
            assert (problem.code, problem.status) == ("ERROR_CODE_INPUT_ERROR", 400)
            assert problem.hint


@pytest.mark.parametrize(
    ("kind", "fitting"),
    [
        ("int", ["3", 3.5, True]),
        ("date", ["2023-11-14", "now", NOW, "2023-11-14T10:00:00Z", ""]),
        ("timestamp", ["2023-11-14", "now", NOW]),
        ("uuid", [UUID, ""]),
        ("text", [1, True, ""]),
        ("bool", [0, "true"]),
    ],
)
def test_operands_that_fit_a_column(make: Make, kind: str, fitting: list[Any]) -> None:
    workspace = make(f"{kind} x?", "db.query t {\n where = $db.t.x == $input.v\n} as $r")
    for value in fitting:
        assert answer(workspace, value) == []


@pytest.mark.parametrize("kind", ["int", "decimal", "timestamp", "text", "date", "uuid", "bool", "json"])
@pytest.mark.parametrize("operator", [">", ">=", "<", "<="])
def test_null_has_no_order(make: Make, kind: str, operator: str) -> None:
    for condition in (f"$db.t.x {operator} $input.v", f"$input.v == null || $input.v {operator} $db.t.x"):
        problem = refusal(make(f"{kind} x?", f"db.query t {{\n where = {condition}\n}} as $r"))
        assert (problem.message, problem.status) == ('ParseError: Invalid value for param:"t.x"', 400)
        assert "is dropped" in problem.hint
    optional = make(f"{kind} x?", f"db.query t {{\n where = $db.t.x {operator}? $input.v\n}} as $r")
    assert answer(optional) == []
    for equal in ("==", "!="):
        assert answer(make(f"{kind} x?", f"db.query t {{\n where = $db.t.x {equal} $input.v\n}} as $r")) == []


def test_a_lock_is_a_boolean(make: Make) -> None:
    for lock, fine in (("true", True), ('"1"', True), ('"update"', False), ("{}", False)):
        stack = f"db.transaction {{\n stack {{\n db.query t {{\n lock = {lock}\n}} as $r\n}}\n}}"
        result = make("int x?", stack).run("f")
        assert (result.error is None) == fine
        if result.error is not None:
            assert (result.error.message, result.status) == ("Invalid boolean input", 400)


def test_files_as_texts_are_inputs() -> None:
    text = "function f {\ninput {\nfile a\n}\nstack {\nstorage.read_file_resource {\n value = $input.a\n} as $r\n }\n"
    workspace = xsrun.Workspace.from_sources({"f.xs": text + " response = $r.data\n}\n"})
    for given in ("aGVsbG8=", "data:text/plain;base64,aGVsbG8="):
        result = workspace.run("f", input={"a": given})
        assert (result.error, result.response) == (None, "hello")
