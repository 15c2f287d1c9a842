"""What Xano's own editor refuses although its engine runs it: warnings, for a push ends there.

The editor's parser asks for more than the engine's schema (language 3 and 5, the members and attributes marked LS or
`+`). What the documentation's own examples leave out is not asked for here.
"""

from __future__ import annotations

from xsrun.analysis.model import Unit
from xsrun.analysis.report import TextReport, article, name_span, span_of, title_span
from xsrun.diagnostics.suggest import did_you_mean
from xsrun.registry import find_statement
from xsrun.syntax.nodes import Attribute, Entry, Literal, Name, ObjectLiteral, Statement
from xsrun.syntax.tokens import HOLE

_BLOCKS = {
    "group": ("stack",),
    "db.transaction": ("stack",),
    "util.post_process": ("stack",),
    "try_catch": ("try",),
}
_PARTS = frozenset(("stack", "try", "catch", "finally"))
#: kind of trigger -> what it belongs to, and the events it can wait for (language 3).
_TRIGGERS: dict[str, tuple[str | None, frozenset[str]]] = {
    "table_trigger": ("table", frozenset(("insert", "update", "delete", "truncate"))),
    "realtime_trigger": ("channel", frozenset(("message", "join"))),
    "agent_trigger": ("agent", frozenset(("connection",))),
    "mcp_server_trigger": ("mcp_server", frozenset(("connection",))),
    "workspace_trigger": (None, frozenset(("branch_live", "branch_merge", "branch_new"))),
}


def check_unit(unit: Unit) -> None:
    """Look at the name and the members of one construct."""
    report, node = unit.report, unit.node
    if unit.kind != "query" and isinstance(node.target, Name) and "{" in node.target.text:
        text = f"only the name of a query has parameters in braces, not that of {article(unit.kind)}"
        report.add("XS540", text, span_of(node.target), "pass values as inputs")
    if unit.kind in _TRIGGERS:
        _trigger(unit)


def _trigger(unit: Unit) -> None:
    owner, events = _TRIGGERS[unit.kind]
    if owner is not None and unit.node.find(owner) is None:
        text = f"this trigger belongs to no {owner.replace('_', ' ')}"
        unit.report.add("XS540", text, title_span(unit.node), f'add {owner} = "..."')
    actions = unit.node.find("actions")
    value = actions.value if isinstance(actions, Attribute) else None
    if not isinstance(value, ObjectLiteral):
        return
    for entry in value.entries:
        if not isinstance(entry, Entry) or entry.key == HOLE:
            continue
        if entry.key not in events:
            hint = did_you_mean(entry.key, events) or f"the events are {', '.join(sorted(events))}"
            unit.report.add("XS540", f"{article(unit.kind)} knows no event `{entry.key}`", span_of(entry), hint)
        elif isinstance(entry.value, Literal) and not isinstance(entry.value.value, bool):
            hint = f"write {entry.key}: true"
            unit.report.add("XS540", f"`{entry.key}` is switched on by true or false", span_of(entry.value), hint)


def check_statement(report: TextReport, item: Statement) -> None:
    """Look at the attributes and blocks of one statement."""
    present = {getattr(member, "name", "") for member in item.body.items} if item.body else set()
    if HOLE in present:
        return
    unwrapped = any(inner.name not in _PARTS for inner in item.blocks())  # that is an error already
    for block in _BLOCKS.get(item.name, ()):
        if block not in present and not unwrapped:
            text = f"Xano's editor refuses `{item.name}` without `{block}`"
            report.add("XS540", text, name_span(item), f"add {block} {{ ... }}")
    if item.name == "switch":
        _default_last(report, item)
    record = find_statement(item.name)
    if record is None or not record.editor_needs:
        return
    present |= record.stood_for(present)
    for attribute in record.attributes:
        name = attribute.name
        if name in record.editor_needs and name not in present:
            text = f"Xano's editor refuses `{item.name}` without `{name}`"
            hint = f'add {name} = "id"' if name == "field_name" else f"add {name} = ..."
            report.add("XS540", text, name_span(item), hint)


def _default_last(report: TextReport, item: Statement) -> None:
    arms = [arm for arm in item.blocks("case", "default") if not arm.disabled]
    for arm in arms[:-1]:
        if arm.name == "default" and arms[-1].name == "case":
            report.add("XS540", "a `case` stands after the `default`", name_span(arms[-1]), "put the default last")
