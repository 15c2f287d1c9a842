"""What an editor shows of the word under the pointer: the manual's page, or what the program says of a name."""

from __future__ import annotations

from lsprotocol import types

from xsrun.analysis.mentions import Mention
from xsrun.editor.lsp.desk import Desk, Opened
from xsrun.editor.lsp.navigation import declarations, everywhere, mention_at, range_of
from xsrun.editor.lsp.outline import nodes_at
from xsrun.editor.lsp.words import LanguageWord, word_at
from xsrun.manual.page import Page, described
from xsrun.manual.reference import builtin_page, pages_named
from xsrun.syntax.nodes import Field, FieldBlock, Statement

#: Lines of a declaration that are shown, and examples of a page.
_MOST_LINES, _MOST_EXAMPLES = 24, 2

#: Kinds of pages that are shown for one another, when there is none of the kind that was meant.
_FILTERS = ("filter", "query filter", "input filter")
_BLOCKS = ("block", "statement", "construct", "topic", "type")


def hover(desk: Desk, params: types.HoverParams) -> types.Hover | None:
    """The page of a builtin, type or attribute; the declaration of a name; where a variable was set."""
    at = mention_at(desk, params.text_document.uri, params.position)
    if at is not None:
        text = _told(desk, *at)
        return _shown(text, range_of(*at)) if text else None
    opened = desk.opened(params.text_document.uri)
    word = word_at(opened, params.position) if opened is not None else None
    if opened is None or word is None:
        return None
    text = page_text(word)
    return _shown(text, opened.positions.range(*word.span)) if text else None


def _shown(text: str, place: types.Range) -> types.Hover:
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text), place)


# Builtins ------------------------------------------------------------------------------------------------------------


def page_text(word: LanguageWord) -> str | None:
    """The manual's page of a word of the language, as Markdown."""
    if word.kind == "attribute":
        page = builtin_page("statement", word.owner)
        part = next((one for one in page.parts if one["name"] == word.name), None) if page is not None else None
        if part is None:
            return None
        more = f": {part['text']}" if part.get("text") else ""
        return f"**{word.name}** of `{word.owner}`: {described(part) or 'any value'}{more}"
    kind = word.kind.replace("_", " ")
    others = _FILTERS if kind in _FILTERS else _BLOCKS
    pages = {page.kind: page for page in pages_named(word.name)}
    found = next((pages[one] for one in (kind, *others) if one in pages), None)
    return markdown(found) if found is not None else None


def markdown(page: Page) -> str:
    """A page of the manual as Markdown, its first examples with it."""
    lines = [f"```xs\n{page.form or page.name}\n```", page.about.strip()]
    if page.parts:
        parts = [f"* `{one['name']}` {described(one)}" + _more(one.get("text")) for one in page.parts]
        lines.append("\n".join(parts))
    if page.note:
        lines.append(f"*{page.note}*")
    for example in page.examples[:_MOST_EXAMPLES]:
        result = f"\n// {example.result}".replace("\n", "\n// ").replace("// // ", "// ") if example.result else ""
        lines.append(f"```{example.language}\n{example.source}{result}\n```")
    return "\n\n".join(filter(None, lines))


def _more(text: str | None) -> str:
    return f": {text}" if text else ""


# Names ---------------------------------------------------------------------------------------------------------------


def _told(desk: Desk, opened: Opened, mention: Mention) -> str | None:
    target = mention.target
    if target.kind == "variable":
        return _variable(desk, opened, mention)
    found = declarations(desk, opened, target)
    if not found:
        return None
    other, place = found[0]
    nodes = nodes_at(other.parsed.tree, (place.line, place.column)) if other.parsed.tree is not None else []
    if target.kind in ("column", "input"):
        field = next((one for one in reversed(nodes) if isinstance(one, Field)), None)
        of = f" of the table `{target.owner}`" if target.kind == "column" else f" of {target.owner}"
        return f"```xs\n{_lines(other, field)}\n```\n{target.kind}{of}" if field is not None else None
    node = next((one for one in nodes if isinstance(one, Statement)), None)
    return _construct(other, node) if node is not None else None


def _lines(opened: Opened, node: Field | FieldBlock | Statement, end: int | None = None) -> str:
    """The lines of a node, moved to the left."""
    last = min(end or node.end_line, node.line + _MOST_LINES)
    lines = [opened.source.line(number) for number in range(node.line, last + 1)]
    margin = node.column - 1
    return "\n".join(line[margin:] if not line[:margin].strip() else line.strip() for line in lines)


def _construct(opened: Opened, node: Statement) -> str:
    """The head of a construct with its fields, and the comment above it."""
    head = opened.source.line(node.line).strip()
    blocks = [item for item in node.body.items if isinstance(item, FieldBlock)] if node.body else []
    shown = "\n".join(f"  {line}" for block in blocks for line in _lines(opened, block).split("\n"))
    code = f"{head}\n{shown}\n}}" if head.endswith("{") and shown else head
    comment = "\n".join(comment_above(opened, node.line))
    description = node.attribute("description")
    said = getattr(description, "value", None) if description is not None else None
    return "\n\n".join(filter(None, [f"```xs\n{code}\n```", comment, said if isinstance(said, str) else ""]))


def comment_above(opened: Opened, line: int) -> list[str]:
    """The lines of the comment right above a line."""
    own = {one.line: one.text for one in opened.parsed.comments if one.own_line}
    found: list[str] = []
    while (line := line - 1) in own:
        found.insert(0, own[line].strip())
    return found


def _variable(desk: Desk, opened: Opened, mention: Mention) -> str:
    """Where a variable is set, and by what."""
    places = [one for _, one in everywhere(desk, opened, mention.target) if one.role == "writes"]
    lines = dict.fromkeys(one.line for one in places)
    shown = [f"* line {line}: `{_setter(opened, line)}`" for line in lines]
    return f"```xs\n${mention.text}\n```\n" + ("set at\n\n" + "\n".join(shown) if shown else "assigned nowhere")


def _setter(opened: Opened, line: int) -> str:
    """The statement that sets something on a line, on one line itself."""
    text = opened.source.line(line).strip()
    if text.startswith("}") and opened.parsed.tree is not None:  # the end of a statement: `} as $x`
        column = opened.source.line(line).index("}") + 1
        inner = [one for one in nodes_at(opened.parsed.tree, (line, column)) if isinstance(one, Statement)]
        if inner:
            head = opened.source.line(inner[-1].line).strip()
            return f"{head} ... {text}"
    elif text.endswith("{"):
        return f"{text} {opened.source.line(line + 1).strip()} }}".replace("} }", "}")
    return text
