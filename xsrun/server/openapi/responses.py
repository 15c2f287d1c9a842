"""The responses of a query: the schema of what it gives, and the statuses that it may end with.

The stack is not run: every value that a variable may get counts, in whatever order. Where the text does not tell, the
response may be anything, so that a document never promises what a program does not keep.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xsrun.database.tables import literal
from xsrun.errors import CODE_OF_ERROR_TYPE, STATUS_OF_CODE
from xsrun.fields.json_schemas import nullable
from xsrun.language.types import Schema
from xsrun.registry import find_statement
from xsrun.server.openapi.expressions import SchemaReader, annotated
from xsrun.server.openapi.schemas import ANYTHING, bound_schema, either
from xsrun.syntax import nodes
from xsrun.workspace.construct import Construct

if TYPE_CHECKING:
    from xsrun.workspace.workspace import LoadedWorkspace

#: How deep calls of functions are followed.
_CALLS = 8
_STATUS_LINE = re.compile(r"HTTP/\d(?:\.\d)?\s+(\d{3})", re.IGNORECASE)
_ROW = frozenset(("db.add", "db.edit", "db.patch", "db.add_or_edit"))
#: Statements that only read what stands in their head.
_READERS = frozenset(
    (
        "array.find", "array.find_index", "array.has", "array.every", "array.filter", "array.filter_count",
        "array.map", "array.partition", "array.group_by", "array.union", "array.difference", "array.intersection",
        "foreach", "switch", "precondition",
    )
)  # fmt: skip
#: How often a stack is read until what its variables may hold no longer grows.
_PASSES = 5
_STOPPED = {
    "type": "object",
    "properties": {"payload": ANYTHING, "statement": {"type": "string"}},
    "required": ["payload", "statement"],
}
_COUNTERS = ("itemsReceived", "curPage", "perPage", "offset", "itemsTotal", "pageTotal")


@dataclass(slots=True)
class ResponseOutcome:
    """What a query may respond with. `statuses` are those of errors; `succeeds` those that the program sets.

    `open` tells that the program sets a header or status that its text does not name.
    """

    schema: Schema = field(default_factory=dict)
    statuses: set[int] = field(default_factory=set)
    succeeds: set[int] = field(default_factory=set)
    media_types: set[str] = field(default_factory=set)
    throws: bool = False
    streams: bool = False
    open: bool = False

    def add(self, other: ResponseOutcome) -> None:
        """Note what a called construct may do to the response."""
        self.statuses |= other.statuses
        self.succeeds |= other.succeeds
        self.media_types |= other.media_types
        self.throws, self.streams = self.throws or other.throws, self.streams or other.streams
        self.open = self.open or other.open


class Responses:
    """Reads the queries of a workspace; `rows` gives the schema of a row of a table, None for an undeclared one."""

    def __init__(self, workspace: LoadedWorkspace, rows: Callable[[str], Schema | None]) -> None:
        self.workspace = workspace
        self.rows = rows
        self._depth = 0
        self._functions: dict[Construct, ResponseOutcome] = {}

    def outcome(self, query: Construct) -> ResponseOutcome:
        """What a query responds with."""
        outcome = self.read(query)
        if outcome.throws:
            outcome.schema = either(outcome.schema, _STOPPED)
        return outcome

    def read(self, construct: Construct) -> ResponseOutcome:
        """What a construct gives, and what it may do to the response on the way."""
        outcome = ResponseOutcome()
        if self._depth >= _CALLS or construct.node is None or construct.problems:
            outcome.open = True
            return outcome
        self._depth += 1
        try:
            outcome.schema = Stack(self, construct, outcome).result()
        finally:
            self._depth -= 1
        dispatcher = self.workspace.dispatcher
        if dispatcher is not None and dispatcher.around(construct) is not None:
            outcome.schema, outcome.open = ANYTHING, True
        return outcome

    def called(self, name: str | None, caller: ResponseOutcome) -> Schema:
        """What a call of a function gives; what it may do to the response is noted with the caller."""
        function = self.workspace.lookup("function", name) if name else None
        if function is None:
            caller.open = True
            return ANYTHING
        found = self._functions.get(function)
        if found is None:
            self._functions[function] = ResponseOutcome(open=True)  # for a function that calls itself
            found = self._functions[function] = self.read(function)
        caller.add(found)
        return found.schema


class Stack:
    """One stack: what its variables may hold, and what it returns."""

    def __init__(self, responses: Responses, construct: Construct, outcome: ResponseOutcome) -> None:
        self.responses = responses
        self.construct = construct
        self.outcome = outcome
        self.variables: dict[str, Schema] = {}
        self.reader = SchemaReader(self.variables, {one.name: bound_schema(one) for one in construct.declared})
        self.returned: list[Schema] = []

    def result(self) -> Schema:
        """The schema of the response and of everything that is returned before it."""
        items = list(statements(self.construct.items))
        for _ in range(_PASSES):  # again, because a loop brings what is assigned below back to what reads it above
            before = dict(self.variables)
            self.returned.clear()
            for item in items:
                self.statement(item)
            if before == self.variables:
                return either(*self.returned, self.reader.schema(self.construct.response))
        return ANYTHING

    def statement(self, item: nodes.Statement) -> None:
        """Read what one statement does to variables and to the response."""
        note = _NOTES.get(item.name)
        if note is not None:
            note(self, item)
        target = item.target
        if item.name in ("var", "var.update") and isinstance(target, nodes.Variable):
            self.bind(target.name, self.reader.schema(item.attribute("value")))
        elif item.name in ("array.push", "array.unshift") and isinstance(target, nodes.Variable):
            value = self.reader.schema(item.attribute("value"))
            items = self.reader.variable(target.name).get("items")
            self.bind(target.name, {"type": "array", "items": value if items is None else either(items, value)})
        elif isinstance(target, (nodes.Variable, nodes.Path)) and item.name not in _READERS:
            self.forget(target)
        given = self.given(item)
        if isinstance(item.result, nodes.Variable):
            self.bind(item.result.name, given)
        elif item.result is not None:
            self.forget(item.result)

    def bind(self, name: str, schema: Schema) -> None:
        before = self.variables.get(name)
        self.variables[name] = schema if before is None else either(before, schema)

    def forget(self, place: nodes.Expression | None) -> None:
        """A variable that is changed where it is may hold anything."""
        while isinstance(place, (nodes.FilterCall, nodes.Path)):
            if isinstance(place, nodes.Path):
                if isinstance(place.base, nodes.Variable) and place.base.name == "var":
                    self.variables[str(place.segments[0].key)] = ANYTHING
                place = place.base
            else:
                place = place.operand
        if isinstance(place, nodes.Variable):
            self.variables[place.name] = ANYTHING

    def given(self, item: nodes.Statement) -> Schema:
        """What the `as` of a statement binds."""
        if item.name in ("function.run", "function.call"):
            schema = self.responses.called(item.label, self.outcome)
            alone = item.attribute("runtime_mode") is not None or item.attribute("async") is not None
            return ANYTHING if alone else schema
        if item.result is None or "." not in item.name:
            return ANYTHING
        if item.name.startswith("db."):
            return self.database(item)
        record = find_statement(item.name)
        return ANYTHING if record is None or record.form or record.updates else annotated(record.function)

    # What statements give ------------------------------------------------------------------------------------------

    def database(self, item: nodes.Statement) -> Schema:
        row = self.row(item)
        if item.name == "db.get":
            return nullable(row) if row else ANYTHING
        if item.name in _ROW:
            return row
        if item.name == "db.has":
            return {"type": "boolean"}
        return self.queried(item, row) if item.name == "db.query" else ANYTHING

    def row(self, item: nodes.Statement) -> Schema:
        """A row of the statement's table, as its output shapes it."""
        row: Schema | None = self.responses.rows(item.label) if item.label else None
        if row is None:
            return ANYTHING
        if any(item.attribute(name) is not None or item.block(name) for name in ("output", "addon", "eval", "join")):
            return ANYTHING
        return row

    def queried(self, item: nodes.Statement, row: Schema) -> Schema:
        """What a query gives by its `return`: a list, a page, a row, a count, or whether there is any."""
        wanted = literal(item.attribute("return")) if item.attribute("return") is not None else {"type": "list"}
        if not isinstance(wanted, dict) or item.attribute("external") is not None:
            return ANYTHING
        kind = wanted.get("type", "list")
        if kind == "count":
            return {"type": "integer"}
        if kind == "exists":
            return {"type": "boolean"}
        if kind == "single":
            return nullable(row) if row else ANYTHING
        if kind != "list" or item.attribute("override_sort") is not None:
            return ANYTHING
        rows = {"type": "array", "items": row}
        paging = _entry(item.attribute("return"), "paging")
        return rows if paging is None else either(rows, page_of(rows))

    # What it does to the response -----------------------------------------------------------------------------------

    def precondition(self, item: nodes.Statement) -> None:
        kind = item.attribute("error_type")
        if kind is None:
            return
        value = kind.value if isinstance(kind, nodes.Literal) else None
        if isinstance(value, str):
            self.outcome.statuses.add(STATUS_OF_CODE[CODE_OF_ERROR_TYPE.get(value, "ERROR_CODE_INPUT_ERROR")])
        else:
            self.outcome.statuses.update(STATUS_OF_CODE[code] for code in CODE_OF_ERROR_TYPE.values())

    def header(self, item: nodes.Statement) -> None:
        value = item.attribute("value")
        text = value.value if isinstance(value, nodes.Literal) and isinstance(value.value, str) else None
        if text is None:
            self.outcome.open = True
            return
        if status := _STATUS_LINE.match(text.strip()):
            self.outcome.succeeds.add(int(status[1]))
        name, _, content = text.partition(":")
        if name.strip().lower() == "content-type":
            self.outcome.media_types.add(content.partition(";")[0].strip().lower())

    def throws(self, _item: nodes.Statement) -> None:
        self.outcome.throws = True

    def returns(self, item: nodes.Statement) -> None:
        self.returned.append(self.reader.schema(item.attribute("value")))

    def streams(self, _item: nodes.Statement) -> None:
        self.outcome.streams = True

    def limits(self, _item: nodes.Statement) -> None:
        self.outcome.statuses.add(429)

    def loops(self, item: nodes.Statement) -> None:
        self.forget(item.target if isinstance(item.target, nodes.Variable) else None)


_NOTES: dict[str, Callable[[Stack, nodes.Statement], None]] = {
    "precondition": Stack.precondition,
    "util.set_header": Stack.header,
    "throw": Stack.throws,
    "debug.stop": Stack.throws,
    "return": Stack.returns,
    "api.stream": Stack.streams,
    "redis.ratelimit": Stack.limits,
    "each": Stack.loops,
}


def page_of(rows: Schema) -> Schema:
    """The envelope of a paged query (semantics 4.3)."""
    number: Schema = {"type": "integer"}
    links: Schema = {"type": ["integer", "null"]}
    properties = {**dict.fromkeys(_COUNTERS, number), "nextPage": links, "prevPage": links, "items": rows}
    return {"type": "object", "properties": properties, "required": ["items"]}


def statements(items: list[nodes.Item]) -> Iterator[nodes.Statement]:
    """Every statement of a stack that may run, in source order, those in blocks included."""
    for item in items:
        if not isinstance(item, nodes.Statement) or item.disabled:
            continue
        disabled = item.attribute("disabled")
        if isinstance(disabled, nodes.Literal) and disabled.value is True:
            continue
        yield item
        if item.body is not None and item.name != "util.post_process":
            yield from statements(item.body.items)


def _entry(node: nodes.Expression | None, key: str) -> nodes.Expression | None:
    if not isinstance(node, nodes.ObjectLiteral):
        return None
    return next((one.value for one in node.entries if isinstance(one, nodes.Entry) and one.key == key), None)
