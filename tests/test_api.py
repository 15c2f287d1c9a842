"""The public API, as the documentation states it."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

import xsrun
from xsrun.errors import UsageError
from xsrun.server import create_application

DOUBLE = "function double {\n  input {\n    int n\n  }\n  stack {\n  }\n  response = $input.n * 2\n}\n"
CALLER = (
    "function caller {\n  input {\n  }\n  stack {\n    function.run double {\n      input = {n: 4}\n    } as $r\n  }\n"
    "  response = $r\n}\n"
)


def test_parse_gives_a_tree_and_raises_on_errors() -> None:
    assert xsrun.parse(DOUBLE).items[0].name == "function"
    with pytest.raises(xsrun.XanoScriptSyntaxError) as caught:
        xsrun.parse("function f {\n  stack {\n    var $x { value = ) }\n  }\n}\n", filename="f.xs")
    assert (caught.value.file, caught.value.line) == ("f.xs", 3)
    assert caught.value.diagnostics


def test_parse_with_recover_never_raises() -> None:
    tree = xsrun.parse("function f {\n  stack {\n    var $x { value = ) }\n  }\n}\n", recover=True)
    assert [problem.line for problem in tree.diagnostics] == [3]


def test_evaluate() -> None:
    assert xsrun.evaluate('$a ~ "-" ~ $b.c', {"a": "x", "b": {"c": 2}}) == "x-2"
    with pytest.raises(xsrun.XanoScriptError, match="Missing var entry: x"):
        xsrun.evaluate("$x")


def test_run_by_name_and_the_only_construct() -> None:
    workspace = xsrun.Workspace.from_sources({"a.xs": DOUBLE})
    assert workspace.run("double", input={"n": 4}).response == 8
    assert workspace.run(input={"n": 5}).response == 10
    with pytest.raises(UsageError, match="there is no function dubble"):
        workspace.run("dubble", kind="function")
    with pytest.raises(UsageError, match="must be an object"):
        workspace.run("double", input=[1])


def test_errors_of_the_program_are_in_the_result() -> None:
    workspace = xsrun.Workspace.from_sources({"a.xs": "var $x { value = 1 }\nvar $y { value = $x.a }\n"})
    result = workspace.run()
    assert result.error is not None
    assert (result.error.code, result.error.file, result.error.line) == ("ERROR_FATAL", "a.xs", 2)
    assert str(result.error) == "Unable to locate var: x.a"
    assert result.status == 500


def test_error_in_a_callee_names_the_callees_file() -> None:
    broken = DOUBLE.replace("$input.n * 2", "$input.n * $nothing")
    workspace = xsrun.Workspace.from_sources({"double.xs": broken, "caller.xs": CALLER})
    error = workspace.run("caller").error
    assert error is not None
    assert (error.file, error.line, str(error)) == ("double.xs", 7, "Missing var entry: nothing")


def test_a_broken_file_does_not_stop_the_others() -> None:
    workspace = xsrun.Workspace.from_sources({"a.xs": DOUBLE, "b.xs": "function broken {\n  stack {\n"})
    assert workspace.run("double", input={"n": 1}).response == 2
    assert workspace.run(file="b.xs").error is not None


def test_the_same_construct_twice() -> None:
    both = xsrun.Workspace.from_sources({"a.xs": DOUBLE, "multidoc/all.xs": DOUBLE + "\n---\n" + CALLER})
    assert len(both.constructs) == 2
    assert both.run("caller").response == 8
    differing = xsrun.Workspace.from_sources({"a.xs": DOUBLE, "b.xs": DOUBLE.replace("* 2", "* 3")})
    error = differing.run("double", input={"n": 1}).error
    assert error is not None
    assert "declared twice" in str(error)
    assert error.hint is not None
    assert "a.xs" in f"{error.hint} {error.file}"


def test_constructs_are_listed() -> None:
    workspace = xsrun.Workspace.from_sources({"a.xs": DOUBLE, "b.xs": CALLER})
    assert [(c.kind, c.name, c.verb, c.api_group, c.file, c.line) for c in workspace.constructs] == [
        ("function", "double", None, None, "a.xs", 1),
        ("function", "caller", None, None, "b.xs", 1),
    ]


def test_load_a_folder(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "x.xs").write_text(DOUBLE, encoding="utf-8")
    (tmp_path / "b.xs").write_text(CALLER, encoding="utf-8")
    with xsrun.Workspace.load(tmp_path) as workspace:
        assert workspace.run("caller").response == 8
    with pytest.raises(UsageError, match="no such file"):
        xsrun.Workspace.load(tmp_path / "none")


def test_environment_file_and_option(tmp_path: Path) -> None:
    (tmp_path / "a.xs").write_text("var $x { value = [$env.PLACE, $env.OTHER, $env.NO_SUCH] }\n", encoding="utf-8")
    (tmp_path / ".env").write_text('# comment\nPLACE="north"\nexport OTHER=1 # one\n', encoding="utf-8")
    workspace = xsrun.Workspace.load(tmp_path)
    assert workspace.run().variables == {"x": ["north", "1", None]}
    assert workspace.run(env={"PLACE": "south"}).variables["x"][0] == "south"


def test_fixed_clock() -> None:
    workspace = xsrun.Workspace.from_sources({"a.xs": "var $x { value = now }\n"}, clock=5)
    assert workspace.run().variables == {"x": 5}


def test_identity() -> None:
    sources = {"a.xs": "var $x { value = $auth.id ~ $auth.extras.role }\n"}
    workspace = xsrun.Workspace.from_sources(sources)
    result = workspace.run(auth={"id": 3, "table": "user", "extras": {"role": "r"}})
    assert result.variables == {"x": "3r"}
    denied = workspace.run()
    assert denied.error is not None
    assert (denied.status, denied.error.code) == (403, "ERROR_CODE_ACCESS_DENIED")


def test_trace_is_nested_and_masks_secrets() -> None:
    secret = DOUBLE.replace("int n\n", "int n\n    text? token? {\n      sensitive = true\n    }\n").replace(
        "stack {\n  }", "stack {\n    var $t { value = $input.token }\n  }"
    )
    caller = CALLER.replace("{n: 4}", '{n: 4, token: "hush"}')
    workspace = xsrun.Workspace.from_sources({"a.xs": secret, "b.xs": caller})
    trace = workspace.run("caller", trace=True).trace
    assert trace is not None
    shown = [(entry.statement, entry.file, entry.line, entry.depth, entry.value) for entry in trace]
    assert shown[0][:4] == ("function.run double", "b.xs", 5, 1)
    assert shown[1] == ("var $t", "a.xs", 9, 2, '"***"')


def test_limits_stop_a_run_with_its_line() -> None:
    endless = "var $n { value = 0 }\nwhile (true) {\n  each {\n    math.add $n { value = 1 }\n  }\n}\n"
    workspace = xsrun.Workspace.from_sources({"a.xs": endless}, limits=xsrun.Limits(steps=5_000))
    error = workspace.run().error
    assert error is not None
    assert "infinite loop" in str(error)
    assert error.line == 2
    recursive = "function f {\n  input {\n  }\n  stack {\n    function.run f as $x\n  }\n  response = $x\n}\n"
    deep = xsrun.Workspace.from_sources({"a.xs": recursive}).run("f").error
    assert deep is not None
    assert "nested more than" in str(deep)
    assert deep.line == 5


def test_threads_share_a_workspace() -> None:
    workspace = xsrun.Workspace.from_sources({"a.xs": DOUBLE, "b.xs": CALLER})
    answers: list[object] = []

    def work() -> None:
        answers.extend(workspace.run("double", input={"n": n}).response for n in range(50))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted([n * 2 for n in range(50)] * 4)  # type: ignore[type-var]


def test_module_offers_exactly_its_api() -> None:
    assert set(dir(xsrun)) == set(xsrun.__all__)
    for name in xsrun.__all__:
        assert getattr(xsrun, name) is not None
    with pytest.raises(AttributeError):
        _ = xsrun.no_such_name


def test_a_broken_table_stops_only_what_uses_it() -> None:
    sources = {
        "good.xs": "table good {\n  auth = false\n  schema {\n    int id\n    text name\n  }\n}\n",
        "bad.xs": "table bad {\n  auth = false\n  schema {\n    int id\n    string name\n  }\n}\n",
        "a.xs": 'function a {\n  input {\n  }\n  stack {\n    db.add good { data = {name: "x"} } as $row\n  }\n'
        "  response = $row.name\n}\n",
        "b.xs": "function b {\n  input {\n  }\n  stack {\n    db.query bad as $rows\n  }\n  response = $rows\n}\n",
    }
    with xsrun.Workspace.from_sources(sources) as workspace:
        assert workspace.run("a").response == "x"
        error = workspace.run("b").error
    assert error is not None
    assert (error.file, error.line) == ("bad.xs", 5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda one: xsrun.Workspace.load(5), "path must be"),
        (lambda one: xsrun.Workspace.from_sources("function f {}"), "sources must be a dict"),
        (
            lambda one: xsrun.Workspace.from_sources({"a.xs": 5}),
            "sources['a.xs'] must be the text of a file",
        ),
        (
            lambda one: xsrun.Workspace.from_sources({}, limits={"steps": 5}),
            "limits must be an xsrun.Limits",
        ),
        (lambda one: xsrun.Workspace.from_sources({}, clock="now"), "clock must be"),
        (lambda one: xsrun.Workspace.from_sources({}, database=5), "database must be a URL"),
        (lambda one: xsrun.Workspace.from_sources({}, env=["A=1"]), "env must be"),
        (lambda one: one.seed([1]), "rows must be a dict with a list of rows for each table, not a list"),
        (lambda one: one.seed({"user": {"id": 1}}), "rows['user'] must be a list of rows"),
        (lambda one: one.seed({"user": [{"id": 1}, 5]}), "rows['user'][1] must be a dict of columns"),
        (lambda one: one.run(5), "name must be a text"),
        (lambda one: one.run("double", auth=5), "auth must be a dict with table and id, not an int"),
        (lambda one: one.run("double", auth={"user_id": 5}), "auth has no `user_id`"),
        (lambda one: one.run("double", input={"n": {1, 2}}), "input['n'] is a set"),
        (lambda one: one.run("double", body="text"), "body must be bytes"),
        (lambda one: one.run("double", headers=["a"]), "headers must be a dict"),
        (lambda one: one.test(kind="bogus"), "kind 'bogus' is not a kind of tests"),
        (lambda one: xsrun.evaluate(5), "expression must be the text of an expression"),
        (lambda one: xsrun.evaluate("$x", {"$x": 5}), "without the dollar sign: 'x', not '$x'"),
        (lambda one: xsrun.evaluate("$x", {"x": Decimal(1)}), "variables['x'] is a Decimal"),
        (lambda one: xsrun.evaluate("$x", {"x": [{"y": (1, 2)}]}), "variables['x'][0]['y'] is a tuple"),
        (lambda one: xsrun.evaluate("$x", {"x": datetime.now(UTC)}), "a time is milliseconds"),
        (lambda one: xsrun.evaluate("$x", {"x": {1: 2}}), "has the key 1"),
        (lambda one: xsrun.check("a.xs"), "sources must be"),
        (lambda one: xsrun.parse(None), "source must be the text of a program, not None"),
        (lambda one: xsrun.format(b""), "source must be the text of a program"),
    ],
)
def test_misuse_names_the_argument(call: Callable[[xsrun.Workspace], object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        call(xsrun.Workspace.from_sources({"a.xs": DOUBLE}))
    assert message in f"{caught.value} {caught.value.hint}"


def test_a_table_is_not_run() -> None:
    table = 'table "user" {\n  auth = false\n  schema {\n    int id\n  }\n}\n'
    workspace = xsrun.Workspace.from_sources({"table/user.xs": table, "a.xs": DOUBLE})
    for options in ({"file": "table/user.xs"}, {"name": "user"}):
        with pytest.raises(UsageError, match="cannot be run: a table is not a program") as caught:
            workspace.run(**options)
        assert "--seed" in str(caught.value.hint)
    server = xsrun.Workspace.from_sources({"s.xs": 'mcp_server Desk {\n  canonical = "abc"\n  tools = []\n}\n'})
    with pytest.raises(UsageError, match="an mcp server is not a program") as caught:
        server.run("Desk")
    assert "xsrun run tool:NAME" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        (lambda: xsrun.Workspace({}, databse="x"), "Workspace has no option `databse`", "did you mean `database`?"),
        (lambda: xsrun.Workspace.load(".", strct=True), "Workspace.load has no option `strct`", "`strict`?"),
        (lambda: xsrun.Workspace.from_sources({}, limit=1), "Workspace.from_sources has no option", "`limits`?"),
        (
            lambda: xsrun.Workspace.from_sources({}, flavour=1),
            "has no option `flavour`",
            "it takes: allow_run, base_url, cache,",
        ),
        (lambda: xsrun.Workspace.from_sources({}).run(inputs={}), "Workspace.run has no option", "`input`?"),
        (lambda: xsrun.Workspace.from_sources({}).test(patern=""), "Workspace.test has no option", "`pattern`?"),
        (
            lambda: xsrun.Workspace.from_sources({}).seed({}, datasorce=""),
            "Workspace.seed has no option",
            "`datasource`?",
        ),
        (lambda: xsrun.parse("", recovr=True), "parse has no option `recovr`", "did you mean `recover`?"),
        (lambda: xsrun.check(source={}), "check has no option `source`", "did you mean `sources`?"),
        (lambda: xsrun.format(text=""), "format has no option `text`", "it takes: source"),
        (lambda: xsrun.evaluate("1", variable={}), "evaluate has no option", "did you mean `variables`?"),
        (lambda: create_application(None, max_bdy=1), "create_application has no option", "did you mean `max_body`?"),
    ],
)
def test_a_misspelt_option_is_named_with_the_one_that_is_meant(
    call: Callable[[], object], message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        call()
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
    assert xsrun.UsageError is UsageError


def test_the_signatures_are_still_shown() -> None:
    shown = list(inspect.signature(xsrun.Workspace.run).parameters)
    assert shown[:4] == ["self", "name", "kind", "input"]
    assert "Run one construct" in (xsrun.Workspace.run.__doc__ or "")
    assert list(inspect.signature(xsrun.evaluate).parameters) == ["expression", "variables", "env"]
