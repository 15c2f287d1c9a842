"""Tables: what the `table` constructs declare, and the shapes that tables have in a database.

A *definition* is a declared table. A *table* is one as a session sees it: a definition, or an undeclared table with the
columns that writes have given it so far, in one datasource. Tables are immutable and interned, so that whatever is
prepared for one (its statements) can hang on it; an undeclared table that grows becomes another table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from xsrun.database.columns import ColumnDefinition, kind_of
from xsrun.errors import XanoScriptError
from xsrun.fields import Declared, compile_fields
from xsrun.runtime.values import Value
from xsrun.syntax import nodes

#: PostgreSQL cuts longer names.
_LONGEST_NAME = 63


@dataclass(frozen=True, slots=True)
class IndexDefinition:
    """An index that matters here: `kind` is btree or gin; the columns in order, with their directions."""

    kind: str
    unique: bool
    columns: tuple[tuple[str, str], ...]


@dataclass(eq=False, slots=True)
class Definition:
    """A declared table."""

    name: str
    columns: tuple[ColumnDefinition, ...]
    indexes: tuple[IndexDefinition, ...] = ()
    items: list[Value] = field(default_factory=list)

    @classmethod
    def of(cls, name: str, node: nodes.Statement) -> Definition:
        """What a `table` construct declares. A table without an `id` gets one."""
        declared = compile_fields(node.fields_of("schema") or [])
        columns = [ColumnDefinition(one.name, kind_of(one), one) for one in declared]
        if not any(column.name == "id" for column in columns):
            columns.insert(0, ColumnDefinition("id", "int", Declared("id", "int")))
        known = {column.name for column in columns}
        indexes = [index for entry in _list(literal(node.attribute("index"))) if (index := _index(entry, known))]
        items = [item for item in _list(literal(node.attribute("items"))) if item.__class__ is dict]
        return cls(name, tuple(columns), tuple(indexes), items)


def _index(entry: Any, known: set[str]) -> IndexDefinition | None:
    if entry.__class__ is not dict:
        return None
    words = str(entry.get("type", "")).split("|")
    columns = tuple(
        (str(part["name"]), str(part.get("op") or "asc"))
        for part in _list(entry.get("field"))
        if part.__class__ is dict and part.get("name") in known
    )
    if not columns or words[0] not in ("btree", "gin") or len(columns) < len(_list(entry.get("field"))):
        return None
    return IndexDefinition(words[0], "unique" in words, columns)


def _list(value: Any) -> list[Any]:
    return value if value.__class__ is list else []


def literal(node: nodes.Expression | None) -> Any:
    """The value of a literal; None for anything that is none."""
    match node:
        case nodes.Literal() | nodes.Timestamp():
            return node.value
        case nodes.Word():
            return node.text
        case nodes.Group():
            return literal(node.expression)
        case nodes.Unary(operator="-", operand=nodes.Literal(value=int() | float() as number)):
            return -number
        case nodes.ListLiteral():
            return [literal(item) for item in node.items]
        case nodes.ObjectLiteral():
            entries = [entry for entry in node.entries if isinstance(entry, nodes.Entry) and not entry.disabled]
            return {entry.key: literal(entry.value) for entry in entries}
    return None


class Table:
    """A table of a datasource as a session sees it. `exists` is False for an undeclared one that nobody made yet."""

    __slots__ = ("by_name", "columns", "datasource", "definition", "exists", "name", "physical", "prepared", "stored")

    def __init__(
        self,
        name: str,
        datasource: str,
        columns: tuple[ColumnDefinition, ...],
        definition: Definition | None,
        exists: bool = True,
    ) -> None:
        self.name = name
        self.datasource = datasource
        self.columns = columns
        self.by_name = {column.name: column for column in columns}
        self.definition = definition
        self.exists = exists
        self.physical = physical_name(name, datasource)
        #: SQLAlchemy's table, made when a statement is first built for it
        self.stored: Any = None
        #: statements made for this table, by what they do
        self.prepared: dict[Any, Any] = {}
        fold_check(self)

    @property
    def declared(self) -> bool:
        return self.definition is not None

    @property
    def id(self) -> ColumnDefinition:
        return self.by_name["id"]


def fold_check(table: Table) -> None:
    """Refuse two columns whose names differ only in case: SQLite cannot hold both."""
    folded: dict[str, str] = {}
    for column in table.columns:
        other = folded.setdefault(column.name.lower(), column.name)
        if other != column.name:
            raise XanoScriptError(
                f"The columns `{other}` and `{column.name}` of `{table.name}` differ only in case.",
                hint="a database cannot keep them apart; rename one",
            )


def physical_name(name: str, datasource: str) -> str:
    """The name a table has in the database: its own in the live datasource, else with the datasource before it."""
    physical = name if datasource in ("live", "") else f"{datasource}:{name}"
    if len(physical.encode()) <= _LONGEST_NAME and not physical.lower().startswith("sqlite_"):
        return physical
    return f"{physical[:20]}~{sha256(physical.encode()).hexdigest()[:24]}"


def logical_name(physical: str) -> tuple[str, str]:
    """(name, datasource) of a physical name."""
    datasource, colon, name = physical.partition(":")
    return (name, datasource) if colon else (physical, "live")


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


def unknown_column(table: Table, column: str, file: str | None = None, at: Any = None) -> XanoScriptError:
    """The error of a column that a declared table does not have; `at` is where the program names it."""
    from xsrun.diagnostics.suggest import nearest

    names = [one.name for one in table.columns]
    close = nearest(column, names)
    listed = f"its columns are: {', '.join(names)}"
    hint = f"did you mean `{close}`? {listed}" if close else listed
    place = {"file": file, "line": at.line, "column": at.column} if at is not None and at.line else {}
    return XanoScriptError(f'Column "{column}" does not exist on table "{table.name}".', hint=hint, **place)
