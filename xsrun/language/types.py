"""The types of fields: what every room needs to know of them (language 4).

What a type makes of a value that is sent to it is in `xsrun.fields.field_types`, its page in catalogue/pages.md; a new
type needs an entry here and in both. All else (what columns of it hold, which filters it takes, its schema in OpenAPI)
follows from this table.
"""

from __future__ import annotations

from xsrun.hints import Any, NamedTuple

#: A JSON Schema.
Schema = dict[str, Any]

_TEXT_FILTERS = "trim min max startsWith prevent lower upper alphaOk digitOk ok pattern"
_TIME = "Milliseconds since the epoch, UTC"
_STORED_FILE: Schema = {
    "type": "object",
    "description": "A stored file, as storage.create_image and its like give it.",
    "properties": {
        "access": {"type": "string"},
        "path": {"type": "string"},
        "name": {"type": "string"},
        "type": {"type": "string"},
        "size": {"type": "integer"},
        "mime": {"type": "string"},
        "meta": {"type": ["object", "array", "null"]},
        "url": {"type": "string"},
    },
}


class FieldType(NamedTuple):
    """A type of a field. The schemas leave out what a single field adds: values, members, sizes and limits."""

    name: str
    #: what a column of it holds: one of `xsrun.database.columns.KINDS`
    stored: str
    #: "text": it takes filters, `min` and `max` count characters; "number": they compare it; "": it takes no filter
    measured: str
    #: what an omitted optional input is bound to; None stands for null
    zero: str | int | bool | None
    #: what a column holds when a row leaves it out, where that differs (semantics 4.1)
    column_zero: str | int | bool | None
    #: JSON Schema of what is sent and of what is read; an empty one says nothing
    sent: Schema
    read: Schema
    #: filters that do something; None: nothing is known
    filters: frozenset[str] | None
    #: does an empty text count as missing for a required input (semantics 3.2)?
    empty_is_missing: bool
    #: "media", "geo" or ""
    family: str


def _type(
    name: str,
    stored: str,
    *,
    measured: str = "",
    zero: str | int | bool | None = None,
    column_zero: str | int | bool | None = None,
    sent: Schema | None = None,
    read: Schema | None = None,
    filters: str | None = None,
    empty_is_missing: bool = False,
    family: str = "",
) -> FieldType:
    return FieldType(
        name,
        stored,
        measured,
        zero,
        zero if column_zero is None else column_zero,
        sent or {},
        (sent or {}) if read is None else read,
        frozenset(filters.split()) if filters is not None else None,
        empty_is_missing,
        family,
    )


def _media(name: str) -> FieldType:
    sent, read = {**_STORED_FILE, "required": ["path"]}, {**_STORED_FILE, "type": ["object", "array"]}
    return _type(name, "json", sent=sent, read=read, family="media")


def _geo(name: str) -> FieldType:
    sent = {"type": ["object", "string"], "description": "A shape `{type, data}`, or WKT text"}
    read = {"type": "object", "properties": {"type": {"type": "string"}, "data": {}}}
    return _type(name, "geo", sent=sent, read=read, family="geo")


_TABLE = (
    _type(
        "text",
        "text",
        measured="text",
        zero="",
        sent={"type": "string"},
        filters=_TEXT_FILTERS,
        empty_is_missing=True,
    ),
    _type("int", "int", measured="number", zero=0, sent={"type": "integer", "format": "int64"}, filters="min max"),
    _type(
        "decimal", "decimal", measured="number", zero=0, sent={"type": "number", "format": "double"}, filters="min max"
    ),
    _type("bool", "bool", zero=False, sent={"type": "boolean"}, filters=""),
    _type(
        "email",
        "text",
        measured="text",
        zero="",
        sent={"type": "string", "format": "email"},
        read={"type": "string"},
        filters="trim lower upper min max pattern prevent",
        empty_is_missing=True,
    ),
    _type(
        "password",
        "text",
        measured="text",
        zero="",
        sent={"type": "string", "format": "password"},
        read={"type": "string", "description": "A hash"},
        filters="min max minAlpha minLowerAlpha minUpperAlpha minDigit minSymbol trim",
        empty_is_missing=True,
    ),
    _type(
        "uuid",
        "text",
        measured="text",
        zero="",
        column_zero="00000000-0000-0000-0000-000000000000",
        sent={"type": "string", "format": "uuid"},
        empty_is_missing=True,
    ),
    _type(
        "timestamp",
        "timestamp",
        column_zero=0,
        sent={"type": ["integer", "string"], "description": f"{_TIME}, or a text such as ISO 8601 or `+7 days`"},
        read={"type": "integer", "format": "int64", "description": _TIME},
        filters="",
    ),
    _type("date", "date", sent={"type": "string", "format": "date"}, read={"type": "string"}, empty_is_missing=True),
    _type("json", "json", filters="", empty_is_missing=True),
    _type("object", "json", sent={"type": "object"}, read={"type": ["object", "array"]}),
    _type("enum", "text", measured="text", zero="", sent={"type": "string"}),
    _type("vector", "vector", sent={"type": "array", "items": {"type": "number"}}),
    _type("dblink", "json"),
    _geo("geo_point"),
    _geo("geo_multipoint"),
    _geo("geo_linestring"),
    _geo("geo_multilinestring"),
    _geo("geo_polygon"),
    _geo("geo_multipolygon"),
    _media("image"),
    _media("video"),
    _media("audio"),
    _media("attachment"),
    _type(
        "file",
        "json",
        sent={"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"},
        read={},
    ),
)
TYPES = {one.name: one for one in _TABLE}
#: What stands for a type that the language does not have: it takes anything.
UNKNOWN_TYPE = _type("", "json")


def type_named(name: str) -> FieldType:
    """The type of this name; `UNKNOWN_TYPE` when there is none."""
    return TYPES.get(name, UNKNOWN_TYPE)


MEDIA_TYPES = frozenset(one.name for one in _TABLE if one.family == "media")
GEO_TYPES = frozenset(one.name for one in _TABLE if one.family == "geo")
#: Words of other languages for a type.
FOREIGN_TYPES = {
    "string": "text",
    "str": "text",
    "varchar": "text",
    "char": "text",
    "integer": "int",
    "bigint": "int",
    "long": "int",
    "int64": "int",
    "int32": "int",
    "serial": "int",
    "number": "decimal",
    "numeric": "decimal",
    "float": "decimal",
    "double": "decimal",
    "real": "decimal",
    "boolean": "bool",
    "datetime": "timestamp",
    "time": "timestamp",
    "datetimetz": "timestamp",
    "dict": "object",
    "map": "object",
    "struct": "object",
    "record": "object",
    "any": "json",
    "mixed": "json",
    "jsonb": "json",
    "guid": "uuid",
    "id": "int",
    "phone": "text",
    "url": "text",
    "binary": "file",
    "blob": "file",
    "upload": "file",
    "picture": "image",
    "point": "geo_point",
    "embedding": "vector",
    "reference": "int",
}
