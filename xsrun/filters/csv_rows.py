"""The filters for CSV (see `xsrun.values.csv_text`)."""

from __future__ import annotations

from xsrun.registry import filter
from xsrun.running.context import Context
from xsrun.running.unfolded_size import check_unfolded
from xsrun.values.characters import characters, value_of
from xsrun.values.conversion import Value
from xsrun.values.csv_text import read_rows, write_rows
from xsrun.values.php_arrays import cast_to_text


@filter("csv_decode")
def csv_decode(value: str, separator: str, enclosure: str, escape: str) -> list[Value]:
    """The rows of a CSV text as lists of texts. Blank lines are left out.

    >>> 'x,"y,z"'|csv_decode:",":'"':'"'
    [["x", "y,z"]]
    """
    rows = read_rows(characters(value), characters(separator), characters(enclosure), characters(escape))
    return [[value_of(cell) for cell in row] for row in rows]


@filter("csv_parse")
def csv_parse(value: str, separator: str, enclosure: str, escape: str) -> list[Value]:
    """The rows of a CSV text as objects; the first row gives the keys.

    A cell that a row lacks is null, cells beyond the keys are left out. A byte order mark at the start is dropped.

    >>> "name,age\\nAnn,30\\nBo"|csv_parse:",":'"':'"'
    [{"name": "Ann", "age": "30"}, {"name": "Bo", "age": null}]
    """
    text = characters(value).removeprefix("\ufeff")
    rows = read_rows(text, characters(separator), characters(enclosure), characters(escape))
    if not rows:
        return []
    keys = rows[0]
    blank: list[str | None] = [None] * len(keys)
    return [dict(zip(keys, [*map(value_of, row), *blank[len(row) :]], strict=False)) for row in rows[1:]]


@filter("csv_encode")
def csv_encode(
    context: Context, value: list[Value] | dict[str, Value], separator: str, enclosure: str, escape: str
) -> Value:
    """Rows as CSV text without a header. A row is a list or an object, whose values come in its own order.

    A list of plain values is one row. False and null are blank cells, lists and objects become JSON.

    >>> [{name: "Ada, L", ok: false, n: 1}]|csv_encode:",":'"':'"'
    "\\"Ada, L\\",,1\\n"
    """
    check_unfolded(context, value)
    members = _members(value)
    if not any(item.__class__ in (list, dict) for item in members):
        rows = [members] if members else []
    else:
        rows = [_members(item) if item.__class__ in (list, dict) else [item] for item in members]
    return value_of(write_rows(rows, characters(separator), characters(enclosure), characters(escape)))


@filter("csv_create")
def csv_create(
    context: Context,
    columns: list[Value] | dict[str, Value],
    rows: list[Value] | dict[str, Value],
    separator: str,
    enclosure: str,
    escape: str,
) -> Value:
    """CSV text with the piped names as its header. From rows that are objects the named values are taken.

    >>> ["name","age"]|csv_create:[["Ann",30],{age: 4, name: "Bo"}]:",":'"':'"'
    "name,age\\nAnn,30\\nBo,4\\n"
    """
    check_unfolded(context, columns)
    check_unfolded(context, rows)
    names = _members(columns)
    keys = [cast_to_text(name) for name in names]
    table: list[list[Value]] = [names]
    for row in _members(rows):
        if row.__class__ is dict and any(key in row for key in keys):
            table.append([row.get(key) for key in keys])
        else:
            table.append(_members(row) if row.__class__ in (list, dict) else [row])
    return value_of(write_rows(table, characters(separator), characters(enclosure), characters(escape)))


def _members(value: Value) -> list[Value]:
    return list(value.values()) if value.__class__ is dict else value
