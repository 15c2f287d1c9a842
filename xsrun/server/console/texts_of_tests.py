"""The texts of tests that are made of requests, and their mocks put into the source."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from xsrun.running.secrets import MASK
from xsrun.syntax.nodes import ObjectLiteral, Statement
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.workspace.construct import Construct

#: Statements whose value depends on more than the program and its input, by how their names begin.
_OF_THE_WORLD = (
    *("db.", "api.", "redis.", "function.", "service.", "storage.", "cloud.", "ai.", "util.send_email", "webflow."),
    *("security.create_", "security.random", "util.ip_lookup", "action.", "tool.", "realtime.", "addon.", "search."),
)
#: Values of a response that another run may not have: longer ones are not ids.
_LONGEST_KEPT = 2_000


#: Where a line and a column are in a text.
Offset = Callable[[int, int], int]


class Mock(NamedTuple):
    """A statement and the value that it left."""

    node: Statement
    value: str


def mocks_of(construct: Construct, trace: Value) -> list[Mock]:
    """The statements of a construct that asked the world, with the JSON of what they got in a traced run.

    Of one that ran several times the first value counts: a mock has one.
    """
    found: dict[int, str] = {}
    for statement, call, line, _, _, _, variable, value, ended in trace["statements"]:
        if call == 0 and ended and variable and statement.startswith(_OF_THE_WORLD):
            found.setdefault(line, value or "null")
    nodes = [
        node
        for item in construct.items
        for node in item.walk()
        if isinstance(node, Statement) and node.name.startswith(_OF_THE_WORLD) and node.result is not None
    ]
    return [Mock(node, found[node.line]) for node in nodes if _is_json(found.get(node.line))]


def _is_json(text: str | None) -> bool:
    try:
        json.loads(text or "")
    except ValueError:
        return False  # cut: it was too long to be kept
    return True


def literal(value: Value, indent: str = "") -> str:
    """A JSON value as XanoScript writes it."""
    short = json.dumps(value, ensure_ascii=False)
    if len(short) <= 80 or not isinstance(value, (dict, list)):
        return short
    return json.dumps(value, ensure_ascii=False, indent=2).replace("\n", f"\n{indent}")


def unit_test(name: str, kept: dict[str, Value], *, strict: bool) -> str:
    """A `test` block: the input of a request, and what it was answered."""
    lines = [f"  test {json.dumps(name, ensure_ascii=False)} {{"]
    if kept.get("input"):
        lines += [f"    input = {literal(kept['input'], '    ')}", ""]
    error = kept.get("error_detail")
    if error:
        lines += ["    expect.to_throw {", f"      exception = {literal(error['message'])}", "    }"]
    else:
        lines += _expectations("$response", answered(kept), strict=strict, indent="    ")
    return "\n".join([*lines, "  }"])


def _expectations(subject: str, value: Value, *, strict: bool, indent: str) -> list[str]:
    """What is expected of a response: all of it, or of an object what stays the same from run to run."""
    if not strict and isinstance(value, dict):
        lines: list[str] = []
        for key, item in value.items():
            if re.fullmatch(r"[A-Za-z_]\w*", key) and item is not None:
                lines += [f"{indent}expect.to_be_defined ({subject}.{key})"]
        return lines or [f"{indent}expect.to_be_defined ({subject})"]
    if isinstance(value, dict) and _has_masked(value):
        return _expectations(subject, value, strict=False, indent=indent)
    if value is None:
        return [f"{indent}expect.to_be_null ({subject})"]
    inner = f"{indent}  "
    return [f"{indent}expect.to_equal ({subject}) {{", f"{inner}value = {literal(value, inner)}", f"{indent}}}"]


def _has_masked(value: Value) -> bool:
    if isinstance(value, dict):
        return any(map(_has_masked, value.values()))
    if isinstance(value, list):
        return any(map(_has_masked, value))
    return isinstance(value, str) and MASK in value


def answered(kept: dict[str, Value]) -> Value:
    """The value that a request was answered with."""
    response = kept.get("response") or {}
    if "json" in response:
        return response["json"]
    return response.get("text") or None


# Into the source -----------------------------------------------------------------------------------------------------


def added_test(text: str, construct: Construct, name: str, test: str, mocks: list[Mock]) -> str:
    """The text of a file with a test at the end of a construct, and with its mocks at their statements."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + column - 1

    node = construct.node
    assert node is not None
    changes = [(offset(node.end_line, node.end_column) - 1, f"\n{test}\n")]
    for mock in mocks:
        line = lines[mock.node.line - 1]
        changes.append(_mocked(text, mock, name, offset(mock.node.line, mock.node.column), line, offset))
    for place, added in sorted(changes, reverse=True):
        text = text[:place] + added + text[place:]
    return text


def _mocked(text: str, mock: Mock, name: str, begin: int, line: str, at: Offset) -> tuple[int, str]:
    """Where a mock goes, and its text: into the object that is there, into the body, or into a new body."""
    node = mock.node
    key = f"{json.dumps(name, ensure_ascii=False)}: "
    indent = line[: len(line) - len(line.lstrip())] + "  "
    existing = node.attribute("mock")
    if isinstance(existing, ObjectLiteral):
        place = at(existing.line, existing.column)
        if text[place : place + 1] == "{":
            more = "," if existing.entries else ""
            return place + 1, f"{key}{literal(json.loads(mock.value), indent)}{more} "
    written = f"mock = {{{key}{literal(json.loads(mock.value), indent)}}}"
    if node.body is not None:
        place = text.index("{", at(node.body.line, node.body.column))
        return place + 1, f"\n{indent}{written}"
    place = text.index(" as ", begin)
    return place, f" {{\n{indent}{written}\n{indent[:-2]}}}"


def workflow_test(name: str, requests: list[dict[str, Value]], *, strict: bool) -> str:
    """A workflow test that sends requests one after another."""
    lines = [f"workflow_test {json.dumps(name, ensure_ascii=False)} {{", "  stack {"]
    known: dict[str, str] = {}
    for number, kept in enumerate(requests, 1):
        lines += _call(kept, f"$r{number}", known, strict=strict)
    return "\n".join([*lines[:-1], "  }", "}", ""])


def _call(kept: dict[str, Value], variable: str, known: dict[str, str], *, strict: bool) -> list[str]:
    """One call, what is expected of it, and an empty line."""
    _, verb, query = str(kept["query"]).split(" ", 2)
    group = str(kept["uri"]).partition("/api:")[2].partition("/")[0].partition(":")[0]
    given = kept.get("input")
    inputs = given if isinstance(given, dict) else {}
    pairs = ((json.dumps(key), known.get(_as_key(item)) or literal(item)) for key, item in inputs.items())
    members = ", ".join(f"{key}: {item}" for key, item in pairs)
    call = [
        f"    api.call {json.dumps(query, ensure_ascii=False)} verb={verb} {{",
        f"      api_group = {json.dumps(kept.get('group') or group, ensure_ascii=False)}",
        f"      input = {{{members}}}",
    ]
    error = kept.get("error_detail")
    if error:
        inside = [f"    {line}" for line in [*call, "    }"]]
        thrown = [f"      exception = {literal(error['message'])}", "    }", ""]
        return ["    expect.to_throw {", "      stack {", *inside, "      }", "", *thrown]
    value = answered(kept)
    for path, item in _leaves(value):
        known.setdefault(_as_key(item), f"{variable}{path}")
    return [*call, f"    }} as {variable}", "", *_expectations(variable, value, strict=strict, indent="    "), ""]


def _as_key(item: Value) -> str:
    return json.dumps(item, default=str)


def _leaves(value: Value, path: str = "") -> Iterator[tuple[str, Value]]:
    """The texts and ids in a response that a later request may send, with how they are reached."""
    if isinstance(value, dict):
        for key, item in value.items():
            if re.fullmatch(r"[A-Za-z_]\w*", key):
                yield from _leaves(item, f"{path}.{key}")
    elif isinstance(value, str):
        if 12 <= len(value) <= _LONGEST_KEPT and MASK not in value:
            yield path, value
    elif value.__class__ is int and path.endswith("id"):
        yield path, value
