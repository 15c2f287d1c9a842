"""`xsrun dap`: a client stops programs at their lines, looks into them, changes values, and goes back in what was."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dap_client import DapClient, DapFailure, InProcess, over_port, over_streams

from xsrun import Workspace, registry
from xsrun.editor.dap.breakpoints import hits_condition, stops_of
from xsrun.editor.dap.dap_wire import DapWire, wire_over
from xsrun.editor.dap.run_record import ABSENT, RunRecord, RunStep, StepCall
from xsrun.errors import UsageError

SAMPLES = Path(__file__).parents[1] / "samples"

DOUBLE = """function double {
  input {
    int n
    text secret_key?
  }

  stack {
    var $twice {
      value = $input.n * 2
    }

    var $more {
      value = $twice + 1
    }
  }

  response = $twice
}
"""
MAIN = """var $list { value = [1, 2, 3] }
var $sum { value = 0 }
foreach ($list) {
  each as $item {
    function.run double { input = {n: $item} } as $d
    math.add $sum { value = $d }
  }
}
debug.log { value = $sum }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A function, and a list of statements that calls it in a loop."""
    (tmp_path / "function").mkdir()
    (tmp_path / "function" / "double.xs").write_text(DOUBLE, encoding="utf-8")
    (tmp_path / "main.xs").write_text(MAIN, encoding="utf-8")
    return tmp_path


@pytest.fixture
def client() -> Iterator[InProcess]:
    with InProcess() as made:
        yield made


def started(client: DapClient, folder: Path, *points: Any, file: str = "main.xs", **settings: Any) -> DapClient:
    """Launch a file of a folder with some breakpoints."""
    client.open(program=str(folder / file), workspace=str(folder), **settings)
    if points:
        client.points(folder / file, *points)
    client.begin()
    return client


def program(folder: Path, text: str) -> str:
    """Write a program; gives the name of its file."""
    (folder / "other.xs").write_text(text, encoding="utf-8")
    return "other.xs"


# Breakpoints ---------------------------------------------------------------------------------------------------------


def test_breakpoints_stop_at_lines_and_tell_which(client: InProcess, folder: Path) -> None:
    client.open(program=str(folder / "main.xs"), workspace=str(folder))
    told = client.points(folder / "function" / "double.xs", 1, 9, 13, 17, 20)
    assert [(one["verified"], one["line"]) for one in told] == [
        (True, 8),
        (True, 8),
        (True, 12),
        (True, 17),
        (False, 20),
    ]
    assert told[-1]["message"] == "no statement runs here"
    client.points(folder / "function" / "double.xs", 12)
    assert client.points(folder / "main.xs", {"line": 6, "condition": "$sum >"})[0]["message"]
    assert client.points(folder / "elsewhere.xs", 1)[0]["verified"] is False
    client.begin()
    assert client.stopped("breakpoint") == 12
    assert client.names() == ["function double:12", "statements:5"]
    assert client.go("continue", "breakpoint") == 12
    client.points(folder / "function" / "double.xs")
    client.resume()
    assert client.finish() == 0
    assert client.printed("stdout").startswith("12\n{")


def test_the_lines_that_breakpoints_can_have(client: InProcess, folder: Path) -> None:
    client.open(program=str(folder / "main.xs"), workspace=str(folder))
    found = client.ask("breakpointLocations", source={"path": str(folder / "main.xs")}, line=2, endLine=99)
    assert [one["line"] for one in found["breakpoints"]] == [2, 3, 4, 5, 6, 9]


@pytest.mark.parametrize(
    ("point", "sums"),
    [
        ({"condition": "$item == 2"}, ["2"]),
        ({"condition": "($list|count) == 3 && $sum > 0"}, ["2", "6"]),
        ({"condition": "$nothing.there == 1"}, []),
        ({"hitCondition": "2"}, ["2"]),
        ({"hitCondition": ">= 2"}, ["2", "6"]),
        ({"hitCondition": "% 2 == 1"}, ["0", "6"]),
        ({"hitCondition": "$hits == 1 || $hits == 3"}, ["0", "6"]),
        ({"condition": "$item > 1", "hitCondition": "2"}, ["6"]),
    ],
)
def test_conditions_and_hit_counts_are_xanoscript(
    client: InProcess, folder: Path, point: dict[str, str], sums: list[str]
) -> None:
    started(client, folder, {"line": 6, **point})
    for expected in sums:
        assert client.stopped("breakpoint") == 6
        assert client.variables()["sum"] == expected
        client.resume()
    assert client.finish() == 0


def test_logpoints_write_and_do_not_stop(client: InProcess, folder: Path) -> None:
    started(client, folder, {"line": 6, "logMessage": "item {$item} of {$list}: {$sum + $d}, {$none}"})
    assert client.finish() == 0
    lines = client.printed("console").splitlines()
    assert lines[0] == "item 1 of [1,2,3]: 2, <Missing var entry: none>" and len(lines) == 3
    (first, *_) = [one for one in client.output if one["category"] == "console"]
    assert first["source"]["path"] == str(folder / "main.xs") and first["line"] == 6


# Stepping ------------------------------------------------------------------------------------------------------------


def test_stepping_in_over_and_out(client: InProcess, folder: Path) -> None:
    started(client, folder, stopOnEntry=True)
    assert client.stopped("entry") == 1
    assert [client.go("next", "step") for _ in range(4)] == [2, 3, 4, 5]
    assert client.go("stepIn") == 8 and client.names() == ["function double:8", "statements:5"]
    assert client.go("next") == 12
    assert client.go("next") == 6, "behind the last statement of a call comes the next one of its caller"
    assert client.go("next") == 4 and client.go("next") == 5
    assert client.go("next") == 6, "over the call"
    client.go("next")
    client.go("next")
    assert client.go("stepIn") == 8 and client.go("stepOut") == 6
    client.resume()
    assert client.finish() == 0


def test_stepping_through_middleware_and_triggers(client: InProcess, tmp_path: Path) -> None:
    sources = {
        "table/item.xs": "table item {\n  auth = false\n  schema {\n    int id\n    text name\n  }\n}\n",
        "middleware/first.xs": "middleware first {\n  input {\n    json vars\n"
        '    enum type { values = ["pre", "post"] }\n'
        "  }\n  stack {\n    var $seen { value = true }\n  }\n  response = null\n}\n",
        "trigger/wrote.xs": 'table_trigger wrote {\n  table = "item"\n  input {\n    json new\n    json old\n'
        "    text action\n"
        "    text datasource\n  }\n  stack {\n    var $written { value = $input.new.name }\n  }\n"
        "  actions = {insert: true}\n}\n",
        "function/add.xs": "function add {\n  input {\n    text name\n  }\n  stack {\n"
        "    db.add item { data = {name: $input.name} } as $row\n  }\n  response = $row.name\n"
        '  middleware = {pre: [{name: "first"}]}\n}\n',
    }
    for name, text in sources.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    client.open(construct="function:add", workspace=str(tmp_path), input={"name": "pen"}, stopOnEntry=True)
    client.begin()
    client.stopped("entry")
    seen = [client.names()]
    for _ in range(2):
        client.go("stepIn")
        seen.append(client.names())
    assert seen == [
        ["middleware first:7"],
        ["function add:6"],
        ["table_trigger wrote:10", "function add:6"],
    ]
    assert client.evaluate("$input.new.name") == '"pen"'
    client.resume()
    assert client.finish() == 0 and '"pen"' in client.printed("stdout")


def test_stepping_through_a_test(client: InProcess) -> None:
    shop = SAMPLES / "shop"
    client.open(test="ten and more", program=str(shop / "function" / "discount.xs"))
    client.points(shop / "function" / "discount.xs", 29)
    client.begin()
    assert client.stopped("breakpoint") == 29
    assert client.ask("threads")["threads"] == [{"id": client.thread, "name": 'test "ten and more get a tenth off"'}]
    assert client.variables() == {"rate": "0.1"}
    client.resume()
    assert client.finish() == 0
    assert "ten and more get a tenth off" in client.printed("stdout") and "1 passed, 0 failed" in client.printed(
        "console"
    )


def test_workflow_tests_and_their_inner_stacks(client: InProcess, tmp_path: Path) -> None:
    (tmp_path / "workflow_test").mkdir()
    (tmp_path / "workflow_test" / "w.xs").write_text(
        "workflow_test w {\n  stack {\n    expect.to_throw {\n      stack {\n        var $x { value = 1 }\n"
        '        throw { name = "no" value = $x }\n      }\n    }\n  }\n}\n',
        encoding="utf-8",
    )
    client.open(test=True, workspace=str(tmp_path))
    client.points(tmp_path / "workflow_test" / "w.xs", 6)
    client.begin()
    assert client.stopped("breakpoint") == 6
    assert client.names() == ["workflow_test w: inner stack:6", "workflow_test w:3"]
    assert client.variables() == {"x": "1"}
    client.resume()
    assert client.finish() == 0


def traced_programs() -> list[Any]:
    """Programs to step through: the examples of statements, and what the samples hold."""
    found = []
    for record in registry.every("statement"):
        for number, example in enumerate(record.examples, 1):
            if "api.request" not in example.source and "util.sleep" not in example.source:
                found.append(pytest.param(example.source, id=f"{record.name}-{number}"))
    return found


def through(client: DapClient, how: str = "stepIn") -> list[tuple[str, int]]:
    """The places at which a program stops that is stepped through to its end."""
    places = []
    while (event := client.events.get(timeout=60)) is not None and event["event"] == "stopped":
        client.thread = event["body"]["threadId"]
        (top, *_) = client.stack()
        places.append((top["source"]["name"], top["line"]))
        client.resume(how)
    client.wait("terminated")
    return places


@pytest.mark.parametrize("source", traced_programs()[::3])
def test_stepping_visits_just_the_lines_of_the_trace(source: str, tmp_path: Path) -> None:
    (tmp_path / "program.xs").write_text(source, encoding="utf-8")
    with Workspace.load(tmp_path / "program.xs") as workspace:
        trace = workspace.run(trace=True).trace
    assert trace is not None
    with InProcess() as client:
        client.open(program=str(tmp_path / "program.xs"), stopOnEntry=True)
        locations = client.ask(
            "breakpointLocations", source={"path": str(tmp_path / "program.xs")}, line=1, endLine=999
        )
        client.begin()
        # what runs after the response is in no file for a trace
        assert through(client) == [(Path(entry.file).name or "program.xs", entry.line) for entry in trace]
        assert {entry.line for entry in trace} <= {one["line"] for one in locations["breakpoints"]}


@pytest.mark.parametrize(
    ("sample", "construct", "given"),
    [
        ("shop", "function:discount", {"price": 2, "count": 10}),
        ("shop", "query:GET items", {}),
        ("snippets", None, {}),
        ("jwe", None, {}),
    ],
)
def test_stepping_through_the_samples(
    sample: str, construct: str | None, given: dict[str, Any], tmp_path: Path
) -> None:
    files = [None] if construct is not None else sorted((SAMPLES / sample).glob("*.xs"))
    for file in files:
        settings: dict[str, Any] = {"input": given, "variables": {"secret": "s" * 32, "encryption_key": "k" * 32}}
        if file is None:
            settings = {"input": given, "construct": construct, "workspace": str(SAMPLES / sample)}
        else:
            settings["program"] = str(file)
            (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
        with Workspace.load(SAMPLES / sample if file is None else file) as workspace:
            kind, name = (construct or ":").split(":")
            verb, _, name = name.rpartition(" ")
            options = {"variables": settings["variables"]} if "variables" in settings else {}
            if file is not None and workspace.constructs[0].kind != "stack":
                options = {}
                settings.pop("variables")
            result = workspace.run(name or None, kind or None, given, verb=verb or None, trace=True, **options)
        with InProcess() as client:
            client.open(**settings, stopOnEntry=True)
            client.begin()
            assert through(client) == [(Path(one.file).name, one.line) for one in result.trace or []]


# Looking and changing ------------------------------------------------------------------------------------------------


def test_values_are_a_tree_with_secrets_masked(client: InProcess, folder: Path) -> None:
    file = program(
        folder,
        """var $long { value = 1..2500 }
var $object { value = {a: {b: [true, null, "x"]}, "odd name": 1.5, password: "hunter2", empty: []} }
function.run double { input = {n: 4, secret_key: "s3cr3t-value"} } as $d
""",
    )
    client.open(
        program=str(folder / file), workspace=str(folder), env={"API_KEY": "topsecret"}, auth={"table": "user", "id": 7}
    )
    client.points(folder / "function" / "double.xs", 12)
    client.begin()
    client.stopped("breakpoint")
    assert client.values(client.scope("$input")) == {"n": "4", "secret_key": "***"}
    assert client.values(client.scope("$auth")) == {"id": "7", "table": '"user"', "extras": "{}"}
    assert client.values(client.scope("$env"))["API_KEY"] == "***"
    caller = client.scope("$var", 1)
    shown = client.values(caller)
    assert shown["long"].startswith("(2500) [1,2,3,") and shown["long"].endswith("...")
    assert "hunter2" not in shown["object"] and shown["object"].startswith('{"a":{"b":[true,null,"x"]}')
    inside = client.below(caller, "object")
    assert client.values(inside) == {
        "a": '{"b":[true,null,"x"]}',
        "odd name": "1.5",
        "password": "***",
        "empty": "(0) []",
    }
    told = client.ask("variables", variablesReference=inside)["variables"]
    assert [one["evaluateName"] for one in told[:2]] == ["$object.a", '$object["odd name"]']
    assert [one["type"] for one in told] == ["object", "decimal", "text", "list"]
    below = client.below(client.below(inside, "a"), "b")
    assert client.values(below) == {"[0]": "true", "[1]": "null", "[2]": '"x"'}
    long = client.below(caller, "long")
    assert len(client.values(long)) == 1000
    assert client.values(long, start=2498, count=10) == {"[2498]": "2499", "[2499]": "2500"}
    assert client.evaluate("$env.API_KEY") == "***" and client.evaluate("$input.secret_key") == "***"
    with pytest.raises(DapFailure, match="not there any more"):
        client.ask("variables", variablesReference=10_000)


def test_expressions_are_evaluated_where_the_program_stands(client: InProcess, folder: Path) -> None:
    client.open(program=str(folder / "main.xs"), workspace=str(folder))
    client.points(folder / "function" / "double.xs", 12)
    client.begin()
    client.stopped()
    assert client.evaluate("$twice + $input.n") == "3"
    assert client.evaluate("$list|map:$$ * 10", frame=1) == "(3) [10,20,30]"
    assert client.evaluate("$var", frame=1).startswith('{"list":[1,2,3]')
    for wrong, told in {
        "$list": "Missing var",
        "$twice +": "a value is missing",
        "$twice|nothing": "Unable to locate func",
    }.items():
        with pytest.raises(DapFailure, match=told):
            client.evaluate(wrong)
    assert client.variables() == {"twice": "2"}, "a look changes nothing"


def test_values_are_changed_where_the_program_stands(client: InProcess, folder: Path) -> None:
    started(client, folder, 6)
    client.stopped()
    scope = client.scope("$var")
    assert client.ask("setVariable", variablesReference=scope, name="d", value="$d + 100")["value"] == "102"
    assert client.ask("setVariable", variablesReference=client.below(scope, "list"), name="[2]", value="30")
    assert client.go("next") == 4
    assert (
        client.variables() == {"list": "(3) [1,2,30]", "sum": "102", "item": "1", "d": "102"}
        or client.variables()["sum"] == "102"
    )
    assert client.evaluate('$sum = "a" ~ 1', context="repl") == '"a1"', "a value of any kind"
    assert client.evaluate("$list[0] = {n: [1]}", context="repl") == '{"n":[1]}'
    told = client.ask("setExpression", expression="$list[0].n[0]", value="2", frameId=client.frames[0]["id"])
    assert told["value"] == "2" and client.evaluate("$list") == '(3) [{"n":[2]},2,30]'
    assert client.evaluate("$env.MODE = 1", context="repl") == "1" and client.evaluate("$env.MODE") == "***"
    for place, why in {
        "$nothing": "no statement of statements sets",
        "$auth.id": "cannot be set",
        "$input": "as a whole",
        "1 + 1": "cannot be set",
    }.items():
        with pytest.raises(DapFailure, match=re.escape(why)):
            client.ask("setExpression", expression=place, value="1", frameId=client.frames[0]["id"])
    client.evaluate("$sum = 0", context="repl")
    client.points(folder / "main.xs")
    client.resume()
    assert client.finish() == 0
    assert '"sum": 10' in client.printed("stdout"), "the loop goes over the list as it was when it began"


def test_inputs_and_variables_of_callers_are_changed(client: InProcess, folder: Path) -> None:
    client.open(program=str(folder / "main.xs"), workspace=str(folder))
    client.points(folder / "function" / "double.xs", 8)
    client.begin()
    client.stopped()
    client.ask("setVariable", variablesReference=client.scope("$input"), name="n", value="50")
    client.ask("setVariable", variablesReference=client.scope("$var", 1), name="sum", value="1000")
    client.points(folder / "function" / "double.xs")
    client.points(folder / "main.xs", 9)
    assert client.go("continue") == 9
    assert client.variables()["sum"] == "1110"


# Errors --------------------------------------------------------------------------------------------------------------

FAILING = """var $xs { value = [{n: 1}, {n: 0}] }
try_catch {
  try {
    throw { name = "Mine" value = 1 }
  }
  catch {
    var $caught { value = $error.name }
  }
}
var $ys { value = $xs|map:10 / $this.n }
"""


def test_an_error_that_nothing_catches_stops_where_it_came_from(client: InProcess, folder: Path) -> None:
    file = program(folder, FAILING)
    client.open(program=str(folder / file), workspace=str(folder))
    client.ask("setExceptionBreakpoints", filters=["uncaught"])
    client.begin()
    assert client.stopped("exception") == 10
    assert "zero" in client.text.lower()
    assert client.variables() == {"xs": '(2) [{"n":1},{"n":0}]', "caught": '"Mine"'}
    assert client.values(client.scope("$this and the like"))["this"] == '{"n":0}'
    assert client.evaluate("$this.n + 1") == "1"
    told = client.ask("exceptionInfo", threadId=client.thread)
    assert told["breakMode"] == "unhandled" and "other.xs:10:" in told["description"] and "^" in told["description"]
    with pytest.raises(DapFailure, match="cannot be set here"):
        client.evaluate("$xs = 1", context="repl")
    client.resume()
    assert client.finish() == 1
    assert "other.xs:10:" in client.printed("stderr")


def test_errors_that_are_caught_and_errors_by_code(client: InProcess, folder: Path) -> None:
    file = program(folder, FAILING)
    client.open(program=str(folder / file), workspace=str(folder))
    client.ask("setExceptionBreakpoints", filters=["all"])
    client.begin()
    assert client.stopped("exception") == 4
    assert client.ask("exceptionInfo", threadId=client.thread)["exceptionId"] == "Mine"
    assert client.go("continue", "exception") == 10
    client.resume()
    assert client.finish() == 1
    for codes, lines in {"Mine": [4], "ERROR_FATAL": [10], "NO_SUCH": []}.items():
        with InProcess() as other:
            other.open(program=str(folder / file), workspace=str(folder))
            option = {"filterId": "all", "condition": codes}
            other.ask("setExceptionBreakpoints", filters=[], filterOptions=[option])
            other.begin()
            assert [line for _, line in through_errors(other)] == lines


def through_errors(client: DapClient) -> list[tuple[str, int]]:
    return through(client, "continue")


def test_errors_in_calls_show_the_calls(client: InProcess, folder: Path) -> None:
    file = program(folder, 'function.run double { input = {n: "x"} } as $d\n')
    client.open(program=str(folder / file), workspace=str(folder))
    client.ask("setExceptionBreakpoints", filters=["uncaught"])
    client.begin()
    assert client.stopped("exception") == 1 and client.names() == ["statements:1"]
    client.resume()
    assert client.finish() == 1


# Backwards -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def recorded(folder: Path) -> Iterator[InProcess]:
    """A program that has come to its last statement, and keeps what it did."""
    with InProcess() as made:
        started(made, folder, 9, record=True)
        assert made.capabilities["supportsStepBack"] is True
        made.stopped("breakpoint")
        yield made


def test_stepping_back_shows_what_was(recorded: InProcess, folder: Path) -> None:
    seen = [(recorded.go("stepBack", "step"), recorded.variables().get("sum")) for _ in range(4)]
    assert seen == [(6, "6"), (5, "6"), (4, "6"), (6, "2")]
    assert recorded.variables()["d"] == "4" and recorded.evaluate("$sum + $d") == "6"
    assert recorded.go("stepIn") == 4 and recorded.go("stepIn") == 5
    assert recorded.go("stepIn") == 8 and recorded.names() == ["function double:8", "statements:5"]
    assert recorded.values(recorded.scope("$input"))["n"] == "3" and recorded.variables(1)["item"] == "3"
    assert recorded.go("stepOut") == 6 and recorded.go("next", "step") == 9, "the present again"
    recorded.evaluate("$sum = 1", context="repl")
    recorded.resume()
    assert recorded.finish() == 0 and recorded.printed("stdout").startswith("1\n"), "it went on from the present"


def test_going_back_to_a_breakpoint_and_to_the_beginning(recorded: InProcess, folder: Path) -> None:
    recorded.points(folder / "function" / "double.xs", {"line": 12, "condition": "$input.n == 2"})
    assert recorded.go("reverseContinue", "breakpoint") == 12
    assert recorded.variables() == {"twice": "4"}
    assert recorded.go("reverseContinue", "entry") == 1
    assert recorded.variables() == {}
    assert recorded.go("continue", "breakpoint") == 12, "forward again in what was"
    assert recorded.go("continue") == 9
    with pytest.raises(DapFailure, match="cannot be set here"):
        recorded.go("stepBack")
        recorded.evaluate("$sum = 1", context="repl")


def test_when_did_it_become_so(recorded: InProcess, folder: Path) -> None:
    main = folder / "main.xs"
    assert (
        recorded.evaluate("when $sum", context="repl") == f"$sum = 12 since {main}:6, `math.add $sum` (step 21 of 22)"
    )
    said = recorded.evaluate("when did $sum become 12?", context="repl")
    assert said == f"$sum == 12 since {main}:6, `math.add $sum` (step 21 of 22)"
    assert f"{main}:2," in recorded.evaluate("when $sum < 100", context="repl")
    with pytest.raises(DapFailure, match="is not true here"):
        recorded.evaluate("when $sum == null", context="repl")
    assert recorded.evaluate("back to $sum == 2", context="repl") == ""
    assert recorded.stopped("goto") == 6 and recorded.variables()["sum"] == "2"
    with pytest.raises(DapFailure, match="was not true"):
        recorded.evaluate("back $sum == 77", context="repl")


def test_when_did_it_become_null(folder: Path) -> None:
    file = program(
        folder,
        "var $x { value = {a: 1} }\nvar $y { value = 2 }\nvar.update $x { value = null }\nvar $z { value = $x.a }\n",
    )
    with InProcess(records=True) as client:
        client.open(program=str(folder / file), workspace=str(folder))
        client.ask("setExceptionBreakpoints", filters=["uncaught"])
        client.begin()
        assert client.capabilities["supportsStepBack"] is True
        assert client.stopped("exception") == 4
        assert ":3, `var.update $x`" in client.evaluate("when did $x become null", context="repl")
        assert client.go("stepBack") == 4 and client.go("stepBack") == 3
        assert client.variables()["x"] == '{"a":1}'
        assert client.go("continue", "exception") == 4


def test_a_run_without_a_record_says_so(client: InProcess, folder: Path) -> None:
    started(client, folder, 6)
    client.stopped()
    for ask in (lambda: client.go("stepBack"), lambda: client.evaluate("when $sum", context="repl")):
        with pytest.raises(DapFailure, match="keeps no record"):
            ask()


def test_a_record_is_bounded() -> None:
    record = RunRecord(most_steps=100, most_members=10_000)
    call = StepCall("f", "f.xs", None, 0)
    record.enter(call)
    grown: list[int] = []
    for number in range(1_000):
        grown.append(number)
        values = {("var", "n"): number, ("var", "same"): "x", ("var", "grown"): grown[-50:]}
        if number % 2:
            values["var", "odd"] = True
        record.add(RunStep(call, number, 1, "var", False), values)
    assert record.end == 1_000 and 0 < record.end - record.first <= 100
    last = call.values_at(999)
    assert (last["var", "n"], last["var", "same"], last["var", "odd"]) == (999, "x", True)
    first = call.values_at(record.first)
    assert first["var", "n"] == record.first and first["var", "same"] == "x"
    assert ("var", "odd") not in call.values_at(998) and call.changes["var", "odd"][-2][1] is ABSENT
    assert len(call.changes["var", "same"]) == 1 and len(call.changes["var", "n"]) <= 101


# Runs and the conversation -------------------------------------------------------------------------------------------


def test_a_program_is_paused_and_ended(client: InProcess, folder: Path) -> None:
    file = program(folder, "var $n { value = 0 }\nwhile (true) {\n  each {\n    math.add $n { value = 1 }\n  }\n}\n")
    started(client, folder, file=file, stopOnEntry=True)
    client.stopped("entry")
    client.resume()
    client.ask("pause", threadId=client.thread)
    assert client.stopped("pause") in (2, 4)
    assert int(client.variables()["n"]) >= 0
    client.resume()
    with pytest.raises(DapFailure, match="pause it first"):
        client.ask("stackTrace", threadId=client.thread)
    client.ask("terminate")
    assert client.finish() == 1
    assert (client.printed("console"), client.printed("stderr")) == ("The debugger has ended the run.\n", "")


def test_tests_that_the_debugger_ends_have_not_failed(client: InProcess, folder: Path) -> None:
    stack = "  stack {\n    var $a { value = 1 }\n    var $b { value = 2 }\n  }\n  response = $b\n"
    tests = "".join(f'  test "{name}" {{\n    expect.to_equal ($response) {{ value = 2 }}\n  }}\n' for name in "ab")
    file = program(folder, f"function slow {{\n  input {{\n  }}\n{stack}{tests}}}\n")
    started(client, folder, 5, file=file, test=True)
    client.stopped("breakpoint")
    client.ask("terminate")
    assert client.finish() == 1 and client.printed("stderr") == ""
    assert client.printed("console").count("The debugger has ended the run") == 1


def test_a_frame_begins_where_its_statement_does(client: InProcess, folder: Path) -> None:
    file = program(folder, "group {\n  stack {\n    var $a { value = 1 }\n  }\n}\n")
    started(client, folder, file=file, stopOnEntry=True)
    client.stopped("entry")
    assert client.stack()[0]["column"] == 1
    client.go("stepIn")
    assert [(one["line"], one["column"]) for one in client.stack()] == [(3, 5)]
    client.resume()
    assert client.finish() == 0


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "says what to run"),
        ({"program": "none.xs"}, "no such file"),
        ({"program": "function:double"}, '"construct": "function:double"'),
        ({"program": "page.md"}, "put it into a .xs file of its own"),
        ({"program": "../other.xs", "workspace": "."}, "is not a program of the workspace"),
        ({"construct": "function:none"}, ""),
        ({"program": 1}, "is not a text"),
        ({"progam": "a.xs"}, "did you mean `program`"),
        ({"program": "main.xs", "input": []}, "is not an object"),
    ],
)
def test_launches_that_cannot_be(
    client: InProcess, folder: Path, settings: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "page.md").write_text("```xs\nvar $a { value = 1 }\n```\n", encoding="utf-8")
    (folder.parent / "other.xs").write_text("var $a { value = 1 }\n", encoding="utf-8")
    client.ask("initialize")
    if told:
        with pytest.raises(DapFailure, match=told):
            client.ask("launch", **settings)
        return
    client.ask("launch", **settings)
    client.wait("initialized")
    client.begin()
    assert client.finish() == 1 and "there is no function none" in client.printed("stderr")


def test_a_launch_without_debugging_stops_nowhere(client: InProcess, folder: Path) -> None:
    started(client, folder, 6, noDebug=True)
    assert client.finish() == 0


def test_what_is_no_request(client: InProcess, folder: Path) -> None:
    for command in ("restartFrame", "no such"):
        with pytest.raises(DapFailure, match=f"has no `{command}`"):
            client.ask(command)
    with pytest.raises(DapFailure, match="nothing was launched"):
        client.ask("setBreakpoints", source={"path": "a.xs"}, breakpoints=[])
    with pytest.raises(DapFailure, match="this run has ended"):
        client.ask("next", threadId=9)
    client.ask("initialize")
    with pytest.raises(DapFailure, match='needs a "port"'):
        client.ask("attach")
    with pytest.raises(DapFailure, match="no debugger listens"):
        client.ask("attach", port=1)
    with pytest.raises(DapFailure, match="internal error"):
        client.ask("scopes")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", None),
        (b"GET / HTTP/1.1\r\n\r\n", None),
        (b"Content-Length: 99999999999\r\n\r\n", "too large"),
        (b"Content-Length: 3\r\n\r\nabc", "not JSON"),
        (b"Content-Length: 9\r\n\r\nab", None),
    ],
)
def test_messages_that_are_none(data: bytes, told: str | None) -> None:
    wire = DapWire(io.BytesIO(data), io.BytesIO())
    if told is None:
        assert wire.read() is None
    else:
        with pytest.raises(UsageError, match=told):
            wire.read()


def test_hit_conditions_have_short_forms() -> None:
    assert [hits_condition(text) for text in (" 5 ", "> 3", "%2 == 0", "$hits == 1", "")] == [
        "$hits == 5",
        "$hits > 3",
        "$hits %2 == 0",
        "$hits == 1",
        "",
    ]


def test_nothing_is_traced_while_nobody_debugs(folder: Path) -> None:
    with Workspace.load(folder) as workspace:
        assert workspace.run("double", "function", {"n": 1}).response == 2
        (double,) = [one for one in workspace.constructs if one.name == "double"]
        assert list(double.compiled) == [False], "only the code without a trace was made"
        assert stops_of(workspace.constructs, "function/double.xs")[9] == 8


def test_over_standard_streams(folder: Path) -> None:
    client, process = over_streams("--record")
    with process:
        started(client, folder, 6)
        assert client.stopped("breakpoint") == 6
        assert client.go("stepBack") == 5
        client.resume()
        client.stopped()
        client.leave()
        process.stdin.close()  # type: ignore[union-attr]
    assert process.returncode == 0


def test_over_a_port(folder: Path) -> None:
    words = [sys.executable, "-m", "xsrun", "dap", "--port", "0"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        port = int(server.stderr.readline().rpartition(":")[2])
        for _ in range(2):  # one client after another
            client = over_port(port)
            started(client, folder, 9)
            assert client.stopped("breakpoint") == 9
            client.resume()
            assert client.finish() == 0
            client.leave()
        server.terminate()


# A server ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str, int]]:
    """A shop that is served: its folder, its address, and the port of its debugger."""
    shop = tmp_path / "shop"
    for file in (SAMPLES / "shop").rglob("*.xs"):
        target = shop / file.relative_to(SAMPLES / "shop")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    words = [sys.executable, "-m", "xsrun", "serve", str(shop), "--port", "0", "--debug", "0", "--no-reload"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"}) as process:
        assert process.stderr is not None
        port, address = 0, ""
        while not port or not address:
            line = process.stderr.readline()
            assert line, "the server has ended"
            if line.startswith("debugger: "):
                port = int(line.rpartition(":")[2])
            elif (found := re.search(r"http://[\w.]+:\d+", line)) is not None:
                address = found[0]
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield shop, address, port
        process.send_signal(signal.SIGTERM)


def request(address: str, answers: list[Any]) -> threading.Thread:
    """Send a request beside the test."""

    def send() -> None:
        with urllib.request.urlopen(f"{address}/api:shop/items?page=1") as answer:
            answers.append(json.load(answer))

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("way", ["port", "streams"])
def test_a_client_attaches_to_a_server_and_stops_inside_a_request(server: tuple[Path, str, int], way: str) -> None:
    shop, address, port = server
    answers: list[Any] = []
    request(address, answers).join(60)
    assert answers[0]["items"] == [], "without a client requests run as always"
    client, process = (over_port(port), None) if way == "port" else over_streams()
    client.open("attach", **({} if way == "port" else {"port": port}))
    client.points(shop / "api" / "shop" / "items_GET.xs", 10, 20)
    client.begin()
    sending = request(address, answers)
    assert client.stopped("breakpoint") == 10
    assert client.names() == ["query GET items:10"]
    assert client.ask("threads")["threads"][0]["name"].startswith("GET /api:shop/items")
    client.ask("setVariable", variablesReference=client.scope("$input"), name="page", value="3")
    assert client.go("continue", "breakpoint") == 20
    assert client.evaluate("$items.curPage") == "3"
    client.leave()
    sending.join(60)
    assert answers[1]["curPage"] == 3, "the request went on when the client left"
    request(address, answers).join(60)
    assert answers[2]["curPage"] == 1
    if process is not None:
        process.stdin.close()  # type: ignore[union-attr]
        process.wait(60)


def test_a_client_that_leaves_before_a_message_is_sent_ends_its_conversation_alone() -> None:
    """What is left to be sent is lost; the thread that welcomes the next client goes on."""
    ours, theirs = socket.socketpair()
    ours.close()
    with wire_over(theirs) as wire:
        wire.event("stopped", reason="breakpoint")
    assert theirs.fileno() == -1
