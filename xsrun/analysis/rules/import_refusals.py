"""What the hosted import refuses though the text can be read, and what the sources disagree about (second round)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from xsrun.analysis.interface import View, route_parts
from xsrun.analysis.model import Unit
from xsrun.analysis.report import Span, TextReport, attribute_span, span_of, title_span
from xsrun.analysis.rules.query_rules import entries_of
from xsrun.diagnostics.suggest import nearest
from xsrun.names.places import unwrapped
from xsrun.syntax.nodes import (
    Attribute,
    Entry,
    ListLiteral,
    Literal,
    ObjectLiteral,
    Path,
    Statement,
    Variable,
    Word,
)
from xsrun.syntax.walk import below

_PARAMETER = re.compile(r"\{(\w+)\}")
#: Columns that a table has without declaring them. `xdo` is the document that the engine keeps a row in; most exports
#: of tables index it.
_OWN_COLUMNS = frozenset({"id", "created_at", "xdo"})
_COMMENT = re.compile(r"[ \t]*//")
#: Statements whose table may not come from a variable.
_WITH_TABLE = re.compile(r"db\.(?:get|has|add|edit|patch|add_or_edit|del|query|truncate|bulk\.\w+)")


def check_unit(everything: View, unit: Unit) -> None:
    """Look at one construct as a whole."""
    _comments_behind_inputs(unit)
    if unit.kind == "table":
        _index(unit)
    elif unit.kind == "api_group":
        _swagger(unit)
    elif unit.kind == "query":
        _path_parameters(everything, unit)
        _hidden_route(everything, unit)


def check_statement(report: TextReport, item: Statement) -> None:
    """Look at one statement."""
    if item.name == "db.query":
        _query(report, item)
    elif item.name == "db.del" and item.result is not None:
        report.add("XS721", "`db.del` gives nothing", span_of(item.result), "take the `as` away")
    if _WITH_TABLE.fullmatch(item.name) and isinstance(item.target, (Variable, Path)):
        hint = "write the name of the table; for several tables, a conditional with one statement each"
        report.add("XS720", f"the table of `{item.name}` is written out", span_of(item.target), hint)


# Tables --------------------------------------------------------------------------------------------------------------


def _index(unit: Unit) -> None:
    report, index = unit.report, unit.node.find("index")
    if index is None:
        hint = 'write index = [{type: "primary", field: [{name: "id"}]}]'
        report.add("XS237", "the import refuses a table without `index`", title_span(unit.node), hint)
        return
    for place in _comment_lines(report, index):
        hint = "move the comment before the index"
        report.add("XS234", "the import takes no comment inside an index list", place, hint)
    columns = {*_OWN_COLUMNS, *(field.name for field in unit.node.fields_of("schema") or [])}
    for entry in index.value.items if isinstance(index.value, ListLiteral) else []:
        fields = entries_of(entry).get("field")
        for part in fields.value.items if fields is not None and isinstance(fields.value, ListLiteral) else []:
            named = entries_of(part).get("name")
            text = named.value.value if named is not None and isinstance(named.value, Literal) else None
            if named is not None and isinstance(text, str) and text.partition(".")[0] not in columns:
                close = nearest(text, columns)
                hint = f"did you mean `{close}`?" if close else "declare the column, or delete the index"
                report.add("XS236", f"the index names no column of the table: `{text}`", span_of(named.value), hint)


def _comment_lines(report: TextReport, attribute: Attribute) -> Iterator[Span]:
    lines = report.source.text.split("\n")
    for number in range(attribute.line, attribute.end_line + 1):
        match = _COMMENT.match(lines[number - 1])
        if match is not None:
            yield number, match.end() - 1, number, len(lines[number - 1]) + 1


def _comments_behind_inputs(unit: Unit) -> None:
    source = unit.report.source
    for field in unit.node.fields_of("input") or []:
        line = source.line(field.end_line)
        match = _COMMENT.match(line, field.end_column - 1)
        if match is None:
            continue
        first, start = source.offset(field.line, 1), source.offset(field.end_line, field.end_column)
        end = source.offset(field.end_line, len(line) + 1)
        margin, comment = source.text[first : source.offset(field.line, field.column)], line[match.end() - 2 :].rstrip()
        fix = [(first, first, f"{margin}{comment}\n"), (start, end, "")]
        place = (field.end_line, match.end() - 1, field.end_line, len(line) + 1)
        hint = "move the comment to a line of its own above the input"
        unit.report.add("XS234", "the import takes no comment behind an input", place, hint, fix)


# Groups and queries --------------------------------------------------------------------------------------------------


def _swagger(unit: Unit) -> None:
    token = entries_of(unit.node.attribute("swagger")).get("token")
    if token is None:
        return
    for inner in below(token.value):
        if isinstance(inner, (Variable, Path)):
            hint = "write the token itself, or leave it out"
            text = "the token of swagger is written out: the import reads no $env there"
            unit.report.add("XS233", text, span_of(inner), hint)
            return


def _path_parameters(everything: View, unit: Unit) -> None:
    inputs = {*unit.inputs}
    for table in unit.linked_tables:
        columns = everything.columns(table)
        if columns is None:
            return
        inputs |= {*columns}
    for name in _PARAMETER.findall(unit.name):
        if name not in inputs:
            close = nearest(name, inputs)
            hint = f"did you mean `{close}`?" if close else f"declare it: input {{ int {name} }}"
            unit.report.add("XS717", f"no input takes the path parameter `{name}`", title_span(unit.node), hint)


def _hidden_route(everything: View, unit: Unit) -> None:
    """`deed/{uid}` beside `deed/by_name`: which of the two answers is not settled; here the literal one does."""
    mine = unit.name.split("/")
    if not any(_PARAMETER.fullmatch(part) for part in mine):
        return
    _, _, verb, group = unit.key
    for other in everything.routes(verb, group, route_parts(unit.name)):
        theirs = other.split("/")
        pairs = list(zip(mine, theirs, strict=True))
        fits = all(a == b or _PARAMETER.fullmatch(a) for a, b in pairs)
        if fits and mine != theirs and not any(_PARAMETER.fullmatch(b) for a, b in pairs if a != b):
            hint = "give one of the two another path"
            text = f"the address `{other}` fits this path too; the engine takes the first that fits"
            unit.report.add("XS722", text, title_span(unit.node), hint)
            return


# Statements ----------------------------------------------------------------------------------------------------------


def _query(report: TextReport, item: Statement) -> None:
    sort = item.find("sort")
    if sort is not None and not sort.disabled:
        _sort(report, sort)
    kind = entries_of(item.attribute("return")).get("type")
    if kind is not None and isinstance(kind.value, Word):
        _unquoted(report, kind.value)


def _unquoted(report: TextReport, word: Word) -> None:
    text = f"one report says that the import refuses `{word.text}` without quotes"
    report.add("XS718", text, span_of(word), f'write "{word.text}"')


def _sort(report: TextReport, sort: Attribute) -> None:
    value = unwrapped(sort.value)
    if isinstance(value, ListLiteral):
        report.add("XS330", "`sort` is an object", attribute_span(sort), 'write sort = {column: "asc"}')
    elif isinstance(value, (Variable, Path)):
        hint = "write the columns out; what comes with a request goes to override_sort"
        report.add("XS719", "the sources disagree on a `sort` from a variable", span_of(value), hint)
    for entry in value.entries if isinstance(value, ObjectLiteral) else []:
        if not isinstance(entry, Entry) or entry.disabled:
            continue
        if isinstance(entry.value, Word):
            _unquoted(report, entry.value)
        if entry.key.startswith("$db."):
            plain = entry.key.rpartition(".")[2]
            place = (entry.line, entry.column, entry.line, entry.column + len(entry.key) + 2)
            report.add("XS719", "a sort key is a column without `$db.`", place, f'write "{plain}"')
