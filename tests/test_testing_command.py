"""`xsrun test` and the pytest plugin as people use them: what runs, what is told, exit statuses, what is kept."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import xsrun
from xsrun.cli import main
from xsrun.diagnostics import progress
from xsrun.extras import installing
from xsrun.testing.terminal import outcome_lines

ADD = """function add {
  input {
    int a
  }
  stack {
    debug.log {
      value = {a: $input.a}
    }
  }
  response = $input.a + 1
  test "adds" {
    input = {a: 1}
    expect.to_equal ($response) {
      value = 2
    }
  }
  test "two is a sum" {
    input = {a: 2}
    expect.to_equal ($response) {
      value = 2
    }
  }
}
"""
TWICE = """function twice {
  input {
    int n
  }
  stack {
  }
  response = $input.n * 2
  test "doubles" {
    input = {n: 2}
    expect.to_equal ($response) {
      value = 4
    }
  }
  test "halves" {
    input = {n: 2}
    expect.to_equal ($response) {
      value = 1
    }
  }
}
"""
SECRETS = """query secrets verb=GET {
  api_group = "vault"
  input {
  }
  stack {
  }
  response = {id: $auth.id}
}
"""
FLOW = """workflow_test "the owner reads" {
  stack {
    api.call secrets verb=GET {
      api_group = "vault"
    } as $answer
    expect.to_equal ($answer.id) {
      value = 1
    }
  }
}
"""
USER = """table user {
  auth = true
  schema {
    int id
  }
  index = [{type: "primary", field: [{name: "id"}]}]
}
"""
SOURCES = {
    "function/add.xs": ADD,
    "function/twice.xs": TWICE,
    "api/vault/api_group.xs": 'api_group vault {\n  canonical = "vault"\n}\n',
    "api/vault/secrets_GET.xs": SECRETS,
    "workflow_test/flow.xs": FLOW,
    "table/user.xs": USER,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in SOURCES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The tests that ran, of what `--json` printed."""
    return [one["name"] for one in json.loads(capsys.readouterr().out)["results"]]


# What is told --------------------------------------------------------------------------------------------------------


def test_what_failed_is_told_with_its_log_and_once_more_at_the_end(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test"]) == 1
    out = capsys.readouterr().out
    assert '             at function/add.xs:19\n      log: function/add.xs:6: {"a":2}\n' in out
    assert 'log: function/add.xs:6: {"a":1}' not in out
    head, _, recap = out.partition("\nFAILED ")
    assert head
    assert recap.splitlines()[0] == (
        "'function/add.xs::two is a sum' - to_equal failed - expected value 2 does not equal 3"
    )
    assert re.fullmatch(r"Total: 2 passed, 3 failed \(\d+\.\d{3}s\)", out.rstrip().splitlines()[-1])


def test_an_expectation_that_meets_an_error_body_tells_which_call_answered_it() -> None:
    with xsrun.Workspace.from_sources(SOURCES) as workspace:
        (flow,) = workspace.test(kind="workflow").results
    assert flow.message.splitlines()[-1] == "the call on line 3 answered 403 ERROR_CODE_ACCESS_DENIED"
    assert "             the call on line 3 answered 403 ERROR_CODE_ACCESS_DENIED" in list(outcome_lines(flow, False))


def test_a_failure_that_is_not_about_the_call_says_nothing_of_it() -> None:
    text = FLOW.replace("$answer.id", "2")
    with xsrun.Workspace.from_sources({**SOURCES, "workflow_test/flow.xs": text}) as workspace:
        (flow,) = workspace.test(kind="workflow").results
    assert flow.status == "fail"
    assert "the call on line" not in flow.message


def test_quiet_shows_failures_and_totals_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "-q"]) == 1
    out = capsys.readouterr().out
    assert "PASS" not in out and "Running" not in out
    assert out.count("FAIL  ") == 3
    assert "Total: 2 passed, 3 failed" in out


def test_verbose_shows_ids_and_logs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "-v", "-k", "adds"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"PASS  adds \[function: add\] \(\d\.\d{3}s\) function/add\.xs::adds\n", out)
    assert 'log: function/add.xs:6: {"a":1}' in out
    assert main(["test", "-v", "-q"]) == 2


# What runs -----------------------------------------------------------------------------------------------------------


def test_the_ids_of_the_recap_run_these_tests(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["test", "--kind", "unit"])
    ids = re.findall(r"^FAILED '(.+?)' - |^FAILED (\S+) - ", capsys.readouterr().out, re.MULTILINE)
    chosen = [quoted or plain for quoted, plain in ids]
    assert chosen == ["function/add.xs::two is a sum", "function/twice.xs::halves"]
    assert main(["test", "--json", *chosen]) == 1
    assert names(capsys) == ["two is a sum", "halves"]


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["-k", "adss"], 5, "no test fits `adss`\n  help: did you mean `adds`?"),
        (["function/add.xs::doubles"], 5, "no test fits `doubles`"),
        (["table/user.xs"], 5, "no test fits: there is none in table/user.xs"),
        (["table"], 5, "no test fits: there is none in table"),
        (["function::adds"], 2, "function is a folder"),
        (["nowhere.xs::adds"], 2, "no such file or folder: nowhere.xs"),
        (["-n", "2", "--coverage"], 2, "--coverage is for one process"),
    ],
)
def test_exit_statuses(
    folder: Path, words: list[str], status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", *words]) == status
    assert told in capsys.readouterr().err


def test_a_workspace_without_tests_is_fine_and_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("function/add.xs", "function/twice.xs", "workflow_test/flow.xs"):
        (folder / name).unlink()
    assert main(["test"]) == 0
    assert capsys.readouterr().out == "No unit tests found\n"


def test_the_first_failure_ends_the_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "-x", "--json"]) == 1
    assert names(capsys) == ["adds", "two is a sum"]
    assert main(["test", "-x"]) == 1
    assert "1 passed, 1 failed, 3 not run" in capsys.readouterr().out


def test_what_failed_last_runs_alone_or_first(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "-q"]) == 1
    capsys.readouterr()
    assert main(["test", "--lf", "--json"]) == 1
    assert names(capsys) == ["two is a sum", "halves", "the owner reads"]
    assert main(["test", "--ff", "--json"]) == 1
    assert names(capsys) == ["two is a sum", "halves", "the owner reads", "adds", "doubles"]
    (folder / "function" / "twice.xs").write_text(TWICE.replace("value = 1", "value = 4"), encoding="utf-8")
    assert main(["test", "--lf", "-k", "twice", "--json"]) == 0
    capsys.readouterr()
    assert main(["test", "--lf", "--json"]) == 1
    assert names(capsys) == ["two is a sum", "the owner reads"]
    assert (folder / ".xsrun" / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_what_was_remembered_may_be_damaged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".xsrun").mkdir()
    (folder / ".xsrun" / "failed_tests.json").write_text('{"half": ', encoding="utf-8")
    assert main(["test", "--lf", "--json"]) == 1
    assert len(names(capsys)) == 5


def test_several_processes_find_the_same(folder: Path) -> None:
    """In a process of its own, as the processes below it import its main module."""
    found = []
    for words in ([], ["-n", "2"]):
        command = [sys.executable, "-m", "xsrun", "test", "--json", *words]
        done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=120)
        assert done.returncode == 1, done.stderr
        document = json.loads(done.stdout)
        for one in document["results"]:
            one.pop("timing", None)
        found.append(document["results"])
    assert found[0] == found[1]


def test_watching_without_its_package_is_refused_before_anything_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    assert main(["test", "--watch"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert installing("watch") in shown.err


# Progress ------------------------------------------------------------------------------------------------------------


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_counter_is_shown_after_a_while_and_taken_away() -> None:
    screen, moments = Screen(), iter([0.0, 0.1, 0.6, 0.65, 0.8])
    with progress.shown_on(screen, lambda: next(moments)):
        assert list(progress.tracked(["a", "b", "c", "d"], "checking")) == ["a", "b", "c", "d"]
    assert screen.getvalue() == "\r\x1b[Kchecking 1 of 4\r\x1b[Kchecking 3 of 4\r\x1b[K"


def test_nothing_is_counted_in_a_pipe() -> None:
    pipe = io.StringIO()
    with progress.shown_on(pipe):
        items = ["a", "b"]
        assert progress.tracked(items, "checking") is items
        assert progress.counter("test", 2) is None
    assert pipe.getvalue() == ""


# pytest --------------------------------------------------------------------------------------------------------------

PYTHON_TESTS = """
import pytest

def test_runs(workspace):
    assert workspace.run("twice", input={"n": 4}).response == 8
    workspace.seed({"note": [{"text": "a"}]})

def test_knows_its_settings(workspace):
    assert workspace.run("city").response == "Oslo"
"""
CONFTEST = """
import pytest

@pytest.fixture(autouse=True)
def around(request, record_property):
    print("around", request.node.name)
    yield
"""
ENV_TEST = """function city {
  input {
  }
  stack {
    debug.log {
      value = {at: now|to_ms}
    }
  }
  response = $env.CITY
  test "is told" {
    expect.to_equal ($response) {
      value = "Bergen"
    }
  }
}
"""


def run_pytest(folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "xsrun.testing.pytest_plugin", "-p", "no:cacheprovider", *words]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=120)
    return done.stdout + done.stderr


def test_a_file_that_cannot_be_read_is_an_error_of_collection(folder: Path) -> None:
    (folder / "function" / "broken.xs").write_text("function broken {\n  stack {\n    var $x {\n", encoding="utf-8")
    shown = run_pytest(folder, "function")
    assert "ERROR collecting function/broken.xs" in shown
    assert "--> function/broken.xs:" in shown
    assert "1 error" in shown


def test_pytest_gives_fixtures_marks_settings_and_paths_from_its_root(folder: Path) -> None:
    backend = folder / "backend"
    backend.mkdir()
    for name in ("function", "api", "workflow_test", "table"):
        (folder / name).rename(backend / name)
    (backend / "function" / "city.xs").write_text(ENV_TEST, encoding="utf-8")
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (folder / "test_backend.py").write_text(PYTHON_TESTS, encoding="utf-8")
    (folder / "pytest.ini").write_text(
        "[pytest]\nxsrun_workspace = backend\nxsrun_now = 2024-01-31T10:00:00\nxsrun_env =\n    CITY=Oslo\n",
        encoding="utf-8",
    )
    shown = run_pytest(folder)
    assert "backend/function/add.xs:19" in shown
    assert "around function add: two is a sum" in shown
    assert 'backend/function/city.xs:5: {"at":1706695200000}' in shown
    assert "4 failed, 4 passed" in shown, shown
    shown = run_pytest(folder, "-m", "xanoscript", "--xsrun-env", "CITY=Bergen", "-k", "city", "--strict-markers")
    assert "1 passed" in shown, shown
    assert "xsrun_env needs NAME=VALUE" in run_pytest(folder, "--xsrun-env", "CITY")
