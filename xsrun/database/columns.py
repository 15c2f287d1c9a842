"""Columns: what kind of value each holds, and how a value goes to the database and comes back.

Both back ends hold the same: numbers as numbers, texts as text, booleans, and everything else as JSON. Values are
checked before they reach SQL, because SQLite takes what PostgreSQL refuses.
"""

from __future__ import annotations

from collections.abc import Callable

from xsrun.errors import InputError
from xsrun.fields.declared import Declared
from xsrun.hints import NamedTuple
from xsrun.language.types import type_named
from xsrun.records import record
from xsrun.values.conversion import MAX_INT, MIN_INT, Value, from_json, to_json

#: What SQL sees of a column or an expression.
KINDS = ("int", "decimal", "timestamp", "text", "date", "bool", "json", "geo", "vector")
NUMBERS = frozenset(("int", "decimal", "timestamp"))
TEXTS = frozenset(("text", "date"))
#: Kinds that are kept as JSON text.
DOCUMENTS = frozenset(("json", "geo"))


def sql_kind(kind: str) -> str:
    """The kind that SQL has for a kind of column."""
    return "json" if kind in DOCUMENTS else "int" if kind == "timestamp" else "text" if kind == "date" else kind


#: From a value to what the driver takes, and back.
Codec = Callable[[Value], Value]


def kind_of(declared: Declared) -> str:
    """The kind of a declared column."""
    if declared.list_size is not None:
        return "json"
    return type_named(declared.type).stored


@record(identity=True)
class ColumnDefinition:
    """A column of a table. Columns of undeclared tables hold JSON and have no declaration."""

    name: str
    kind: str
    declared: Declared | None = None

    @property
    def hidden(self) -> bool:
        """Internal columns leave a row only when `output` names them (semantics 4.1)."""
        return self.declared is not None and self.declared.visibility == "internal"


class Codecs(NamedTuple):
    """How a back end takes and gives values of each kind; a kind without an entry passes as it is."""

    encode: dict[str, Codec]
    decode: dict[str, Codec]


def encode_text(value: Value) -> str:
    """A text that both back ends can hold. Raises InputError."""
    if value.__class__ is not str:
        raise InputError(
            "The database holds only text, not other bytes.",
            None,
            hint="encode them first: value|base64_encode",
        )
    if "\0" in value:
        raise InputError(
            "A text with a NUL character cannot be stored.", None, hint='take it out: value|replace:"\\0":""'
        )
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InputError("The text holds half a character (a lone surrogate).", None) from None
    return value


def encode_json(value: Value) -> str:
    """A value as JSON text that both back ends can hold."""
    text = to_json(value)
    if "\\u0000" in text:
        raise InputError("A text with a NUL character cannot be stored.", None)
    if not text.isascii():
        encode_text(text)
    return text


def encode_int(value: int) -> int:
    """An int within 64 bits."""
    if not MIN_INT <= value <= MAX_INT:
        raise InputError("Value is not a valid integer", None)
    return value


def decode_loose(text: Value) -> Value:
    """A value, or what it stands for when it is JSON text; columns of undeclared tables may hold either."""
    if text.__class__ is not str:
        return text
    try:
        return from_json(text)
    except ValueError:
        return text


def decode_json(text: str | None) -> Value:
    """The value of a JSON column; SQL's null is null."""
    return None if text is None else from_json(text)


def decode_bool(value: Value) -> bool | None:
    """The value of a boolean column of SQLite, which has numbers for them."""
    return None if value is None else bool(value)


#: How values of these kinds are written, whatever the back end.
ENCODE: dict[str, Codec] = {
    "int": encode_int,
    "timestamp": encode_int,
    "text": encode_text,
    "date": encode_text,
    "json": encode_json,
    "geo": encode_json,
}
