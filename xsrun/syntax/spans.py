"""Where nodes and their parts stand."""

from __future__ import annotations

from xsrun.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from xsrun.syntax.nodes import Attribute, FilterCall, Located, Statement

#: Line, column, end line, end column; from 1, the end exclusive.
Span = tuple[int, int, int, int]


def span_of(node: Located) -> Span:
    """The whole of a node."""
    return node.line, node.column, node.end_line, node.end_column


def name_span(statement: Statement) -> Span:
    """The name of a statement."""
    start = statement.name_end_column - len(statement.name)
    return statement.line, start, statement.line, statement.name_end_column


def title_span(statement: Statement) -> Span:
    """Where something missing from a construct or statement is reported: at its name, or where that should stand."""
    if statement.target is not None:
        return span_of(statement.target)
    return statement.line, statement.name_end_column + 1, statement.line, statement.name_end_column + 2


def after_title(statement: Statement) -> Span:
    """Right behind the header of a statement."""
    end = statement.target or statement
    return end.end_line, end.end_column, end.end_line, end.end_column + 1


def attribute_span(attribute: Attribute) -> Span:
    """The name of an attribute."""
    start = attribute.column + (1 if attribute.disabled else 0)
    return attribute.line, start, attribute.line, start + len(attribute.name)


def filter_span(node: FilterCall) -> Span:
    """From the bar to the end of a filter's name, in a text without blanks around them."""
    if node.operand is None:
        return node.line, node.column, node.line, node.column + len(node.name) + 1
    if node.arguments:
        first = node.arguments[0]
        line, end = first.line, first.column - 1
    else:
        line, end = node.end_line, node.end_column
    return line, max(end - len(node.name) - 1, 1), line, end
