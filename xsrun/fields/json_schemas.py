"""JSON Schemas of what may be sent for declared inputs: for OpenAPI, for tools of language models."""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.fields.declared import Declared
from xsrun.fields.literals import NOW
from xsrun.language.types import Schema, type_named

_LENGTHS = {"min": "minLength", "max": "maxLength"}
_LIMITS = {"min": "minimum", "max": "maximum"}
_COUNTS = {"min": "minItems", "max": "maxItems"}


def nullable(schema: Schema) -> Schema:
    """The schema that takes null too."""
    if not schema or schema.get("type") == "null":
        return schema
    kind = schema.get("type")
    if kind is None or "enum" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    kinds = kind if isinstance(kind, list) else [kind]
    return schema if "null" in kinds else {**schema, "type": [*kinds, "null"]}


def input_schema(one: Declared) -> Schema:
    """What may be sent for an input."""
    schema = _sent(one)
    if one.list_size is not None:
        schema = {"type": "array", "items": schema, **_bounds(one, _COUNTS)}
        for key, size in zip(("minItems", "maxItems"), one.list_size, strict=True):
            if size is not None:
                schema[key] = size
    if one.nullable:
        schema = nullable(schema)
    return _noted(one, schema)


def _sent(one: Declared) -> Schema:
    if one.type == "enum":
        return {"type": "string", "enum": list(one.values)}
    if one.type == "object":
        return object_schema(one.schema) if one.schema else {"type": "object"}
    if one.type == "vector":
        return vector_schema(one)
    known = type_named(one.type)
    schema = dict(known.sent)
    if one.list_size is None:
        if one.required and known.empty_is_missing and known.filters:  # a text; the format says so of the others
            schema["minLength"] = 1
        names = _LENGTHS if known.measured == "text" else _LIMITS if known.measured == "number" else {}
        schema.update(_bounds(one, names))
    return schema


def _bounds(one: Declared, names: dict[str, str]) -> Schema:
    """The limits that filters set, under the names that JSON Schema has for them."""
    found: Schema = {}
    for name, arguments in one.filters:
        if name in names and arguments:
            try:
                number = float(arguments[0])
            except ValueError:
                continue
            if names is _LIMITS or number >= 0:
                found[names[name]] = int(number) if number.is_integer() else number
    return found


def _noted(one: Declared, schema: Schema) -> Schema:
    """The schema with the field's description and default."""
    noted = dict(schema)
    if one.description:
        noted["description"] = one.description
    if one.has_default and one.default is not NOW and one.default is not None:
        noted["default"] = one.default
    if one.sensitive or one.type == "password":
        noted["writeOnly"] = True
    return noted


def object_schema(fields: Iterable[Declared]) -> Schema:
    """An object with these inputs as members."""
    listed = list(fields)
    schema: Schema = {"type": "object", "properties": {one.name: input_schema(one) for one in listed}}
    required = [one.name for one in listed if one.required]
    return {**schema, "required": required} if required else schema


def vector_schema(one: Declared) -> Schema:
    """A list of numbers, as long as the vector has dimensions."""
    schema: Schema = {"type": "array", "items": {"type": "number"}}
    return {**schema, "minItems": one.size, "maxItems": one.size} if one.size else schema
