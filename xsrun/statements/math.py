"""`math.*`: change the number in a variable (semantics 6)."""

from __future__ import annotations

from xsrun.evaluator.quasiquote import statement_position
from xsrun.hints import TYPE_CHECKING
from xsrun.registry import statement, statement_form
from xsrun.syntax.nodes import Binary, Statement
from xsrun.values.conversion import as_int

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler


def update(compiler: Compiler, node: Statement, operator: str) -> None:
    """Store `target operator value` in the target: the same code as the operator in an expression."""
    target, value = compiler.target(node), compiler.needed(node, "value")
    made = Binary(target, operator, value).at(node, node)
    made.end_line, made.end_column = node.line, node.name_end_column
    compiler.store(target, compiler.value(made), statement_position(node))


@statement_form("math.add", "value")
def add(compiler: Compiler, node: Statement) -> None:
    """Add to the number in a variable.

    >>> var $n { value = 1 }
    ... math.add $n { value = 2.5 }
    {"n": 3.5}
    """
    update(compiler, node, "+")


@statement_form("math.sub", "value")
def sub(compiler: Compiler, node: Statement) -> None:
    """Subtract from the number in a variable.

    >>> var $n { value = 1 }
    ... math.sub $n { value = 3 }
    {"n": -2}
    """
    update(compiler, node, "-")


@statement_form("math.mul", "value")
def mul(compiler: Compiler, node: Statement) -> None:
    """Multiply the number in a variable.

    >>> var $n { value = 4 }
    ... math.mul $n { value = 3 }
    {"n": 12}
    """
    update(compiler, node, "*")


@statement_form("math.div", "value")
def div(compiler: Compiler, node: Statement) -> None:
    """Divide the number in a variable; an exact quotient of ints stays an int.

    >>> var $n { value = 7 }
    ... math.div $n { value = 2 }
    {"n": 3.5}
    """
    update(compiler, node, "/")


@statement_form("math.mod", "value")
def mod(compiler: Compiler, node: Statement) -> None:
    """Leave the remainder of a division in the variable.

    >>> var $n { value = 7 }
    ... math.mod $n { value = 4 }
    {"n": 3}
    """
    update(compiler, node, "%")


def wrapped(number: int) -> int:
    """A number as a signed 64-bit int."""
    return (number + 2**63) % 2**64 - 2**63


@statement("math.bitwise.and", updates=True)
def bitwise_and(target: int, value: int) -> int:
    """Keep the bits that are set in the value too.

    >>> var $n { value = 12 }
    ... math.bitwise.and $n { value = 10 }
    {"n": 8}
    """
    return wrapped(as_int(target) & value)


@statement("math.bitwise.or", updates=True)
def bitwise_or(target: int, value: int) -> int:
    """Set the bits that are set in the value.

    >>> var $n { value = 12 }
    ... math.bitwise.or $n { value = 10 }
    {"n": 14}
    """
    return wrapped(as_int(target) | value)


@statement("math.bitwise.xor", updates=True)
def bitwise_xor(target: int, value: int) -> int:
    """Flip the bits that are set in the value.

    >>> var $n { value = 12 }
    ... math.bitwise.xor $n { value = 10 }
    {"n": 6}
    """
    return wrapped(as_int(target) ^ value)
