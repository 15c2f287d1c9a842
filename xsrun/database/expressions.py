"""Conditions and computed columns as SQLAlchemy expressions.

The tree holds `Column` and `Operand` leaves (see `plans`). Every expression has a kind; before two meet, one is
converted to the other's, in the compiler and not by the database, so that both back ends compare the same things.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from xsrun.database import operands as values
from xsrun.database.aggregates import AGGREGATES
from xsrun.database.backend import Backend
from xsrun.database.columns import DOCUMENTS, NUMBERS, TEXTS
from xsrun.database.condition_operators import (
    ARITHMETIC,
    COMPARISONS,
    DOCUMENT_TESTS,
    EQUALITY,
    TEXT_TESTS,
    is_condition,
    plain_operator,
)
from xsrun.database.operators import OPERATORS, Operator, filter_names
from xsrun.database.parameters import StatementParameters
from xsrun.database.plans import Column, Operand
from xsrun.database.query_columns import QueryColumns, TableSource
from xsrun.database.sql import Condition, Sql, applied, apply, type_of
from xsrun.database.typed_sql import Given, Side, TypedSql, converted, met_kind
from xsrun.errors import XanoScriptError
from xsrun.language.types import MEDIA_TYPES
from xsrun.names.places import unwrapped
from xsrun.syntax.nodes import Between, Binary, Expression, FilterCall, Ternary, Unary
from xsrun.values.conversion import Value


class SqlExpressionCompiler:
    """Compiles the conditions of one statement for the operands of one run, and all others of the same types."""

    def __init__(
        self,
        backend: Backend,
        sources: dict[str, TableSource],
        base: str,
        operands: Sequence[Value],
        *,
        file: str = "",
    ) -> None:
        self.backend = backend
        self.columns = QueryColumns(sources, base, file)
        self.parameters = StatementParameters(backend, operands)
        self.aggregating = False

    def invalid(self, node: Expression, hint: str) -> XanoScriptError:
        """The engine's refusal of an operand that makes no sense where it stands."""
        return self.columns.refused(values.refusal(self.parameters.about), node, hint)

    # Conditions ----------------------------------------------------------------------------------------------------

    def where(self, node: Expression) -> Condition | None:
        """A whole condition as a boolean SQL expression; None when nothing is left of it."""
        self.columns.in_condition = True
        try:
            return self.condition(node)
        finally:
            self.columns.in_condition = False

    def condition(self, node: Expression) -> Condition | None:
        """A boolean SQL expression; None when the clause is dropped."""
        node = unwrapped(node)
        if isinstance(node, Operand):
            return self.truth(Given(node.index), node)
        if isinstance(node, Unary) and node.operator == "!":
            inner = self.condition(node.operand)
            return None if inner is None else sa.not_(inner)
        if isinstance(node, Between):
            return self.between(node)
        if isinstance(node, Binary):
            self.note_column(node)
            if is_condition(node.operator):
                return self.binary_condition(node)
        return self.truth(self.value(node), node)

    def truth(self, typed: Side, node: Expression) -> Condition:
        """An expression in a place where only its truth counts."""
        if isinstance(typed, Given):
            value = self.parameters.operands[typed.operand]
            return sa.false() if values.is_empty(value) or value == "false" else sa.true()
        if typed.kind in ("bool", "json"):
            return self.as_kind(typed, "bool", node) == sa.true()
        if typed.kind in NUMBERS:
            return typed.sql != 0
        if typed.kind in TEXTS:
            return sa.and_(typed.sql != "", typed.sql != "0")
        return typed.sql.is_not(None)

    def note_column(self, node: Binary) -> None:
        """Remember which column the operands of an operator are compared with."""
        sides = (unwrapped(node.left), unwrapped(node.right))
        self.parameters.about = next((self.columns.shown(side) for side in sides if isinstance(side, Column)), "")

    def binary_condition(self, node: Binary) -> Condition | None:
        """What an operator that gives a boolean tests; None when the clause is dropped."""
        operator = node.operator
        self.note_column(node)
        if operator in ("&&", "||"):
            parts = [part for side in (node.left, node.right) if (part := self.condition(side)) is not None]
            if not parts:
                return None
            return sa.and_(*parts) if operator == "&&" else sa.or_(*parts)
        if operator.endswith("?") and self.droppable(node.left, node.right):
            return None
        plain, negated = plain_operator(operator)
        if plain in COMPARISONS:
            return self.comparison(plain, node)
        if plain == "in":
            return self.membership(node, negated)
        if plain in TEXT_TESTS:
            found = self.text_test(TEXT_TESTS[plain], node)
        else:
            found = self.document_test(DOCUMENT_TESTS[plain], node)
        return sa.not_(found) if negated else found

    def droppable(self, *sides: Expression) -> bool:
        """Whether an operator with `?` loses its clause: one of its sides is an empty operand."""
        return any(
            isinstance(side := unwrapped(one), Operand) and values.is_empty(self.parameters.operands[side.index])
            for one in sides
        )

    def is_null(self, typed: Side) -> bool:
        """Whether this is an operand that is null."""
        return isinstance(typed, Given) and self.parameters.operands[typed.operand] is None

    def comparison(self, operator: str, node: Binary) -> Condition:
        left, right = self.value(node.left), self.value(node.right)
        compare = COMPARISONS[operator]
        negative = compare is COMPARISONS["!="]
        if self.is_null(left) or self.is_null(right):
            other, at = (right, node.right) if self.is_null(left) else (left, node.left)
            if isinstance(other, Given):
                return sa.false() if not self.is_null(other) or negative else sa.true()
            if compare not in EQUALITY:
                hint = f"nothing is greater or less than null; with `{operator}?` the clause is dropped then"
                raise self.invalid(node, hint)
            return self.null_test(other, negative, at)
        kind = self.common_kind(left, right)
        a, b = (
            self.parameters.bind(one.operand, kind, self.converter(other))
            if isinstance(one, Given) and kind == "text"
            else self.as_kind(one, kind, at)
            for one, at, other in ((left, node.left, node.right), (right, node.right, node.left))
        )
        if kind == "vector" and compare not in EQUALITY:
            raise self.invalid(node, "vectors have no order")
        if kind in DOCUMENTS:
            if compare not in EQUALITY:
                a, b = (self.as_kind(side, "text", node) for side in (left, right))
            else:
                same = apply("json_equal", "bool", a, b) == sa.true()
                return sa.not_(same) if negative else same
        return compare(a, b)

    def converter(self, other: Expression) -> str:
        """What takes an operand to the text of the column that it is compared with."""
        declared = self.columns.declared(other)
        return "uuid" if declared is not None and declared.type == "uuid" else "text"

    def null_test(self, typed: TypedSql, negative: bool, node: Expression) -> Condition:
        declared, place = self.columns.declared(node), self.columns.resolved(node)
        if place is not None and declared is not None and declared.type in MEDIA_TYPES and not declared.nullable:
            # an empty image is not null; a row that an outer join did not find is
            row = place[0].columns.c["id"]
            return row.is_not(None) if negative else row.is_(None)
        if typed.kind == "json":
            found = apply("json_null", "bool", typed.sql) == sa.true()
            return sa.not_(found) if negative else found
        return typed.sql.is_not(None) if negative else typed.sql.is_(None)

    def common_kind(self, left: Side, right: Side) -> str:
        """The kind in which two sides are compared."""
        if isinstance(right, TypedSql):
            return self.kind_with(right.kind, left)
        if isinstance(left, TypedSql):
            return self.kind_with(left.kind, right)
        return values.kind_of_code(self.parameters.code(left.operand))

    def kind_with(self, kind: str, other: Side) -> str:
        """The kind in which an expression of a kind and another side are compared."""
        if isinstance(other, Given):
            return values.kind_against(kind, self.parameters.code(other.operand))
        return met_kind(kind, other.kind)

    def settled(self, side: Side, node: Expression) -> TypedSql:
        """An expression; an operand that meets nothing with a kind has one of its own."""
        if isinstance(side, TypedSql):
            return side
        kind = self.common_kind(side, side)
        return TypedSql(kind, self.as_kind(side, kind, node))

    def membership(self, node: Binary, negated: bool) -> Condition:
        """`in` and `not in`, with a list of values or with a column that holds one."""
        side, right = self.value(node.left), self.value(node.right)
        if isinstance(right, TypedSql):
            container = self.as_kind(right, "json", node.right)
            found = apply("contains", "bool", container, self.as_kind(side, "json", node.left)) == sa.true()
            return sa.not_(found) if negated else found
        members = values.listed(self.parameters.operands[right.operand])
        if not members or self.is_null(side):
            return sa.true() if negated else sa.false()
        left = self.settled(side, node.left)
        if left.kind == "vector":
            raise self.invalid(node, "a vector cannot be looked up in a list")
        if left.kind not in DOCUMENTS:
            found = self.parameters.in_list(left.sql, "int" if left.kind == "timestamp" else left.kind, right.operand)
        else:
            codes = {values.kind_of_code(values.code_of(item)) for item in members}
            kinds = {"decimal" if kind in NUMBERS else kind for kind in codes} - {"json"}
            tests = [
                self.parameters.in_list(self.as_kind(left, kind, node), kind, right.operand, only=kind)
                for kind in sorted(kinds)
            ]
            found = sa.or_(*tests) if tests else sa.false()
        return sa.not_(found) if negated else found

    def text_test(self, operator: str, node: Binary) -> Condition:
        left, right = self.value(node.left), self.value(node.right)
        if self.is_null(left) or self.is_null(right):
            return sa.false()
        if (
            operator == "includes"
            and isinstance(left, TypedSql)
            and left.kind == "json"
            and isinstance(right, Given)
            and self.columns.is_list(node.left)
        ):
            return self.document_test("contains", node)
        sides = [self.as_kind(side, "text", at) for side, at in ((left, node.left), (right, node.right))]
        return apply(operator, "bool", *sides) == sa.true()

    def document_test(self, operator: str, node: Binary) -> Condition:
        left, right = self.value(node.left), self.value(node.right)
        if self.is_null(left) or self.is_null(right):
            return sa.false()
        for side, at in ((left, node.left), (right, node.right)):
            if isinstance(side, TypedSql) and side.kind not in DOCUMENTS:
                hint = f"`{node.operator}` looks into lists and objects; for a {side.kind} column write includes or =="
                raise self.invalid(at, hint)
        sides = [self.as_kind(side, "json", at) for side, at in ((left, node.left), (right, node.right))]
        return apply(operator, "bool", *sides) == sa.true()

    def between(self, node: Between) -> Condition | None:
        """Both ends included; with `?`, an end that is empty does not count."""
        operator = node.operator
        bounds = [(">=", node.low), ("<=", node.high)]
        if operator.endswith("?"):
            bounds = [bound for bound in bounds if not self.droppable(bound[1])]
            if not bounds:
                return None
        tests = [self.comparison(sign, Binary(node.operand, sign, bound).at(node, node)) for sign, bound in bounds]
        found = sa.and_(*tests)
        return sa.not_(found) if operator.startswith("not") else found

    # Values --------------------------------------------------------------------------------------------------------

    def value(self, node: Expression) -> Side:
        """An expression that gives a value."""
        node = unwrapped(node)
        if isinstance(node, Operand):
            return Given(node.index)
        if isinstance(node, Column):
            return self.column(node)
        if isinstance(node, FilterCall):
            return self.filter_call(node)
        if isinstance(node, Unary) and node.operator in ("-", "+"):
            operand = self.number(self.value(node.operand), node)
            return (
                operand if node.operator == "+" else TypedSql(operand.kind, apply("negate", operand.kind, operand.sql))
            )
        if isinstance(node, Binary):
            return self.binary_value(node)
        if isinstance(node, Ternary):
            return self.ternary(node)
        condition = self.condition(node)
        return TypedSql("bool", sa.true() if condition is None else condition)

    def binary_value(self, node: Binary) -> Side:
        operator = node.operator
        if operator in ("~", "++"):
            sides = [self.as_kind(self.value(side), "text", side) for side in (node.left, node.right)]
            return TypedSql("text", apply("concat", "text", *sides))
        if operator in ARITHMETIC:
            call = FilterCall(node.left, ARITHMETIC[operator], [node.right], False).at(node, node)
            return self.filter_call(call)
        if operator in ("??", "?:"):
            return self.filter_call(FilterCall(node.left, "coalesce", [node.right], False).at(node, node))
        if not is_condition(operator):
            raise self.columns.problem(f"`{operator}` cannot stand in a database condition", node)
        found = self.binary_condition(node)
        return TypedSql("bool", sa.true() if found is None else found)

    def ternary(self, node: Ternary) -> TypedSql:
        condition = self.condition(node.condition)
        then, otherwise = self.value(node.then), self.value(node.otherwise)
        kind = self.common_kind(then, otherwise)
        arms = [self.as_kind(arm, kind, at) for arm, at in ((then, node.then), (otherwise, node.otherwise))]
        if condition is None:
            return TypedSql(kind, arms[0])
        return TypedSql(kind, sa.case((condition, arms[0]), else_=arms[1]))

    def number(self, typed: Side, node: Expression) -> TypedSql:
        """An expression as a number of the kind that suits it."""
        if isinstance(typed, Given):
            code = self.parameters.code(typed.operand)
            kind = "int" if code in "idb" else "decimal"
        else:
            kind = typed.kind if typed.kind in NUMBERS else "int" if typed.kind == "bool" else "decimal"
        return TypedSql(kind, self.as_kind(typed, kind, node))

    # Columns -------------------------------------------------------------------------------------------------------

    def column(self, node: Column) -> TypedSql:
        """A column, or a member of the JSON in one."""
        source, definition, path = self.columns.resolve(node)
        if definition is None:  # an undeclared table has no such column yet
            return TypedSql("json", sa.cast(sa.null(), type_of("json")))
        sql = source.columns.c[definition.name]
        if not path:
            return TypedSql(definition.kind, sql)
        if definition.kind not in DOCUMENTS:
            raise self.columns.problem(
                f'Column "{definition.name}" of table "{source.table.name}" holds no object.',
                node,
                f"it is of the type {definition.kind}; `.{path[0]}` reads members of json and object columns",
            )
        name, text = self.backend.json_path(path)
        return TypedSql("json", apply(name, "json", sql, sa.literal(text, type_of("text"))))

    # Filters -------------------------------------------------------------------------------------------------------

    def filter_call(self, node: FilterCall) -> Side:
        """`$db.t.column|filter:argument`."""
        if node.disabled and node.operand is not None:
            return self.value(node.operand)
        if self.aggregating and node.name in AGGREGATES:
            return self.aggregate(node)
        operator = OPERATORS.get(node.name)
        if operator is None or node.operand is None:
            raise self.unknown_filter(node)
        given: list[Expression] = [node.operand, *node.arguments]
        if not operator.required <= len(given) <= len(operator.operands):
            raise self.columns.problem(
                f"the filter `{node.name}` takes {operator.required - 1} arguments here, not {len(node.arguments)}",
                node,
            )
        typed = [self.value(one) for one in given]
        sides, kind = self.convert_operands(operator, typed, given)
        missing = len(operator.operands) - len(sides)
        for position in range(len(operator.operands) - missing, len(operator.operands)):
            default = operator.defaults[position - operator.required]
            sides.append(
                sa.literal(default, type_of(operator.operands[position])) if default is not None else sa.null()
            )
        return TypedSql(kind, apply(node.name, kind, *sides))

    def convert_operands(self, operator: Operator, typed: list[Side], given: list[Expression]) -> tuple[list[Sql], str]:
        """The operands as the operator wants them, and the kind of its result."""
        if "same" in operator.operands:
            kind = self.kind_of_all(typed)
            sides = [self.as_kind(one, kind, at) for one, at in zip(typed, given, strict=True)]
            return sides, kind if operator.result == "same" else operator.result
        if operator.operands[0] == "number":
            numbers = [self.number(one, at) for one, at in zip(typed, given, strict=True)]
            kind = "decimal" if any(one.kind == "decimal" for one in numbers) else "int"
            return [one.sql for one in numbers], kind if operator.result == "number" else operator.result
        wanted = zip(typed, operator.operands, given, strict=False)
        return [self.as_kind(one, kind, at) for one, kind, at in wanted], operator.result

    def kind_of_all(self, sides: list[Side]) -> str:
        """The kind in which all sides meet, from the first to the last."""
        first, second, *others = sides
        kind = self.common_kind(first, second)
        for other in others:
            kind = self.kind_with(kind, other)
        decimals = any(isinstance(side, TypedSql) and side.kind == "decimal" for side in sides)
        return "decimal" if kind == "int" and decimals else kind

    def unknown_filter(self, node: FilterCall) -> XanoScriptError:
        return self.columns.problem(
            f"the filter `{node.name}` does not work on columns", node, f"these do: {', '.join(filter_names())}"
        )

    def aggregate(self, node: FilterCall) -> TypedSql:
        """`$db.t.column|sum` and its kin."""
        aggregate = AGGREGATES[node.name]
        assert node.operand is not None
        operand = self.settled(self.value(node.operand), node)
        if aggregate.operand == "number":
            operand = self.number(operand, node)
        elif aggregate.operand == "ordered" and operand.kind == "json":
            operand = TypedSql("decimal", self.as_kind(operand, "decimal", node))
        kind = operand.kind if aggregate.result == "same" else aggregate.result
        sql = applied(aggregate, "json" if kind == "list" else kind, operand.sql, self.columns.base.columns.c["id"])
        if aggregate.result == "same" and kind in NUMBERS:
            return TypedSql(kind, sa.cast(sql, type_of(kind)))
        return TypedSql(kind, sql, element=operand.kind)

    # Conversion ----------------------------------------------------------------------------------------------------

    def as_kind(self, typed: Side, kind: str, node: Expression) -> Sql:
        """An expression or operand as SQL of a kind."""
        if isinstance(typed, Given):
            return self.parameters.bind(typed.operand, kind)
        if typed.kind == kind:
            return typed.sql
        made = converted(typed.kind, kind, typed.sql)
        if made is None:
            raise self.invalid(node, f"a {typed.kind} value cannot be used where a {kind} is needed")
        return made
