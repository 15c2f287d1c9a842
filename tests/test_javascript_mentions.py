"""Only what a lambda's code can see of variables and inputs is sent to it, and it sees no difference."""

from __future__ import annotations

from typing import Any

import pytest

import xsrun
from xsrun.services.javascript import wire
from xsrun.services.javascript.mentions import members

PROGRAM = """function main {
  input {
    int number
    text word?
  }
  stack {
    var $large { value = (1..5000)|map:"a value that nobody reads" }
    var $small { value = {a: [1, 2]} }
    api.lambda { code = CODE } as $r
  }
  response = $r
}
"""


@pytest.mark.parametrize(
    ("code", "read"),
    [
        ("return 1", {}),
        ("return $var.a + $var?.b + $input['c d']", {"$var": {"a", "b"}, "$input": {"c d"}}),
        ("return this.$var.a", {"$var": {"a"}}),
        ("return my$var.a + $variable.b", {}),
        ("return $var\n  .a", {"$var": {"a"}}),
        ("return $var[name]", None),
        ("return Object.keys($var)", None),
        ("return $var /* */ .a", None),
        ("const {a} = $var; return a", None),
        ("const {$var: v} = this; return v.a", None),
        ("return this['$' + 'var'].a", None),
        ("return eval('$v' + 'ar').a", None),
        ("return globalThis['$v' + 'ar']", None),
        ("return (() => {}).constructor('return $v' + 'ar')()", None),
        ("return \\u0024var.a", None),
    ],
)
def test_members_that_code_reads(code: str, read: dict[str, set[str]] | None) -> None:
    assert members(code) == read


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("return $var.small.a[1] + $input.number", 9),
        ("return typeof $var.nothing", "undefined"),
        ("return Object.keys($var)", ["large", "small"]),
        ("return Object.keys($input)", ["number", "word"]),
        ("return $var.large.length", 5000),
        ("return eval('$v' + 'ar').small.a", [1, 2]),
    ],
)
def test_a_body_sees_what_it_did(code: str, value: Any) -> None:
    source = PROGRAM.replace("CODE", f'"{code}"')
    with xsrun.Workspace.from_sources({"main.xs": source}) as workspace:
        assert workspace.run("main", input={"number": 7}).response == value


def test_what_nobody_reads_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    encode = wire.encode
    monkeypatch.setattr(wire, "encode", lambda scope: sent.append(len(encode(scope))) or encode(scope))
    source = PROGRAM.replace("CODE", '"return $var.small.a[0]"')
    with xsrun.Workspace.from_sources({"main.xs": source}) as workspace:
        assert workspace.run("main", input={"number": 7}).response == 1
    assert sent and max(sent) < 2000
