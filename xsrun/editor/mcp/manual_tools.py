"""Tools that look into the manual: pages by name, and by the words in them."""

from __future__ import annotations

from xsrun.editor.mcp.agent_desk import AgentDesk, Arguments
from xsrun.editor.mcp.agent_tool import AgentTool, text
from xsrun.errors import UsageError

#: How many pages are shown whole; of more, a line each.
_WHOLE, _FOUND = 3, 15


def docs(box: AgentDesk, given: Arguments) -> str:
    """The page of a name, or what there is that begins so."""
    from xsrun.diagnostics.suggest import nearest
    from xsrun.manual.terminal import line_of, shown

    name = given["name"]
    found = box.manual.named(name) or box.manual.beginning(name)
    if not found:
        close = nearest(name, [known for names in box.manual.names().values() for known in names])
        hint = f"did you mean `{close}`?" if close else "the tool search_docs looks into the pages"
        raise UsageError(f"nothing is called `{name}`", hint=hint)
    if len(found) <= _WHOLE:
        return "\n\n".join(map(shown, found))
    return "\n".join([f"{len(found)} pages; name one of them:", *map(line_of, found)])


def search_docs(box: AgentDesk, given: Arguments) -> str:
    """The pages with some words, the best first."""
    from xsrun.manual.terminal import line_of

    found = box.manual.search(given["words"].split())[:_FOUND]
    if not found:
        raise UsageError(f"no page has the words `{given['words']}`", hint="try fewer, or the tool docs with a name")
    return "\n".join([*map(line_of, found), "next: the tool docs shows a page"])


TOOLS = (
    AgentTool(
        "docs",
        "Show the reference of a statement (db.query), filter (map), type, construct, block, operator, command or "
        "code, or list what begins so (security, jwe). Look a name up before you use it.",
        {"name": text("the name, or how names begin")},
        docs,
        required=("name",),
    ),
    AgentTool(
        "search_docs",
        "Find the pages of the manual that speak of some words, for example: sort a list by two keys.",
        {"words": text("the words")},
        search_docs,
        required=("words",),
    ),
)
