"""One statement for many runs of an addon (semantics 4.7).

An addon runs for each row, and what its query is asked differs in one value. So the first of these runs asks for the
values of all that are to come, and each takes its part, found by the value that its own query really has. What does not
fit asks the database by itself, as it would alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from xsrun.database.addon_batches import AddonBatch
from xsrun.database.plans import Column, NamedExpression, Operand, QueryPlan
from xsrun.database.queries import Listing, QueryExecution
from xsrun.database.session import Session
from xsrun.errors import XanoScriptError
from xsrun.hints import NamedTuple
from xsrun.names.places import unwrapped
from xsrun.records import replace
from xsrun.syntax.nodes import Binary, Expression
from xsrun.values.conversion import Value, copy_deep

Row = dict[str, Value]
#: What a run finds that has to ask by itself.
ALONE = object()
#: The column that tells the groups apart; no other has this name.
_KEY = ""
_EQUAL = frozenset(("==", "=", "==="))
#: The classes of the values that columns of a kind are looked up by: SQL finds them equal where Python does.
_CLASSES: dict[str, type] = {"int": int, "timestamp": int, "text": str}
#: Values that are the same when they are of the same class and equal.
_SIMPLE = frozenset((int, str, bool, float, type(None)))


def query(session: Session, plan: QueryPlan, operands: tuple[Value, ...]) -> Value:
    """`db.query`, perhaps one that an addon makes for each of many rows."""
    batch = session.batch
    if batch is not None:
        if plan not in batch.found:
            batch.found[plan] = _fetched(session, batch, plan, operands)
        groups = batch.found[plan]
        answer = ALONE if groups is None else groups.take(session, plan, operands)
        if answer is not ALONE:
            return answer
    return QueryExecution(session, plan, operands).answer()


def _fetched(
    session: Session, batch: AddonBatch, plan: QueryPlan, operands: tuple[Value, ...]
) -> PrefetchedGroups | None:
    """The answers for all runs, if they differ in one value that the plan compares a column with."""
    if not _is_simple(plan) or batch.current.__class__ is not dict:
        return None
    table = session.catalog.table(plan.table)
    for equation in compared(plan):
        names = equation.column.names
        column = table.by_name.get(names[-1])
        plain = len(names) == 1 or (len(names) == 2 and names[0] == plan.table)
        wanted = _CLASSES.get(column.kind) if plain and column is not None else None
        value = operands[equation.operand]
        if wanted is None or value.__class__ is not wanted:
            continue
        for name, given in batch.current.items():
            if given.__class__ is wanted and given == value:
                values = {one[name] for one in batch.inputs if one.get(name).__class__ is wanted}
                if len(values) > 1:
                    return _groups(session, batch, plan, operands, equation, values | {value})
    return None


def _groups(
    session: Session,
    batch: AddonBatch,
    plan: QueryPlan,
    operands: tuple[Value, ...],
    equation: Equation,
    values: set[Value],
) -> PrefetchedGroups | None:
    number = equation.operand
    many = (*operands[:number], list(values), *operands[number + 1 :])
    try:
        found = GroupedExecution(session, grouped_plan(session, plan, equation), many).groups()
    except XanoScriptError:
        return None  # each run asks by itself, and tells what is wrong with it
    rows = [row for group in found.values() if group.__class__ is list for row in group]
    for addon in plan.addons if rows else ():
        batch.nested[addon] = AddonBatch(list(_guessed(operands[addon.inputs], rows)), repeats=True)
    return PrefetchedGroups(batch, number, operands, values, found, session.transaction.changes)


class Equation(NamedTuple):
    """What has to be equal in every row: the column, the number of the operand, and where it stands."""

    column: Column
    operand: int
    node: Binary


class PrefetchedGroups:
    """The answers of one plan by the value of an operand; each is given once, or copied."""

    __slots__ = ("_batch", "_changes", "_found", "_number", "_operands", "_values")

    def __init__(
        self,
        batch: AddonBatch,
        number: int,
        operands: tuple[Value, ...],
        values: set[Value],
        found: dict[Value, Value],
        changes: int,
    ) -> None:
        self._batch = batch
        self._number = number
        self._operands = operands
        self._values = values
        self._found = found
        self._changes = changes

    def take(self, session: Session, plan: QueryPlan, operands: tuple[Value, ...]) -> Value:
        """The answer for these operands, or `ALONE`: also when something was written meanwhile."""
        value = operands[self._number]
        if value.__class__ is not int and value.__class__ is not str:
            return ALONE
        if value not in self._values or session.transaction.changes != self._changes:
            return ALONE
        functions = {addon.inputs for addon in plan.addons}
        for number, (ours, theirs) in enumerate(zip(self._operands, operands, strict=True)):
            if number != self._number and number not in functions and not _is_same(ours, theirs):
                return ALONE
        query = QueryExecution(session, plan, operands)
        if self._batch.repeats:
            found = copy_deep(self._found.get(value))
        else:
            self._values.remove(value)
            found = self._found.pop(value, None)
        if query.kind == "count":
            return found or 0
        if query.kind == "exists":
            return found is not None
        rows = query.shaped(found or [])
        return rows if query.kind == "list" else rows[0] if rows else None


class GroupedExecution(QueryExecution):
    """A query for many values of one operand at once."""

    def groups(self) -> dict[Value, Value]:
        """By the value: the rows, without their shape; or the number of them."""
        if self.kind == "count":
            return dict(self.run(self.prepare(lambda builder: builder.count_of_each(), "count of each").statement))
        if self.kind == "exists":
            return dict.fromkeys(
                (key for (key,) in self.run(self.prepare(lambda one: one.groups_there(), "groups there").statement)),
                True,
            )
        found: dict[Value, list[Row]] = {}
        for row in self.read(self.listing(None, False) if self.kind == "list" else self.firsts(), ()):
            found.setdefault(row.pop(_KEY), []).append(row)
        return found

    def firsts(self) -> Listing:
        """The first row of each group."""
        reader = self.session.backend.reader(self.table, hidden=bool(self.plan.output or self.plan.addons))
        ready = self.prepare(lambda builder: builder.first_of_each(reader), "first of each", reader.names)
        return Listing(ready.statement, reader, ready.computed)


def _is_simple(plan: QueryPlan) -> bool:
    """Is a plan one whose rows can be told apart afterwards?"""
    return (
        plan.returns in ("list", "single", "count", "exists")
        and not (plan.paged or plan.lock or plan.distinct or plan.external or plan.groups or plan.aggregates)
        and plan.additional_where is None
        and plan.override_sort is None
        and all(key.direction in (None, "asc", "desc") for key in plan.sort)
    )


def compared(plan: QueryPlan) -> Iterator[Equation]:
    """The equations of a column and an operand that hold for every row of a plan."""
    pending = [] if plan.condition is None else [plan.condition]
    while pending:
        node = unwrapped(pending.pop())
        if not isinstance(node, Binary):
            continue
        left, right = unwrapped(node.left), unwrapped(node.right)
        if node.operator == "&&":
            pending += [right, left]
        elif node.operator in _EQUAL:
            if isinstance(left, Operand):
                left, right = right, left
            if isinstance(left, Column) and isinstance(right, Operand):
                yield Equation(left, right.index, node)


def grouped_plan(session: Session, plan: QueryPlan, equation: Equation) -> QueryPlan:
    """The plan that asks for many values of an operand at once; made once, so that its statement is."""
    key = ("grouped", plan, equation.operand)
    kept = session.backend.queries
    found: QueryPlan | None = kept.get(key)
    if found is None:
        assert plan.condition is not None
        column, operand = equation.column, Operand(equation.operand).at(equation.node, equation.node)
        member = Binary(column, "in", operand).at(equation.node, equation.node)
        found = replace(
            plan,
            condition=_exchanged(plan.condition, equation.node, member),
            evals=[*plan.evals, NamedExpression(_KEY, column)],
            lists=plan.lists | {equation.operand},
        )
        kept.put(key, found)
    return found


def _exchanged(node: Expression, old: Binary, new: Binary) -> Expression:
    """A condition with another equation in the place of one of its own."""
    node = unwrapped(node)
    if node is old:
        return new
    if isinstance(node, Binary) and node.operator == "&&":
        sides = [_exchanged(side, old, new) for side in (node.left, node.right)]
        return Binary(sides[0], "&&", sides[1]).at(node, node)
    return node


def _guessed(make: Callable[[Row, str], Value], rows: list[Row]) -> Iterator[Value]:
    """What an addon of a query will be given, as far as one run can tell."""
    for row in rows:
        try:
            yield make(row, "$this")
        except XanoScriptError:
            return  # the run that it belongs to tells it


def _is_same(one: Value, other: Value) -> bool:
    return one is other or (one.__class__ is other.__class__ and one.__class__ in _SIMPLE and bool(one == other))
