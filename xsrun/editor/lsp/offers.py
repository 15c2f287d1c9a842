"""What an editor offers while somebody types, as completion items: names, words, snippets."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from lsprotocol import types

from xsrun import registry
from xsrun.language import catalogue
from xsrun.language.constructs import COMMON, FIELD_BLOCKS, KINDS
from xsrun.language.types import TYPES
from xsrun.registry import Builtin, Kind, Parameter

_ItemKind = types.CompletionItemKind


def item(
    label: str,
    kind: types.CompletionItemKind,
    detail: str | None = None,
    *,
    insert: str | None = None,
    order: str = "1",
    page: tuple[str, str] | None = None,
) -> types.CompletionItem:
    """One offer. `insert` is a snippet, `order` what comes first, `page` the kind and name of the manual's page."""
    found = types.CompletionItem(label, kind=kind, detail=detail, sort_text=f"{order}{label}")
    if insert is not None and insert != label:
        found.insert_text = insert
        if "$" in insert:
            found.insert_text_format = types.InsertTextFormat.Snippet
    if page is not None:
        found.data = {"kind": page[0], "name": page[1]}
    return found


# Statements ----------------------------------------------------------------------------------------------------------


def statements(prefix: str, context: str) -> list[types.CompletionItem]:
    """Statements that may stand in a stack, or in a `test`, by what is typed of them."""
    found = []
    for name, entry in catalogue.statements().items():
        special = entry["contexts"] != "stack"
        fits = context in entry["contexts"].split(",") if special else context != "test"
        if fits and entry["contexts"] != "nested" and name.startswith(prefix):
            page = ("statement", name)
            found.append(item(name, _ItemKind.Function, entry["header"], insert=_statement(name, prefix), page=page))
    return found


def _statement(name: str, prefix: str) -> str:
    """A statement as a snippet. What it needs is known once its namespace is typed, which loads its module."""
    entry = catalogue.statements()[name]
    places = {"variable": " \\$${1:name}", "name": " ${1:name}", "expr": " (${1:value})"}
    head = name + places.get(entry["target"] or "", "")
    number = 1 + bool(entry["target"])
    lines = []
    known = registry.find_statement(name) if "." in prefix or "." not in name else None
    for attribute in known.attributes if known is not None else ():
        if attribute.required:
            lines.append(f"  {attribute.name} = ${number}")
            number += 1
    for block in entry["blocks"]:
        word, optional = block.rstrip("?*"), block.endswith(("?", "*"))
        if not optional or len(entry["blocks"]) == 1:
            word = word.replace(" as", f" as \\$${{{number}:item}}")
            lines.append(f"  {word} {{\n    $0\n  }}")
            number += 1
    body = " {\n" + "\n".join(lines or ["  $0"]) + "\n}"
    result = f" as \\$${{{number}:result}}" if entry["as"] == "required" or _gives(name, entry["as"]) else ""
    return head + body + result


def _gives(name: str, says: str) -> bool:
    """Is a statement mostly written with `as`: does it stand for the value that it gives?"""
    return says == "optional" and name.rpartition(".")[2] in {"get", "query", "add", "run", "count", "has", "request"}


def blocks(name: str) -> list[types.CompletionItem]:
    """The blocks of a statement: `if` and `else` of a conditional."""
    entry = catalogue.entry("statement", name)
    found = []
    for block in entry["blocks"] if entry is not None else ():
        word = block.rstrip("?*").replace(" statements", "")
        if word == "stack" and name != "group" and "statements" in block:
            continue
        shape = {"if": " (${1:condition})", "elseif": " (${1:condition})", "case": " (${1:value})"}.get(word, "")
        text = word.replace(" as", " as \\$${1:item}")
        found.append(
            item(word, _ItemKind.Keyword, insert=f"{text}{shape} {{\n  $0\n}}", page=("block", word), order="0")
        )
    return found


def attributes(name: str, present: Iterable[str]) -> list[types.CompletionItem]:
    """The attributes that a statement still lacks, those that it needs first."""
    known = registry.find_statement(name)
    if known is None:
        return []
    taken = {*present}
    own = [one for one in known.attributes if not one.stands_for]
    return [
        _attribute(name, one) for one in (*own, *registry.COMMON) if one.name.rstrip("_") not in taken or one.repeatable
    ]


def _attribute(owner: str, one: Parameter) -> types.CompletionItem:
    name = one.name.rstrip("_")
    shapes = {"text": '"$1"', "object": "{$1}", "list": "[$1]", "join": "{$1}", "sort": '{$1: "asc"}', "eval": "{$1}"}
    value = shapes.get(one.type, "$1") if one.literal or one.type != "text" else "$1"
    detail = f"{one.type}, required" if one.required else one.type
    order = "0" if one.required else "2" if one in registry.COMMON else "1"
    insert = f"{name} = {value}"
    return item(name, _ItemKind.Property, detail, insert=insert, order=order, page=("attribute", f"{owner} {name}"))


# Constructs ----------------------------------------------------------------------------------------------------------


def constructs() -> list[types.CompletionItem]:
    """Every kind of construct, with what it cannot do without."""
    return [item(kind, _ItemKind.Module, insert=_construct(kind), page=("construct", kind)) for kind in KINDS]


def _construct(kind: str) -> str:
    one = KINDS[kind]
    needed = [*one.required, *(["schema"] if kind == "table" else ())]
    head = f"{kind} ${{1:name}}" + (" verb=${2|GET,POST,PUT,PATCH,DELETE|}" if kind == "query" else "")
    lines = [f"  {name} {{\n    ${number}\n  }}\n" for number, name in enumerate(needed, 3)]
    if "response" in one.attributes:
        lines.append("  response = $0\n")
    return f"{head} {{\n" + "\n".join(lines) + "}"


def members(kind: str, present: Iterable[str]) -> list[types.CompletionItem]:
    """The members that a construct still lacks."""
    one, taken = KINDS[kind], {*present} - {"test"}
    found = []
    for name in sorted(one.members - taken):
        if name in one.blocks or (name in FIELD_BLOCKS and name not in one.attributes):
            title = ' "${1:what it shows}"' if name == "test" else ""
            insert = f"{name}{title} {{\n  $0\n}}"
        else:
            insert = f"{name} = $0"
        order = "0" if name in one.required else "2" if name in COMMON else "1"
        found.append(item(name, _ItemKind.Property, insert=insert, order=order, page=("block", name)))
    return found


def field_types() -> list[types.CompletionItem]:
    """The types of fields."""
    return [item(name, _ItemKind.TypeParameter, insert=f"{name} ${{1:name}}", page=("type", name)) for name in TYPES]


# Filters -------------------------------------------------------------------------------------------------------------


@cache
def _filters(kind: Kind) -> tuple[Builtin, ...]:
    return tuple(registry.every(kind))


def filters(kind: Kind, value: str | None, *, order: str = "") -> list[types.CompletionItem]:
    """The filters of a kind; those that take a kind of value (`text`, `number`, ...) first."""
    found = []
    for one in _filters(kind):
        first = one.parameters[0] if one.parameters and not one.form and kind == "filter" else None
        fits = value is None or first is None or _fits(first.type, value)
        arguments = [part for part in one.arguments if part.required and not part.variadic]
        insert = one.name + "".join(f":${{{number}:{part.name}}}" for number, part in enumerate(arguments, 1))
        detail = one.signature
        made = item(
            one.name, _ItemKind.Method, detail, insert=insert, order=order + "12"[not fits], page=(kind, one.name)
        )
        found.append(made)
    return found


def _fits(wanted: str, value: str) -> bool:
    """May a filter that wants one kind of value be meant for another?"""
    if wanted in ("any", value):
        return wanted != "any" or value == "any"
    return value in {"number": ("int",), "int": ("number",), "array": ("list", "object")}.get(wanted, ())
