"""`text.*`: change or test the text in a variable (semantics 6). Most do what the filter of their name does."""

from __future__ import annotations

import ast

from xsrun import registry
from xsrun.evaluator.quasiquote import Position, assign, expression, name, statement_position
from xsrun.hints import TYPE_CHECKING
from xsrun.registry import statement_form
from xsrun.syntax.nodes import Statement

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler

# Changing ------------------------------------------------------------------------------------------------------------


def filtered(compiler: Compiler, node: Statement, filter_name: str, *arguments: ast.expr) -> ast.expr:
    """The filter of a name on the statement's target, which must be a variable."""
    target = compiler.target(node)
    compiler.changeable(target)
    record = registry.find_filter(filter_name)
    assert record is not None
    at = Position(node.line, node.column, node.line, node.name_end_column)
    return compiler.builtin_call(record, [compiler.value(target), *arguments], at)


@statement_form("text.append", "value")
def append(compiler: Compiler, node: Statement) -> None:
    """Add a text at the end of the text in a variable or path.

    >>> var $t { value = "ab" }
    ... text.append $t { value = "c" }
    ... text.append $t { value = 1 }
    {"t": "abc1"}
    """
    at, target = statement_position(node), compiler.target(node)
    root, _ = compiler.changeable(target)
    added = compiler.held(compiler.joined([compiler.needed(node, "value")], at), at, root)
    compiler.grow_text(target, added, at)


@statement_form("text.prepend", "value")
def prepend(compiler: Compiler, node: Statement) -> None:
    """Add a text in front of the text in a variable or path.

    >>> var $t { value = "bc" }
    ... text.prepend $t { value = "a" }
    {"t": "abc"}
    """
    at, target = statement_position(node), compiler.target(node)
    made = compiler.joined([compiler.needed(node, "value"), target], at)
    text = compiler.scope.fresh("text_")
    compiler.emit(assign(text, made, at))
    compiler.count_moved(name(text, at), at)
    compiler.store(target, name(text, at), at)


def cut(compiler: Compiler, node: Statement, filter_name: str) -> None:
    """Store what a trimming filter leaves; no characters, or an empty text of them, means blanks."""
    at = statement_position(node)
    value = compiler.attribute(node, "value")
    arguments = []
    if value is not None:
        template = "V if (V := E) != '' else None"
        arguments = [expression(template, value, V=compiler.scope.temporary(), E=compiler.value(value))]
    compiler.store(compiler.target(node), filtered(compiler, node, filter_name, *arguments), at)


@statement_form("text.trim", "value")
def trim(compiler: Compiler, node: Statement) -> None:
    """Cut blanks, or the given characters, off both ends of the text in a variable or path.

    >>> var $t { value = "**a*b**" }
    ... text.trim $t { value = "*" }
    {"t": "a*b"}
    """
    cut(compiler, node, "trim")


@statement_form("text.ltrim", "value")
def ltrim(compiler: Compiler, node: Statement) -> None:
    """Cut blanks, or the given characters, off the start of the text in a variable or path.

    >>> var $t { value = "0070" }
    ... text.ltrim $t { value = "0" }
    {"t": "70"}
    """
    cut(compiler, node, "ltrim")


@statement_form("text.rtrim", "value")
def rtrim(compiler: Compiler, node: Statement) -> None:
    """Cut blanks, or the given characters, off the end of the text in a variable or path.

    >>> var $t { value = " a  " }
    ... text.rtrim $t { value = "" }
    {"t": " a"}
    """
    cut(compiler, node, "rtrim")


# Testing -------------------------------------------------------------------------------------------------------------


def emit_test(compiler: Compiler, node: Statement, filter_name: str) -> None:
    """Bind what a filter says about the text in a variable."""
    value = compiler.value(compiler.needed(node, "value"))
    compiler.bind_result(node, filtered(compiler, node, filter_name, value))


@statement_form("text.contains", "value")
def contains(compiler: Compiler, node: Statement) -> None:
    """Whether the text in a variable holds another.

    >>> var $t { value = "Low tide" }
    ... text.contains $t { value = "tide" } as $found
    {"t": "Low tide", "found": true}
    """
    emit_test(compiler, node, "contains")


@statement_form("text.icontains", "value")
def icontains(compiler: Compiler, node: Statement) -> None:
    """Whether the text in a variable holds another, whatever the case.

    >>> var $t { value = "Low tide" }
    ... text.icontains $t { value = "TIDE" } as $found
    {"t": "Low tide", "found": true}
    """
    emit_test(compiler, node, "icontains")


@statement_form("text.starts_with", "value")
def starts_with(compiler: Compiler, node: Statement) -> None:
    """Whether the text in a variable begins with another.

    >>> var $t { value = "Low tide" }
    ... text.starts_with $t { value = "low" } as $starts
    {"t": "Low tide", "starts": false}
    """
    emit_test(compiler, node, "starts_with")


@statement_form("text.istarts_with", "value")
def istarts_with(compiler: Compiler, node: Statement) -> None:
    """Whether the text in a variable begins with another, whatever the case.

    >>> var $t { value = "Low tide" }
    ... text.istarts_with $t { value = "low" } as $starts
    {"t": "Low tide", "starts": true}
    """
    emit_test(compiler, node, "istarts_with")


@statement_form("text.ends_with", "value")
def ends_with(compiler: Compiler, node: Statement) -> None:
    """Whether the text in a variable ends with another.

    >>> var $t { value = "map.svg" }
    ... text.ends_with $t { value = ".svg" } as $ends
    {"t": "map.svg", "ends": true}
    """
    emit_test(compiler, node, "ends_with")


@statement_form("text.iends_with", "value")
def iends_with(compiler: Compiler, node: Statement) -> None:
    """Whether the text in a variable ends with another, whatever the case.

    >>> var $t { value = "map.SVG" }
    ... text.iends_with $t { value = ".svg" } as $ends
    {"t": "map.SVG", "ends": true}
    """
    emit_test(compiler, node, "iends_with")
