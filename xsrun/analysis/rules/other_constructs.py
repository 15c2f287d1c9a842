"""What one file alone cannot tell: names that point to another construct, tables and columns, tests and mocks."""

from __future__ import annotations

from collections.abc import Iterator

from xsrun.analysis import columns
from xsrun.analysis.interface import Called, View
from xsrun.analysis.model import Unit
from xsrun.analysis.report import name_span, span_of, title_span
from xsrun.analysis.rules import enum_rules, mocks
from xsrun.diagnostics.suggest import did_you_mean
from xsrun.language.constructs import KINDS
from xsrun.syntax.nodes import Entry, Expression, Field, FieldBlock, Literal, Name, ObjectLiteral, Spread, Statement
from xsrun.syntax.walk import below, failing_statements, statements

#: The attributes that hold inputs: `api.call` may give each by where it is sent.
_GIVING = ("input", "path_params", "query", "body")
#: statement -> the kind of construct that its header names
TARGETS = {
    "function.run": "function",
    "function.call": "function",
    "task.call": "task",
    "tool.call": "tool",
    "middleware.call": "middleware",
    "addon.call": "addon",
    "workflow_test.call": "workflow_test",
    "ai.agent.run": "agent",
}


def check_names(workspace: View, unit: Unit) -> None:
    """Check the names that one construct has and speaks of."""
    check_double(workspace, unit)
    check_members(workspace, unit)
    mocks.check_tests(unit)
    expected = failing_statements(unit.node.block("stack"))
    for item in own_statements(unit):
        check_call(workspace, unit, item, fails=id(item) in expected)
        if item.name == "api.call" and id(item) not in expected:
            check_identity(workspace, unit, item)
        if item.name == "api.call":
            check_request(workspace, unit, item, fails=id(item) in expected)
        columns.check_statement(workspace, unit, item, fails=id(item) in expected)
    enum_rules.EnumComparisons(workspace, unit).check()


def own_statements(unit: Unit) -> Iterator[Statement]:
    """The statements of a construct's stack."""
    stack = unit.node.block("stack")
    return statements(stack.body if stack is not None else None)


def check_double(workspace: View, unit: Unit) -> None:
    """The same construct twice is one too many, unless both texts are the same."""
    first = workspace.first(unit.key) if unit.name else None
    if first is None or first.text == unit.text_digest:
        return
    place = f"{first.file}:{first.line}"
    what = f"{unit.kind} `{unit.name}`" + (f" with the verb {unit.node.verb}" if unit.kind == "query" else "")
    text = f"a second {what} is declared here, with another text"
    unit.report.add("XS420", text, title_span(unit.node), f"the first one is in {place}; rename or delete one")


# Calls ---------------------------------------------------------------------------------------------------------------


def check_call(workspace: View, unit: Unit, item: Statement, *, fails: bool = False) -> None:
    """Check that what a statement calls is there, and takes what it is given; `fails`: the call is meant to fail."""
    kind = TARGETS.get(item.name)
    if kind is None or not isinstance(item.target, Name):
        return
    name = item.target.text
    if not name:
        hint = f"the {kind} it pointed to is gone; write the name of one"
        text = f"`{item.name}` names no {kind}; it raises an error when it is reached"
        unit.report.add("XS421", text, span_of(item.target), hint)
        return
    found = workspace.called(kind, name)
    if found is not None:
        check_given(unit, item, found, fails=fails)
    elif workspace.another(kind, unit.kind):
        hint = did_you_mean(name, workspace.names(kind)) or f"declare {kind} {name} in a file of the workspace"
        text = f"there is no {kind} `{name}`"
        unit.report.add("XS422", text, span_of(item.target), hint)


def check_request(workspace: View, unit: Unit, item: Statement, *, fails: bool) -> None:
    """Check what `api.call` sends to a query of the workspace. A request takes nothing from the inputs around it."""
    if not isinstance(item.target, Name) or item.attribute("url") is not None:
        return
    group = item.attribute("api_group")
    named = group.value if isinstance(group, Literal) else None
    found = workspace.requested(item.target.text, item.verb or "", named if isinstance(named, str) else "")
    if found is not None:
        check_given(unit, item, found, fails=fails)


def check_given(unit: Unit, item: Statement, target: Called, *, fails: bool) -> None:
    """Compare the inputs that a call gives with those that the target declares."""
    given = [value for name in _GIVING if (value := item.attribute(name)) is not None]
    entries = [entry for value in given if isinstance(value, ObjectLiteral) for entry in value.entries]
    if not all(isinstance(value, ObjectLiteral) for value in given) or target.linked:
        return
    if any(isinstance(entry, Spread) for entry in entries) or not target.complete:
        return
    declared = dict(target.inputs)
    keys = {entry.key: entry for entry in entries if isinstance(entry, Entry) and not entry.disabled}
    for key, entry in keys.items():
        if key not in declared and entry.style != "variable":
            hint = did_you_mean(key, declared) or f"`{target.name}` takes: {', '.join(declared) or 'no input'}"
            place = (entry.line, entry.column, entry.line, entry.column + len(key))
            unit.report.add("XS704", f"`{target.name}` declares no input `{key}`; it is dropped", place, hint)
    if not fails:
        columns.check_enums(unit, entries, dict(target.enums))
        check_missing(unit, item, target, set(keys))


def check_missing(unit: Unit, item: Statement, target: Called, given: set[str]) -> None:
    """A left-out input is taken from the caller's input of the same name, if there is one (semantics 1.7)."""
    request = item.name == "api.call"
    own, asked = {} if request else unit.inputs, not request and "input" in KINDS[unit.kind].members
    for name, needed in target.inputs:
        if name in given:
            continue
        if name in own:
            hint = f"write {name}: $input.{name} to say so"
            text = f"`{target.name}` takes its left-out input `{name}` from the caller's own input"
            unit.report.add("XS705", text, name_span(item), hint)
        elif needed:
            hint = f"write input = {{{name}: ...}}"
            text = f"`{target.name}` needs the input `{name}`"
            if asked and not own:  # semantics 1.7: such a caller passes on what its own caller happens to send
                text += f", which only a request that holds `{name}` gives it here"
            unit.report.add("XS706", text, name_span(item), hint)


def check_identity(workspace: View, unit: Unit, item: Statement) -> None:
    """`api.call` signs nobody in (semantics 8.3): a token, or `auth`, for a query that reads `$auth` does nothing."""
    if not isinstance(item.target, Name) or not workspace.guarded(item.target.text):
        return
    headers, auth = item.attribute("headers"), item.attribute("auth")
    token = next((one for one in below(headers) if _is_authorization(one)), None) if headers is not None else None
    place = auth if auth is not None else token
    if place is not None:
        hint = "put what the query does into a function that takes the id as an input, and call that"
        text = f"`api.call` signs nobody in: `$auth` stays empty in the query `{item.target.text}`"
        unit.report.add("XS805", text, span_of(place), hint)


def _is_authorization(node: Expression) -> bool:
    """`"Authorization: ..."` of a list of headers, the beginning of a joined text, or an object with that name."""
    texts = [entry.key for entry in node.entries if isinstance(entry, Entry)] if isinstance(node, ObjectLiteral) else []
    if isinstance(node, Literal) and isinstance(node.value, str):
        texts = [node.value]
    return any(text.lstrip().lower().startswith("authorization") for text in texts)


# Members -------------------------------------------------------------------------------------------------------------


def check_members(workspace: View, unit: Unit) -> None:
    """Names in the members of a construct: tables, groups, functions."""
    node = unit.node
    if unit.kind in ("query", "tool"):
        _named(workspace, unit, "auth", "table", "XS707")
    if unit.kind == "query":
        _named(workspace, unit, "api_group", "api_group", "XS708")
    if unit.kind == "table_trigger":
        _named(workspace, unit, "table", "table", "XS707")
    if unit.kind == "run.job":
        _job(workspace, unit)
    if unit.kind == "table":
        _table(unit)
    for item in node.body.items if node.body else []:
        if isinstance(item, FieldBlock):
            _references(workspace, unit, item.declared)


def _named(workspace: View, unit: Unit, member: str, kind: str, code: str) -> None:
    value = unit.node.attribute(member)
    if isinstance(value, Literal) and isinstance(value.value, str) and value.value:
        _declared(workspace, unit, value, kind, value.value, code, f"declare {kind} {value.value}")


def _declared(
    workspace: View, unit: Unit, place: Expression, kind: str, name: str, code: str, otherwise: str | None = None
) -> None:
    """A construct that is named is there, as far as the workspace declares any of its kind."""
    if workspace.any(kind) and not workspace.declares(kind, name):
        hint = did_you_mean(name, workspace.names(kind)) or otherwise
        unit.report.add(code, f"there is no {kind} `{name}`", span_of(place), hint)


def _job(workspace: View, unit: Unit) -> None:
    main = unit.node.attribute("main")
    for entry in main.entries if isinstance(main, ObjectLiteral) else []:
        if isinstance(entry, Entry) and entry.key == "name" and isinstance(entry.value, Literal):
            _declared(workspace, unit, entry.value, "function", str(entry.value.value), "XS422")


def _table(unit: Unit) -> None:
    if unit.node.fields_of("schema") is None:
        unit.report.add("XS709", "this table has no schema", title_span(unit.node), "add schema { int id ... }")
        return
    declared = unit.node.fields_of("schema") or []
    key = next((field for field in declared if field.name == "id"), None)
    if key is None or key.type not in ("int", "uuid"):
        hint = "declare int id, or uuid id, as the first column"
        unit.report.add("XS709", "a table has a column `id` of type int or uuid", title_span(unit.node), hint)


def _references(workspace: View, unit: Unit, declared: list[Field]) -> None:
    """Fields that point to a table."""
    for field in declared:
        table = field.attribute("table")
        if isinstance(table, Literal) and isinstance(table.value, str) and table.value:
            _declared(workspace, unit, table, "table", table.value, "XS707")
        _references(workspace, unit, field.schema)
