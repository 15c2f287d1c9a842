"""Markdown to HTML for the site: code in colour, links to other pages of the manual."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from xsrun.errors import UsageError
from xsrun.extras import installing

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

#: Gives the address of the page with a name, or None.
Finder = Callable[[str], str | None]
#: What stands out in XanoScript, in the order in which it is looked for.
_PARTS = re.compile(
    r"(?P<comment>//[^\n]*)"
    r"|(?P<string>\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    r"|(?P<variable>\$[\w$]*)"
    r"|(?P<filter>(?<=\|)[A-Za-z]\w*)"
    r"|(?P<number>\b\d+(?:\.\d+)?\b)"
    r"|(?P<word>(?m:(?<=^)|(?<=[{}] )|(?<=  ))[a-z][\w.]*(?=[ \w\"$/.-]* ?[({])|\b(?:true|false|null|now|as)\b)"
)
_PROMPT = re.compile(r"^(\$ )(.*)$", re.MULTILINE)
_XANOSCRIPT = ("xs", "field", "value")


def renderer(find: Finder) -> MarkdownIt:
    """What turns Markdown into HTML. Raises UsageError where its package is not installed."""
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        raise UsageError("--html needs markdown-it-py", hint=f"install it with: {installing('docs')}") from None
    made = MarkdownIt("commonmark", {"html": False, "highlight": highlighted}).enable("table")
    made.core.ruler.push("xsrun links", lambda state: _links(state.tokens, find))
    made.add_render_rule("table_open", lambda *_: '<div class="wide" tabindex="0"><table>')
    made.add_render_rule("table_close", lambda *_: "</table></div>")
    return made


def highlighted(code: str, language: str, _attributes: str = "") -> str:
    """A block of code as HTML, which a keyboard can scroll."""
    text = html.escape(code, quote=False)
    if language in _XANOSCRIPT:
        text = colored(code)
    elif language.startswith("console"):
        text = _PROMPT.sub(r'<span class="prompt">\1</span><span class="command">\2</span>', text)
    return f'<pre tabindex="0" class="{html.escape(language or "text")}"><code>{text}</code></pre>'


def colored(code: str) -> str:
    """XanoScript as HTML, its parts marked."""
    done, position = [], 0
    for match in _PARTS.finditer(code):
        kind = match.lastgroup
        done.append(html.escape(code[position : match.start()], quote=False))
        done.append(f'<span class="{kind}">{html.escape(match[0], quote=False)}</span>')
        position = match.end()
    return "".join([*done, html.escape(code[position:], quote=False)])


def _links(tokens: list[Token], find: Finder) -> None:
    """Let links lead to pages of the site, and code that is a name of the language to its page."""
    for token in tokens:
        inside = False
        for one in token.children or ():
            if one.type == "link_open":
                one.attrSet("href", address(str(one.attrGet("href")), find))
            inside = one.type == "link_open" or (inside and one.type != "link_close")
            found = None if inside or one.type != "code_inline" else find(one.content)
            if found is not None:
                one.type, one.tag = "html_inline", ""
                one.content = f'<a href="{found}"><code>{html.escape(one.content)}</code></a>'
        if token.type == "heading_open":
            _let_headings_be_found(tokens, token)


def _let_headings_be_found(tokens: list[Token], opening: Token) -> None:
    from xsrun.manual.site.places import slug

    opening.attrSet("id", slug(tokens[tokens.index(opening) + 1].content.lower()))


def address(target: str, find: Finder) -> str:
    """Where a link of a guide leads in the site: `docs:NAME`, `other.md#part`, or elsewhere."""
    if target.startswith("docs:"):
        return find(target.removeprefix("docs:")) or "#"
    return re.sub(r"^([\w-]+)\.md(?=#|$)", r"\1.html", target)
