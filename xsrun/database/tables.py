"""Tables: what the `table` constructs declare, and the shapes that tables have in a database.

A *definition* is a declared table. A *table* is one as a session sees it: a definition, or an undeclared table with the
columns that writes have given it so far, in one datasource. Tables are immutable and interned, so that whatever is
prepared for one (its statements) can hang on it; an undeclared table that grows becomes another table.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from xsrun.database.bounded import Bounded
from xsrun.database.columns import ColumnDefinition, kind_of
from xsrun.errors import XanoScriptError
from xsrun.fields.compiling import compile_fields
from xsrun.fields.declared import Declared
from xsrun.hints import TYPE_CHECKING, Protocol
from xsrun.lazy_regex import pattern
from xsrun.names.fixed_values import UNKNOWN, fixed_value
from xsrun.names.places import unwrapped
from xsrun.records import made, record
from xsrun.syntax import nodes
from xsrun.values.conversion import Value, to_json
from xsrun.values.json_errors import is_utf8

if TYPE_CHECKING:
    import sqlalchemy as sa

    from xsrun.database.prepared import ColumnFiller, Prepared, RowReader

#: Statements that are kept for a table: requests may choose the fields that they name.
MOST_STATEMENTS = 256
#: PostgreSQL cuts longer names.
_LONGEST_NAME = 63


#: (name, datasource)
TableKey = tuple[str, str]


class Placed(Protocol):
    """A place in a program, for messages."""

    line: int
    column: int


@record(frozen=True)
class IndexDefinition:
    """An index that matters here: `kind` is btree or gin; the columns in order, with their directions."""

    kind: str
    unique: bool
    columns: tuple[tuple[str, str], ...]


@record(identity=True)
class Definition:
    """A declared table."""

    name: str
    columns: tuple[ColumnDefinition, ...]
    indexes: tuple[IndexDefinition, ...] = ()
    items: list[Value] = made(factory=list)

    def in_unique_index(self, columns: Iterable[str]) -> bool:
        """Is one of these columns in an index whose values are unique?"""
        unique = {column for index in self.indexes if index.unique for column, _ in index.columns}
        return not unique.isdisjoint(columns)

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


def _index(entry: Value, known: set[str]) -> IndexDefinition | None:
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


def _list(value: Value) -> list[Value]:
    return value if value.__class__ is list else []


def literal(node: nodes.Expression | None) -> Value:
    """What a declaration fixes of a value: null stands for what is not a literal, in lists and objects too."""
    match unwrapped(node):
        case nodes.ListLiteral(items=items):
            return [literal(item) for item in items]
        case nodes.ObjectLiteral(entries=entries):
            return {one.key: literal(one.value) for one in entries if isinstance(one, nodes.Entry) and not one.disabled}
    value = fixed_value(node)
    return None if value is UNKNOWN else value


class Table:
    """A table of a datasource as a session sees it. `exists` is False for an undeclared one that was not made yet."""

    __slots__ = (
        "by_name",
        "columns",
        "creation",
        "datasource",
        "definition",
        "described",
        "exists",
        "files",
        "fillers",
        "hidden",
        "insertions",
        "name",
        "names",
        "physical",
        "prepared",
        "readers",
        "stored",
    )

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
        #: internal columns, which leave a row only when `output` names them (semantics 4.1)
        self.hidden = frozenset(column.name for column in columns if column.hidden) if definition else frozenset()
        self.definition = definition
        self.exists = exists
        self.physical = physical_name(name, datasource)
        #: what `facts` tells
        self.described: str | None = None
        #: SQLAlchemy's table, made when a statement is first built for it
        self.stored: sa.Table | None = None
        #: statements made for this table, by what they do
        self.prepared: Bounded[tuple[Hashable, ...], Prepared] = Bounded(MOST_STATEMENTS)
        #: INSERTs by the columns that they fill
        self.insertions: Bounded[tuple[str, ...], str] = Bounded(MOST_STATEMENTS)
        #: what reads its rows: the whole ones (True), and those without internal columns
        self.readers: dict[bool, RowReader] = {}
        #: how the columns of a new row are filled
        self.fillers: list[ColumnFiller] | None = None
        #: the statements that make it
        self.creation: list[str] | None = None
        #: the columns' names in the database, and the columns that hold files
        self.names: dict[str, str] | None = None
        self.files: list[tuple[str, Declared]] | None = None

    def facts(self) -> str:
        """All that decides how statements about the table are written."""
        if self.described is None:
            about = (self.name, self.physical, self.exists, self.declared)
            self.described = repr((about, [_facts(column) for column in self.columns]))
        return self.described

    @property
    def declared(self) -> bool:
        return self.definition is not None

    @property
    def key(self) -> TableKey:
        """Its name and datasource."""
        return self.name, self.datasource

    @property
    def id(self) -> ColumnDefinition:
        return self.by_name["id"]

    @property
    def others(self) -> tuple[str, ...]:
        """The names of the columns beside the id."""
        return tuple(name for name in self.by_name if name != "id")


def _facts(column: ColumnDefinition) -> tuple[Value, ...]:
    declared = column.declared
    if declared is None:
        return column.name, column.kind
    files = [one.name for one in declared.schema]
    return column.name, column.kind, declared.type, declared.list_size, declared.nullable, declared.visibility, files


#: What `told_apart` puts behind a name.
_MARK = pattern(r"~[0-9a-f]+$")


def told_apart(names: Iterable[str]) -> dict[str, str]:
    """Columns -> their names in a database that does not tell capitals from small letters.

    The first of several names that differ only in case stays as it is; each other gets a mark that tells where its
    capitals are. `without_mark` takes it off again.
    """
    taken: set[str] = set()
    found: dict[str, str] = {}
    for name in names:
        folded = name.lower()
        if folded in taken or ("~" in name and _MARK.search(name)):
            capitals = sum(1 << position for position, letter in enumerate(name) if letter.isupper())
            found[name] = f"{name}~{capitals:x}"
        else:
            found[name] = name
            taken.add(folded)
    return found


def without_mark(name: str) -> str:
    """The column that a name of `told_apart` stands for."""
    return _MARK.sub("", name) if "~" in name else name


def physical_name(name: str, datasource: str) -> str:
    """The name a table has in the database: its own in the live datasource, else with the datasource before it."""
    physical = name if datasource in ("live", "") else f"{datasource}:{name}"
    if "\0" in physical or not is_utf8(physical):
        shown = to_json(physical).strip('"')
        raise XanoScriptError(f"No table can be called `{shown}`.", hint="a name is text without zero bytes")
    if len(physical.encode()) <= _LONGEST_NAME and not physical.lower().startswith("sqlite_"):
        return physical
    from hashlib import sha256

    return f"{physical[:20]}~{sha256(physical.encode()).hexdigest()[:24]}"


def logical_name(physical: str) -> tuple[str, str]:
    """(name, datasource) of a physical name."""
    datasource, colon, name = physical.partition(":")
    return (name, datasource) if colon else (physical, "live")


def hint_of(name: str, known: list[str], listed: str) -> str:
    """What to do about an unknown name: the known name that it is nearest to, and the list of them."""
    from xsrun.diagnostics.suggest import nearest

    close = nearest(name, known)
    return f"did you mean `{close}`? {listed}" if close else listed


def unknown_column(table: Table, column: str, file: str | None = None, at: Placed | None = None) -> XanoScriptError:
    """The error of a column that a declared table does not have; `at` is where the program names it."""
    names = [one.name for one in table.columns]
    hint = hint_of(column, names, f"its columns are: {', '.join(names)}")
    error = XanoScriptError(f'Column "{column}" does not exist on table "{table.name}".', hint=hint)
    if at is not None and at.line:
        error.file, error.line, error.column = file, at.line, at.column
    return error
