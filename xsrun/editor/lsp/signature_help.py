"""While arguments of a filter or attributes of a statement are typed: which there are, and which is next."""

from __future__ import annotations

import re

from lsprotocol import types

from xsrun import registry
from xsrun.analysis.rules.other_constructs import TARGETS
from xsrun.editor.lsp.desk import Desk
from xsrun.editor.lsp.known_names import inputs_of
from xsrun.editor.lsp.typing_place import TypingPlace, typing_place
from xsrun.registry import Parameter

TRIGGERS = [":", "{", ","]
#: A filter and its arguments so far; texts and brackets in them are one piece each.
_FILTER = re.compile(r"(?<!\|)\|\s*!?(\w+)((?::(?:\"[^\"]*\"?|'[^']*'?|\([^()]*\)?|[^|:\"'()]*))+)$")
_ARGUMENT = re.compile(r":(?:\"[^\"]*\"?|'[^']*'?|\([^()]*\)?|[^|:\"'()]*)")
_NAME = re.compile(r"(\w+)\s*[=:][^=:]*$")


def signature_help(desk: Desk, params: types.SignatureHelpParams) -> types.SignatureHelp | None:
    """The filter, statement or called construct at a position."""
    opened = desk.opened(params.text_document.uri)
    if opened is None:
        return None
    place = typing_place(opened.source.text, opened.positions.offset(params.position))
    match = _FILTER.search(place.before)
    if match is not None:
        return _filter(match[1], len(_ARGUMENT.findall(match[2])) - 1)
    block, inner = place.block, place.inner
    if block is None or inner is None or place.in_comment:
        return None
    kind = TARGETS.get(block.word)
    if inner is not block and inner.word == "input" and kind is not None:
        parts = [one.text for one in inputs_of(desk, opened, kind, block.rest)]
        return _help(f"{block.rest}(", parts, ")", _current(place, parts), "") if parts else None
    known = registry.find_statement(block.word) if inner is block else None
    if known is None:
        return None
    parts = [_shown(one) for one in known.attributes if not one.stands_for]
    return _help(f"{known.name} {{ ", parts, " }", _current(place, parts), known.summary)


def _filter(name: str, number: int) -> types.SignatureHelp | None:
    found = registry.find_filter(name) or registry.find("query_filter", name)
    if found is None:
        return None
    parts = [_shown(one) for one in found.arguments]
    last = len(parts) - 1
    if found.arguments and found.arguments[-1].variadic:
        number = min(number, last)
    return _help(f"{found.name}:", parts, "", number if number <= last else None, found.summary, ":")


def _shown(one: Parameter) -> str:
    return f"{one.name.rstrip('_')}{'' if one.required else '?'}: {one.type}{' ...' if one.variadic else ''}"


def _current(place: TypingPlace, parts: list[str]) -> int | None:
    """The part whose value is being typed."""
    match = _NAME.search(place.before)
    names = [re.sub(r"\?$", "", one.partition(":")[0].split(" ")[-1]) for one in parts]
    return names.index(match[1]) if match is not None and match[1] in names else None


def _help(
    before: str, parts: list[str], after: str, current: int | None, told: str, between: str = ", "
) -> types.SignatureHelp:
    label, places = before, []
    for number, part in enumerate(parts):
        label += between if number else ""
        places.append(types.ParameterInformation((len(label), len(label) + len(part))))
        label += part
    one = types.SignatureInformation(label + after, told or None, places, current)
    return types.SignatureHelp([one], 0, current)
