"""The types of columns and parameters by the kinds of SQL (see `sql_kind`)."""

from __future__ import annotations

#: All that SQLite makes of the name of a type is how it keeps numbers: in `JSON TEXT` as in a text. It tells migrations
#: what a column holds.
SQLITE = {
    "int": "BIGINT",
    "decimal": "REAL",
    "number": "TEXT",
    "text": "TEXT",
    "bool": "BOOLEAN",
    "json": "JSON TEXT",
    "vector": "BLOB",
}
POSTGRES = {
    "int": "BIGINT",
    "decimal": "DOUBLE PRECISION",
    "number": "DOUBLE PRECISION",
    "text": "TEXT",
    "bool": "BOOLEAN",
    "json": "JSONB",
    "vector": "DOUBLE PRECISION[]",
    "ints": "BIGINT[]",
    "decimals": "DOUBLE PRECISION[]",
    "texts": "TEXT[]",
    "bools": "BOOLEAN[]",
}
