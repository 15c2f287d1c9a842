"""Every place of a text that names something: a construct, a table, a column, an input, a variable.

An editor asks here to go to a definition, to find what refers to it, and to rename it everywhere. What a name means is
asked of the rooms that know (`names`, `analysis.columns`, `analysis.rules.other_constructs`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal as Choice
from typing import NamedTuple

from xsrun.analysis.columns import ALWAYS, tables_below_db
from xsrun.analysis.rules.other_constructs import TARGETS
from xsrun.language.constructs import KINDS
from xsrun.language.roots import ROOTS
from xsrun.names.bindings import ASSIGNING, assigned_variables
from xsrun.names.places import place_of, root_of
from xsrun.syntax.nodes import (
    Attribute,
    Body,
    Document,
    Entry,
    Expression,
    Field,
    FieldBlock,
    Item,
    ListLiteral,
    Literal,
    Located,
    Name,
    Node,
    ObjectLiteral,
    Path,
    Segment,
    Statement,
    Variable,
)
from xsrun.syntax.parsed import Parsed
from xsrun.syntax.source import Source

Role = Choice["declares", "writes", "reads"]
#: Attributes whose objects name constructs: `addon = [{name: "x"}]`, `middleware = {pre: [{name: "x"}]}`.
_NAMING = {"addon": "addon", "tools": "tool", "middleware": "middleware"}
#: Members whose value names a construct of a kind.
NAMED_MEMBERS = {
    "auth": "table",
    "table": "table",
    "api_group": "api_group",
    "agent": "agent",
    "mcp_server": "mcp_server",
}


class Meaning(NamedTuple):
    """What a name means. `kind` is that of a construct, else `column`, `input` or `variable`; names of constructs and
    tables are in small letters. `owner` is the table of a column, the construct of an input or variable."""

    kind: str
    name: str
    owner: str = ""


class Mention(NamedTuple):
    """A name in a text: what it means, what is done with it, and where it stands, quotes and `$` left out."""

    target: Meaning
    role: Role
    line: int
    column: int
    end_column: int
    #: as it is written there
    text: str
    #: whether it stands in quotes
    quoted: bool


def owner_of(kind: str, name: str) -> str:
    """How a construct is called that owns inputs."""
    return f"{kind} {_plain(name)}"


def mentions(parsed: Parsed[Document]) -> list[Mention]:
    """Every name in a text, in order."""
    if parsed.tree is None:
        return []
    found = _Mentions(parsed.source)
    loose: list[Item] = []
    for number, item in enumerate(parsed.tree.items):
        if isinstance(item, Statement) and item.name in KINDS and item.body is not None:
            found.construct(item, number)
        else:
            loose.append(item)
    if loose:
        found.variables(loose, "", assigned_variables(Body(loose)))
        for item in loose:
            found.below(item, "")
    places: dict[tuple[int, int], Mention] = {}
    for one in found.made:
        if one.role != "reads" or (one.line, one.column) not in places:  # what is assigned to is not read as well
            places[one.line, one.column] = one
    return [one for _, one in sorted(places.items())]


def _plain(name: str) -> str:
    return name.removeprefix("/").lower()


class _Mentions:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.made: list[Mention] = []

    def add(self, target: Meaning, role: Role, node: Located, text: str) -> None:
        """A name that stands somewhere in a node, as its text has it; what is written otherwise is left out."""
        source = self.source
        start = source.offset(node.line, node.column)
        end = source.offset(node.end_line, node.end_column)
        place = source.text.find(text, start, max(end, start + len(text) + 3)) if text else -1
        if place < 0:
            return
        line, column = source.position(place)
        quoted = source.text[place - 1 : place] in ("'", '"')
        self.made.append(Mention(target, role, line, column, column + len(text), text, quoted))

    def named(self, kind: str, node: Located, name: str, role: Role = "reads") -> None:
        """The name of a construct."""
        if name:
            self.add(Meaning(kind, _plain(name)), role, node, name.removeprefix("/"))

    # Constructs ----------------------------------------------------------------------------------------------------

    def construct(self, node: Statement, number: int) -> None:
        kind, name = node.name, node.label or ""
        if node.target is not None:
            self.named(kind, node.target, name, "declares")
        owner = owner_of(kind, name) if name else f"{kind} {number}"
        for item in node.body.items if node.body else []:
            if isinstance(item, FieldBlock):
                self.fields(item, kind, name, owner)
            elif isinstance(item, Attribute):
                self.member(item, kind, name)
        stack = node.block("stack")
        self.variables([node], f"{self.source.filename} {number}", assigned_variables(stack.body if stack else None))
        self.inputs(node, owner)
        for item in node.body.items if node.body else []:
            self.below(item, owner)

    def fields(self, block: FieldBlock, kind: str, name: str, owner: str) -> None:
        """Declared inputs or columns, and the tables that they point to."""
        for field in block.declared:
            if kind == "table" and block.name == "schema":
                self.field(Meaning("column", field.name, _plain(name)), field)
            elif block.name == "input":
                self.field(Meaning("input", field.name, owner), field)
        for inner in _all_fields(block.declared):
            table = inner.attribute("table")
            if isinstance(table, Literal) and isinstance(table.value, str):
                self.named("table", table, table.value)

    def field(self, target: Meaning, field: Field) -> None:
        if not field.name:
            return
        line, column = field.line, field.name_column
        quoted = self.source.line(line)[column - 1 : column] in ('"', "'")
        start = column + quoted
        self.made.append(Mention(target, "declares", line, start, start + len(field.name), field.name, quoted))

    def member(self, item: Attribute, kind: str, name: str) -> None:
        named = NAMED_MEMBERS.get(item.name)
        if named is not None and isinstance(item.value, Literal) and isinstance(item.value.value, str):
            self.named(named, item.value, item.value.value)
        if kind == "run.job" and item.name == "main":
            self.entries_named("function", item.value)
        if kind == "table" and item.name == "index":
            for value in _names_below(item.value):
                self.add(Meaning("column", value.text, _plain(name)), "reads", value.node, value.text)

    def entries_named(self, kind: str, value: Expression) -> None:
        """The constructs that objects name with `name: "..."`."""
        for one in _names_below(value):
            self.named(kind, one.node, one.text)

    # Statements ----------------------------------------------------------------------------------------------------

    def below(self, node: Node, owner: str) -> None:
        """What statements name: those they call, tables, columns, addons; and the inputs that tests and calls give."""
        for item in node.walk():
            if isinstance(item, Statement):
                self.statement(item, owner)
            elif isinstance(item, Attribute) and item.name in _NAMING:
                self.entries_named(_NAMING[item.name], item.value)

    def statement(self, item: Statement, owner: str) -> None:
        kind = TARGETS.get(item.name)
        if kind is not None and isinstance(item.target, Name):
            self.named(kind, item.target, item.target.text)
            self.given(item, owner_of(kind, item.target.text))
        elif item.name == "test":
            self.given(item, owner)
        elif item.name.startswith("db.") and isinstance(item.target, Name):
            self.named("table", item.target, item.target.text)
            self.columns(item, _plain(item.target.text))

    def given(self, item: Statement, owner: str) -> None:
        given = item.attribute("input")
        for entry in given.entries if isinstance(given, ObjectLiteral) else []:
            if isinstance(entry, Entry) and entry.style != "variable":
                self.add(Meaning("input", entry.key, owner), "writes", entry, entry.key)

    def columns(self, item: Statement, table: str) -> None:
        tables = {name: _plain(real) for name, real in tables_below_db(item).items() if real is not None}
        for attribute in item.attributes():
            if attribute.name in ("data", "sort") and isinstance(attribute.value, ObjectLiteral):
                for entry in attribute.value.entries:
                    if isinstance(entry, Entry) and entry.style != "variable" and "." not in entry.key:
                        role: Role = "writes" if attribute.name == "data" else "reads"
                        self.column(table, entry.key, role, entry)
            elif attribute.name == "field_name" and isinstance(attribute.value, Literal):
                self.column(table, str(attribute.value.value), "reads", attribute.value)
            elif attribute.name == "output" and isinstance(attribute.value, ListLiteral):
                for one in attribute.value.items:
                    if isinstance(one, Literal) and isinstance(one.value, str) and "." not in one.value:
                        self.column(table, one.value, "reads", one)
            for inner in attribute.value.walk():
                if isinstance(inner, Path):
                    self.path(inner, tables)

    def column(self, table: str, name: str, role: Role, node: Located) -> None:
        if name not in ALWAYS:
            self.add(Meaning("column", name, table), role, node, name)

    def path(self, node: Path, tables: dict[str, str]) -> None:
        """`$db.table.column`."""
        if not (isinstance(node.base, Variable) and node.base.name == "db"):
            return
        first, *rest = node.segments
        table = tables.get(first.key) if isinstance(first.key, str) else None
        if table is None:
            return
        if first.key == table:
            self.named("table", first, table)
        if rest and isinstance(rest[0].key, str):
            self.column(table, rest[0].key, "reads", rest[0])

    # Variables and inputs ------------------------------------------------------------------------------------------

    def inputs(self, node: Statement, owner: str) -> None:
        for inner in node.walk():
            if isinstance(inner, Path) and isinstance(inner.base, Variable) and inner.base.name == "input":
                segment = inner.segments[0]
                if isinstance(segment.key, str) and segment.form != "variable":
                    self.add(Meaning("input", segment.key, owner), "reads", segment, segment.key)

    def variables(self, items: Iterable[Node], owner: str, assigned: set[str]) -> None:
        """The variables of a construct; a reserved name counts where something is assigned to it."""
        for item in items:
            for node in item.walk():
                if isinstance(node, Statement):
                    self.assigned(node, owner, assigned)
                elif isinstance(node, (Path, Variable)):
                    self.variable(node, "reads", owner, assigned)

    def assigned(self, item: Statement, owner: str, assigned: set[str]) -> None:
        for place in (item.target if item.name in ASSIGNING else None, item.result):
            if isinstance(place, Expression) and root_of(place) is not None:
                for inner in place.walk():
                    if isinstance(inner, (Path, Variable)):
                        self.variable(inner, "writes", owner, assigned)
                        break

    def variable(self, node: Path | Variable, role: Role, owner: str, assigned: set[str]) -> None:
        place = place_of(node)
        if place is None or not place.root.isidentifier() or (place.root in ROOTS and place.root not in assigned):
            return
        base: Variable | Segment | Expression = node.base if isinstance(node, Path) else node
        if isinstance(base, Variable) and base.name != place.root and isinstance(node, Path):
            base = node.segments[0]  # the long form, `$var.x`
        self.add(Meaning("variable", place.root, owner), role, base, place.root)


def _all_fields(declared: Iterable[Field]) -> Iterator[Field]:
    for field in declared:
        yield field
        yield from _all_fields(field.schema)


class _NameBelow(NamedTuple):
    node: Expression
    text: str


def _names_below(value: Expression) -> Iterator[_NameBelow]:
    """What the objects of a value name: `name: "..."`."""
    for node in value.walk():
        if isinstance(node, Entry) and not node.disabled and node.key == "name" and isinstance(node.value, Literal):
            text = node.value.value
            if isinstance(text, str):
                yield _NameBelow(node.value, text)
