"""Which values of `$env` a program reads: in expressions, and in the texts that run, JavaScript and templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xsrun.lazy_regex import pattern
from xsrun.syntax.nodes import (
    Attribute,
    FilterCall,
    ListLiteral,
    Literal,
    Node,
    Path,
    Quoted,
    Variable,
)
from xsrun.workspace.construct import Construct, text_of

#: `$env.NAME`, `$env["NAME"]`, `$env|get:"NAME"`, in expressions, templates and JavaScript alike.
NAMED = pattern(r"""\$env(?:\.|\[\s*["'`]|\s*\|\s*get\s*:\s*["'`])([A-Za-z_]\w*)""")
#: Attributes that people read and nothing runs.
_REMARKS = ("description", "docs")
#: What stands between the tags of a template; remarks stand between others.
_TAGS = pattern(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}")
#: JavaScript: a remark, a value of `$env`, a template literal (whose expressions may read some), another text.
_SCRIPT = pattern(
    r"""//[^\n]*|/\*[\s\S]*?\*/"""
    r"""|(\$env(?:\.|\[\s*["'`])[A-Za-z_]\w*)"""
    r"""|(`(?:\\[\s\S]|[^`\\])*`)"""
    r"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'"""
)


def read_names(construct: Construct) -> Iterator[str]:
    """The names of `$env` that a construct reads."""
    yield from names_in(construct.items if construct.node is None else [construct.node])
    if construct.kind in ("run.job", "run.service"):
        listed = construct.attribute("env")
        texts = map(text_of, listed.items) if isinstance(listed, ListLiteral) else ()
        yield from (name for name in texts if name)


def names_in(nodes: Iterable[Node]) -> Iterator[str]:
    """The names of `$env` that some nodes read, with all that is in them."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield from _reads(node)
        if not (isinstance(node, Attribute) and node.name in _REMARKS):
            waiting += node.children()


def _reads(node: Node) -> Iterator[str]:
    """What one node reads by itself."""
    if isinstance(node, Attribute):
        if node.name == "code":
            yield from _in_script(text_of(node.value) or "")
    elif isinstance(node, FilterCall):
        yield from _in_filter(node)
    elif isinstance(node, Path) and _is_environment(node.base):
        key = node.segments[0].key
        name = key if isinstance(key, str) else None if isinstance(key, int) else text_of(key)
        if name and node.segments[0].form != "variable":
            yield name
    elif isinstance(node, Literal) and isinstance(node.value, str):
        yield from _in_template(node.value)
    elif isinstance(node, Quoted) and node.expression is None:
        yield from _in_template(node.text)


def _is_environment(node: Node | None) -> bool:
    return isinstance(node, Variable) and node.name == "env"


def _in_filter(call: FilterCall) -> Iterator[str]:
    """`$env|get:"NAME"`, and the filters whose texts run: `lambda` and its kin, `to_expr`."""
    texts = [text for text in map(text_of, call.arguments) if text is not None]
    if call.name == "get" and _is_environment(call.operand):
        yield from texts[:1]
    elif call.name.startswith("lambda"):
        for text in texts:
            yield from _in_script(text)
    elif call.name == "to_expr":
        yield from NAMED.findall(text_of(call.operand) or "")


def _in_script(text: str) -> Iterator[str]:
    for found in _SCRIPT.finditer(text):
        yield from NAMED.findall(found[1] or found[2] or "")


def _in_template(text: str) -> Iterator[str]:
    if "$env" in text:
        for tag in _TAGS.findall(text):
            if not tag.startswith("{#"):
                yield from NAMED.findall(tag)
