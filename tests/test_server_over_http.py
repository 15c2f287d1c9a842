"""Workflow tests whose calls go over HTTP give what they give in process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import xsrun
from xsrun.cli import main
from xsrun.server.over_http import fits_a_query, over_http

SAMPLES = Path(__file__).parents[1] / "samples"


def query(name: str, verb: str, inputs: str, stack: str, response: str, more: str = "") -> str:
    return (
        f'query "{name}" verb={verb} {{\n  api_group = "Tides"\n{more}  input {{\n{inputs}\n  }}\n'
        f"  stack {{\n{stack}\n  }}\n  response = {response}\n}}\n"
    )


FILES = {
    "g.xs": "api_group Tides {\n}\n",
    "t.xs": "table tide {\n  schema {\n    int id\n    text port\n  }\n}\n",
    "get.xs": query("tides/{id}", "GET", "    int id\n    text[] ports?\n    bool deep?\n    json more?", "", "$input"),
    "add.xs": query(
        "tides",
        "POST",
        "    text port",
        "    db.add tide {\n      data = {port: $input.port}\n    } as $tide\n"
        '    debug.log {\n      value = "added"\n    }\n'
        '    util.post_process {\n      stack {\n        db.add tide {\n          data = {port: "later"}\n        }\n'
        "      }\n    }",
        "$tide",
    ),
    "mine.xs": query("mine", "GET", "", "", '"open"', '  auth = "tide"\n'),
    "throw.xs": query("throw", "GET", "", '    throw {\n      name = "n"\n      value = {at: 1}\n    }', "null"),
    "refuse.xs": query(
        "refuse",
        "POST",
        "",
        '    precondition (false) {\n      error_type = "notfound"\n      error = "No."\n    }',
        "1",
    ),
}


def call(name: str, verb: str, inputs: str) -> str:
    return (
        f'    api.call "{name}" verb={verb} {{\n      api_group = "Tides"\n      input = {inputs}\n'
        '      headers = ["X-A: b"]\n    } as $r\n'
    )


def equal(value: str, expected: str) -> str:
    return f"    expect.to_equal ({value}) {{\n      value = {expected}\n    }}\n"


def throws(stack: str, text: str) -> str:
    return f'    expect.to_throw {{\n      stack {{\n{stack}      }}\n      exception = "{text}"\n    }}\n'


COUNT = "    db.query tide {\n    } as $rows\n"
STACKS = {
    "inputs": call("tides/{id}", "GET", '{id: 3, ports: ["a", "b"], deep: true, more: {x: [1, null]}}')
    + equal("$r", '{id: 3, ports: ["a", "b"], deep: true, more: {x: [1, null]}}'),
    "query string": call("tides/{id}", "GET", '{id: 3, ports: ["a", "ü&"]}') + equal("$r.ports", '["a", "ü&"]'),
    "late stack": call("tides", "POST", '{port: "Hull"}') + COUNT + equal("$rows|count", "2"),
    "nobody is tested": call("mine", "GET", "{}") + equal("$r", '"open"'),
    "missing": call("tides", "POST", "{}") + equal("$r.message", '"Missing param: port"'),
    "thrown": call("throw", "GET", "{}") + equal("$r", '{payload: {at: 1}, statement: "Throw Error"}'),
    "refused": call("refuse", "POST", "{}")
    + equal("$r", '{code: "ERROR_CODE_NOT_FOUND", message: "No.", payload: ""}'),
    "many": call("tides/{id}", "GET", "{id: 3}") * 25 + equal("$r.id", "3"),
    "expected": throws(call("refuse", "POST", "{}"), "No."),
    "fails": call("tides", "POST", '{port: "Hull"}') + equal("$r.port", '"York"'),
    "in a transaction": "    db.transaction {\n      stack {\n"
    + call("tides", "POST", '{port: "Hull"}')
    + "      }\n    }\n"
    + equal("$r.port", '"Hull"'),
}
TESTS = {
    f"w{number}.xs": f'workflow_test "{name}" {{\n  stack {{\n{stack}  }}\n}}\n'
    for number, (name, stack) in enumerate(STACKS.items())
}


def outcomes(report: Any) -> list[tuple[str, str, str | None, list[Any]]]:
    return [(one.name, one.status, one.message, [entry.value for entry in one.logs]) for one in report.results]


def test_over_http_as_in_process() -> None:
    workspace = xsrun.Workspace.from_sources({**FILES, **TESTS})
    inside = workspace.test()
    with over_http(workspace):
        outside = workspace.test()
    assert outcomes(outside) == outcomes(inside)
    failed = {one.name: one.message for one in inside.results if one.status != "pass"}
    assert list(failed) == ["fails"]
    assert workspace.carrier is None


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(SAMPLES / "shop"), "--over-http"]) == 0
    assert "1 passed, 0 failed" in capsys.readouterr().out


def test_what_goes_into_a_query_string() -> None:
    assert all(map(fits_a_query, ("a", 1, 1.5, ["a"])))
    assert not any(map(fits_a_query, (None, True, [], [1], {"a": 1})))
