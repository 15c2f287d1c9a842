"""The constructs of one parsed text, and what other texts may see of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsrun import cache
from xsrun.analysis.interface import Enums, Interface, Seen
from xsrun.analysis.report import TextReport
from xsrun.language.constructs import KINDS
from xsrun.syntax.nodes import Document, Field, ListLiteral, Literal, Statement

if TYPE_CHECKING:
    from xsrun.syntax.parsed import Parsed


class CheckedText:
    """One parsed text with the report of what is wrong with it.

    `complete` tells that it parsed without a hole, `bare` that it is a list of statements without a construct.
    """

    __slots__ = ("bare", "complete", "parsed", "report", "units")

    def __init__(self, parsed: Parsed[Document]) -> None:
        self.parsed = parsed
        self.report = TextReport(parsed.source)
        self.complete = parsed.tree is not None and not any(d.severity == "error" for d in parsed.diagnostics)
        self.units: list[Unit] = []
        for item in parsed.tree.items if parsed.tree is not None else []:
            if isinstance(item, Statement) and item.name in KINDS and item.body is not None:
                self.units.append(Unit(self, item))
        self.bare = self.complete and not self.units

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.parsed.source.filename

    def interface(self) -> Interface:
        """What other texts may see of this one."""
        return tuple([unit.seen() for unit in self.units])


class Unit:
    """One construct."""

    __slots__ = ("kind", "name", "node", "text")

    def __init__(self, text: CheckedText, node: Statement) -> None:
        self.text = text
        self.node = node
        self.kind = node.name
        self.name = (node.label or "").removeprefix("/")

    @property
    def report(self) -> TextReport:
        return self.text.report

    @property
    def inputs(self) -> dict[str, Field]:
        """The declared inputs by name; those of a dblink are not among them."""
        return {field.name: field for field in self.node.fields_of("input") or [] if field.name}

    @property
    def linked_tables(self) -> list[str]:
        """The tables whose columns a dblink adds to the inputs; an unreadable name is `""`."""
        found = []
        for field in self.node.fields_of("input") or []:
            if field.type == "dblink":
                table = field.attribute("table")
                value = getattr(table, "value", None)
                found.append(value if isinstance(value, str) else "")
        return found

    @property
    def key(self) -> tuple[str, ...]:
        """What tells two constructs apart: kind and name, for queries also verb and group."""
        if self.kind == "query":
            group = self.node.attribute("api_group")
            value = getattr(group, "value", "") if group is not None else ""
            return self.kind, self.name.lower(), self.node.verb or "", str(value).lower()
        return self.kind, self.name.lower()

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The columns of a table; None for any other construct."""
        if self.kind != "table":
            return None
        declared = self.node.fields_of("schema") or []
        return tuple(dict.fromkeys(field.name for field in declared))

    @property
    def enums(self) -> Enums:
        """The inputs, of a table the columns, that are one of some values, with these."""
        declared = self.node.fields_of("schema" if self.kind == "table" else "input") or []
        found = ((field.name, values_of(field)) for field in declared if field.name and field.list_size is None)
        return tuple((name, values) for name, values in found if values)

    @property
    def text_digest(self) -> str:
        """A digest of its text, blanks drawn together: the same for two that are the same."""
        return cache.digest(self.report.text_of(self.node))

    def seen(self) -> Seen:
        """What other texts may know of it."""
        inputs = {name: not field.optional and field.default is None for name, field in self.inputs.items()}
        linked, complete = bool(self.linked_tables), self.text.complete
        line, digest = self.node.line, self.text_digest
        key, given = self.key, (*inputs.items(),)
        found = Seen(self.kind, self.name, key, given, linked, self.columns, complete, line, digest, self.enums)
        auth = self.node.attribute("auth") if self.kind == "query" else None
        return found._replace(guarded=isinstance(auth, Literal) and bool(auth.value))


def values_of(field: Field) -> tuple[str, ...]:
    """The values of an enum; none where they are not all written as texts, and for other types."""
    values = field.attribute("values") if field.type == "enum" else None
    items = values.items if isinstance(values, ListLiteral) else []
    texts = tuple(item.value for item in items if isinstance(item, Literal) and isinstance(item.value, str))
    return texts if len(texts) == len(items) else ()
