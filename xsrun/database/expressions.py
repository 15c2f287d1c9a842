"""Conditions and computed columns as SQLAlchemy expressions.

The tree holds `Column` and `Operand` leaves (see `plans`). Every expression has a kind; before two meet, one is
converted to the other's, in the compiler and not by the database, so that both back ends compare the same things.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from xsrun.database import operands as values
from xsrun.database.aggregates import AGGREGATES
from xsrun.database.backend import Backend, apply, type_of
from xsrun.database.columns import DOCUMENTS, NUMBERS, TEXTS
from xsrun.database.operators import OPERATORS, Operator, filter_names
from xsrun.database.plans import Column, Operand
from xsrun.database.tables import Table, unknown_column
from xsrun.database.typed import Bind, Rendered, Source, Typed, composed, converted, only_of_kind
from xsrun.errors import XanoScriptError
from xsrun.syntax.nodes import (
    Between,
    Binary,
    Expression,
    FilterCall,
    Group,
    Quoted,
    Ternary,
    Unary,
)

_COMPARISONS = {
    "==": "__eq__",
    "=": "__eq__",
    "===": "__eq__",
    "!=": "__ne__",
    "!==": "__ne__",
    "<>": "__ne__",
    ">": "__gt__",
    ">=": "__ge__",
    "<": "__lt__",
    "<=": "__le__",
}
_ARITHMETIC = {"+": "add", "-": "sub", "*": "mul", "/": "div", "%": "mod"}
_TEXT_TESTS = {
    "like": "like",
    "ilike": "ilike",
    "includes": "includes",
    "~": "matches",
    "~*": "imatches",
    "search": "search",
}
_DOCUMENT_TESTS = {"contains": "contains", "@>": "contains", "overlaps": "overlaps"}
_ARRAYS = {"int": "ints", "decimal": "decimals", "timestamp": "ints", "text": "texts", "date": "texts", "bool": "bools"}


class ExpressionCompiler:
    """Compiles the conditions of one statement for the operands of one run, and all others of the same types."""

    def __init__(
        self,
        backend: Backend,
        sources: dict[str, Source],
        base: str,
        operands: Sequence[Any],
        *,
        file: str = "",
        truths: frozenset[int] = frozenset(),
    ) -> None:
        self.backend = backend
        self.sources = sources
        self.base = base
        self.operands = operands
        self.file = file
        self.truths = truths
        self.binds: list[Bind] = []
        self.aggregating = False
        #: the column that operands are compared with at the moment, for messages
        self.about = ""

    # Problems ------------------------------------------------------------------------------------------------------

    def problem(self, message: str, node: Any, hint: str | None = None, **fields: Any) -> XanoScriptError:
        """An error at a node of the program."""
        place = {"file": self.file, "line": node.line, "column": node.column} if getattr(node, "line", 0) else {}
        return XanoScriptError(message, hint=hint, **place, **fields)

    def invalid(self, node: Any, hint: str) -> XanoScriptError:
        """The engine's refusal of an operand that makes no sense where it stands."""
        return self.problem(values.INVALID, node, hint, code="ERROR_CODE_INPUT_ERROR", payload={"param": None})

    # Conditions ----------------------------------------------------------------------------------------------------

    def condition(self, node: Expression) -> Any:
        """A boolean SQL expression; None when the clause is dropped."""
        node = unwrapped(node)
        if isinstance(node, Operand):
            value = self.operands[node.index]
            return sa.false() if values.is_empty(value) or value == "false" else sa.true()
        if isinstance(node, Unary) and node.operator == "!":
            inner = self.condition(node.operand)
            return None if inner is None else sa.not_(inner)
        if isinstance(node, Between):
            return self.between(node)
        if isinstance(node, Binary):
            found = self.binary_condition(node)
            if found is not NotImplemented:
                return found
        return self.truth(self.value(node), node)

    def truth(self, typed: Typed, node: Any) -> Any:
        """An expression in a place where only its truth counts."""
        if typed.kind in ("bool", "json"):
            return self.as_kind(typed, "bool", node) == sa.true()
        if typed.kind in NUMBERS:
            return typed.sql != 0
        if typed.kind in TEXTS:
            return sa.and_(typed.sql != "", typed.sql != "0")
        return typed.sql.is_not(None)

    def binary_condition(self, node: Binary) -> Any:
        operator = node.operator
        sides = (unwrapped(node.left), unwrapped(node.right))
        self.about = next((".".join(side.names) for side in sides if isinstance(side, Column)), "")
        if operator in ("&&", "||"):
            parts = [part for side in (node.left, node.right) if (part := self.condition(side)) is not None]
            if not parts:
                return None
            return sa.and_(*parts) if operator == "&&" else sa.or_(*parts)
        plain = operator.removesuffix("?") if operator not in ("??",) else operator
        if plain != operator and self.droppable(node.left, node.right):
            return None
        negated = plain.startswith("not ")
        plain = plain.removeprefix("not ")
        if plain.startswith("!~"):
            negated, plain = True, plain[1:]
        if plain in _COMPARISONS:
            return self.comparison(plain, node)
        if plain == "in":
            return self.membership(node, negated)
        if plain in _TEXT_TESTS:
            found = self.text_test(_TEXT_TESTS[plain], node)
        elif plain in _DOCUMENT_TESTS:
            found = self.document_test(_DOCUMENT_TESTS[plain], node)
        else:
            return NotImplemented
        return sa.not_(found) if negated else found

    def droppable(self, *sides: Expression) -> bool:
        """Whether an operator with `?` loses its clause: one of its sides is an empty operand."""
        return any(
            isinstance(side := unwrapped(one), Operand) and values.is_empty(self.operands[side.index]) for one in sides
        )

    def is_null(self, typed: Typed) -> bool:
        """Whether this is an operand that is null."""
        return typed.operand is not None and self.operands[typed.operand] is None

    def comparison(self, operator: str, node: Binary) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        negative = _COMPARISONS[operator] == "__ne__"
        if self.is_null(left) or self.is_null(right):
            other = right if self.is_null(left) else left
            if _COMPARISONS[operator] not in ("__eq__", "__ne__") or other.operand is not None:
                return sa.false() if not self.is_null(other) or negative else sa.true()
            return self.null_test(other, negative)
        kind = self.common_kind(left, right)
        a, b = self.as_kind(left, kind, node.left), self.as_kind(right, kind, node.right)
        if kind == "vector" and _COMPARISONS[operator] not in ("__eq__", "__ne__"):
            raise self.invalid(node, "vectors have no order")
        if kind in DOCUMENTS:
            if _COMPARISONS[operator] not in ("__eq__", "__ne__"):
                a, b = (self.as_kind(side, "text", node) for side in (left, right))
            else:
                same = apply("json_equal", "bool", a, b) == sa.true()
                return sa.not_(same) if negative else same
        return getattr(a, _COMPARISONS[operator])(b)

    def null_test(self, typed: Typed, negative: bool) -> Any:
        if typed.kind == "json":
            found = apply("json_null", "bool", typed.sql) == sa.true()
            return sa.not_(found) if negative else found
        return typed.sql.is_not(None) if negative else typed.sql.is_(None)

    def common_kind(self, left: Typed, right: Typed) -> str:
        """The kind in which two sides are compared."""
        for one, other in ((left, right), (right, left)):
            if one.operand is not None:
                code = values.code_of(self.operands[one.operand])
                return values.kind_against(other.kind, code) if other.operand is None else values.kind_of_code(code)
        kinds = {left.kind, right.kind}
        if len(kinds) == 1:
            return left.kind
        if kinds <= NUMBERS:
            return "decimal" if "decimal" in kinds else "int"
        if kinds <= TEXTS:
            return "text"
        if "json" in kinds:
            (other_kind,) = kinds - {"json"}
            return "decimal" if other_kind in NUMBERS else "text" if other_kind in TEXTS else other_kind
        if kinds & NUMBERS and kinds <= NUMBERS | TEXTS | {"bool"}:
            return "decimal"
        return "text"

    def membership(self, node: Binary, negated: bool) -> Any:
        """`in` and `not in`, with a list of values or with a column that holds one."""
        left, right = self.value(node.left), self.value(node.right)
        if right.operand is None:
            container = self.as_kind(right, "json", node.right)
            found = apply("contains", "bool", container, self.as_kind(left, "json", node.left)) == sa.true()
            return sa.not_(found) if negated else found
        members = values.listed(self.operands[right.operand])
        if not members or self.is_null(left):
            return sa.true() if negated else sa.false()
        if left.kind == "vector":
            raise self.invalid(node, "a vector cannot be looked up in a list")
        if left.kind not in DOCUMENTS:
            found = self.in_list(left.sql, "int" if left.kind == "timestamp" else left.kind, right.operand)
        else:
            codes = {values.kind_of_code(values.code_of(item)) for item in members}
            kinds = {"decimal" if kind in NUMBERS else kind for kind in codes} - {"json"}
            tests = [
                self.in_list(self.as_kind(left, kind, node), kind, right.operand, only=kind) for kind in sorted(kinds)
            ]
            found = sa.or_(*tests) if tests else sa.false()
        return sa.not_(found) if negated else found

    def in_list(self, sql: Any, kind: str, index: int, only: str = "") -> Any:
        """A test against a list that travels as one parameter."""
        convert = values.members(kind, values.CONVERTERS[kind])
        if only:
            convert = only_of_kind(only, convert)
        name = self.new_bind(index, self.backend.list_maker(kind, convert))
        return self.backend.in_list(sql, name, _ARRAYS.get(kind, "texts"))

    def text_test(self, operator: str, node: Binary) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        if self.is_null(left) or self.is_null(right):
            return sa.false()
        if (
            operator == "includes"
            and left.kind == "json"
            and right.operand is not None
            and self.is_list(left, node.left)
        ):
            return self.document_test("contains", node)
        sides = [self.as_kind(side, "text", at) for side, at in ((left, node.left), (right, node.right))]
        return apply(operator, "bool", *sides) == sa.true()

    def is_list(self, typed: Typed, node: Expression) -> bool:
        """Whether an expression is a declared list column."""
        column = unwrapped(node)
        if not isinstance(column, Column):
            return False
        _, definition, path = self.resolve(column)
        return (
            not path
            and definition is not None
            and definition.declared is not None
            and bool(definition.declared.list_size)
        )

    def document_test(self, operator: str, node: Binary) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        if self.is_null(left) or self.is_null(right):
            return sa.false()
        for side, at in ((left, node.left), (right, node.right)):
            if side.operand is None and side.kind not in DOCUMENTS:
                hint = f"`{node.operator}` looks into lists and objects; for a {side.kind} column write includes or =="
                raise self.invalid(at, hint)
        sides = [self.as_kind(side, "json", at) for side, at in ((left, node.left), (right, node.right))]
        return apply(operator, "bool", *sides) == sa.true()

    def between(self, node: Between) -> Any:
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

    def value(self, node: Expression) -> Typed:
        """An expression that gives a value."""
        node = unwrapped(node)
        if isinstance(node, Operand):
            return Typed("operand", None, node.index)
        if isinstance(node, Column):
            return self.column(node)
        if isinstance(node, FilterCall):
            return self.filter_call(node)
        if isinstance(node, Unary) and node.operator in ("-", "+"):
            operand = self.number(self.value(node.operand), node)
            return operand if node.operator == "+" else Typed(operand.kind, apply("negate", operand.kind, operand.sql))
        if isinstance(node, Binary):
            return self.binary_value(node)
        if isinstance(node, Ternary):
            return self.ternary(node)
        condition = self.condition(node)
        return Typed("bool", sa.true() if condition is None else condition)

    def binary_value(self, node: Binary) -> Typed:
        operator = node.operator
        if operator in ("~", "++"):
            sides = [self.as_kind(self.value(side), "text", side) for side in (node.left, node.right)]
            return Typed("text", apply("concat", "text", *sides))
        if operator in _ARITHMETIC:
            call = FilterCall(node.left, _ARITHMETIC[operator], [node.right], False).at(node, node)
            return self.filter_call(call)
        if operator in ("??", "?:"):
            return self.filter_call(FilterCall(node.left, "coalesce", [node.right], False).at(node, node))
        found = self.binary_condition(node)
        if found is NotImplemented:
            raise self.problem(f"`{operator}` cannot stand in a database condition", node)
        return Typed("bool", sa.true() if found is None else found)

    def ternary(self, node: Ternary) -> Typed:
        condition = self.condition(node.condition)
        then, otherwise = self.value(node.then), self.value(node.otherwise)
        kind = self.common_kind(then, otherwise)
        arms = [self.as_kind(arm, kind, at) for arm, at in ((then, node.then), (otherwise, node.otherwise))]
        if condition is None:
            return Typed(kind, arms[0])
        return Typed(kind, sa.case((condition, arms[0]), else_=arms[1]))

    def number(self, typed: Typed, node: Any) -> Typed:
        """An expression as a number of the kind that suits it."""
        if typed.operand is not None:
            code = values.code_of(self.operands[typed.operand])
            kind = "int" if code in "idb" else "decimal"
        else:
            kind = typed.kind if typed.kind in NUMBERS else "int" if typed.kind == "bool" else "decimal"
        return Typed(kind, self.as_kind(typed, kind, node))

    # Columns -------------------------------------------------------------------------------------------------------

    def column(self, node: Column) -> Typed:
        """A column, or a member of the JSON in one."""
        source, definition, path = self.resolve(node)
        if definition is None:  # an undeclared table has no such column yet
            return Typed("json", sa.cast(sa.null(), type_of("json")))
        sql = source.columns.c[definition.name]
        if not path:
            return Typed(definition.kind, sql)
        if definition.kind not in DOCUMENTS:
            raise self.problem(
                f'Column "{definition.name}" of table "{source.table.name}" holds no object.',
                node,
                f"it is of the type {definition.kind}; `.{path[0]}` reads members of json and object columns",
            )
        name, text = self.backend.json_path(path)
        return Typed("json", apply(name, "json", sql, sa.literal(text, type_of("text"))))

    def resolve(self, node: Column) -> tuple[Source, Any, list[str]]:
        """The source, the column's definition and the path into its JSON that `$db.a.b.c` means."""
        names = node.names
        source = self.sources.get(names[0]) if len(names) > 1 else None
        if source is not None:
            column, path = names[1], names[2:]
        else:
            source = self.sources[self.base]
            column, path = names[0], names[1:]
            if path and column not in source.table.by_name:
                raise self.unknown_source(node)
        definition = source.table.by_name.get(column)
        if definition is None and source.table.declared:
            raise self.unknown_column(source.table, column, node)
        return source, definition, path

    def unknown_source(self, node: Column) -> XanoScriptError:
        known = ", ".join(f"$db.{alias}" for alias in self.sources)
        return self.problem(
            f'Column "{".".join(node.names)}" does not exist on table "{self.sources[self.base].table.name}".',
            node,
            f"`{node.names[0]}` is no table of this query and no column of it; there is {known}",
        )

    def unknown_column(self, table: Table, column: str, node: Any) -> XanoScriptError:
        """The error of a column that a declared table does not have."""
        return unknown_column(table, column, file=self.file, at=node)

    # Filters -------------------------------------------------------------------------------------------------------

    def filter_call(self, node: FilterCall) -> Typed:
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
            raise self.problem(
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
        return Typed(kind, apply(node.name, kind, *sides))

    def convert_operands(
        self, operator: Operator, typed: list[Typed], given: list[Expression]
    ) -> tuple[list[Any], str]:
        """The operands as the operator wants them, and the kind of its result."""
        if "same" in operator.operands:
            kind = typed[0].kind if typed[0].operand is None else "operand"
            for other in typed[1:]:
                kind = self.common_kind(typed[0] if kind == "operand" else Typed(kind, None), other)
            kind = "decimal" if kind == "int" and any(t.kind == "decimal" for t in typed) else kind
            sides = [self.as_kind(one, kind, at) for one, at in zip(typed, given, strict=True)]
            return sides, kind if operator.result == "same" else operator.result
        if operator.operands[0] == "number":
            numbers = [self.number(one, at) for one, at in zip(typed, given, strict=True)]
            kind = "decimal" if any(one.kind == "decimal" for one in numbers) else "int"
            return [one.sql for one in numbers], kind if operator.result == "number" else operator.result
        wanted = zip(typed, operator.operands, given, strict=False)
        return [self.as_kind(one, kind, at) for one, kind, at in wanted], operator.result

    def unknown_filter(self, node: FilterCall) -> XanoScriptError:
        return self.problem(
            f"the filter `{node.name}` does not work on columns", node, f"these do: {', '.join(filter_names())}"
        )

    def aggregate(self, node: FilterCall) -> Typed:
        """`$db.t.column|sum` and its kin."""
        aggregate = AGGREGATES[node.name]
        assert node.operand is not None
        operand = self.value(node.operand)
        if operand.operand is not None:
            operand = Typed(kind := self.common_kind(operand, operand), self.as_kind(operand, kind, node))
        if aggregate.operand == "number":
            operand = self.number(operand, node)
        elif aggregate.operand == "ordered" and operand.kind == "json":
            operand = Typed("decimal", self.as_kind(operand, "decimal", node))
        base = self.sources[self.base]
        template = aggregate.postgres if self.backend.dialect.name == "postgresql" else aggregate.sqlite
        kind = operand.kind if aggregate.result == "same" else aggregate.result
        sql = Rendered(template, type_of("json" if kind == "list" else kind), operand.sql, base.columns.c["id"])
        if aggregate.result == "same" and kind in NUMBERS:
            return Typed(kind, sa.cast(sql, type_of(kind)))
        return Typed(kind, sql, element=operand.kind)

    # Conversion ----------------------------------------------------------------------------------------------------

    def new_bind(self, index: int, make: Callable[[Any, Any], Any]) -> str:
        """A parameter that comes from an operand; returns its name."""
        name = f"p{len(self.binds)}"
        self.binds.append(Bind(name, index, make, self.about))
        return name

    def as_kind(self, typed: Typed, kind: str, node: Any) -> Any:
        """An expression or operand as SQL of a kind."""
        if typed.operand is not None:
            return self.bind(typed.operand, kind)
        if typed.kind == kind:
            return typed.sql
        made = converted(typed.kind, kind, typed.sql)
        if made is None:
            raise self.invalid(node, f"a {typed.kind} value cannot be used where a {kind} is needed")
        return made

    def bind(self, index: int, kind: str) -> Any:
        """An operand as a parameter of a kind."""
        if self.operands[index] is None:
            return sa.cast(sa.null(), type_of(kind))
        convert, encode = values.CONVERTERS[kind], self.backend.codecs.encode.get(kind)
        make = convert if encode is None else composed(convert, encode)
        return sa.bindparam(self.new_bind(index, make), type_=type_of(kind))


def unwrapped(node: Expression) -> Expression:
    """The expression inside parentheses and backticks."""
    while isinstance(node, (Group, Quoted)) and node.expression is not None:
        node = node.expression
    return node
