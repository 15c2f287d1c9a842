"""What an expression gives, as far as its text tells: a JSON Schema, `{}` for anything."""

from __future__ import annotations

from collections.abc import Callable

from xsrun.fields.json_schemas import nullable
from xsrun.language.types import Schema
from xsrun.registry import find_filter, parameter_type
from xsrun.server.openapi.schemas import ANYTHING, EMPTY, either
from xsrun.syntax import nodes
from xsrun.values.conversion import Value

_COMPARISONS = frozenset(("==", "!=", "===", "!==", "<", "<=", ">", ">=", "&&", "||", "in", "not in", "contains"))
_ARITHMETIC = frozenset(("+", "-", "*", "/", "%"))
_OF_TYPE: dict[str, Schema] = {
    "text": {"type": "string"},
    "int": {"type": "integer"},
    "number": {"type": "number"},
    "bool": {"type": "boolean"},
    "list": {"type": "array", "items": ANYTHING},
    "object": {"type": "object"},
}
#: Filters that keep the elements of a list, and those that give one of them.
_KEEPING = frozenset(("sort", "fsort", "reverse", "slice", "unique", "filter", "filter_empty", "shuffle", "values"))
_PICKING = frozenset(("first", "last", "pop", "shift", "find"))
#: How deep expressions are followed; beyond it they may be anything.
_DEPTH = 40


class SchemaReader:
    """Reads expressions in one stack; `variables` are the schemas of its variables, `inputs` those of its inputs."""

    def __init__(self, variables: dict[str, Schema], inputs: dict[str, Schema]) -> None:
        self.variables = variables
        self.inputs = inputs
        self._depth = 0

    def schema(self, node: nodes.Expression | None) -> Schema:
        """What an expression gives."""
        if node is None:
            return {"type": "null"}
        if self._depth >= _DEPTH:
            return ANYTHING
        self._depth += 1
        try:
            return self._schema(node)
        finally:
            self._depth -= 1

    def _schema(self, node: nodes.Expression) -> Schema:
        match node:
            case nodes.Literal():
                return literal_schema(node.value)
            case nodes.Now() | nodes.Timestamp():
                return {"type": "integer", "format": "int64"}
            case nodes.Group():
                return self.schema(node.expression)
            case nodes.Variable():
                return self.variable(node.name)
            case nodes.Path():
                return self.path(node)
            case nodes.ListLiteral():
                return self.list_literal(node)
            case nodes.ObjectLiteral():
                return self.object_literal(node)
            case nodes.Ternary():
                return either(self.schema(node.then), self.schema(node.otherwise))
            case nodes.Unary():
                return {"type": "boolean"} if node.operator == "!" else {"type": "number"}
            case nodes.Between():
                return {"type": "boolean"}
            case nodes.Binary():
                return self.binary(node)
            case nodes.FilterCall():
                return self.filtered(node)
        return ANYTHING

    def variable(self, name: str) -> Schema:
        if name == "input":
            return {"type": "object", "properties": self.inputs}
        return self.variables.get(name, ANYTHING)

    def path(self, node: nodes.Path) -> Schema:
        """The member that a path leads to."""
        segments = list(node.segments)
        found: Schema
        if isinstance(node.base, nodes.Variable) and node.base.name in ("var", "input"):
            known = self.variables if node.base.name == "var" else self.inputs
            found = known.get(_name(segments.pop(0)) or "", ANYTHING)
        elif isinstance(node.base, nodes.Variable) and node.base.name == "env":
            return ANYTHING
        else:
            found = self.schema(node.base)
        for segment in segments:
            found = member(found, _name(segment))
        return found

    def list_literal(self, node: nodes.ListLiteral) -> Schema:
        if not node.items:
            return EMPTY
        if any(isinstance(item, (nodes.Spread, nodes.Placeholder)) for item in node.items):
            return {"type": "array", "items": ANYTHING}
        return {"type": "array", "items": either(*(self.schema(item) for item in node.items))}

    def object_literal(self, node: nodes.ObjectLiteral) -> Schema:
        """An object with the members that are written; where others are spread in, there may be any more."""
        properties: dict[str, Schema] = {}
        whole = True
        for entry in node.entries:
            if not isinstance(entry, nodes.Entry) or entry.style == "variable" or entry.key.isdigit():
                whole = False
            elif not entry.disabled:
                properties[entry.key] = self.schema(entry.value)
        if not properties:
            return ANYTHING if not whole else {"type": ["object", "array"]}
        if not whole:
            return {"type": ["object", "array"]}
        return {"type": "object", "properties": properties, "required": list(properties)}

    def binary(self, node: nodes.Binary) -> Schema:
        operator = node.operator
        if operator == "??":
            return either(without_null(self.schema(node.left)), self.schema(node.right))
        if operator == "~":
            return {"type": "string"}
        if operator in _ARITHMETIC:
            return {"type": "number"}
        return {"type": "boolean"} if operator in _COMPARISONS else ANYTHING

    def filtered(self, node: nodes.FilterCall) -> Schema:
        """What a filter gives, by the annotation of its function."""
        if node.disabled:
            return self.schema(node.operand)
        if node.name in _KEEPING or node.name in _PICKING:
            given = self.schema(node.operand)
            if given.get("type") != "array":
                return ANYTHING
            items = {"type": "array", "items": given.get("items", ANYTHING)}
            return nullable(given.get("items", ANYTHING)) if node.name in _PICKING else items
        record = find_filter(node.name)
        return ANYTHING if record is None or record.form else annotated(record.function)


def annotated(function: Callable[..., Value]) -> Schema:
    """What a builtin gives, by the annotation of its result."""
    annotation = function.__annotations__.get("return", "Value")
    kind, may_be_null = parameter_type(annotation)
    schema = _OF_TYPE.get(kind, ANYTHING)
    return nullable(schema) if may_be_null else schema


def literal_schema(value: Value) -> Schema:
    kinds: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
    kind = kinds.get(value.__class__)
    return {"type": kind} if kind else ANYTHING


def without_null(schema: Schema) -> Schema:
    """What is left of a schema when null is replaced by something else."""
    kind = schema.get("type")
    if isinstance(kind, list):
        kinds = [one for one in kind if one != "null"]
        return {**schema, "type": kinds[0] if len(kinds) == 1 else kinds}
    if kind == "null":
        return schema
    parts = schema.get("anyOf")
    if parts and set(schema) == {"anyOf"}:
        return either(*(part for part in parts if part.get("type") != "null"))
    return schema


def member(schema: Schema, name: str | None) -> Schema:
    """What stands under a name; null on the way would have been an error."""
    schema = without_null(schema)
    kind = schema.get("type")
    members: dict[str, Schema] = schema.get("properties", {})
    if name is not None and name.isdigit() and kind == "array":
        members = {name: schema.get("items", ANYTHING)}
    return members.get(name or "", ANYTHING)


def _name(segment: nodes.Segment) -> str | None:
    key = segment.key
    if segment.form == "variable":
        return None
    if isinstance(key, nodes.Literal):
        key = key.value
    return str(key) if isinstance(key, (str, int)) else None
