"""Operators and filters of JSON, and of values of any kind."""

from __future__ import annotations

from xsrun.database.jsonb import contains, json_number_of, json_text_of, member, overlaps, same
from xsrun.database.operators.declare import operator
from xsrun.database.vectors import vector_bytes
from xsrun.values.conversion import Value, from_json, parse_number, to_json


@operator("contains", "json", "json", result="bool", postgres="({0} @> {1})")
def contains_(stored: str, value: str) -> bool:
    """Whether a list has an element, or all elements of another list; for objects, whether all members are there.

    >>> db.add "post" { data = {tags: ["red", "blue"]} }
    ... db.query "post" {
    ...   where = $db.post.tags|contains:"red"
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return contains(from_json(stored), from_json(value))


@operator(
    "overlaps",
    "json",
    "json",
    result="bool",
    body="SELECT CASE WHEN jsonb_typeof($1) = 'array' AND jsonb_typeof($2) = 'array' THEN EXISTS (SELECT 1 FROM "
    "jsonb_array_elements($1) AS l JOIN jsonb_array_elements($2) AS r ON l.value = r.value) ELSE false END",
)
def overlaps_(value: str, other: str) -> bool:
    """Whether two lists have an element in common.

    >>> db.add "post" { data = {tags: ["red", "blue"]} }
    ... db.query "post" {
    ...   where = $db.post.tags|overlaps:["blue", "green"]
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return overlaps(from_json(value), from_json(other))


@operator(
    "length",
    "json",
    result="int",
    body="SELECT CASE jsonb_typeof($1) WHEN 'array' THEN jsonb_array_length($1) WHEN 'object' THEN "
    "(SELECT count(*) FROM jsonb_object_keys($1)) WHEN 'string' THEN length($1 #>> '{}') END",
)
def length(value: str) -> int | None:
    """How many elements a list has.

    >>> db.add "post" { data = {tags: ["red", "blue"]} }
    ... db.query "post" {
    ...   where = ($db.post.tags|length) == 2
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    items = from_json(value)
    return len(items) if items.__class__ in (list, dict, str) else None


@operator("json_equal", "json", "json", result="bool", postgres="({0} = {1})")
def json_equal(value: str, other: str) -> bool:
    """Whether two JSON values are the same."""
    return value == other or same(from_json(value), from_json(other))


@operator(
    "json_null",
    "json",
    result="bool",
    postgres="({0} IS NULL OR {0} = 'null'::jsonb)",
    sqlite="({0} IS NULL OR {0} = 'null')",
)
def json_null(value: str | None) -> bool:
    """Whether a JSON value is null, or there is none."""
    return value is None or value == "null"


@operator("json_or_null", "json", result="json", postgres="nullif({0}, 'null'::jsonb)", sqlite="nullif({0}, 'null')")
def json_or_null(value: str) -> str | None:
    """A JSON value; SQL's null for JSON's."""
    return None if value == "null" else value


@operator("json_source", "json", result="text", postgres='({0}::text COLLATE "C")', sqlite="{0}")
def json_source(value: str) -> str:
    """A JSON value as it is written, to tell values of other types apart."""
    return value


@operator(
    "json_number",
    "json",
    result="decimal",
    body="SELECT CASE jsonb_typeof($1) WHEN 'number' THEN ($1 #>> '{}')::float8 WHEN 'string' THEN "
    "xs_number($1 #>> '{}') WHEN 'boolean' THEN ($1::boolean)::int::float8 END",
)
def json_number(value: str) -> float | None:
    """A JSON value as a number: numbers, numeric texts and booleans; else null."""
    return json_number_of(value)


@operator("json_text", "json", result="text", postgres="({0} #>> '{{}}')")
def json_text(value: str) -> str | None:
    """A JSON value as text; null for JSON's null."""
    return json_text_of(value)


@operator(
    "json_bool",
    "json",
    result="bool",
    body="SELECT CASE WHEN $1 IN ('true', '1', '\"true\"', '\"1\"') THEN true "
    "WHEN $1 IN ('false', '0', '\"false\"', '\"0\"') THEN false END",
)
def json_bool(value: str) -> bool | None:
    """A JSON value as a boolean: true, false, 1, 0 and their texts; else null."""
    if value in ("true", "1", '"true"', '"1"', "1.0"):
        return True
    return False if value in ("false", "0", '"false"', '"0"', "0.0", "-0.0") else None


@operator(
    "number",
    "text",
    result="decimal",
    body="SELECT CASE WHEN $1 ~ '^[ \\t\\n\\r\\v\\f]*[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)"
    "([eE][+-]?[0-9]{1,3})?[ \\t\\n\\r\\v\\f]*$' "
    "THEN ($1)::numeric::float8 END",
)
def number(value: str) -> float | None:
    """A numeric text as a number; else null."""
    return parse_number(value)


@operator(
    "json_path",
    "json",
    "text",
    result="json",
    postgres="nullif({0} #> {1}::text[], 'null'::jsonb)",
    sqlite="nullif({0} -> {1}, 'null')",
)
def json_path(value: str, path: str) -> str | None:
    """The member of a JSON value at a path of plain names; null when there is none."""
    raise NotImplementedError("both sides are native")


@operator("json_member", "json", "text", result="json", postgres="nullif({0} #> {1}::text[], 'null'::jsonb)")
def json_member(value: str, path: str) -> str | None:
    """The same for a path with indexes or odd names; in SQLite the path is a JSON list."""
    found = member(from_json(value), from_json(path))
    return None if found is None else to_json(found)


@operator(
    "json_vector",
    "json",
    result="vector",
    body="SELECT CASE WHEN jsonb_typeof($1) = 'array' THEN "
    "ARRAY(SELECT item::float8 FROM jsonb_array_elements_text($1) AS item) END",
)
def json_vector(value: str) -> bytes | None:
    """A JSON list of numbers as a vector."""
    return vector_bytes(from_json(value))


@operator("to_json_text", "text", result="json", postgres="to_jsonb({0})")
def to_json_text(value: str) -> str:
    """A text as JSON."""
    return to_json(value)


@operator("to_json_number", "number", result="json", postgres="to_jsonb({0})")
def to_json_number(value: float) -> str:
    """A number as JSON."""
    return to_json(value)


@operator("to_json_bool", "bool", result="json", postgres="to_jsonb({0})")
def to_json_bool(value: Value) -> str:
    """A boolean as JSON."""
    return "true" if value else "false"


@operator(
    "between",
    "same",
    "same",
    "same",
    result="bool",
    postgres="({0} BETWEEN {1} AND {2})",
    sqlite="({0} BETWEEN {1} AND {2})",
)
def between(value: Value, low: Value, high: Value) -> bool:
    """Whether a value lies between two others, both included.

    >>> db.add "jar" { data = {n: 3} }
    ... db.query "jar" {
    ...   where = $db.jar.n|between:1:3
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return bool(low <= value <= high)


@operator(
    "coalesce", "same", "same", result="same", postgres="coalesce({0}, {1})", sqlite="coalesce({0}, {1})", nulls=True
)
def coalesce(value: Value, alternative: Value) -> Value:
    """The value, or another one when it is null.

    >>> db.add "jar" { data = {n: null} }
    ... db.query "jar" {
    ...   where = ($db.jar.n|coalesce:7) == 7
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return alternative if value is None else value
