"""Made-up inputs, variables, a caller and rows for programs that need some: what `--fill` gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from xsrun.errors import XanoScriptError
from xsrun.fields.declared import Declared
from xsrun.hints import TYPE_CHECKING, Any
from xsrun.language.roots import ROOTS
from xsrun.names.bindings import assigned_variables
from xsrun.names.places import place_of, root_of, unwrapped
from xsrun.records import made, record
from xsrun.syntax.nodes import Body, Expression, Item, Literal, Name, Path, Statement, Variable
from xsrun.testing.plausible import Plausible
from xsrun.testing.shapes import Shape, ShapeReader, declared_of
from xsrun.values.conversion import Value, to_json
from xsrun.workspace.construct import Construct, text_of

if TYPE_CHECKING:
    from xsrun.running.context import Context

#: What a value is taken for that neither its uses nor its name tell, one try after the other.
FALLBACKS = ("text", "int", "json", "list")
#: Statements that read rows, and those that put them into a table first.
_READING = frozenset(("db.get", "db.query", "db.has", "db.edit", "db.patch", "db.del"))
_ADDING = frozenset(("db.add", "db.add_or_edit", "db.bulk.add", "db.truncate"))
#: Files that are sent for inputs, as data URLs, by words in their types and names: a picture of one pixel, ...
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_FILE = "data:text/plain;base64,aGVsbG8K"
_FILES = {
    "csv": "data:text/csv;base64,aWQsbmFtZQoxLGFtYmVyCjIsYmFzaWwK",
    "json": "data:application/jsonl;base64,eyJpZCI6IDF9CnsiaWQiOiAyfQo=",
    "zip": "data:application/zip;base64,UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==",
    **dict.fromkeys(("image", "photo", "avatar", "picture"), f"data:image/png;base64,{_PIXEL}"),
}
#: Rows that are made up for a table.
_ROWS = 2
_ELSEWHERE = ROOTS - {"response", "toolset"}

Rows = dict[str, list[dict[str, Value]]]


@record
class Filling:
    """What a program is given: by the caller, and besides that made up."""

    inputs: dict[str, Value] = made(factory=dict)
    variables: dict[str, Value] = made(factory=dict)
    auth: dict[str, Value] | None = None
    rows: Rows = made(factory=dict)

    def shown(self, given: Filling) -> list[str]:
        """What was made up beyond what was `given`, as the options that would give it."""
        lines = [f"--input {_quoted(name, one)}" for name, one in self.inputs.items() if name not in given.inputs]
        lines += [f"--var {_quoted(name, one)}" for name, one in self.variables.items() if name not in given.variables]
        if self.auth is not None and given.auth is None:
            lines.append(f"--auth {self.auth['table']}:{self.auth['id']}")
        rows = {table: rows for table, rows in self.rows.items() if table not in given.rows}
        return [*lines, *([f"rows {to_json(rows)}"] if rows else [])]


def _quoted(name: str, value: Value) -> str:
    text = value if isinstance(value, str) and value and not value[:1].isdigit() else to_json(value)
    plain = all(char.isalnum() or char in "-_.@:/+" for char in text)
    return f"{name}={text}" if plain else f"'{name}={text}'".replace("\n", " ")


class Filler:
    """Makes up what some constructs lack. The same `seed` gives the same; `fallback` is one of `FALLBACKS`."""

    def __init__(
        self,
        constructs: list[Construct],
        columns_of: Callable[[str], list[Declared]],
        context: Context,
        given: Filling,
        *,
        seed: object = 0,
        fallback: str = FALLBACKS[0],
    ) -> None:
        self.constructs = constructs
        self.roots: list[Item] = [root for one in constructs for root in _roots(one)]
        self.columns_of = columns_of
        self.context = context
        self.given = given
        self.fallback = fallback
        self.maker = Plausible(seed)
        self.shapes = ShapeReader(self.roots).shapes
        self.filling = Filling({**given.inputs}, {**given.variables}, given.auth, {**given.rows})

    def fill(self) -> Filling:
        """Everything that the constructs lack."""
        for construct in self.constructs:
            for one in construct.declared:
                if one.required and one.name not in self.filling.inputs:
                    self.filling.inputs[one.name] = self._value(one)
        if any(one.kind == "stack" for one in self.constructs):
            self._fill_undeclared()
        self._fill_caller()
        self._fill_rows()
        return self.filling

    def _fill_undeclared(self) -> None:
        """Inputs that a bare list reads without declaring any, and the variables that nothing sets."""
        if not any(one.declares_inputs for one in self.constructs):
            for name, shape in self.shapes.get("input", Shape()).members.items():
                self._add(self.filling.inputs, name, shape)
        known = {name for root in self.roots for name in assigned_variables(Body([root]))} | _ELSEWHERE
        paths = {id(node.base) for root in self.roots for node in root.walk() if isinstance(node, Path)}
        for root in self.roots:
            for node in root.walk():
                if isinstance(node, Variable) and node.name.isidentifier():
                    whole_var = node.name == "var" and id(node) not in paths  # `$var` alone is a variable of that name
                    if node.name not in known or whole_var:
                        self._add(self.filling.variables, node.name, self.shapes.get(node.name, Shape()))

    def _add(self, values: dict[str, Value], name: str, shape: Shape) -> None:
        if name not in values:
            values[name] = self._value(declared_of(name, shape, self.fallback))

    def _value(self, one: Declared) -> Value:
        if one.type != "file":
            return self.maker.value(one, self.context)
        content = next((file for word, file in _FILES.items() if word in one.name), _FILE)
        return content if one.list_size is None else [content]

    def _fill_caller(self) -> None:
        tables = [table for one in self.constructs if (table := text_of(one.attribute("auth")))]
        if self.filling.auth is None and (tables or "auth" in self.shapes):
            self.filling.auth = {"table": tables[0] if tables else "user", "id": 1, "extras": {}}

    # Rows ----------------------------------------------------------------------------------------------------------

    def _fill_rows(self) -> None:
        """Rows of the tables that are read and that nothing fills before; the first one is the one looked for."""
        filled: set[str] = set()
        for statement in self._statements():
            if statement.name == "db.direct_query":
                self._fill_for_sql(statement, filled)
            name = statement.target.text if isinstance(statement.target, Name) else None
            if name is None or name in filled or name in self.given.rows:
                continue
            if statement.name in _ADDING:
                filled.add(name)
            elif statement.name in _READING:
                rows = self.filling.rows.setdefault(name, self._rows(name))
                self._make_found(statement, rows[0])

    def _fill_for_sql(self, statement: Statement, filled: set[str]) -> None:
        """Rows of the tables that a text of SQL works on; the first one has what the text looks for."""
        from xsrun.database.raw_sql.mentioned import mentioned

        sql = text_of(statement.attribute("sql"))
        try:
            tables = mentioned(sql) if sql is not None else {}
        except XanoScriptError:  # the program tells when it runs
            return
        for table, columns in tables.items():
            if table in filled or table in self.given.rows:
                continue
            if table not in self.filling.rows:
                spoken_of = self._columns(table) | {name: Shape(type=one.type) for name, one in columns.items()}
                self.filling.rows[table] = self._rows(table, spoken_of)
                for row in self.filling.rows[table] if not self.columns_of(table) else ():
                    row |= {name: row["id"] for name in row if name.endswith("_id")}  # so that joins find one another
            first = self.filling.rows[table][0]
            first |= {name: one.values[0] for name, one in columns.items() if one.values}

    def _statements(self) -> Iterable[Statement]:
        return (node for root in self.roots for node in root.walk() if isinstance(node, Statement))

    def _rows(self, table: str, spoken_of: dict[str, Shape] | None = None) -> list[dict[str, Value]]:
        declared = [one for one in self.columns_of(table) if one.name != "id"]
        shapes = self._columns(table) if spoken_of is None else spoken_of
        columns = declared or [declared_of(name, shape) for name, shape in shapes.items() if name != "id"]
        return [
            {"id": key, **{one.name: self.maker.value(one, self.context) for one in columns}}
            for key in range(1, _ROWS + 1)
        ]

    def _columns(self, table: str) -> dict[str, Shape]:
        """The columns that a program speaks of: of an undeclared table, as conditions and results name them."""
        found = dict(self.shapes.get("db", Shape()).members.get(table, Shape()).members)
        for statement in self._statements():
            if statement.name in _READING and isinstance(statement.target, Name) and statement.target.text == table:
                root = root_of(statement.result)
                shape = self.shapes.get(root, Shape()) if root is not None else Shape()
                rows = shape.members.get("items", shape) if statement.name == "db.query" else shape
                found |= (rows.element or rows).members
        return found

    def _make_found(self, statement: Statement, row: dict[str, Value]) -> None:
        """Let a row be the one that a statement looks for by `field_name` and `field_value`."""
        name = text_of(statement.attribute("field_name")) or "id"
        value = self._known(statement.attribute("field_value"))
        if value is not None:
            row[name] = value

    def _known(self, expression: Expression | None) -> Value:
        """The value of an expression that is known beforehand, or None."""
        node = unwrapped(expression)
        if isinstance(node, Literal):
            return node.value
        place = place_of(node)
        if place is None:
            return None
        auth: dict[str, Any] = dict(self.filling.auth or {})
        roots: dict[str, Any] = {**self.filling.variables, "input": self.filling.inputs, "auth": auth}
        value: Any = roots.get(place.root)
        for segment in place.segments:
            value = value.get(segment.key) if isinstance(value, dict) else None
        return value


def _roots(construct: Construct) -> list[Item]:
    return [construct.node] if construct.node is not None else list(construct.items)


def seeded(rows: Rows, seed: Callable[[Rows], None]) -> None:
    """Put made-up rows into their tables; a table that takes none of them stays as it is."""
    for table, several in rows.items():
        for row in several:
            try:
                seed({table: [row]})
            except XanoScriptError:
                continue
