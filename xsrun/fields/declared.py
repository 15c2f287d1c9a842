"""Declared fields of inputs, tables and objects: presence, coercion, filters (semantics 3, language 4).

`compiling.compile_fields` turns the nodes of an `input` or `schema` block into `Declared` records. A record carries
closures that are made once: `accept` for a value that was sent to an input, `convert` for the value of a list's
element or an object's member after the presence test, `write` for a value that goes into a table's column. Faults of a
declaration are the checker's to report; here an unknown type takes anything, and a default or filter that makes no
sense is none.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from operator import is_

from xsrun.errors import InputError, MissingParamError, XanoScriptError
from xsrun.fields import field_types
from xsrun.fields.input_filters import Step, filter_step, run_steps, usable_steps
from xsrun.fields.literals import NOW, OMITTED, UNBOUND
from xsrun.hints import TYPE_CHECKING
from xsrun.language.types import GEO_TYPES, type_named
from xsrun.records import made, record, unset
from xsrun.values.conversion import MAX_INT, MIN_INT, Value, copy_deep, from_json

if TYPE_CHECKING:
    from xsrun.running.context import Context

Converter = Callable[[Value, "Context", str], Value]
#: Members of a list that is worth remembering as proved.
_LONG = 100
_PLAIN_TYPES = frozenset(("int", "text", "bool", "json"))
#: The types whose default is converted once; that of others is bound as it is written, or goes by the run.
_CONVERTED_DEFAULTS = frozenset(("text", "int", "decimal", "bool", "enum", "json"))


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
    def plain_type(self) -> str:
        """The type of an input that takes values of its Python type as they are, at most an empty text excepted; "" for
        any other."""
        return self.type if self.type in _PLAIN_TYPES and self.list_size is None and not self.filters else ""

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
        timestamp, a missing header.
        """
        return not (self.required or self.nullable)

    def set_default(self, default: Value) -> None:
        """Take over a default, converted to the type where that works."""
        if default is UNBOUND:
            return
        if default == "now" and self.type in ("timestamp", "date"):
            default = NOW
        elif default is NOW and self.type not in ("timestamp", "date", "int", "decimal"):
            default = "now"  # in a text the word is a word
        elif default is not None and default is not NOW and self.type in _CONVERTED_DEFAULTS:
            from xsrun.running.context import Context

            convert = self.convert if self.list_size else _base_converter(self, column=False)
            # a default that does not fit is bound as it is written; the checker reports it
            with contextlib.suppress(XanoScriptError):
                default = convert(default, Context(), self.name)
        self.has_default, self.default = True, default
        self.accept = _acceptor(self)  # what has a default is not required


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
        if error.hint is None and isinstance(error, MissingParamError) and one is not None:
            what = f"the members of {prefix[:-1]}" if prefix else "the inputs"
            if values.get(one.name, UNBOUND) is None:
                error.hint = f"{one.name} is given as null, which counts as missing; `{one.type}? {one.name}` takes it"
            else:
                error.hint = f"{what} are: {', '.join(map(_shown, declared))}"
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
    if column:
        return column_zero(declared)
    if declared.list_size is not None:
        return []
    if declared.type == "object":
        members = ((one, default_value(one, context)) for one in declared.schema)
        return {one.name: value for one, value in members if value is not None or one.type != "date" or one.nullable}
    return type_named(declared.type).zero


def column_zero(declared: Declared) -> Value:
    """The same of a column (semantics 4.1)."""
    if declared.list_size is not None:
        return []
    return {} if declared.type == "object" else type_named(declared.type).column_zero


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
    if _is_made_anew(declared):
        return declared.convert(default, context, declared.name)
    return copy_deep(default)


def _is_made_anew(declared: Declared) -> bool:
    """Is the default another each time? A phrase goes by the clock, and every hash has its own salt."""
    text = declared.default.__class__ is str and declared.list_size is None
    return declared.default is NOW or (text and declared.type in ("timestamp", "password"))


def fixed_default(declared: Declared) -> Value:
    """The default of a column that goes by no clock and no chance; None where there is none."""
    if not declared.has_default:
        return None if declared.nullable else column_zero(declared)
    return None if _is_made_anew(declared) else copy_deep(declared.default)


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
    return (field_types.COLUMN_COERCIONS if column else field_types.COERCIONS).get(kind, field_types.as_it_is)


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
        if not (unfiltered and set(map(type, items)) <= {same} and _in_range(items, same)):
            made = [_element(element, item, context, path, index) for index, item in enumerate(items)]
            items = items if all(map(is_, items, made)) else made
        items = run_steps(counts, items, path) if counts else items
        if items is value and len(items) > _LONG:
            context.proved[convert] = items
        return items

    def trusted(value: Value, context: Context, path: str) -> Value:
        # a text that holds a JSON list is taken without a look at its elements (semantics 3.3)
        if value.__class__ is str and value.startswith("["):
            try:
                items = from_json(value)
            except ValueError:
                return convert(value, context, path)
            return run_steps(counts, items, path) if counts else items
        return value if context.proved.get(convert) is value is not None else convert(value, context, path)

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
