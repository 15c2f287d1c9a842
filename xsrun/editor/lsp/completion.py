"""Completion: what may stand where somebody types, by the place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from lsprotocol import types

from xsrun.analysis.mentions import NAMED_MEMBERS
from xsrun.analysis.rules.other_constructs import TARGETS
from xsrun.editor.lsp import offers
from xsrun.editor.lsp.desk import Desk, Opened
from xsrun.editor.lsp.hover import page_text
from xsrun.editor.lsp.kinds_of_values import kind_before
from xsrun.editor.lsp.known_names import (
    Known,
    columns_of,
    construct_at,
    fields_of,
    inputs_of,
    table_of_variable,
    variables_of,
)
from xsrun.editor.lsp.offers import item
from xsrun.editor.lsp.typing_place import Opener, TypingPlace, typing_place
from xsrun.editor.lsp.words import LanguageWord
from xsrun.language import catalogue
from xsrun.language.constructs import KINDS, VERBS
from xsrun.language.roots import ROOTS

_ItemKind = types.CompletionItemKind
TRIGGERS = ["$", ".", "|", '"', ":", "/"]
_ROOT = re.compile(r"\$(\w*)$")
_BELOW_DB = re.compile(r"\$db\.(?:\w*)$")
_COLUMN = re.compile(r"\$db\.(\w+)\.\w*$")
_INPUT = re.compile(r"\$input\.\w*$")
_MEMBER = re.compile(r"\$(\w+)\.\w*$")
_FILTER = re.compile(r"(?<!\|)\|\s*!?\w*$")
_VERB = re.compile(r"verb\s*=\s*\w*$")
_HEADER = re.compile(r"^\s*!?([\w.]+)\s+\"?([^\"{}()=]*)$")
_VALUE = re.compile(r"(?:^|[{,\s])\"?(\w+)\"?\s*[=:]\s*\"?([\w/ .-]*)$")
_COMPARED = re.compile(r"\$(?:input|db\.\w+)\.(\w+)\s*(?:==|!=)\s*\"?\w*$")
_BEGIN = re.compile(r"^\s*!?([\w.]*)$")
_KEY = re.compile(r"(?:^|,)\s*\"?\w*$")
_TYPED = re.compile(r"[\w.]*$")
_NAME_TYPED = re.compile(r"[^\"\s]*$")


class Asked(NamedTuple):
    """What the offers depend on."""

    desk: Desk
    opened: Opened
    place: TypingPlace
    line: int


Offers = list[types.CompletionItem]
Rule = tuple[re.Pattern[str], Callable[[Asked, re.Match[str]], Offers | None]]


def completion(desk: Desk, params: types.CompletionParams) -> types.CompletionList | None:
    """What may stand at a position."""
    opened = desk.opened(params.text_document.uri)
    if opened is None:
        return None
    offset = opened.positions.offset(params.position)
    asked = Asked(desk, opened, typing_place(opened.source.text, offset), params.position.line + 1)
    if asked.place.in_comment:
        return None
    for pattern, rule in _RULES:
        match = pattern.search(asked.place.before)
        found = rule(asked, match) if match is not None else None
        if found is not None:
            return types.CompletionList(False, [_placed(asked, params.position, one) for one in found])
    return None


def resolve(desk: Desk, one: types.CompletionItem) -> types.CompletionItem:
    """The page of an offer, when the editor shows it."""
    data = one.data if isinstance(one.data, dict) else {}
    kind, name = str(data.get("kind", "")), str(data.get("name", ""))
    owner, _, attribute = name.partition(" ")
    word = (attribute, (0, 0, 0, 0), owner) if kind == "attribute" else (name, (0, 0, 0, 0))
    text = page_text(LanguageWord(kind, *word)) if name else None
    if text is not None:
        one.documentation = types.MarkupContent(types.MarkupKind.Markdown, text)
    return one


def _placed(asked: Asked, position: types.Position, one: types.CompletionItem) -> types.CompletionItem:
    """An offer that takes the place of what is typed of it: names with `/` and `.` are one word."""
    pattern = _NAME_TYPED if asked.place.in_text else _TYPED
    if "." not in one.label:
        pattern = _NAME_TYPED if asked.place.in_text else re.compile(r"\w*$")
    match = pattern.search(asked.place.before)
    typed = len(match[0]) if match is not None else 0
    line, column = asked.opened.positions.place(position)
    start = asked.opened.positions.position(line, column - typed)
    text = one.insert_text or one.label
    one.insert_text = None
    if not asked.desk.snippets and one.insert_text_format is types.InsertTextFormat.Snippet:
        text, one.insert_text_format = one.label, types.InsertTextFormat.PlainText
    one.text_edit = types.TextEdit(types.Range(start, position), text)
    return one


# What begins with $ --------------------------------------------------------------------------------------------------


def _roots(asked: Asked, _: re.Match[str]) -> Offers:
    found = [
        item(name, _ItemKind.Variable, f"set on line {line}", order="0")
        for name, line in variables_of(asked.desk, asked.opened, asked.line)
    ]
    return found + [
        item(name, _ItemKind.Keyword, order="1", page=("topic", f"${name}")) for name in sorted(ROOTS) if name.isalpha()
    ]


def _tables_below_db(asked: Asked, _: re.Match[str]) -> Offers:
    block = asked.place.around("db.")
    own = block.rest if block is not None else ""
    names = asked.opened.session.names("table")
    return [item(name, _ItemKind.Struct, order="0" if name == own else "1") for name in names]


def _db_columns(asked: Asked, match: re.Match[str]) -> Offers:
    return _fields(columns_of(asked.desk, asked.opened, match[1]), _ItemKind.Field)


def _inputs(asked: Asked, _: re.Match[str]) -> Offers:
    return _fields(fields_of(construct_at(asked.opened, asked.line), "input"), _ItemKind.Field)


def _members(asked: Asked, match: re.Match[str]) -> Offers | None:
    table = table_of_variable(asked.opened, match[1], asked.line)
    return _fields(columns_of(asked.desk, asked.opened, table), _ItemKind.Field) if table is not None else []


def _fields(known: Iterable[Known], kind: types.CompletionItemKind) -> Offers:
    return [item(one.name, kind, one.text) for one in known]


# Filters and values --------------------------------------------------------------------------------------------------


def _filters(asked: Asked, match: re.Match[str]) -> Offers:
    if asked.place.in_fields:
        return offers.filters("input_filter", None)
    before = asked.place.before[: match.start()]
    value = kind_before(asked.desk, asked.opened, before, asked.line)
    found = offers.filters("filter", value)
    if "$db." in before:
        found = offers.filters("query_filter", None, order="0") + found
    return found


def _verbs(_: Asked, __: re.Match[str]) -> Offers:
    return [item(verb, _ItemKind.EnumMember) for verb in VERBS]


def _header(asked: Asked, match: re.Match[str]) -> Offers | None:
    """The name that follows a statement or construct."""
    name = match[1]
    kind = TARGETS.get(name) or ("table" if name.startswith("db.") else None)
    if kind is None:
        return [] if name in KINDS else None
    quoted = asked.place.in_text
    return [_named(one, quoted) for one in asked.opened.session.names(kind)]


def _named(name: str, quoted: bool) -> types.CompletionItem:
    plain = name.isidentifier() or quoted
    return item(name, _ItemKind.Reference, insert=None if plain else f'"{name}"')


def _compared(asked: Asked, match: re.Match[str]) -> Offers | None:
    """The values of an enum that an input or a column is compared with."""
    known = fields_of(construct_at(asked.opened, asked.line), "input")
    block = asked.place.around("db.")
    known += columns_of(asked.desk, asked.opened, block.rest) if block is not None else []
    return _enum(asked, known, match[1])


def _enum(asked: Asked, known: Iterable[Known], name: str) -> Offers | None:
    values = next((one.values for one in known if one.name == name), [])
    quote = "" if asked.place.in_text else '"'
    return [item(one, _ItemKind.EnumMember, insert=f"{quote}{one}{quote}") for one in values] or None


def _value(asked: Asked, match: re.Match[str]) -> Offers | None:
    """What follows `name =` or `name:`."""
    name, place = match[1], asked.place
    block, inner = place.block, place.inner
    if block is None or inner is None:
        return None
    if inner is block and block.word in KINDS and name in NAMED_MEMBERS:
        return [item(one, _ItemKind.Reference, insert=_in_quotes(asked, one)) for one in _names(asked, name)]
    if name == "field_name" and block.word.startswith("db."):
        columns = columns_of(asked.desk, asked.opened, block.rest)
        return [item(one.name, _ItemKind.Field, one.text, insert=_in_quotes(asked, one.name)) for one in columns]
    kind = TARGETS.get(block.word)
    if kind is not None and inner.word == "input":
        return _enum(asked, inputs_of(asked.desk, asked.opened, kind, block.rest), name)
    if block.word == "test" and inner.word == "input":
        return _enum(asked, fields_of(construct_at(asked.opened, asked.line), "input"), name)
    if inner.word == "data" and block.word.startswith("db."):
        return _enum(asked, columns_of(asked.desk, asked.opened, block.rest), name)
    return None


def _names(asked: Asked, member: str) -> list[str]:
    return asked.opened.session.names(NAMED_MEMBERS[member])


def _in_quotes(asked: Asked, text: str) -> str | None:
    return None if asked.place.in_text else f'"{text}"'


# The begin of a line or of an entry ----------------------------------------------------------------------------------


def _keys(asked: Asked, _: re.Match[str]) -> Offers | None:
    """The keys of an object: columns of `data` and `sort`, inputs of a call."""
    inner, block = asked.place.inner, asked.place.block
    if inner is None or block is None or inner is block or inner.bracket != "{" or asked.place.in_text:
        return None
    present = _present(asked, inner)
    if block.word.startswith("db.") and inner.word in ("data", "sort"):
        value = ': "${1|asc,desc|}"' if inner.word == "sort" else ": $0"
        known = columns_of(asked.desk, asked.opened, block.rest)
    elif inner.word == "input" and block.word in TARGETS:
        value, known = ": $0", inputs_of(asked.desk, asked.opened, TARGETS[block.word], block.rest)
    elif inner.word == "input" and block.word == "test":
        value, known = ": $0", fields_of(construct_at(asked.opened, asked.line), "input")
    else:
        return None
    return [
        item(one.name, _ItemKind.Field, one.text, insert=f"{one.name}{value}", order="01"[not one.required])
        for one in known
        if one.name not in present
    ]


def _present(asked: Asked, inner: Opener) -> set[str]:
    """The names that stand in a bracket already."""
    text = asked.opened.source.text
    depth, end = 0, inner.offset
    for end in range(inner.offset, min(len(text), inner.offset + 20_000)):
        depth += (text[end] in "{[(") - (text[end] in "}])")
        if depth == 0:
            break
    return {*re.findall(r"(?:^|[{,\n])[ \t]*\"?(\w+)\"?[ \t]*[=:{]", text[inner.offset : end])}


def _begin(asked: Asked, match: re.Match[str]) -> Offers | None:
    """The first word of a line: a construct, a member, a statement, an attribute, a type."""
    place, typed = asked.place, match[1]
    block, inner = place.block, place.inner
    if block is None:
        return (offers.constructs() if inner is None else []) + offers.statements(typed, "stack")
    if inner is not block:
        return None
    if place.in_fields:
        return offers.field_types()
    present = _present(asked, block)
    if block.word in KINDS:
        return offers.members(block.word, present)
    if block.word == "test":
        return offers.statements(typed, "test")
    entry = catalogue.entry("statement", block.word)
    if block.word == "stack" or (entry is not None and entry["contexts"] == "nested"):
        construct = place.construct
        return offers.statements(typed, construct.word if construct is not None else "stack")
    return offers.blocks(block.word) + offers.attributes(block.word, present)


#: What is tried one after the other; the first that has an answer, be it that nothing fits, gives it.
_RULES: tuple[Rule, ...] = (
    (_BELOW_DB, _tables_below_db),
    (_COLUMN, _db_columns),
    (_INPUT, _inputs),
    (_MEMBER, _members),
    (_ROOT, _roots),
    (_FILTER, _filters),
    (_VERB, _verbs),
    (_COMPARED, _compared),
    (_HEADER, _header),
    (_VALUE, _value),
    (_KEY, _keys),
    (_BEGIN, _begin),
)
