"""Filters: whether a name is one, how many arguments it takes, and which of them a query can run."""

from __future__ import annotations

from xsrun.analysis.report import Span, TextReport
from xsrun.diagnostics.suggest import did_you_mean, nearest
from xsrun.language import catalogue
from xsrun.language.foreign_words import FOREIGN_FILTERS
from xsrun.names.bindings import name_given_by
from xsrun.registry import Builtin, find, find_filter
from xsrun.syntax.nodes import Expression, FilterCall, Group, Path, Variable
from xsrun.syntax.source import Source

#: Tests of texts that columns have operators for, without underscores and capitals.
_TEXT_TEST_NAMES = "startswith istartswith endswith iendswith contains icontains index iindex regexmatches strlen"
_TEXT_TESTS = frozenset(_TEXT_TEST_NAMES.split())
#: What an aggregate's `eval` computes over the rows of a group (semantics 4.5).
_AGGREGATE_NAMES = (
    "count count_distinct sum avg min max median to_list to_list_asc to_list_desc to_distinct_list "
    "to_distinct_list_asc to_distinct_list_desc"
)
_AGGREGATES = frozenset(_AGGREGATE_NAMES.split())


def check_filter(report: TextReport, node: FilterCall, mode: int, on_column: bool) -> None:
    """Check the name and the arguments of one filter; `mode` tells whether it stands in a query, and `on_column`
    whether it works on a column there."""
    name = node.name
    if on_column and name in _AGGREGATES:
        return
    of_values = find_filter(name)
    record = (find("query_filter", name) if mode != 0 and (on_column or of_values is None) else None) or of_values
    if record is None:
        _unknown(report, node, mode, on_column)
    elif on_column and record is of_values and not name.startswith("timestamp_"):
        _not_in_query(report, node)
    else:
        _check_arguments(report, node, record)


def filter_span(report: TextReport, node: FilterCall) -> Span:
    """From the bar to the end of the filter's name."""
    source = report.source
    if node.operand is None:
        return node.line, node.column, node.line, node.column + len(node.name) + 1
    start = source.offset(node.operand.end_line, node.operand.end_column)
    found = source.text.find("|", start)
    if found < 0:
        return node.line, node.column, node.end_line, node.end_column
    return (*source.position(found), *name_of_filter(source, node)[2:])


def name_of_filter(source: Source, node: FilterCall) -> Span:
    """Where the name of a filter stands."""
    place = (node.operand.end_line, node.operand.end_column) if node.operand is not None else (node.line, node.column)
    start = source.text.find(node.name, max(source.text.find("|", source.offset(*place)), 0))
    return (*source.position(start), *source.position(start + len(node.name)))


def is_column(operand: Expression | None) -> bool:
    """Whether a value comes from a column of the query: it begins at `$db`."""
    while operand is not None:
        if isinstance(operand, FilterCall):
            operand = operand.operand
        elif isinstance(operand, Group):
            operand = operand.expression
        elif isinstance(operand, Path):
            operand = operand.base
        else:
            return isinstance(operand, Variable) and operand.name == "db"
    return False


def _unknown(report: TextReport, node: FilterCall, mode: int, on_column: bool) -> None:
    name = node.name
    if on_column:
        report.add("XS406", f"there is no filter `{name}`", filter_span(report, node), column_hint(name))
        return
    hint = FOREIGN_FILTERS.get(name) or FOREIGN_FILTERS.get(name.lower())
    if hint is None:
        known = catalogue.names("filter") + (catalogue.names("query_filter") if mode else [])
        hint = did_you_mean(name, known)
    if hint is None and catalogue.entry("query_filter", name):
        hint = "it works only on columns, inside a db.query"
    if hint is None and catalogue.entry("input_filter", name):
        hint = "it is a filter of declared inputs: text name filters=" + name
    if hint is None and (foreign := nearest(name, FOREIGN_FILTERS)):
        hint = FOREIGN_FILTERS[foreign]
    hint = hint or "xsrun docs lists the filters"
    report.add("XS406" if mode else "XS403", f"there is no filter `{name}`", filter_span(report, node), hint)


def _not_in_query(report: TextReport, node: FilterCall) -> None:
    text = f"a database cannot run the filter `{node.name}` on a column"
    report.add("XS405", text, filter_span(report, node), column_hint(node.name))


def column_hint(name: str) -> str:
    """What a query does with a column instead of a filter or function that it does not have."""
    if name.lower().replace("_", "") in _TEXT_TESTS:
        return 'in a condition write includes "text" for any place, ilike "text%" for a beginning'
    of_columns = catalogue.names("query_filter")
    near = did_you_mean(name, of_columns) if find_filter(name) is None else None
    usable = ", ".join(sorted(known for known in of_columns if "_" not in known))
    return near or f"columns take: {usable}; use operators such as includes or ilike, or filter the rows afterwards"


def _check_arguments(report: TextReport, node: FilterCall, record: Builtin) -> None:
    """Too few arguments fail when they are reached; surplus ones are ignored."""
    wanted, given = record.arguments, len(node.arguments)
    least = sum(argument.required for argument in wanted)
    is_open = record.takes_surplus or any(argument.variadic for argument in wanted)
    form = f"its form is |{record.signature}"
    if record.name == "as" and given and not (name_given_by(node) or "").isidentifier():
        hint = "write |as:name and use $name afterwards"
        report.add("XS404", "the filter `as` needs a name", filter_span(report, node), hint)
    if given < least and not record.counted:
        message = f"what `{node.name}` gives without `{wanted[given].name}` is not known; it raises nothing"
        report.add("XS622", message, filter_span(report, node), form)
    elif given < least:
        message = f"the filter `{node.name}` needs `{wanted[given].name}`"
        report.add("XS404", message, filter_span(report, node), form)
    elif given > len(wanted) and not is_open:
        taken = f"{len(wanted)} argument{'s' if len(wanted) > 1 else ''}" if wanted else "no argument"
        message = f"the filter `{node.name}` takes {taken}; what follows is ignored"
        report.add("XS622", message, filter_span(report, node), form)
