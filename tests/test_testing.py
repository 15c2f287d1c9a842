"""Running tests: what a report holds, how it is shown, what a change touches, coverage, and the pytest plugin."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import xsrun
from xsrun.cli import main
from xsrun.errors import UnavailableError, UsageError
from xsrun.running.assertions import delimited
from xsrun.running.context import Context
from xsrun.services.network import NetworkPolicy
from xsrun.testing.affected import affected_files
from xsrun.testing.cases import unmatched_mocks
from xsrun.testing.difference import difference
from xsrun.testing.junit import junit_document
from xsrun.testing.program_lines import ProgramLines
from xsrun.testing.report import Outcome, Report
from xsrun.testing.runner import run_tests

ADD = """function "math/add" {
  input {
    int a
    text label?
  }
  stack {
    precondition ($input.a < 100) {
      error_type = "inputerror"
      error = "too big"
    }
    var $sum {
      value = $input.a + 1
      mock = {
        "mocked": 50
        "mokced": 60
      }
    }
  }
  response = {sum: $sum, label: $input.label}

  test "adds" {
    input = {a: 1}
    expect.to_equal ($response.sum) {
      value = 2
    }
  }

  test "two wrong" {
    input = {a: 1, label: "x"}
    expect.to_equal ($response) {
      value = {sum: 3, label: "y"}
    }
    expect.to_be_null ($response.sum)
  }

  test "mocked" {
    input = {a: 1}
    expect.to_equal ($response.sum) {
      value = 50
    }
  }

  test "raises" {
    input = {a: 100}
    expect.to_equal ($response.sum) {
      value = 101
    }
  }
}
"""
FLOW = """workflow_test "flow" {
  stack {
    function.call "math/add" {
      input = {a: 4}
    } as $r
    expect.to_equal ($r.sum) {
      value = 5
    }
  }
}
"""
SOURCES = {"function/add.xs": ADD, "workflow_test/flow.xs": FLOW}


@pytest.fixture
def workspace() -> Any:
    return xsrun.Workspace.from_sources(SOURCES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in SOURCES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def outcome(report: Any, name: str) -> Any:
    return next(one for one in report.results if one.name == name)


# Reports -------------------------------------------------------------------------------------------------------------


def test_a_report_counts_and_describes(workspace: Any) -> None:
    report = workspace.test()
    assert (report.passed, report.failed) == (3, 2)
    added = outcome(report, "adds")
    assert (added.construct, added.kind, added.status, added.message) == ("function math/add", "unit", "pass", "")
    assert (added.file, added.line) == ("function/add.xs", 21)
    assert outcome(report, "flow").kind == "workflow"
    assert all(one.duration >= 0 for one in report.results)


def test_every_failed_expectation_is_told(workspace: Any) -> None:
    wrong = outcome(workspace.test(), "two wrong")
    assert [(one.line, one.passed) for one in wrong.expectations] == [(30, False), (33, False)]
    assert wrong.line == 30
    assert wrong.expectations[0].difference == [".sum: expected 3, got 2", '.label: expected "y", got "x"']
    assert "to_equal failed - expected value" in wrong.message
    assert "to_be_null failed - value 2 is not null" in wrong.message


def test_an_error_is_told_where_it_was_raised(workspace: Any) -> None:
    raised = outcome(workspace.test(), "raises")
    assert (raised.status, raised.line, raised.message) == ("fail", 7, "too big (ERROR_CODE_INPUT_ERROR)")


def test_patterns_kinds_and_files(workspace: Any) -> None:
    assert [one.name for one in workspace.test("MOCK").results] == ["mocked"]
    assert [one.name for one in workspace.test("math/add").results] == ["adds", "two wrong", "mocked", "raises"]
    assert [one.name for one in workspace.test(kind="workflow").results] == ["flow"]
    assert run_tests(workspace, files={"function/none.xs"}).results == []


def test_mocks_without_a_test_are_told(workspace: Any) -> None:
    (notice,) = workspace.test().warnings
    assert (notice.file, notice.line) == ("function/add.xs", 15)
    assert "mokced" in notice.message and notice.hint == "did you mean `mocked`?"
    assert unmatched_mocks([]) == []


def test_a_traced_run_keeps_its_statements(workspace: Any) -> None:
    report = run_tests(workspace, "raises", trace=True)
    assert [entry.statement for entry in report.results[0].trace or []] == ["precondition"]


def test_a_file_that_cannot_be_read_does_not_hide_its_tests() -> None:
    broken = 'function "f" {\n  input {\n  stack {\n  }\n  test "t" {\n'
    report = xsrun.Workspace.from_sources({"a.xs": broken, **SOURCES}).test()
    assert outcome(report, "adds").status == "pass"
    assert any(one.status == "error" and one.file == "a.xs" for one in report.results)


def test_the_network_is_shut() -> None:
    context = Context(test=("owner", "the test"))
    policy = NetworkPolicy.of(["api.example.test:8443", "*.shop.test"], in_test=True)
    policy.require(context, "api.request", "https://api.example.test:8443/x")
    policy.require(context, "api.request", "https://eu.shop.test/x")
    with pytest.raises(UnavailableError, match="no mock for this call") as refused:
        policy.require(context, "api.request", "https://api.example.test/x")
    assert refused.value.hint is not None and '"the test"' in refused.value.hint
    with pytest.raises(UnavailableError, match="network is off"):
        NetworkPolicy.of(None).require(Context(), "api.request", "https://a.test")
    NetworkPolicy.of(True).require(Context(), "api.request", "https://a.test")
    with pytest.raises(UsageError):
        NetworkPolicy.of(["https://a.test"])


def test_a_network_that_is_down_lets_programs_go_on() -> None:
    body = 'api.request {\n  url = "https://a.test/x"\n  method = "GET"\n} as $r'
    test = 'test "t" {\n  expect.to_equal ($response) { value = 0 }\n}'
    head = 'function "f" {\n  input {\n  }\n  stack {\n    '
    text = f"{head}{body}\n  }}\n  response = $r.response.status\n  {test}\n}}\n"
    workspace = xsrun.Workspace.from_sources({"f.xs": text})
    (refused,) = workspace.test().results
    assert (refused.status, refused.line) == ("error", 5)
    assert refused.message.startswith("no mock for this call")
    (passed,) = run_tests(workspace, network=NetworkPolicy(down=True)).results
    assert passed.status == "pass"
    assert ["as if the network was down" in warning.message for warning in passed.warnings] == [True]


def test_workflow_tests_say_the_same_of_calls_without_a_mock() -> None:
    call = 'api.request {\n  url = "https://a.test/x"\n  method = "GET"\n} as $r'
    workspace = xsrun.Workspace.from_sources({"w.xs": f'workflow_test "w" {{\n  stack {{\n    {call}\n  }}\n}}\n'})
    (refused,) = workspace.test().results
    assert (refused.status, refused.line) == ("error", 3)
    assert refused.message.startswith("no mock for this call: `api.request` to https://a.test/x")


def test_other_databases_are_down_with_the_network() -> None:
    query = """try_catch {
      try {
        db.external.postgres.direct_query {
          connection_string = "postgres://u:p@db.example.test/x"
          code = "select 1"
          response_type = "list"
        } as $r
      }
      catch {
        expect.to_contain ($error.message) { value = "Could not resolve host" }
      }
    }"""
    workspace = xsrun.Workspace.from_sources({"w.xs": f'workflow_test "w" {{\n  stack {{\n    {query}\n  }}\n}}\n'})
    (passed,) = run_tests(workspace, network=NetworkPolicy(down=True)).results
    assert (passed.status, passed.message) == ("pass", "")


def test_an_error_without_a_message_is_named() -> None:
    """`to_throw` cannot see it (evidence m), but somebody who reads the report should."""
    text = 'function "f" {\n  input {\n  }\n  stack {\n    var $r { value = $auth.id }\n  }\n  response = $r\n'
    test = '  test "t" {\n    expect.to_throw\n  }\n}\n'
    (failed,) = xsrun.Workspace.from_sources({"f.xs": text + test}).test().results
    assert failed.message == (
        "to_throw failed - the run raised ERROR_CODE_ACCESS_DENIED without a message, which to_throw cannot see"
    )
    assert "signed in" in (failed.hint or "")


def test_a_test_may_begin_with_the_rows_of_a_datasource() -> None:
    text = """function "names" {
  input {
  }
  stack {
    db.query "berth" {
      sort = {id: "asc"}
    } as $all
    db.add "berth" {
      data = {name: "new"}
    } as $x
  }
  response = $all|map:$$.name

  test "empty" {
    expect.to_equal ($response) { value = [] }
  }

  test "live" {
    datasource = "live"
    expect.to_equal ($response) { value = ["one"] }
  }

  test "live again" {
    datasource = "live"
    expect.to_equal ($response) { value = ["one"] }
  }
}
"""
    with xsrun.Workspace.from_sources({"f.xs": text}) as workspace:
        workspace.seed({"berth": [{"id": 1, "name": "one"}]})
        report = workspace.test()
        assert [one.status for one in report.results] == ["pass"] * 3
        assert workspace.run("names").response == ["one"]


# Documents -----------------------------------------------------------------------------------------------------------


def test_the_official_json_document(workspace: Any) -> None:
    document = workspace.test().as_dict()
    assert (document["passed"], document["failed"]) == (3, 2)
    first = document["results"][0]
    assert first == {
        "name": "adds",
        "obj_name": "math/add",
        "obj_type": "function",
        "status": "pass",
        "file": "function/add.xs",
        "line": 21,
    }
    wrong = next(one for one in document["results"] if one["name"] == "two wrong")
    assert wrong["status"] == "fail"
    assert [one["line"] for one in wrong["expectations"]] == [30, 33]
    assert "total_timing" in document


def test_junit_counts_and_hides_what_xml_cannot_hold(workspace: Any) -> None:
    report = workspace.test()
    report.results.append(Outcome("bad \x00 name", "c", "unit", "error", "odd \ud800 text", "f.xs", 3))
    root = ElementTree.fromstring(junit_document(report, 0))
    suites = {suite.get("name"): suite for suite in root}
    function = suites["function math/add"]
    assert (function.get("tests"), function.get("failures"), function.get("errors")) == ("4", "2", "0")
    assert {case.get("name") for case in function} == {"adds", "two wrong", "mocked", "raises"}
    assert all(set(case.keys()) == {"name", "classname", "time"} for case in function)
    assert suites["c"].get("errors") == "1"


def test_an_empty_report_is_a_valid_junit_file() -> None:
    assert ElementTree.fromstring(junit_document(Report(), 0)).tag == "testsuites"


# Differences and patterns --------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    assert difference(value, value) == []


def test_long_differences_are_cut() -> None:
    assert len(difference(list(range(100)), [])) == 13


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("/^a/i", "/^a/i"), ("^a+$", "/^a+$/u"), ("a/b", "#a/b#u"), ("#x#", "#x#"), ("/", "#/#u"), ("", "//u")],
)
def test_bare_patterns_get_delimiters(pattern: str, expected: str) -> None:
    assert delimited(pattern) == expected


# What a change touches -----------------------------------------------------------------------------------------------


def sources_that_call() -> dict[str, str]:
    def function(name: str, body: str = "") -> str:
        return f'function "{name}" {{\n  input {{\n  }}\n  stack {{\n    {body}\n  }}\n  response = null\n}}\n'

    return {
        "a.xs": function("a", 'function.run "b" as $x'),
        "b.xs": function("b", 'db.query "berth" {} as $x'),
        "c.xs": function("c"),
        "berth.xs": 'table "berth" {\n  auth = false\n  schema {\n    int id\n  }\n}\n',
        "t.xs": 'table_trigger "t" {\n  table = "berth"\n  actions = {insert: true}\n'
        '  input {\n  }\n  stack {\n    function.run "c" as $y\n  }\n}\n',
        "w.xs": 'workflow_test "w" {\n  stack {\n    function.call "a" as $x\n  }\n}\n',
        "branch.xs": 'branch "v1" {\n  color = "#fff"\n}\n',
    }


@pytest.mark.parametrize(
    ("changed", "touched"),
    [
        ({"a.xs"}, {"a.xs", "w.xs"}),
        ({"berth.xs"}, {"berth.xs", "a.xs", "b.xs", "w.xs", "t.xs"}),
        ({"c.xs"}, {"c.xs", "t.xs", "a.xs", "b.xs", "w.xs"}),
        ({"w.xs"}, {"w.xs"}),
        ({"branch.xs"}, None),
    ],
)
def test_a_change_touches_what_reaches_it(changed: set[str], touched: set[str] | None) -> None:
    workspace = xsrun.Workspace.from_sources(sources_that_call())
    assert affected_files(workspace.constructs, changed) == touched


def test_a_construct_that_is_gone_touches_its_callers() -> None:
    before = xsrun.Workspace.from_sources(sources_that_call())
    remaining = {name: text for name, text in sources_that_call().items() if name != "b.xs"}
    after = xsrun.Workspace.from_sources(remaining)
    gone = [one for one in before.constructs if one.file == "b.xs"]
    assert affected_files(after.constructs, {"b.xs"}, gone) == {"a.xs", "w.xs"}


def test_watching_runs_all_then_what_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    from xsrun.testing import watch

    monkeypatch.setattr(watch, "changes", lambda root: iter([{"c.xs"}, {"branch.xs"}]))
    seen: list[Any] = []
    watch.rerun_on_change(
        Path(),
        lambda: xsrun.Workspace.from_sources(sources_that_call()),
        lambda workspace, files, changed: seen.append((files, changed)),
    )
    assert seen[0] == (None, set())
    assert seen[1] == ({"c.xs", "t.xs", "a.xs", "b.xs", "w.xs"}, {"c.xs"})
    assert seen[2] == (None, {"branch.xs"})


# Coverage ------------------------------------------------------------------------------------------------------------


def test_lines_and_branches_of_a_program(workspace: Any) -> None:
    program = ProgramLines(one for one in workspace.constructs if one.kind == "function")
    assert program.lines >= {7, 11, 19}
    assert program.begin(9) == 7
    assert (7, 11) in program.arcs
    assert {line for line, count in program.exits().items() if count > 1} <= {11}


def test_coverage_of_a_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("coverage")
    lcov, pages = folder / "out.lcov", folder / "pages"
    words = [
        "test",
        str(folder),
        "-k",
        "adds",
        "--coverage",
        "--coverage-lcov",
        str(lcov),
        "--coverage-html",
        str(pages),
    ]
    environment = {**os.environ, "PYTHONPATH": ""}
    command = [sys.executable, "-m", "xsrun", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "function/add.xs" in done.stdout and "100%" in done.stdout
    assert "SF:" in lcov.read_text(encoding="utf-8")
    assert (pages / "index.html").is_file()


RECURSIVE = """function f {
  input {
    int n
  }
  stack {
    conditional {
      if ($input.n < 1) {
        return { value = 5 }
      }
    }
    precondition ($input.n >= 0)
    function.run f {
      input = {n: $input.n - 1}
    } as $r
  }
  response = [$r, $input.n]
  test "t" {
    input = {n: 3}
    expect.to_equal ($response[1]) { value = 3 }
  }
}
"""


def test_coverage_of_a_function_that_calls_itself(tmp_path: Path) -> None:
    pytest.importorskip("coverage")
    (tmp_path / "f.xs").write_text(RECURSIVE, encoding="utf-8")
    measured = """
import xsrun
from xsrun.testing.coverage_report import CoverageRun
with xsrun.Workspace.load(".") as workspace:
    workspace.run("f", input={"n": 3})  # compiled before anything is measured
    run = CoverageRun(workspace)
    run.start()
    workspace.test()
    run.stop()
    print(run.table())
"""
    command = [sys.executable, "-c", measured]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert done.stdout.rstrip().endswith("100%"), done


@pytest.mark.parametrize(
    ("module", "told"), [("coverage", "--coverage needs coverage.py"), ("coverage.tracer", "with its tracer in C")]
)
def test_coverage_that_cannot_be_measured(
    workspace: Any, module: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xsrun.testing.coverage_report import CoverageRun

    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError, match=re.escape(told)):
        CoverageRun(workspace)


# The command ---------------------------------------------------------------------------------------------------------


def test_the_command_speaks_as_the_official_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(folder)]) == 1
    out = capsys.readouterr().out
    assert out.startswith("Running 4 unit tests...\n\nPASS  adds [function: math/add]\n")
    assert "FAIL  two wrong [function: math/add]\n      Error: to_equal failed - expected value" in out
    assert "\nResults: 2 passed, 2 failed\n" in out
    assert "Running 1 workflow test...\n\nPASS  flow (0." in out
    assert re.search(r"\nResults: 1 passed, 0 failed \(0\.\d{3}s total\)\n", out)


def test_the_command_in_machine_form(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "function" / "add.xs"
    junit = folder / "report.xml"
    assert main(["test", str(file), "--json", "--junit", str(junit), "-k", "adds"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["passed"] == 1
    assert ElementTree.parse(junit).getroot().tag == "testsuites"


def test_no_tests_and_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.xs").write_text("var $x { value = 1 }\n", encoding="utf-8")
    assert main(["test", str(tmp_path)]) == 0
    assert "No unit tests found" in capsys.readouterr().out
    assert main(["test", str(tmp_path / "nowhere")]) == 2


def test_durations_and_traces_go_to_standard_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(folder), "-k", "raises", "--durations", "1", "--trace"]) == 1
    error = capsys.readouterr().err
    assert "slowest 1 test:" in error
    assert "trace of raises [function math/add]:" in error


# pytest --------------------------------------------------------------------------------------------------------------


def test_the_pytest_plugin_collects_and_reports(folder: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "xsrun.testing.pytest_plugin", str(folder)]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=60)
    assert "2 failed, 3 passed" in done.stdout, done.stdout + done.stderr
    assert "function/add.xs:30" in done.stdout
    assert "function math/add: two wrong" in done.stdout
