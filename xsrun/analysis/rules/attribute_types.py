"""Whether the value of an attribute has the shape that its name asks for: a text, true or false, a list, an object."""

from __future__ import annotations

from xsrun.analysis.report import TextReport, article, span_of
from xsrun.registry import Parameter
from xsrun.syntax.nodes import (
    Expression,
    FilterCall,
    ListLiteral,
    Literal,
    Now,
    ObjectLiteral,
    Path,
    Placeholder,
    Timestamp,
    Variable,
    Word,
)

_NAMES = {"text": "a text", "bool": "true or false", "list": "a list", "object": "an object"}
#: Types of attributes that the engine does not evaluate, and the shapes that they take.
_TYPES: dict[str, tuple[str, ...]] = {
    "text": ("text",),
    "bool": ("bool",),
    "object": ("object",),
    "list": ("list",),
    "join": ("object",),
    "return": ("object",),
    "eval": ("object", "list"),
    "sort": ("object", "list"),
    "addon": ("list", "object"),
}
_TEXT_MEMBERS = (
    "description docs guid instructions api_group canonical table channel agent mcp_server color response_type"
)
_LIST_MEMBERS = "tags tools index schedule items datasources"
_OBJECT_MEMBERS = (
    "actions llm swagger cors preferences acceptance main pre post cache view middleware realtime settings"
)
_MEMBERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_TEXT_MEMBERS.split(), ("text",)),
    **dict.fromkeys(_LIST_MEMBERS.split(), ("list",)),
    **dict.fromkeys(_OBJECT_MEMBERS.split(), ("object",)),
    "active": ("bool",),
}
#: Members that mean something else in some constructs.
_EXCEPT = {("table", "agent"), ("branch", "history"), ("message", "channel")}


def check_attribute(report: TextReport, statement: str, attribute: Parameter, value: Expression) -> None:
    """Check the value of a statement's attribute by what its record says of it."""
    if attribute.literal and (wanted := _TYPES.get(attribute.type)) is not None:
        _check(report, f"`{attribute.name}` of `{statement}`", wanted, value)


def check_member(report: TextReport, construct: str, name: str, value: Expression) -> None:
    """Check a member of a construct."""
    wanted = _MEMBERS.get(name)
    if wanted is not None and (construct, name) not in _EXCEPT:
        _check(report, f"`{name}` of {article(construct)}", wanted, value)


def _check(report: TextReport, what: str, wanted: tuple[str, ...], value: Expression) -> None:
    shape = _shape(value)
    if shape in wanted or shape == "unknown":
        return
    names = " or ".join(_NAMES[one] for one in wanted)
    if shape == "computed":
        if wanted[0] in ("text", "bool"):
            hint = f"write {names} itself; the engine does not evaluate it"
            report.add("XS514", f"{what} is computed", span_of(value), hint)
        return
    report.add(
        "XS328", f"{what} is {names}, not {_article(value, shape)}", span_of(value), _hint(report, wanted[0], value)
    )


def _shape(value: Expression) -> str:
    """`text`, `bool`, `list`, `object`, `number`, `null`; `computed` for what a run decides, else `unknown`."""
    if isinstance(value, Literal):
        kind = value.value.__class__
        return {str: "text", bool: "bool", int: "number", float: "number"}.get(kind, "unknown")
    if isinstance(value, Word):
        return "text"
    if isinstance(value, ListLiteral):
        return "list"
    if isinstance(value, ObjectLiteral):
        return "object"
    if isinstance(value, (Now, Timestamp)):
        return "number"
    if isinstance(value, Placeholder):
        return "unknown"
    return "computed" if isinstance(value, (Variable, Path, FilterCall)) else "unknown"


def _article(value: Expression, shape: str) -> str:
    return {"number": "a number", "text": "a text"}.get(shape) or _NAMES.get(shape, "this")


def _hint(report: TextReport, wanted: str, value: Expression) -> str | None:
    shown = report.text_of(value)
    if len(shown) > 40:
        return None
    if wanted == "list" and isinstance(value, (Literal, Word)):
        return f"write [{shown}]"
    if wanted == "text" and isinstance(value, (Literal, Word)):
        return f'write "{shown}"'
    word = shown.strip("\"'").lower()
    if wanted == "bool" and word in ("true", "1", "yes", "false", "0", "no"):
        return f"write {'true' if word in ('true', '1', 'yes') else 'false'}"
    return None
