"""What a `db.*` statement asks for, as data that is made when a program is compiled.

A plan holds the parts of a statement that its text fixes: the table, the shape of its conditions, what it returns. The
values that only a run knows are its operands: the generated code evaluates them in source order and calls the plan
with them. Plans hold tree nodes and nothing else, so that compiled code can be kept on disk; nothing here needs
SQLAlchemy, which is loaded when the first session opens.
"""

from __future__ import annotations

from xsrun.hints import Any
from xsrun.records import made, record
from xsrun.running.context import Context
from xsrun.syntax.nodes import Expression
from xsrun.values.conversion import Value


def name_below_db(table: str) -> str:
    """How `$db` names a table whose name has other characters: they become `_`, and those at the end are dropped."""
    plain = (one if one.isascii() and one.isalnum() else "_" for one in table)
    return "".join(plain).rstrip("_") or table


class Column(Expression):
    """`$db.a.b.c`: the names after `$db`. Which of them is a table, a column or a key of JSON is decided with the
    tables at hand."""

    __slots__ = ("names",)
    names: list[str]


class Operand(Expression):
    """A part of a condition that does not read the database: the value of this number among the operands."""

    __slots__ = ("index",)
    index: int


#: A part of a plan that may be fixed (any Python value) or an `Operand`.
Setting = Value | Operand


@record(identity=True)
class AddonPlan:
    """One entry of `addon`. `inputs` is the number of the operand that makes the input from a row.

    With `each` the input reads `$output.$this`: the addon runs for each element of the list at its path, and the
    answers take their places. With `merges` (no `as`, but an `output`) the fields of a single record go into the row
    itself.
    """

    name: str
    path: list[str]
    inputs: int
    output: Setting = None
    nested: list[AddonPlan] = made(factory=list)
    each: bool = False
    merges: bool = False


@record(identity=True)
class Plan:
    """Common to all statements: which one, on what table, and where it stands in the program."""

    statement: str
    table: str
    file: str
    line: int
    column: int

    def __call__(self, context: Context, *operands: Value) -> Value:
        """Carry the statement out in the session of a run."""
        return context.session.perform(self, operands)


@record(identity=True)
class RowPlan(Plan):
    """A statement about one row; operands: field name, field value, data, whatever it takes."""

    output: Setting = None
    addons: list[AddonPlan] = made(factory=list)
    #: operands by attribute name
    given: dict[str, int] = made(factory=dict)


@record(identity=True)
class JoinPlan:
    """One entry of `join`. `kind` is inner, left or right."""

    alias: str
    table: str
    kind: str
    condition: Expression | None


@record(identity=True)
class SortKey:
    """One key of `sort`: a column, `table.column` or the name of an `eval`; `direction` is asc, desc or rand."""

    name: str
    direction: Setting
    line: int
    column: int


@record(identity=True)
class NamedExpression:
    """One entry of `eval` or `group`."""

    name: str
    expression: Expression


@record(identity=True)
class QueryPlan(Plan):
    """`db.query`, and the `where` of the bulk statements."""

    condition: Expression | None = None
    joins: list[JoinPlan] = made(factory=list)
    evals: list[NamedExpression] = made(factory=list)
    sort: list[SortKey] = made(factory=list)
    returns: Setting = "list"
    distinct: Setting = None
    paged: bool = False
    #: page, per_page, offset, totals, metadata
    paging: dict[str, Setting] = made(factory=dict)
    groups: list[NamedExpression] = made(factory=list)
    aggregates: list[NamedExpression] = made(factory=list)
    output: Setting = None
    addons: list[AddonPlan] = made(factory=list)
    lock: Setting = None
    additional_where: Setting = None
    override_sort: Setting = None
    #: search, sort, page, per_page, offset of the `external` block
    external: dict[str, Setting] = made(factory=dict)
    #: operands that stand in a place where only their truth counts
    truths: frozenset[int] = frozenset()
    #: operands whose clause is dropped when they are empty (the operators with `?`)
    optional: frozenset[int] = frozenset()
    #: operands of `in`, whose members have types of their own
    lists: frozenset[int] = frozenset()
    #: operands by attribute name (data, items), for the bulk statements
    given: dict[str, int] = made(factory=dict)
    #: what every run asks for beside the condition, where the text alone decides that (see `queries`)
    written_out: Any = None

    def is_written_out(self) -> bool:
        """Does the text say what is asked for beside the condition, without a value of a run or a request?"""
        if self.external or self.additional_where is not None or self.override_sort is not None:
            return False
        settings = (self.returns, self.distinct, self.output, *(key.direction for key in self.sort))
        return not any(isinstance(one, Operand) for one in settings)

    def shape(self) -> str:
        """What decides the SQL, places left out: plans of the same shape have the same statements."""
        sorted_by = [key.name for key in self.sort]
        parts = (self.table, self.condition, self.joins, self.evals, self.groups, self.aggregates, sorted_by)
        return repr(parts)


def setting(value: Setting, operands: tuple[Value, ...]) -> Value:
    """The value of a setting in this run."""
    return operands[value.index] if value.__class__ is Operand else value


def value_of(plan: RowPlan | QueryPlan, operands: tuple[Value, ...], name: str) -> Value:
    """The value of an attribute; null when it is not written."""
    index = plan.given.get(name)
    return None if index is None else operands[index]
