"""The resources: files of the workspace, and pages of the manual."""

from __future__ import annotations

from urllib.parse import quote, unquote

from xsrun.editor.mcp.toolbox import Toolbox
from xsrun.errors import UsageError
from xsrun.records import record

FILES, MANUAL = "xsrun://workspace/", "xsrun://docs/"
#: Shapes of addresses, by name, with what they are for.
TEMPLATES = {
    "file of the workspace": (FILES + "{+path}", "a program (.xs) or page of the workspace's folder"),
    "page of the manual": (MANUAL + "{+name}", "a statement, filter, type, construct, guide, command or code"),
}
_PLAIN = "text/plain"
#: Resources that one page of a list has.
_PAGE = 200


@record
class AgentResource:
    """One resource: its address, what people call it, and the kind of its text."""

    uri: str
    name: str
    mime: str


def listed(box: Toolbox) -> list[AgentResource]:
    """Every resource: programs and pages of the folder, then the manual's."""
    manual = [AgentResource(MANUAL + quote(one.name), one.name, _PLAIN) for one in box.manual.pages]
    names = [box.folder.name(path) for path in (*box.folder.files(), *box.folder.pages())]
    return [*(AgentResource(FILES + quote(name), name, mime_of(name)) for name in names), *manual]


def page_of(found: list[AgentResource], cursor: str | None) -> tuple[list[AgentResource], str | None]:
    """The part of a list that a cursor asks for, and the cursor of the next one."""
    if cursor is not None and not cursor.isdecimal():
        raise UsageError("this is not a cursor of the list")
    start = int(cursor or 0)
    end = start + _PAGE
    return found[start:end], str(end) if end < len(found) else None


def read(box: Toolbox, uri: str) -> tuple[str, str]:
    """The text of a resource, and its kind. Raises UsageError for one that is not there."""
    if uri.startswith(FILES):
        name = unquote(uri.removeprefix(FILES))
        return box.folder.text(name), mime_of(name)
    if uri.startswith(MANUAL):
        from xsrun.manual.terminal import shown

        pages = box.manual.named(unquote(uri.removeprefix(MANUAL)))
        if pages:
            return "\n\n".join(map(shown, pages)), _PLAIN
    raise UsageError(f"there is no resource {uri[:200]}", hint=f"they begin with {FILES} and {MANUAL}")


def mime_of(name: str) -> str:
    return "text/x-xanoscript" if name.endswith(".xs") else "text/markdown" if ".md" in name else "text/plain"
