"""Where a name is declared, where else it stands, and what else it could be called."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from xsrun.analysis.mentions import Meaning, Mention
from xsrun.database.plans import name_below_db
from xsrun.editor.lsp.desk import Desk, Opened
from xsrun.language.roots import ROOTS

_PLAIN = re.compile(r"[A-Za-z_]\w*")


def mention_at(desk: Desk, uri: str, position: types.Position) -> tuple[Opened, Mention] | None:
    """The name at a position, also just behind it."""
    opened = desk.opened(uri)
    if opened is None:
        return None
    line, column = opened.positions.place(position)
    found = [one for one in desk.mentions(opened) if one.line == line and one.column <= column <= one.end_column]
    return (opened, found[-1]) if found else None


def range_of(opened: Opened, mention: Mention) -> types.Range:
    """Where a name stands, for the editor."""
    return opened.positions.range(mention.line, mention.column, mention.line, mention.end_column)


def everywhere(desk: Desk, opened: Opened, target: Meaning) -> Iterator[tuple[Opened, Mention]]:
    """Every place of the program that names the same. Texts without the word are not even parsed."""
    word = target.name.lower()
    names = [opened.name] if target.kind == "variable" else sorted(opened.session.texts)
    for name in names:
        if word in opened.session.texts[name].lower():
            other = desk.opened_name(name)
            for mention in desk.mentions(other) if other is not None else ():
                if mention.target == target and other is not None:
                    yield other, mention


def declarations(desk: Desk, opened: Opened, target: Meaning) -> list[tuple[Opened, Mention]]:
    """Where something is declared; a variable where it is first assigned."""
    found = [*everywhere(desk, opened, target)]
    if target.kind == "variable":
        return [one for one in found if one[1].role == "writes"][:1]
    return [one for one in found if one[1].role == "declares"]


def definition(desk: Desk, params: types.DefinitionParams) -> list[types.Location] | None:
    """Where the name at a position is declared."""
    at = mention_at(desk, params.text_document.uri, params.position)
    if at is None:
        return None
    found = declarations(desk, at[0], at[1].target)
    return [types.Location(opened.uri, range_of(opened, mention)) for opened, mention in found]


def references(desk: Desk, params: types.ReferenceParams) -> list[types.Location] | None:
    """Everywhere the name at a position stands."""
    at = mention_at(desk, params.text_document.uri, params.position)
    if at is None:
        return None
    with_declaration = params.context.include_declaration
    return [
        types.Location(opened.uri, range_of(opened, mention))
        for opened, mention in everywhere(desk, at[0], at[1].target)
        if with_declaration or mention.role != "declares"
    ]


def highlights(desk: Desk, params: types.DocumentHighlightParams) -> list[types.DocumentHighlight] | None:
    """The same name in the same text."""
    at = mention_at(desk, params.text_document.uri, params.position)
    if at is None:
        return None
    opened, mention = at
    kinds = {"reads": types.DocumentHighlightKind.Read}
    return [
        types.DocumentHighlight(range_of(opened, one), kinds.get(one.role, types.DocumentHighlightKind.Write))
        for one in desk.mentions(opened)
        if one.target == mention.target
    ]


# Renaming ------------------------------------------------------------------------------------------------------------


def prepare_rename(desk: Desk, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
    """What can be renamed at a position: a name that is declared in the program."""
    at = mention_at(desk, params.text_document.uri, params.position)
    if at is None or not declarations(desk, at[0], at[1].target):
        return None
    return types.PrepareRenamePlaceholder(range_of(*at), at[1].text)


def rename(desk: Desk, params: types.RenameParams) -> types.WorkspaceEdit:
    """The edits that give something another name in all files. Refused when the name is not one, or is taken."""
    at = mention_at(desk, params.text_document.uri, params.position)
    if at is None or not declarations(desk, at[0], at[1].target):
        raise JsonRpcInvalidParams("nothing that the program declares stands here")
    opened, mention = at
    target, new = mention.target, params.new_name.strip().removeprefix("$")
    _refuse(desk, opened, target, new)
    changes: dict[str, list[types.TextEdit]] = {}
    for other, one in everywhere(desk, opened, target):
        edit = types.TextEdit(range_of(other, one), _written(other, one, new))
        changes.setdefault(other.uri, []).append(edit)
    return types.WorkspaceEdit(changes)


def _refuse(desk: Desk, opened: Opened, target: Meaning, new: str) -> None:
    if not new or any(sign in new for sign in "\"'\n\r{}"):
        raise JsonRpcInvalidParams(f"`{new}` is not a name")
    if target.kind == "variable" and (not _PLAIN.fullmatch(new) or not new.isascii()):
        raise JsonRpcInvalidParams(f"`${new}` is not the name of a variable: letters, digits and _")
    if target.kind == "variable" and new in ROOTS:
        raise JsonRpcInvalidParams(f"`${new}` is a reserved name")
    kept = target.kind in ("variable", "input", "column")
    other = target._replace(name=new if kept else new.removeprefix("/").lower())
    if other != target and declarations(desk, opened, other):
        raise JsonRpcInvalidParams(f"there is already a {target.kind} `{new}`")


def _written(opened: Opened, mention: Mention, new: str) -> str:
    """A new name as it is written in the place of an old one."""
    before = opened.source.line(mention.line)[: mention.column - 1]
    if mention.target.kind == "table" and before.endswith("."):
        return name_below_db(new)
    if mention.quoted or mention.target.kind == "variable" or (_PLAIN.fullmatch(new) and new.isascii()):
        return new
    return f'"{new}"'
