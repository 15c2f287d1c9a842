"""The constructs of a workspace, gathered from parsed texts, and looked up by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsrun.analysis.report import TextReport
from xsrun.language.constructs import KINDS
from xsrun.syntax.nodes import Document, Field, FieldBlock, Statement

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


class Program:
    """All constructs of the texts that are checked together."""

    def __init__(self, texts: list[CheckedText]) -> None:
        self.texts = texts
        self.units = [unit for text in texts for unit in text.units]
        self.by_name: dict[tuple[str, str], list[Unit]] = {}
        for unit in self.units:
            self.by_name.setdefault((unit.kind, unit.name.lower()), []).append(unit)
        self._names: dict[str, list[str]] = {}
        #: a text that could not be read whole may hold what the others look for
        self.complete = all(text.complete for text in texts)

    def find(self, kind: str, name: str) -> Unit | None:
        """The construct of this kind and name, in any case."""
        found = self.by_name.get((kind, name.removeprefix("/").lower()))
        return found[0] if found else None

    def names(self, kind: str) -> list[str]:
        """The names of all constructs of a kind, sorted."""
        if kind not in self._names:
            self._names[kind] = sorted({unit.name for unit in self.units if unit.kind == kind})
        return self._names[kind]

    def columns(self, table: str) -> dict[str, Field] | None:
        """The columns of a declared table; None when it is not declared."""
        unit = self.find("table", table)
        if unit is None:
            return None
        for item in unit.node.body.items if unit.node.body else []:
            if isinstance(item, FieldBlock) and item.name == "schema":
                return {field.name: field for field in item.declared}
        return {}
