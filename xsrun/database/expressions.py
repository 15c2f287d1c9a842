"""Conditions and computed columns as SQLAlchemy expressions.

The tree holds `Column` and `Operand` leaves (see `plans`). Every expression has a kind; before two meet, one is
converted to the other's, in the compiler and not by the database, so that both back ends compare the same things.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from xsrun.database import operands as values
from xsrun.database.aggregates import AGGREGATES
from xsrun.database.backend import Backend, Condition, Sql, apply, type_of
from xsrun.database.columns import DOCUMENTS, NUMBERS, TEXTS, ColumnDefinition
from xsrun.database.operands import Converter
from xsrun.database.operators import OPERATORS, Operator, filter_names
from xsrun.database.plans import Column, Operand, name_below_db
from xsrun.database.symbols import (
    ARITHMETIC,
    COMPARISONS,
    DOCUMENT_TESTS,
    EQUALITY,
    TEXT_TESTS,
    is_condition,
    plain_operator,
)
from xsrun.database.tables import unknown_column
from xsrun.database.typed import (
    Bind,
    Given,
    Rendered,
    Side,
    Source,
    Typed,
    composed,
    converted,
    met_kind,
    only_of_kind,
)
from xsrun.errors import XanoScriptError
from xsrun.fields.declared import Declared
from xsrun.language.types import MEDIA_TYPES
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
from xsrun.values.conversion import Value

_ARRAYS = {"int": "ints", "decimal": "decimals", "timestamp": "ints", "text": "texts", "date": "texts", "bool": "bools"}


class ExpressionCompiler:
    """Compiles the conditions of one statement for the operands of one run, and all others of the same types."""

    def __init__(
        self,
        backend: Backend,
        sources: dict[str, Source],
        base: str,
        operands: Sequence[Value],
        *,
        file: str = "",
        truths: frozenset[int] = frozenset(),
    ) -> None:
        self.backend = backend
        #: by table or alias, and by what `$db` makes of such a name
        self.sources = {**{name_below_db(name): source for name, source in sources.items()}, **sources}
        self.base = base
        self.operands = operands
        self.file = file
        self.truths = truths
        self.binds: list[Bind] = []
        self.aggregating = False
        #: the column that operands are compared with at the moment, for messages
        self.about = ""
        #: is it a `where` that is compiled?
        self.in_condition = False

    # Problems ------------------------------------------------------------------------------------------------------

    def problem(self, message: str, node: Expression, hint: str | None = None) -> XanoScriptError:
        """An error at a node of the program."""
        return self.placed(XanoScriptError(message, hint=hint), node)

    def invalid(self, node: Expression, hint: str) -> XanoScriptError:
        """The engine's refusal of an operand that makes no sense where it stands."""
        return self.refused(values.refusal(self.about), node, hint)

    def refused(self, message: str, node: Expression, hint: str | None) -> XanoScriptError:
        """An error of the request, 400."""
        refusal = XanoScriptError(message, code="ERROR_CODE_INPUT_ERROR", payload={"param": None}, hint=hint)
        return self.placed(refusal, node)

    def placed(self, error: XanoScriptError, node: Expression) -> XanoScriptError:
        """The error with the place of a node; those that came with a request have none."""
        if node.line:
            error.file, error.line, error.column = self.file, node.line, node.column
        return error

    # Conditions ----------------------------------------------------------------------------------------------------

    def where(self, node: Expression) -> Condition | None:
        """A whole condition as a boolean SQL expression; None when nothing is left of it."""
        self.in_condition = True
        try:
            return self.condition(node)
        finally:
            self.in_condition = False

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
            value = self.operands[typed.operand]
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
        self.about = next((self.shown(side) for side in sides if isinstance(side, Column)), "")

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
            isinstance(side := unwrapped(one), Operand) and values.is_empty(self.operands[side.index]) for one in sides
        )

    def is_null(self, typed: Side) -> bool:
        """Whether this is an operand that is null."""
        return isinstance(typed, Given) and self.operands[typed.operand] is None

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
            self.bind(one.operand, kind, self.converter(other))
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

    def converter(self, other: Expression) -> Converter:
        """What takes an operand to the text of the column that it is compared with."""
        declared = self.declared(other)
        return values.to_uuid if declared is not None and declared.type == "uuid" else values.to_text

    def declared(self, node: Expression) -> Declared | None:
        """The declaration of the column that an expression is, lists and members of columns left out."""
        found = self.resolved(node)
        declared = None if found is None else found[1].declared
        return None if declared is None or declared.list_size is not None else declared

    def resolved(self, node: Expression) -> tuple[Source, ColumnDefinition] | None:
        """The source and the definition of the column that an expression is; None for any other expression."""
        column = unwrapped(node)
        if not isinstance(column, Column):
            return None
        source, definition, path = self.resolve(column)
        return None if definition is None or path else (source, definition)

    def null_test(self, typed: Typed, negative: bool, node: Expression) -> Condition:
        declared, place = self.declared(node), self.resolved(node)
        if place is not None and declared is not None and declared.type in MEDIA_TYPES and not declared.nullable:
            # an empty image is no null; a row that an outer join did not find is
            row = place[0].columns.c["id"]
            return row.is_not(None) if negative else row.is_(None)
        if typed.kind == "json":
            found = apply("json_null", "bool", typed.sql) == sa.true()
            return sa.not_(found) if negative else found
        return typed.sql.is_not(None) if negative else typed.sql.is_(None)

    def common_kind(self, left: Side, right: Side) -> str:
        """The kind in which two sides are compared."""
        if isinstance(right, Typed):
            return self.kind_with(right.kind, left)
        if isinstance(left, Typed):
            return self.kind_with(left.kind, right)
        return values.kind_of_code(values.code_of(self.operands[left.operand]))

    def kind_with(self, kind: str, other: Side) -> str:
        """The kind in which an expression of a kind and another side are compared."""
        if isinstance(other, Given):
            return values.kind_against(kind, values.code_of(self.operands[other.operand]))
        return met_kind(kind, other.kind)

    def settled(self, side: Side, node: Expression) -> Typed:
        """An expression; an operand that meets nothing with a kind has one of its own."""
        if isinstance(side, Typed):
            return side
        kind = self.common_kind(side, side)
        return Typed(kind, self.as_kind(side, kind, node))

    def membership(self, node: Binary, negated: bool) -> Condition:
        """`in` and `not in`, with a list of values or with a column that holds one."""
        side, right = self.value(node.left), self.value(node.right)
        if isinstance(right, Typed):
            container = self.as_kind(right, "json", node.right)
            found = apply("contains", "bool", container, self.as_kind(side, "json", node.left)) == sa.true()
            return sa.not_(found) if negated else found
        members = values.listed(self.operands[right.operand])
        if not members or self.is_null(side):
            return sa.true() if negated else sa.false()
        left = self.settled(side, node.left)
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

    def in_list(self, sql: Sql, kind: str, index: int, only: str = "") -> Condition:
        """A test against a list that travels as one parameter."""
        convert = values.members(kind, values.CONVERTERS[kind])
        if only:
            convert = only_of_kind(only, convert)
        name = self.new_bind(index, self.backend.list_maker(kind, convert))
        return self.backend.in_list(sql, name, _ARRAYS.get(kind, "texts"))

    def text_test(self, operator: str, node: Binary) -> Condition:
        left, right = self.value(node.left), self.value(node.right)
        if self.is_null(left) or self.is_null(right):
            return sa.false()
        if (
            operator == "includes"
            and isinstance(left, Typed)
            and left.kind == "json"
            and isinstance(right, Given)
            and self.is_list(node.left)
        ):
            return self.document_test("contains", node)
        sides = [self.as_kind(side, "text", at) for side, at in ((left, node.left), (right, node.right))]
        return apply(operator, "bool", *sides) == sa.true()

    def is_list(self, node: Expression) -> bool:
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

    def document_test(self, operator: str, node: Binary) -> Condition:
        left, right = self.value(node.left), self.value(node.right)
        if self.is_null(left) or self.is_null(right):
            return sa.false()
        for side, at in ((left, node.left), (right, node.right)):
            if isinstance(side, Typed) and side.kind not in DOCUMENTS:
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
            return operand if node.operator == "+" else Typed(operand.kind, apply("negate", operand.kind, operand.sql))
        if isinstance(node, Binary):
            return self.binary_value(node)
        if isinstance(node, Ternary):
            return self.ternary(node)
        condition = self.condition(node)
        return Typed("bool", sa.true() if condition is None else condition)

    def binary_value(self, node: Binary) -> Side:
        operator = node.operator
        if operator in ("~", "++"):
            sides = [self.as_kind(self.value(side), "text", side) for side in (node.left, node.right)]
            return Typed("text", apply("concat", "text", *sides))
        if operator in ARITHMETIC:
            call = FilterCall(node.left, ARITHMETIC[operator], [node.right], False).at(node, node)
            return self.filter_call(call)
        if operator in ("??", "?:"):
            return self.filter_call(FilterCall(node.left, "coalesce", [node.right], False).at(node, node))
        if not is_condition(operator):
            raise self.problem(f"`{operator}` cannot stand in a database condition", node)
        found = self.binary_condition(node)
        return Typed("bool", sa.true() if found is None else found)

    def ternary(self, node: Ternary) -> Typed:
        condition = self.condition(node.condition)
        then, otherwise = self.value(node.then), self.value(node.otherwise)
        kind = self.common_kind(then, otherwise)
        arms = [self.as_kind(arm, kind, at) for arm, at in ((then, node.then), (otherwise, node.otherwise))]
        if condition is None:
            return Typed(kind, arms[0])
        return Typed(kind, sa.case((condition, arms[0]), else_=arms[1]))

    def number(self, typed: Side, node: Expression) -> Typed:
        """An expression as a number of the kind that suits it."""
        if isinstance(typed, Given):
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

    def resolve(self, node: Column) -> tuple[Source, ColumnDefinition | None, list[str]]:
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
            error = unknown_column(source.table, column, file=self.file, at=node)
            if self.in_condition:
                raise self.refused(f"Unsupported parameter reference - {column}", node, error.hint)
            raise error
        return source, definition, path

    def shown(self, node: Column) -> str:
        """How the engine names a column of a condition: TABLE.COLUMN."""
        names = node.names
        return ".".join(names if len(names) > 1 and names[0] in self.sources else [self.base, *names])

    def unknown_source(self, node: Column) -> XanoScriptError:
        known = ", ".join(dict.fromkeys(f"$db.{name_below_db(alias)}" for alias in self.sources))
        if self.in_condition:
            hint = f"`{node.names[0]}` is no table of this query and no column of it; there is {known}"
            return self.refused(f"Unsupported parameter reference - {'.'.join(node.names)}", node, hint)
        return self.problem(
            f'Column "{".".join(node.names)}" does not exist on table "{self.sources[self.base].table.name}".',
            node,
            f"`{node.names[0]}` is no table of this query and no column of it; there is {known}",
        )

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
        decimals = any(isinstance(side, Typed) and side.kind == "decimal" for side in sides)
        return "decimal" if kind == "int" and decimals else kind

    def unknown_filter(self, node: FilterCall) -> XanoScriptError:
        return self.problem(
            f"the filter `{node.name}` does not work on columns", node, f"these do: {', '.join(filter_names())}"
        )

    def aggregate(self, node: FilterCall) -> Typed:
        """`$db.t.column|sum` and its kin."""
        aggregate = AGGREGATES[node.name]
        assert node.operand is not None
        operand = self.settled(self.value(node.operand), node)
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

    def new_bind(self, index: int, make: Converter) -> str:
        """A parameter that comes from an operand; returns its name."""
        name = f"p{len(self.binds)}"
        self.binds.append(Bind(name, index, make, self.about))
        return name

    def as_kind(self, typed: Side, kind: str, node: Expression) -> Sql:
        """An expression or operand as SQL of a kind."""
        if isinstance(typed, Given):
            return self.bind(typed.operand, kind)
        if typed.kind == kind:
            return typed.sql
        made = converted(typed.kind, kind, typed.sql)
        if made is None:
            raise self.invalid(node, f"a {typed.kind} value cannot be used where a {kind} is needed")
        return made

    def bind(self, index: int, kind: str, convert: Converter | None = None) -> Sql:
        """An operand as a parameter of a kind."""
        if self.operands[index] is None:
            return sa.cast(sa.null(), type_of(kind))
        convert, encode = convert or values.CONVERTERS[kind], self.backend.codecs.encode.get(kind)
        make = convert if encode is None else composed(convert, encode)
        return sa.bindparam(self.new_bind(index, make), type_=type_of(kind))


def unwrapped(node: Expression) -> Expression:
    """The expression inside parentheses and backticks."""
    while isinstance(node, (Group, Quoted)) and node.expression is not None:
        node = node.expression
    return node
