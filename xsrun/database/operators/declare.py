"""How an operator is declared: both of its SQL sides beside each other.

The decorated function is what SQLite calls; `postgres` is PostgreSQL's text, with `{0}` for the first operand (or
`body`, the text of an SQL function of `$1`, `$2`, which is made when a PostgreSQL database is first opened). A null
operand gives null unless the operator is declared `nulls=True`. Where a native SQLite expression is faster, `sqlite`
has its text, which may call the function for what it does not cover. `operands` says what the compiler converts the
operands to before they get here, so that both sides see the same types: a kind of `columns`, "number" (int or decimal)
or "same" (all of one kind).
"""

from __future__ import annotations

from collections.abc import Callable

from xsrun.hints import TypeVar
from xsrun.records import record
from xsrun.values.conversion import Value

Body = TypeVar("Body", bound=Callable[..., Value])


@record(frozen=True)
class Operator:
    """One operator or query filter. `operands` and `result` are kinds (see `columns`); "same" is that of the first."""

    name: str
    operands: tuple[str, ...]
    result: str
    python: Callable[..., Value]
    postgres: str
    sqlite: str
    #: the text of the SQL function that PostgreSQL's side calls, if it calls one
    body: str | None = None
    #: has SQLite an expression of its own, so that it calls no function?
    native: bool = False
    #: does it give null for a null operand?
    strict: bool = True
    #: how many operands must be given, and what the others are when they are not
    required: int = 0
    defaults: tuple[Value, ...] = ()
    #: the function as it is declared, whose parameters are those of the query filter
    declared: Callable[..., Value] | None = None


OPERATORS: dict[str, Operator] = {}


def null_safe(function: Callable[..., Value]) -> Callable[..., Value]:
    """A function that gives null for a null operand."""
    return lambda *values: None if None in values else function(*values)


def operator(
    name: str,
    *operands: str,
    result: str,
    postgres: str | None = None,
    body: str | None = None,
    sqlite: str | None = None,
    defaults: tuple[Value, ...] = (),
    nulls: bool = False,
) -> Callable[[Body], Body]:
    """Declare an operator; its name is the filter's name where it is one."""

    def declare(function: Body) -> Body:
        if name in OPERATORS:
            raise ValueError(f"the operator {name} is declared twice")
        call = f"xs_{name}({', '.join(f'{{{position}}}' for position in range(len(operands)))})"
        OPERATORS[name] = Operator(
            name,
            operands,
            result,
            function if nulls else null_safe(function),
            postgres or call,
            sqlite or call,
            body,
            native=sqlite is not None and f"xs_{name}(" not in sqlite,
            strict=not nulls,
            required=len(operands) - len(defaults),
            defaults=defaults,
            declared=function,
        )
        return function

    return declare
