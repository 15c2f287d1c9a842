"""Database statements that run but give something else than expected (semantics 4): warnings."""

from __future__ import annotations

from collections.abc import Callable

from xsrun.analysis.report import TextReport, attribute_span, span_of
from xsrun.analysis.rules.isolation import check_transaction
from xsrun.diagnostics.suggest import did_you_mean
from xsrun.names.places import unwrapped
from xsrun.syntax.nodes import (
    Binary,
    Call,
    Entry,
    Expression,
    ListLiteral,
    Literal,
    Node,
    ObjectLiteral,
    Path,
    Statement,
    Variable,
    Word,
)
from xsrun.syntax.walk import below

RETURN_TYPES = ("list", "single", "count", "exists", "stream", "aggregate")
_DIRECTIONS = ("asc", "desc", "rand")


def check_statement(report: TextReport, item: Statement) -> None:
    """Look at one database statement by its name."""
    check = _CHECKS.get(item.name)
    if check is not None:
        check(report, item)


def entries_of(node: Node | None) -> dict[str, Entry]:
    """The entries of an object literal by key, disabled ones left out."""
    if not isinstance(node, ObjectLiteral):
        return {}
    return {entry.key: entry for entry in node.entries if isinstance(entry, Entry) and not entry.disabled}


def _text(node: Node | None) -> str | None:
    if isinstance(node, Word):
        return node.text
    return node.value if isinstance(node, Literal) and isinstance(node.value, str) else None


def _write(report: TextReport, item: Statement) -> None:
    """`data = $row`: refused by the hosted import, which wants an object literal."""
    attribute = item.find("data")
    value = unwrapped(attribute.value) if attribute else None
    if isinstance(value, (Variable, Path)):
        instead = "use db.patch, which takes a variable" if item.name == "db.edit" else "name the columns"
        hint = f"write data = {{column: {report.text_of(value)}.column, ...}}, or {instead}"
        report.add("XS701", "the hosted import takes only an object literal as `data`", span_of(value), hint)


def _bulk_add(report: TextReport, item: Statement) -> None:
    items = item.attribute("items")
    allowed = item.attribute("allow_id_field")
    if not isinstance(items, ListLiteral) or (isinstance(allowed, Literal) and allowed.value is True):
        return
    if allowed is not None and not isinstance(allowed, Literal):
        return
    for row in items.items:
        entry = entries_of(row).get("id")
        if entry is not None:
            place = (entry.line, entry.column, entry.line, entry.column + 2)
            hint = "write allow_id_field = true to keep them"
            report.add("XS702", "the given ids are dropped: rows get new ones", place, hint)
            return


def _get(report: TextReport, item: Statement) -> None:
    where = item.find("where")
    if where is not None:
        hint = 'use db.query with return = {type: "single"}'
        report.add("XS703", "db.get finds a row by one field, not by a condition", attribute_span(where), hint)


def _query(report: TextReport, item: Statement) -> None:
    _return_type(report, item)
    _sort(report, item)
    _paged_output(report, item)
    for attribute in item.attributes():
        if not attribute.disabled:
            _addon_calls(report, attribute.value)
    where = item.find("where")
    if where is not None:
        for node in below(where.value):
            if isinstance(node, Binary):
                _pattern(report, node)


def _addon_calls(report: TextReport, value: Expression) -> None:
    """`dbAddonAttr(...)`, of which only documentation knows (language 2.10)."""
    for node in below(value):
        if isinstance(node, Call) and node.name == "dbAddonAttr":
            place = (node.line, node.column, node.line, node.column + len(node.name))
            hint = "write addon = [{name: ..., input: {...}, as: ...}]"
            report.add("XS715", "`dbAddonAttr` is not known to run; xsrun raises an error here", place, hint)


def _return_type(report: TextReport, item: Statement) -> None:
    entry = entries_of(item.attribute("return")).get("type")
    text = _text(entry.value) if entry is not None else None
    if entry is not None and text is not None and text not in RETURN_TYPES:
        hint = did_you_mean(text, RETURN_TYPES) or f"a query returns {', '.join(RETURN_TYPES)}"
        report.add("XS711", f'"{text}" is nothing that a query returns', span_of(entry.value), hint)


def _sort(report: TextReport, item: Statement) -> None:
    for entry in entries_of(item.attribute("sort")).values():
        text = _text(entry.value)
        if text is not None and text.lower() not in _DIRECTIONS:
            message = f'"{text}" is not a direction'
            report.add("XS712", message, span_of(entry.value), "write asc, desc or rand in quotes")


def _paged_output(report: TextReport, item: Statement) -> None:
    """With paging, `output` chooses from the envelope: bare column names choose nothing (semantics 4.3)."""
    paging = entries_of(item.attribute("return")).get("paging")
    output = item.find("output")
    if paging is None or output is None or not isinstance(output.value, ListLiteral):
        return
    metadata = entries_of(paging.value).get("metadata")
    if metadata is not None and isinstance(metadata.value, Literal) and metadata.value.value is False:
        return
    names = [_text(name) or "" for name in output.value.items]
    if names and not any(name.startswith("items") for name in names):
        hint = f'write output = ["itemsReceived", "items.{names[0]}", ...]'
        report.add("XS713", "a paged query with this output gives no rows", attribute_span(output), hint)


def _pattern(report: TextReport, node: Binary) -> None:
    """`like "abc"` compares with the whole value: nothing is added to the pattern (semantics 4.4)."""
    operator = node.operator.rstrip("?").removeprefix("not ")
    text = _text(node.right)
    if operator in ("like", "ilike") and text and "%" not in text and "_" not in text:
        hint = f'write {operator} "%{text}%", or includes "{text}"'
        report.add("XS714", f"`{operator}` without % finds only the whole value", span_of(node.right), hint)


_CHECKS: dict[str, Callable[[TextReport, Statement], None]] = {
    "db.add": _write,
    "db.edit": _write,
    "db.add_or_edit": _write,
    "db.bulk.add": _bulk_add,
    "db.get": _get,
    "db.query": _query,
    "db.transaction": check_transaction,
}
