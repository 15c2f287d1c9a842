"""The nodes of an `input` or `schema` block as `Declared` records."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from xsrun.errors import UsageError
from xsrun.fields.declared import Declared
from xsrun.fields.literals import literal, object_attribute, text_attribute
from xsrun.records import replace
from xsrun.syntax import nodes
from xsrun.values.conversion import Value
from xsrun.values.conversion import to_text as text_of

ColumnsOf = Callable[[str], "list[Declared] | None"]


def untyped_fields(names: Iterable[str]) -> list[Declared]:
    """Inputs that nothing declares: any values, as `json? name?`. Raises UsageError for what is not a name."""
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
        one.set_default(literal(node.default))
    return one


def _expand_link(node: nodes.Field, columns_of: ColumnsOf | None) -> list[Declared]:
    table = text_attribute(node, "table")
    columns = (columns_of(table) if columns_of and table else None) or []
    override = object_attribute(node, "override")
    shown = [one for one in columns if not _is_hidden(override.get(one.name))]
    # the id of a link may always be left out: the endpoints that Xano's editor makes link the whole table
    return [replace(one, optional=True) if one.name == "id" and one.required else one for one in shown]


def _is_hidden(entry: Value) -> bool:
    return entry.__class__ is dict and entry.get("hidden") in (True, "true")
