"""Declared fields of inputs, tables and objects: presence, coercion, filters (semantics 3, language 4).

`compile_fields` turns the nodes of an `input` or `schema` block into `Declared` records. A record carries closures
that are made once: `accept` for a value that was sent to an input, `convert` for the value of a list's element or an
object's member after the presence test, `write` for a value that goes into a table's column. Faults of a declaration
are the checker's to report; here an unknown type takes anything, and a default or filter that makes no sense is none.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from xsrun.errors import InputError, MissingParamError, UsageError, XanoScriptError
from xsrun.fields import field_types
from xsrun.fields.input_filters import Step, filter_step, run_steps, usable_steps
from xsrun.fields.literals import NOW, OMITTED, UNBOUND, literal, object_attribute, text_attribute
from xsrun.language.types import GEO_TYPES, MEDIA_TYPES, type_named
from xsrun.records import made, record, replace, unset
from xsrun.syntax import nodes
from xsrun.values.conversion import MAX_INT, MIN_INT, Value, copy_deep, from_json
from xsrun.values.conversion import to_text as text_of

if TYPE_CHECKING:
    from xsrun.running.context import Context

Converter = Callable[[Value, "Context", str], Value]
ColumnsOf = Callable[[str], "list[Declared] | None"]


def _to_file(value: Value, context: Context, path: str) -> Value:
    """An upload, the object that describes one, or its content as a data URL or base64 text."""
    if value.__class__ is str and value:
        from xsrun.services.files import embedded

        file = embedded(value)
        if file is not None:
            return file
    return field_types.to_upload(value, context, path)


_COERCIONS: dict[str, Converter] = {
    "text": field_types.to_text,
    "int": field_types.to_int,
    "decimal": field_types.to_decimal,
    "bool": field_types.to_bool,
    "email": field_types.to_email,
    "password": field_types.to_password,
    "uuid": field_types.to_uuid,
    "date": field_types.to_date,
    "timestamp": field_types.to_timestamp,
    "json": field_types.to_json_value,
    "file": _to_file,
}
_COLUMN_COERCIONS: dict[str, Converter] = {
    **_COERCIONS,
    "int": field_types.to_clamped_int,
    "json": field_types.as_it_is,
    "date": field_types.to_date_column,
}


@record
class Declared:
    """A declared field, ready to be used. See `nodes.Field` for the meaning of the flags.

    `default` is `NOW` for the word `now`. `values` are those of an enum, `schema` the members of an object, `size` the
    dimensions of a vector, `table` what an int or uuid points to. `filters` holds (name, arguments), disabled ones
    left out.
    """

    name: str
    type: str
    list_size: tuple[int | None, int | None] | None = None
    nullable: bool = False
    optional: bool = False
    has_default: bool = False
    default: Value = None
    filters: list[tuple[str, list[str]]] = made(factory=list)
    values: list[str] = made(factory=list)
    schema: list[Declared] = made(factory=list)
    table: str | None = None
    sensitive: bool = False
    description: str = ""
    visibility: str | None = None
    size: int | None = None
    override: dict[str, Value] = made(factory=dict)
    #: where its name stands: file, line, column, end column
    place: tuple[str, int, int, int] | None = None
    #: the filters that make sense here, in the order they run
    steps: list[tuple[str, Step]] = unset(init=False)
    #: a sent value, null included, to the bound one
    accept: Converter = unset(init=False)
    #: a present value to the bound one
    convert: Converter = unset(init=False)
    _write: Converter | None = unset(init=False)

    def __post_init__(self) -> None:
        self._write = None
        self.steps = usable_steps(self.filters, self.type, is_list=self.list_size is not None)
        self.convert = _converter(self, column=False)
        self.accept = _acceptor(self)

    @property
    def write(self) -> Converter:
        """A value that a program writes into the column to what is stored; null passes."""
        if self._write is None:
            self._write = _converter(self, column=True)
        return self._write

    @property
    def required(self) -> bool:
        return not (self.optional or self.has_default)

    @property
    def omits_null(self) -> bool:
        """Does a null that `function.run` or a test passes count as left out? A client's null is refused.

        Published suites that pass on the engine hand nulls on to optional inputs that may not be null: an omitted
        time stamp, a missing header.
        """
        return not (self.required or self.nullable)


# Binding -------------------------------------------------------------------------------------------------------------


def bind(
    declared: list[Declared], values: dict[str, Value] | None, context: Context, prefix: str = ""
) -> dict[str, Value]:
    """The `$input` of a run: every declared field validated and converted, in declaration order.

    Raises `InputError` for the first field that fails; `prefix` goes before its name in message and payload. Values
    nobody declared are dropped; an omitted optional `date` that may not be null is not bound (evidence a4).
    """
    bound: dict[str, Value] = {}
    values = values or {}
    one = None
    try:
        for one in declared:
            name = one.name
            if name in values:
                bound[name] = one.accept(values[name], context, prefix + name)
            else:
                value = _omitted(one, context, prefix + name)
                if value is not UNBOUND:
                    bound[name] = value
    except InputError as error:
        _tell_declaration(error, one)
        if not prefix and error.hint is None and isinstance(error, MissingParamError):
            error.hint = f"the inputs are: {', '.join(map(_shown, declared))}"
        raise
    return bound


def bind_one(declared: Declared, value: Value, context: Context) -> Value:
    """The bound value of one input of a call, or `OMITTED`; `UNBOUND` when it stays without one. Raises InputError."""
    try:
        if value is OMITTED or (value is None and declared.omits_null):
            return _omitted(declared, context, declared.name)
        return declared.accept(value, context, declared.name)
    except InputError as error:
        _tell_declaration(error, declared)
        raise


def _tell_declaration(error: InputError, declared: Declared | None) -> None:
    """Where the input is declared that an error is about: the innermost one, a member of an object."""
    if error.declared_at is None and declared is not None:
        error.declared_at = declared.place


def _shown(one: Declared) -> str:
    """A field as its declaration begins: `text[] names?`."""
    sizes = one.list_size
    size = "" if sizes is None else "[]" if sizes == (None, None) else f"[{sizes[0]}:{sizes[1]}]".replace("None", "")
    return f"{one.type}{size}{'?' * one.nullable} {one.name}{'?' * (not one.required)}"


def of_call(declared: list[Declared], values: dict[str, Value]) -> dict[str, Value]:
    """The inputs of a call inside the engine, without the nulls that stand for nothing (see `omits_null`)."""
    dropped = {one.name for one in declared if one.omits_null and one.name in values and values[one.name] is None}
    return {name: value for name, value in values.items() if name not in dropped} if dropped else values


def _write_members(declared: list[Declared], values: dict[str, Value], context: Context, path: str) -> dict[str, Value]:
    """The members of an object in a column: what is absent takes its default."""
    written: dict[str, Value] = {}
    for one in declared:
        value = values[one.name] if one.name in values else default_value(one, context, column=True)
        written[one.name] = coerce(one, value, context, f"{path}.{one.name}", column=True)
    return written


def _omitted(one: Declared, context: Context, path: str) -> Value:
    if one.has_default:
        return default_value(one, context)
    if not one.optional:
        raise _missing(path)
    if one.nullable:
        return None
    if one.type == "date" and one.list_size is None:
        return UNBOUND
    return zero_value(one, context)


def _missing(path: str) -> InputError:
    return MissingParamError(path)


def coerce(
    declared: Declared, value: Value, context: Context, path: str | None = None, *, column: bool = False
) -> Value:
    """One value through coercion and filters; raises `InputError` that names `path` (the field's name by default).

    An input refuses a null, and an empty text where one is required. A `column` has no such test: null passes as it
    is, an int beyond 64 bits is clamped, and the text of a json column stays text.
    """
    path = declared.name if path is None else path
    if not column:
        return declared.accept(value, context, path)
    return None if value is None else declared.write(value, context, path)


def zero_value(declared: Declared, context: Context, *, column: bool = False) -> Value:
    """What an omitted field holds that has no default and may not be null (semantics 3.2; of a column, 4.1).

    Types without a zero value give null. The context is for a member of an object that has a default of `now`.
    """
    if declared.list_size is not None:
        return []
    if declared.type == "object" and column:
        return {}
    if declared.type == "object":
        members = ((one, default_value(one, context)) for one in declared.schema)
        return {one.name: value for one, value in members if value is not None or one.type != "date" or one.nullable}
    known = type_named(declared.type)
    return known.column_zero if column else known.zero


def has_zero_value(declared: Declared, *, column: bool = False) -> bool:
    """Does a field of this type hold anything but null when it is omitted? (See `zero_value`.)"""
    if declared.list_size is not None or declared.type == "object":
        return True
    known = type_named(declared.type)
    return (known.column_zero if column else known.zero) is not None


def default_value(declared: Declared, context: Context, *, column: bool = False) -> Value:
    """The declared default; else null where that is allowed; else the zero value."""
    if not declared.has_default:
        return None if declared.nullable else zero_value(declared, context, column=column)
    default = declared.default
    if default is NOW:
        return _date_of(context.now()) if declared.type == "date" else context.now()
    if default.__class__ is str and declared.list_size is None and declared.type in ("timestamp", "password"):
        # a phrase goes by the clock, and every hash has its own salt
        return declared.convert(default, context, declared.name)
    return copy_deep(default)


def _date_of(milliseconds: int) -> str:
    from xsrun.dates.formats import format_timestamp

    return format_timestamp(milliseconds, "Y-m-d")


# Closures ------------------------------------------------------------------------------------------------------------


def _acceptor(one: Declared) -> Converter:
    """The presence tests for a value that was sent, then its conversion (semantics 3.2)."""
    convert, nullable = one.convert, one.nullable
    empty_is_missing = one.required and one.list_size is None and type_named(one.type).empty_is_missing

    def accept(value: Value, context: Context, path: str) -> Value:
        if value is None:
            if nullable:
                return None
            raise _missing(path)
        if empty_is_missing and value.__class__ is str and not value:
            raise _missing(path)
        return convert(value, context, path)

    plain = one.list_size is None and not one.steps
    if plain and one.type == "int":
        return lambda value, context, path: (
            value if value.__class__ is int and MIN_INT <= value <= MAX_INT else accept(value, context, path)
        )
    if plain and one.type == "text":
        return lambda value, context, path: (
            value if value.__class__ is str and (value or not empty_is_missing) else accept(value, context, path)
        )
    if plain and one.type == "bool":
        return lambda value, context, path: value if value.__class__ is bool else accept(value, context, path)
    return accept


def _converter(one: Declared, *, column: bool) -> Converter:
    """The conversion of a present value: a list's elements or the value itself, and the filters."""
    element = _element_converter(one, column=column)
    return element if one.list_size is None else _list_converter(one, element)


def _element_converter(one: Declared, *, column: bool) -> Converter:
    base = _base_converter(one, column=column)
    counted = one.list_size is not None
    steps = [run for name, run in one.steps if not (counted and name in ("min", "max"))]
    password = one.type == "password"
    if not steps and not password:
        return base

    def convert(value: Value, context: Context, path: str) -> Value:
        value = base(value, context, path)
        if password and (value in ("", "0") or _is_hash(value)):
            return value  # neither checked nor hashed (semantics 3.3, 12)
        value = run_steps(steps, value, path)
        return _hash(value) if password else value

    return convert


def _base_converter(one: Declared, *, column: bool) -> Converter:
    kind = one.type
    if kind == "object":
        return _object_converter(one, column=column)
    if kind == "enum":
        return field_types.to_enum(one.values)
    if kind == "vector":
        return field_types.to_vector(one.size)
    if kind == "timestamp" and column:
        return field_types.to_timestamp_column(None if one.nullable else 0)
    if kind in GEO_TYPES:
        return field_types.to_geo(kind, column=column)
    if kind in MEDIA_TYPES:
        return field_types.to_media_column if column else field_types.to_media
    return (_COLUMN_COERCIONS if column else _COERCIONS).get(kind, field_types.as_it_is)


def _object_converter(one: Declared, *, column: bool) -> Converter:
    members = one.schema

    def convert(value: Value, context: Context, path: str) -> Value:
        if value.__class__ is str:
            try:
                value = from_json(value)
            except ValueError:
                value = {}
        if value.__class__ is list:
            value = {str(index): item for index, item in enumerate(value)} if members else value
        elif value.__class__ is not dict:
            value = {}
        if not members:
            return value
        if column:
            return _write_members(members, value, context, path)
        return bind(members, value, context, f"{path}.")

    return convert


def _list_converter(one: Declared, element: Converter) -> Converter:
    low, high = one.list_size or (None, None)
    counts = [run for name, run in one.steps if name in ("min", "max")]
    for name, limit in (("min", low), ("max", high)):
        if limit is not None:
            step = filter_step(name, [str(limit)])
            counts += [step] if step else []
    same = {"text": str, "int": int, "bool": bool}.get(one.type)
    unfiltered = element is field_types.to_text or element is field_types.to_int or element is field_types.to_bool

    def convert(value: Value, context: Context, path: str) -> Value:
        items = _listed(value)
        if not (unfiltered and all(item.__class__ is same for item in items) and _in_range(items, same)):
            items = [_element(element, item, context, path, index) for index, item in enumerate(items)]
        return run_steps(counts, items, path) if counts else items

    def trusted(value: Value, context: Context, path: str) -> Value:
        # a text that holds a JSON list is taken without a look at its elements (semantics 3.3)
        if value.__class__ is str and value.startswith("["):
            try:
                items = from_json(value)
            except ValueError:
                return convert(value, context, path)
            return run_steps(counts, items, path) if counts else items
        return convert(value, context, path)

    return trusted


def _listed(value: Value) -> list[Value]:
    return value if value.__class__ is list else [value]


def _in_range(items: list[Value], kind: type | None) -> bool:
    return kind is not int or not items or (min(items) >= MIN_INT and max(items) <= MAX_INT)


def _element(element: Converter, item: Value, context: Context, path: str, index: int) -> Value:
    if item is None and element is not field_types.as_it_is and element is not field_types.to_json_value:
        raise _missing(f"{path}.{index}")
    return element(item, context, f"{path}.{index}")


def _is_hash(value: Value) -> bool:
    from xsrun.fields.passwords import is_hash

    return bool(is_hash(value))


def _hash(value: Value) -> Value:
    from xsrun.fields.passwords import hash_password

    return hash_password(value)


# Compiling -----------------------------------------------------------------------------------------------------------


def untyped_fields(names: Iterable[str]) -> list[Declared]:
    """Inputs that nothing declares: each may be any value, as `json? name?`. Raises UsageError for what is no name."""
    found = []
    for name in names:
        if not (name.isidentifier() and name.isascii()):
            raise UsageError(f"an input's name is a word, unlike {name}")
        node = nodes.Field("json", name, None, True, True, None, [], None, 1)
        node.line = 1
        found.append(node)
    return compile_fields(found)


def compile_fields(
    fields: list[nodes.Field], filename: str = "", columns_of: ColumnsOf | None = None
) -> list[Declared]:
    """The records of the fields of a block, in order.

    A `dblink` field gives those columns of its table that it does not hide; `columns_of` finds the columns of a
    table by name, and None or an unknown table gives none. A name declared twice keeps its last declaration.
    """
    compiled: dict[str, Declared] = {}
    for node in fields:
        linked = node.type == "dblink"
        for one in _expand_link(node, columns_of) if linked else [_compile_field(node, filename, columns_of)]:
            compiled[one.name] = one
    return list(compiled.values())


def _compile_field(node: nodes.Field, filename: str, columns_of: ColumnsOf | None) -> Declared:
    values = literal(node.attribute("values"))
    size = literal(node.attribute("size"))
    one = Declared(
        name=node.name,
        type=node.type,
        list_size=node.list_size,
        nullable=node.nullable,
        optional=node.optional,
        filters=[(entry.name, list(entry.arguments)) for entry in node.filters if not entry.disabled],
        values=[text_of(value) for value in values if value.__class__ not in (list, dict)]
        if values.__class__ is list
        else [],
        schema=compile_fields(node.schema, filename, columns_of) if node.type == "object" else [],
        table=text_attribute(node, "table"),
        sensitive=literal(node.attribute("sensitive")) in (True, "true"),
        description=text_attribute(node, "description") or "",
        visibility=text_attribute(node, "visibility"),
        size=size if size.__class__ is int else None,
        override=object_attribute(node, "override"),
        place=(filename, node.line, node.name_column, node.name_column + len(node.name)),
    )
    if node.default is not None:
        _set_default(one, literal(node.default))
    return one


def _set_default(one: Declared, default: Value) -> None:
    """Take over a default, converted to the type where that works."""
    if default is UNBOUND:
        return
    if default == "now" and one.type in ("timestamp", "date"):
        default = NOW
    elif default is NOW and one.type not in ("timestamp", "date", "int", "decimal"):
        default = "now"  # in a text the word is a word
    elif default is not None and default is not NOW and one.type in ("text", "int", "decimal", "bool", "enum", "json"):
        from xsrun.running.context import Context

        convert = one.convert if one.list_size else _base_converter(one, column=False)
        # a default that does not fit is bound as it is written; the checker reports it
        with contextlib.suppress(XanoScriptError):
            default = convert(default, Context(), one.name)
    one.has_default, one.default = True, default
    one.accept = _acceptor(one)  # what has a default is not required


def _expand_link(node: nodes.Field, columns_of: ColumnsOf | None) -> list[Declared]:
    table = text_attribute(node, "table")
    columns = (columns_of(table) if columns_of and table else None) or []
    override = object_attribute(node, "override")
    shown = [one for one in columns if not _is_hidden(override.get(one.name))]
    # the id of a link may always be left out: the endpoints that Xano's editor makes link the whole table
    return [replace(one, optional=True) if one.name == "id" and one.required else one for one in shown]


def _is_hidden(entry: Value) -> bool:
    return entry.__class__ is dict and entry.get("hidden") in (True, "true")
