"""The operators and filters of database conditions, each declared once with both of its SQL sides.

The decorated function is what SQLite calls; `postgres` is PostgreSQL's text, with `{0}` for the first operand (or
`body`, the text of an SQL function of `$1`, `$2`, which is made when a PostgreSQL database is first opened). A null
operand gives null unless the operator is declared `nulls=True`. Where a native SQLite expression is faster, `sqlite`
has its text. `operands` says what the compiler converts the operands to before they get here, so that both sides see
the same types.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeVar

from xsrun import catalogue, registry
from xsrun.database import geometry, texts
from xsrun.database.documents import contains, json_number_of, json_text_of, overlaps, same
from xsrun.database.moments import add_months, moment
from xsrun.runtime.values import Value, from_json, to_json

Body = TypeVar("Body", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator or query filter. `operands` and `result` are kinds (see `columns`); "same" is that of the first."""

    name: str
    operands: tuple[str, ...]
    result: str
    python: Callable[..., Any]
    postgres: str
    body: str | None = None
    sqlite: str | None = None
    #: how many operands must be given, and what the others are when they are not
    required: int = 0
    defaults: tuple[Any, ...] = ()


OPERATORS: dict[str, Operator] = {}


def operator(
    name: str,
    *operands: str,
    result: str,
    postgres: str | None = None,
    body: str | None = None,
    sqlite: str | None = None,
    defaults: tuple[Any, ...] = (),
    nulls: bool = False,
) -> Callable[[Body], Body]:
    """Declare an operator; its name is the filter's name where it is one."""

    def declare(function: Body) -> Body:
        python: Callable[..., Any] = function
        if not nulls:

            def strict(*values: Any) -> Any:
                return None if None in values else function(*values)

            python = strict
        text = postgres
        if text is None:
            text = f"xs_{name}({', '.join(f'{{{position}}}' for position in range(len(operands)))})"
        required = len(operands) - len(defaults)
        OPERATORS[name] = Operator(name, operands, result, python, text, body, sqlite, required, defaults)
        entry = catalogue.entry("query_filter", name)
        if entry is not None:
            registry.query_filter(entry["name"], function)
        return function

    return declare


# Texts ---------------------------------------------------------------------------------------------------------------


@operator("like", "text", "text", result="bool", postgres="({0} LIKE {1})")
def like(value: str, pattern: str) -> bool:
    """SQL's LIKE: `%` any characters, `_` one, a backslash takes the next one as it is."""
    return texts.like(value, pattern)


@operator("ilike", "text", "text", result="bool", postgres="({0} ILIKE {1})")
def ilike(value: str, pattern: str) -> bool:
    """LIKE without regard to case."""
    return texts.like(texts.lower(value), texts.lower(pattern))


@operator("includes", "text", "text", result="bool", postgres="({0} ILIKE '%' || {1} || '%')")
def includes(value: str, search: str) -> bool:
    """Whether a text holds another one, without regard to case.

    >>> db.add "fruit" { data = {name: "Apple"} }
    ... db.query "fruit" {
    ...   where = $db.fruit.name|includes:"PPL"
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return texts.includes(texts.lower(value), texts.lower(search))


@operator("matches", "text", "text", result="bool", postgres="({0} ~ {1})")
def matches(value: str, pattern: str) -> bool:
    """`~`: whether a POSIX regular expression is found in the text."""
    return texts.matches(value, pattern)


@operator("imatches", "text", "text", result="bool", postgres="({0} ~* {1})")
def imatches(value: str, pattern: str) -> bool:
    """`~*`: the same without regard to case."""
    return texts.matches(value, pattern, ignore_case=True)


@operator(
    "search",
    "text",
    "text",
    result="bool",
    body="SELECT NOT EXISTS (SELECT 1 FROM regexp_split_to_table(lower($2), '[^[:alnum:]]+') AS wanted WHERE wanted <> '' "
    "AND wanted <> ALL (regexp_split_to_array(lower($1), '[^[:alnum:]]+'))) AND $2 ~ '[[:alnum:]]'",
)
def search(value: str, query: str) -> bool:
    """Full-text search: whether the text has every word of the query. Words are taken as they are, not stemmed."""
    wanted = texts.words(query)
    return bool(wanted) and set(wanted) <= set(texts.words(value))


@operator(
    "search_rank",
    "text",
    "text",
    result="decimal",
    body="SELECT coalesce(avg((word = ANY (regexp_split_to_array(lower($2), '[^[:alnum:]]+')))::int), 0)::float8 "
    "FROM regexp_split_to_table(lower($1), '[^[:alnum:]]+') AS word WHERE word <> ''",
)
def search_rank(value: str, query: str) -> float:
    """How well a text fits the words of a search: the share of its words that are among them.

    The engine's own figures come from another formula; the order is what to go by.

    >>> db.add "note" { data = {body: "red apple pie"} }
    ... db.query "note" {
    ...   eval = {rank: $db.note.body|search_rank:"apple"}
    ...   return = {type: "single"}
    ... } as $row
    ... var $found { value = $row.rank > 0.3 }
    {"row": ..., "found": true}
    """
    found = texts.words(value)
    wanted = set(texts.words(query))
    return sum(word in wanted for word in found) / len(found) if found else 0.0


@operator("to_lower", "text", result="text", postgres="lower({0})")
def to_lower(value: str) -> str:
    """The text in lower case.

    >>> db.add "fruit" { data = {name: "ApPle"} }
    ... db.query "fruit" {
    ...   where = $db.fruit.name|to_lower == "apple"
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return texts.lower(value)


@operator("to_upper", "text", result="text", postgres="upper({0})")
def to_upper(value: str) -> str:
    """The text in upper case.

    >>> db.add "fruit" { data = {name: "apple"} }
    ... db.query "fruit" {
    ...   where = $db.fruit.name|to_upper == "APPLE"
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return texts.upper(value)


@operator(
    "unaccent",
    "text",
    result="text",
    postgres="normalize(regexp_replace(normalize({0}, NFD), '[\\u0300-\\u036f]', '', 'g'), NFC)",
)
def unaccent(value: str) -> str:
    """The text without accents: those that are marks on a letter; ß, ø and ł stay.

    >>> db.add "town" { data = {name: "Málaga"} }
    ... db.query "town" {
    ...   where = $db.town.name|unaccent == "Malaga"
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return texts.unaccent(value)


@operator("concat", "text", "text", result="text", postgres="({0} || {1})")
def concat(value: str, other: str) -> str:
    """The text with another one after it.

    >>> db.add "person" { data = {first: "Ann", last: "Lee"} }
    ... db.query "person" {
    ...   where = ($db.person.first|concat:" "|concat:$db.person.last) == "Ann Lee"
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return value + other


@operator(
    "substr",
    "text",
    "int",
    "int",
    result="text",
    body="SELECT substr($1, first::int + 1, greatest(last - first, 0)::int) FROM (SELECT first, "
    "CASE WHEN $3 IS NULL THEN length($1) WHEN $3 < 0 THEN length($1) + $3 ELSE least(first + $3, length($1)) END AS last "
    "FROM (SELECT least(CASE WHEN $2 < 0 THEN greatest(length($1) + $2, 0) ELSE $2 END, length($1)) AS first) AS a) AS b",
    defaults=(None,),
    nulls=True,
)
def substr(value: str | None, start: int | None, length: int | None) -> str | None:
    """Part of a text: from a place counted from 0 (from the end when negative), so many characters long.

    >>> db.add "fruit" { data = {name: "apple"} }
    ... db.query "fruit" {
    ...   where = $db.fruit.name|substr:0:2 == "ap"
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    if value is None or start is None:
        return None
    size = len(value)
    first = min(max(size + start, 0) if start < 0 else start, size)
    last = size if length is None else size + length if length < 0 else min(first + length, size)
    return value[first : max(last, first)]


# Numbers -------------------------------------------------------------------------------------------------------------


@operator("add", "number", "number", result="number", postgres="({0} + {1})", sqlite="({0} + {1})")
def add(value: float, other: float) -> float:
    """A number plus another.

    >>> db.add "jar" { data = {n: 3} }
    ... db.query "jar" {
    ...   where = $db.jar.n|add:2 == 5
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return value + other


@operator("sub", "number", "number", result="number", postgres="({0} - {1})", sqlite="({0} - {1})")
def sub(value: float, other: float) -> float:
    """A number less another.

    >>> db.add "jar" { data = {n: 3} }
    ... db.query "jar" {
    ...   where = $db.jar.n|sub:2 == 1
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return value - other


@operator("mul", "number", "number", result="number", postgres="({0} * {1})", sqlite="({0} * {1})")
def mul(value: float, other: float) -> float:
    """A number times another.

    >>> db.add "jar" { data = {n: 3} }
    ... db.query "jar" {
    ...   where = $db.jar.n|mul:1.5 == 4.5
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return value * other


@operator(
    "div",
    "decimal",
    "decimal",
    result="decimal",
    postgres="({0} / nullif({1}, 0))",
    sqlite="({0} * 1.0 / {1})",
)
def div(value: float, other: float) -> float | None:
    """A number divided by another, with its fraction; null when that is 0.

    >>> db.add "jar" { data = {n: 3} }
    ... db.query "jar" {
    ...   where = $db.jar.n|div:2 == 1.5
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return value / other if other else None


@operator(
    "mod", "int", "int", result="int", postgres="mod({0}, nullif({1}, 0))", sqlite="({0} % {1})"
)
def mod(value: int, other: int) -> int | None:
    """`%`: the rest of a division of whole numbers, with the sign of the first; null when the other is 0."""
    return int(math.fmod(value, other)) if other else None


@operator("floor", "decimal", result="int", postgres="floor({0})::bigint")
def floor(value: float) -> int:
    """The greatest whole number that is not above the number.

    >>> db.add "jar" { data = {n: 2.7} }
    ... db.query "jar" {
    ...   where = $db.jar.n|floor == 2
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return math.floor(value)


@operator("ceil", "decimal", result="int", postgres="ceil({0})::bigint")
def ceil(value: float) -> int:
    """The least whole number that is not below the number.

    >>> db.add "jar" { data = {n: 2.1} }
    ... db.query "jar" {
    ...   where = $db.jar.n|ceil == 3
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return math.ceil(value)


@operator(
    "round", "decimal", "int", result="decimal", postgres="round({0}::numeric, {1}::int)::float8", defaults=(2,)
)
def round_(value: float, precision: int) -> float:
    """The number rounded to so many places (2 when none are given), halves away from zero.

    >>> db.add "jar" { data = {n: 2.345} }
    ... db.query "jar" {
    ...   where = $db.jar.n|round:1 == 2.3
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    unit = Decimal(1).scaleb(-precision)
    return float(Decimal(format(value, ".15g")).quantize(unit, ROUND_HALF_UP))


@operator("truncate", "decimal", result="int", postgres="trunc({0})::bigint", sqlite="CAST({0} AS INTEGER)")
def truncate(value: float) -> int:
    """The number without its fraction."""
    return math.trunc(value)


@operator("negate", "number", result="number", postgres="(- {0})", sqlite="(- {0})")
def negate(value: float) -> float:
    """The number with the other sign."""
    return -value


# JSON ----------------------------------------------------------------------------------------------------------------


@operator("contains", "json", "json", result="bool", postgres="({0} @> {1})")
def contains_(value: str, other: str) -> bool:
    """Whether a list has an element, or all elements of another list; for objects, whether all members are there.

    >>> db.add "post" { data = {tags: ["red", "blue"]} }
    ... db.query "post" {
    ...   where = $db.post.tags|contains:"red"
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return contains(from_json(value), from_json(other))


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
    ...   where = $db.post.tags|length == 2
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


@operator("json_null", "json", result="bool", postgres="({0} IS NULL OR {0} = 'null'::jsonb)", sqlite="({0} IS NULL OR {0} = 'null')")
def json_null(value: str | None) -> bool:
    """Whether a JSON value is null, or there is none."""
    return value is None or value == "null"


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
    body="SELECT CASE WHEN $1 ~ '^[ \\t\\n\\r\\v\\f]*[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]{1,3})?[ \\t\\n\\r\\v\\f]*$' "
    "THEN ($1)::numeric::float8 END",
)
def number(value: str) -> float | None:
    """A numeric text as a number; else null."""
    return texts.number(value)


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


@operator(
    "json_member", "json", "text", result="json", postgres="nullif({0} #> {1}::text[], 'null'::jsonb)"
)
def json_member(value: str, path: str) -> str | None:
    """The same for a path with indexes or odd names; in SQLite the path is a JSON list."""
    found = from_json(value)
    for key in from_json(path):
        if found.__class__ is dict:
            found = found.get(key)
        elif found.__class__ is list and key.removeprefix("-").isdigit() and -len(found) <= int(key) < len(found):
            found = found[int(key)]
        else:
            return None
    return None if found is None else to_json(found)


@operator(
    "json_vector",
    "json",
    result="vector",
    body="SELECT CASE WHEN jsonb_typeof($1) = 'array' THEN ARRAY(SELECT item::float8 FROM jsonb_array_elements_text($1) "
    "AS item) END",
)
def json_vector(value: str) -> bytes | None:
    """A JSON list of numbers as a vector."""
    return texts.vector_bytes(from_json(value))


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
    "number_text",
    "number",
    result="text",
    body="SELECT CASE WHEN $1 = trunc($1) AND abs($1) < 1e15 THEN trunc($1)::bigint::text ELSE $1::text END",
)
def number_text(value: float) -> str:
    """A number as text, in its shortest form."""
    return texts.text_of(value)


@operator("bool_text", "bool", result="text", postgres="CASE {0} WHEN true THEN 'true' WHEN false THEN 'false' END")
def bool_text(value: Value) -> str:
    """A boolean as text."""
    return "true" if value else "false"


@operator("bool_number", "bool", result="int", postgres="({0})::int::bigint", sqlite="({0} + 0)")
def bool_number(value: Value) -> int:
    """A boolean as 1 or 0."""
    return int(value)


@operator("between", "same", "same", "same", result="bool", postgres="({0} BETWEEN {1} AND {2})", sqlite="({0} BETWEEN {1} AND {2})")
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


@operator("coalesce", "same", "same", result="same", postgres="coalesce({0}, {1})", sqlite="coalesce({0}, {1})", nulls=True)
def coalesce(value: Value, other: Value) -> Value:
    """The value, or another one when it is null.

    >>> db.add "jar" { data = {n: null} }
    ... db.query "jar" {
    ...   where = $db.jar.n|coalesce:7 == 7
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return other if value is None else value


# Time stamps (milliseconds, UTC) --------------------------------------------------------------------------------------

_PART = "extract({part} FROM to_timestamp({{0}} / 1000.0) AT TIME ZONE 'UTC')::bigint"


def _part(part: str) -> str:
    return _PART.format(part=part)


@operator("timestamp_year", "int", result="int", postgres=_part("year"))
def timestamp_year(milliseconds: int) -> int | None:
    """The year."""
    when = moment(milliseconds)
    return when and when.year


@operator("timestamp_month", "int", result="int", postgres=_part("month"))
def timestamp_month(milliseconds: int) -> int | None:
    """The month, 1 to 12."""
    when = moment(milliseconds)
    return when and when.month


@operator("timestamp_week", "int", result="int", postgres=_part("week"))
def timestamp_week(milliseconds: int) -> int | None:
    """The ISO week, 1 to 53."""
    when = moment(milliseconds)
    return when and when.isocalendar().week


@operator("timestamp_day_of_month", "int", result="int", postgres=_part("day"))
def timestamp_day_of_month(milliseconds: int) -> int | None:
    """The day of the month, 1 to 31."""
    when = moment(milliseconds)
    return when and when.day


@operator("timestamp_day_of_week", "int", result="int", postgres=_part("dow"))
def timestamp_day_of_week(milliseconds: int) -> int | None:
    """The day of the week, 0 for Sunday to 6."""
    when = moment(milliseconds)
    return when and when.isoweekday() % 7


@operator("timestamp_day_of_year", "int", result="int", postgres=_part("doy"))
def timestamp_day_of_year(milliseconds: int) -> int | None:
    """The day of the year, 1 to 366."""
    when = moment(milliseconds)
    return when and when.timetuple().tm_yday


@operator("timestamp_hour", "int", result="int", postgres=_part("hour"))
def timestamp_hour(milliseconds: int) -> int | None:
    """The hour, 0 to 23."""
    when = moment(milliseconds)
    return when and when.hour


@operator("timestamp_minute", "int", result="int", postgres=_part("minute"))
def timestamp_minute(milliseconds: int) -> int | None:
    """The minute, 0 to 59."""
    when = moment(milliseconds)
    return when and when.minute


def _epoch(name: str, unit: int, what: str, example: int) -> None:
    """Declare a filter that counts whole units since 1970."""
    text = f"(floor({{0}} / {unit}.0))::bigint" if unit > 1 else "{0}"

    def count(milliseconds: int) -> int:
        return milliseconds // unit

    count.__doc__ = f"""{what} since 1970.

    >>> db.add "visit" {{ data = {{at: 1698710400000}} }}
    ... db.query "visit" {{
    ...   where = $db.visit.at|{name} == {example}
    ...   return = {{type: "count"}}
    ... }} as $count
    {{"count": 1}}
    """
    count.__name__ = count.__qualname__ = name
    operator(name, "int", result="int", postgres=text)(count)


_epoch("timestamp_epoch_ms", 1, "Milliseconds", 1698710400000)
_epoch("timestamp_epoch_sec", 1_000, "Whole seconds", 1698710400)
_epoch("timestamp_epoch_seconds", 1_000, "Whole seconds", 1698710400)
_epoch("timestamp_epoch_minute", 60_000, "Whole minutes", 28311840)
_epoch("timestamp_epoch_hour", 3_600_000, "Whole hours", 471864)
_epoch("timestamp_epoch_day", 86_400_000, "Whole days", 19661)


def _shift(name: str, sign: int, unit: int, what: str) -> None:
    """Declare a filter that adds or subtracts a fixed unit of time."""
    signed = sign * unit

    def shift(milliseconds: int, amount: int) -> int:
        return milliseconds + amount * signed

    shift.__doc__ = _shift_text(name, what, 1698710400000 + 2 * signed)
    shift.__name__ = shift.__qualname__ = name
    text = f"({{0}} + {{1}} * {signed})"
    operator(name, "int", "int", result="timestamp", postgres=text, sqlite=text, defaults=(1,))(shift)


def _shift_months(name: str, sign: int, months: int, what: str, expected: int) -> None:
    """Declare a filter that adds or subtracts months or years, to the last day of a shorter month."""
    text = (
        "(extract(epoch FROM ((to_timestamp({{0}} / 1000.0) AT TIME ZONE 'UTC') + make_interval(months => ({{1}} * {n})::int))"
        " AT TIME ZONE 'UTC') * 1000)::bigint"
    ).format(n=sign * months)

    def shift(milliseconds: int, amount: int) -> int | None:
        return add_months(milliseconds, amount * months * sign)

    shift.__doc__ = _shift_text(name, what, expected)
    shift.__name__ = shift.__qualname__ = name
    operator(name, "int", "int", result="timestamp", postgres=text, defaults=(1,))(shift)


def _shift_text(name: str, what: str, expected: int) -> str:
    return f"""{what}; one when no number is given.

    >>> db.add "visit" {{ data = {{at: 1698710400000}} }}
    ... db.query "visit" {{
    ...   where = $db.visit.at|{name}:2 == {expected}
    ...   return = {{type: "count"}}
    ... }} as $count
    {{"count": 1}}
    """


for _unit, _milliseconds in (("seconds", 1_000), ("minutes", 60_000), ("hours", 3_600_000), ("days", 86_400_000)):
    _shift(f"timestamp_add_{_unit}", 1, _milliseconds, f"A time stamp so many {_unit} later")
    _shift(f"timestamp_subtract_{_unit}", -1, _milliseconds, f"A time stamp so many {_unit} earlier")
_shift_months("timestamp_add_months", 1, 1, "A time stamp so many months later", 1703980800000)
_shift_months("timestamp_subtract_months", -1, 1, "A time stamp so many months earlier", 1693440000000)
_shift_months("timestamp_add_years", 1, 12, "A time stamp so many years later", 1761868800000)
_shift_months("timestamp_subtract_years", -1, 12, "A time stamp so many years earlier", 1635638400000)


# Geography (on a sphere of the mean radius of the earth) --------------------------------------------------------------


@operator(
    "distance",
    "geo",
    "geo",
    result="decimal",
    body=geometry.DISTANCE,
)
def distance(value: str, other: str) -> float | None:
    """The distance between two places in metres; from the nearest of their points, 0 inside an area.

    >>> db.add "quay" { data = {at: {type: "point", data: {lng: 10, lat: 60}}} }
    ... db.query "quay" {
    ...   where = $db.quay.at|distance:{type: "point", data: {lng: 10, lat: 60.001}} < 112
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return geometry.distance(from_json(value), from_json(other))


@operator(
    "within",
    "geo",
    "geo",
    "decimal",
    result="bool",
    postgres="(xs_distance({0}, {1}) <= {2})",
)
def within(value: str, other: str, radius: float) -> bool | None:
    """Whether a place lies within so many metres of another.

    >>> db.add "quay" { data = {at: {type: "point", data: {lng: 10, lat: 60}}} }
    ... db.query "quay" {
    ...   where = $db.quay.at|within:{type: "point", data: {lng: 10, lat: 60.001}}:200
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    metres = geometry.distance(from_json(value), from_json(other))
    return None if metres is None else metres <= radius


@operator("covers", "geo", "geo", result="bool", body=geometry.COVERS)
def covers(value: str, other: str) -> bool | None:
    """Whether every point of one place lies in the area of another.

    >>> db.add "park" {
    ...   data = {area: {type: "poly", data: [{lng: 0, lat: 0}, {lng: 4, lat: 0}, {lng: 4, lat: 4}, {lng: 0, lat: 4}]}}
    ... }
    ... db.query "park" {
    ...   where = $db.park.area|covers:{type: "point", data: {lng: 1, lat: 1}}
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return geometry.covers(from_json(value), from_json(other))


# Vectors -------------------------------------------------------------------------------------------------------------


def _vector(name: str, expression: str, result: str, example: str) -> Callable[[Body], Body]:
    """A filter over two vectors; PostgreSQL's side is an aggregate over their elements `a` and `b`."""
    return operator(
        name,
        "vector",
        "vector",
        result=result,
        body=f"SELECT CASE WHEN cardinality($1) = cardinality($2) THEN (SELECT {expression} FROM unnest($1, $2) AS t(a, b)) END",
    )


def _pairs(value: Any, other: Any) -> list[tuple[float, float]] | None:
    a, b = texts.vector_of(value), texts.vector_of(other)
    return list(zip(a, b, strict=True)) if len(a) == len(b) else None


@_vector("l1_distance_manhattan", "sum(abs(a - b))", "decimal", "")
def l1_distance_manhattan(value: bytes, other: bytes) -> float | None:
    """The sum of the differences of two vectors' elements.

    >>> db.add "doc" { data = {v: [1, 2]} }
    ... db.query "doc" {
    ...   where = $db.doc.v|l1_distance_manhattan:[3, 5] == 5
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    pairs = _pairs(value, other)
    return None if pairs is None else math.fsum(abs(a - b) for a, b in pairs)


@_vector("l2_distance_euclidean", "sqrt(sum((a - b) * (a - b)))", "decimal", "")
def l2_distance_euclidean(value: bytes, other: bytes) -> float | None:
    """The straight distance of two vectors.

    >>> db.add "doc" { data = {v: [0, 0]} }
    ... db.query "doc" {
    ...   where = $db.doc.v|l2_distance_euclidean:[3, 4] == 5
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    a, b = texts.vector_of(value), texts.vector_of(other)
    return math.dist(a, b) if len(a) == len(b) else None


@_vector("inner_product", "sum(a * b)", "decimal", "")
def inner_product(value: bytes, other: bytes) -> float | None:
    """The inner product of two vectors.

    >>> db.add "doc" { data = {v: [1, 2]} }
    ... db.query "doc" {
    ...   where = $db.doc.v|inner_product:[3, 4] == 11
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    pairs = _pairs(value, other)
    return None if pairs is None else sum(a * b for a, b in pairs)


@_vector("negative_inner_product", "-sum(a * b)", "decimal", "")
def negative_inner_product(value: bytes, other: bytes) -> float | None:
    """The inner product with the other sign, so that the most similar come first.

    >>> db.add "doc" { data = {v: [1, 2]} }
    ... db.query "doc" {
    ...   where = $db.doc.v|negative_inner_product:[3, 4] == -11
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    product = inner_product(value, other)
    return None if product is None else -product


@_vector(
    "cosine_similarity",
    "sum(a * b) / nullif(sqrt(sum(a * a)) * sqrt(sum(b * b)), 0)",
    "decimal",
    "",
)
def cosine_similarity(value: bytes, other: bytes) -> float | None:
    """The cosine of the angle between two vectors: 1 for the same direction.

    >>> db.add "doc" { data = {v: [2, 0]} }
    ... db.query "doc" {
    ...   where = $db.doc.v|cosine_similarity:[5, 0] == 1
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    a, b = texts.vector_of(value), texts.vector_of(other)
    norms = math.hypot(*a) * math.hypot(*b)
    return sum(x * y for x, y in zip(a, b, strict=True)) / norms if len(a) == len(b) and norms else None


@_vector(
    "cosine_distance",
    "1 - sum(a * b) / nullif(sqrt(sum(a * a)) * sqrt(sum(b * b)), 0)",
    "decimal",
    "",
)
def cosine_distance(value: bytes, other: bytes) -> float | None:
    """One less the cosine of the angle between two vectors: 0 for the same direction.

    >>> db.add "doc" { data = {v: [2, 0]} }
    ... db.query "doc" {
    ...   where = $db.doc.v|cosine_distance:[0, 3] == 1
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    similarity = cosine_similarity(value, other)
    return None if similarity is None else 1 - similarity


#: Names that `where` and `eval` take after a column, for messages.
def filter_names() -> list[str]:
    """The filters that can follow a column, in the order they are declared."""
    hidden = {"like", "ilike", "matches", "imatches", "search", "negate", "truncate", "mod", "number", "bool_text"}
    return [name for name in OPERATORS if name not in hidden and not name.startswith(("json_", "to_json_", "number_", "bool_"))]
