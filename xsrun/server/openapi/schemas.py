"""JSON Schemas of declared fields as programs read them: what `$input` and a column hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xsrun.fields.declared import Declared, has_zero_value
from xsrun.fields.json_schemas import nullable, vector_schema
from xsrun.language.types import Schema, type_named

if TYPE_CHECKING:
    from xsrun.documents import Json

#: Any value.
ANYTHING: Schema = {}
#: The list without elements; it says nothing about the elements of a list that it may become.
EMPTY: Schema = {"type": "array", "maxItems": 0}


def bound_schema(one: Declared) -> Schema:
    """What `$input` holds for an input. An omitted one is null, the zero value of its type, or its default."""
    schema = _read(one)
    if one.list_size is not None:
        schema = {"type": "array", "items": schema}
    if one.nullable or (one.optional and not one.has_default and not has_zero_value(one)):
        schema = nullable(schema)
    return schema


def column_schema(one: Declared) -> Schema:
    """What a column gives when it is read."""
    schema = _read(one)
    if one.list_size is not None:
        schema = {"type": "array", "items": schema}
    if one.name != "id" and (one.nullable or one.optional or not has_zero_value(one, column=True)):
        schema = nullable(schema)
    return {**schema, "description": one.description} if one.description else schema


def _read(one: Declared) -> Schema:
    if one.type == "enum":
        return {"type": "string", "enum": [*dict.fromkeys([*one.values, ""])]}
    if one.type == "object":
        members = {member.name: column_schema(member) for member in one.schema}
        # an empty object is an empty list to PHP
        return {"type": ["object", "array"], "properties": members} if members else {"type": ["object", "array"]}
    if one.type == "vector":
        return vector_schema(one)
    return dict(type_named(one.type).read)


def row_schema(columns: Iterable[Declared]) -> Schema:
    """A row of a table."""
    shown = [one for one in columns if one.visibility != "internal"]
    properties = {one.name: column_schema(one) for one in shown}
    if "id" not in properties:
        properties = {"id": {"type": "integer", "format": "int64"}, **properties}
    return {"type": "object", "properties": properties, "required": list(properties)}


#: Under this key a schema that is a row of a table says where it stands among the components.
ROW_OF = "x-row"


def referring(schema: Json) -> Json:
    """The schema with every row of a table replaced by a reference to it."""
    if isinstance(schema, list):
        return [referring(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if ROW_OF in schema:
        reference = {"$ref": f"#/components/schemas/{schema[ROW_OF]}"}
        return reference if schema["type"] == "object" else {"anyOf": [reference, {"type": "null"}]}
    return {key: referring(value) for key, value in schema.items()}


# Putting schemas together --------------------------------------------------------------------------------------------


def either(*schemas: Schema) -> Schema:
    """What fits one of several schemas; anything when one of them takes anything."""
    different: list[Schema] = []
    for schema in schemas:
        for part in schema.get("anyOf", [schema]) if set(schema) == {"anyOf"} else [schema]:
            if not part:
                return ANYTHING
            if part not in different:
                different.append(part)
    if EMPTY in different and any(one.get("type") == "array" for one in different if one != EMPTY):
        different.remove(EMPTY)
    if not different:
        return ANYTHING
    if len(different) == 2 and {"type": "null"} in different:
        return nullable(next(one for one in different if one != {"type": "null"}))
    return different[0] if len(different) == 1 else {"anyOf": different}
