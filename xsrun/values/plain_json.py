"""Small JSON, read and written without the libraries for it: their import takes as long as a small program.

Both ends know what is plain, and leave everything else to orjson: texts with escapes or beyond ASCII, numbers that are
large or written in powers of ten, values of many members. So nothing reads or is written differently here.
"""

from __future__ import annotations

from xsrun.hints import Any

#: A value of more members, and a text of more characters, is not small.
_FEW, _SHORT = 200, 200
#: Numbers of more digits may mean something else to other readers.
_DIGITS = 15
_BLANKS = " \t\n\r"
#: What a JSON text can begin with.
_BEGINNINGS = frozenset('{["-0123456789tfn')
_WORDS = {"null": None, "true": True, "false": False}
_SCALARS = {value: word for word, value in _WORDS.items()}
_SIGNS = frozenset("+-.")
#: How characters are written in a text that may not stand in it.
_ESCAPES = {code: f"\\u{code:04x}" for code in range(32)}
_ESCAPES |= {ord(one): f"\\{mark}" for one, mark in zip('"\\\b\f\n\r\t', '"\\bfnrt', strict=True)}


class NotPlain(ValueError):
    """A text that is not JSON, or not plain."""


def may_be_json(text: str) -> bool:
    """Does a text begin as JSON does?"""
    return text.lstrip(_BLANKS)[:1] in _BEGINNINGS


# Reading -------------------------------------------------------------------------------------------------------------


def read(text: str) -> Any:
    """The value of a plain text. Raises NotPlain."""
    if len(text) > _SHORT or "\\" in text or not text.isascii():
        raise NotPlain
    value, end = _value(text, _begin(text, 0))
    if _begin(text, end) != len(text):
        raise NotPlain
    return value


def _begin(text: str, at: int) -> int:
    """Where the next word begins."""
    while text[at : at + 1] in _BLANKS and at < len(text):
        at += 1
    return at


def _value(text: str, at: int) -> tuple[Any, int]:
    """The value that begins at a place, and where it ends."""
    head = text[at : at + 1]
    if head == '"':
        end = text.find('"', at + 1)
        found = text[at + 1 : end]
        if end < 0 or not found.isprintable():
            raise NotPlain
        return found, end + 1
    if head == "[" or head == "{":
        return _members(text, at)
    end = at
    while text[end : end + 1].isalnum() or text[end : end + 1] in _SIGNS:
        end += 1
    word = text[at:end]
    return _WORDS[word] if word in _WORDS else _number(word), end


def _number(word: str) -> float:
    digits = word.removeprefix("-")
    whole, dot, fraction = digits.partition(".")
    long = len(whole) > _DIGITS or len(fraction) > _DIGITS
    if long or not whole.isdecimal() or (whole[0] == "0" and word != digits[:1] + dot + fraction):
        raise NotPlain
    if not dot:
        return int(word)
    if not fraction.isdecimal():
        raise NotPlain
    return float(word)


def _members(text: str, at: int) -> tuple[Any, int]:
    """The list or object that begins at a place, and where it ends."""
    named = text[at] == "{"
    closing = "}" if named else "]"
    names: list[str] = []
    values: list[Any] = []
    at = _begin(text, at + 1)
    mark = closing if text[at : at + 1] == closing else ","
    while mark == ",":
        if named:
            if text[at : at + 1] != '"':
                raise NotPlain
            name, at = _value(text, at)
            names.append(name)
            at = _begin(text, at)
            if text[at : at + 1] != ":":
                raise NotPlain
            at = _begin(text, at + 1)
        value, at = _value(text, at)
        values.append(value)
        at = _begin(text, at)
        mark = text[at : at + 1]
        if mark == ",":
            at = _begin(text, at + 1)
    if mark != closing:
        raise NotPlain
    return dict(zip(names, values, strict=True)) if named else values, at + 1


# Writing -------------------------------------------------------------------------------------------------------------


def is_plain(value: Any) -> bool:
    """Is a value small, and written here as orjson would?"""
    pending = [value]
    seen = 0
    while pending:
        one = pending.pop()
        kind = one.__class__
        seen += 1
        if kind is list:
            pending.extend(one)
        elif kind is dict:
            pending.extend(one)
            pending.extend(one.values())
        elif kind is float:
            if not 1e-4 < abs(one) < 1e15 and one != 0:
                return False
        elif kind is int:
            if not -(2**63) <= one < 2**63:
                return False
        elif kind is str:
            if not one.isascii() or "\x7f" in one:
                return False
        elif one is not None and kind is not bool:
            return False
        if seen + len(pending) > _FEW:
            return False
    return True


def written(value: Any, indent: bool) -> str:
    """A plain value as JSON, compact unless `indent`. What has no fraction is written as a whole number."""
    return _written(value, "\n" if indent else "")


def _written(value: Any, line: str) -> str:
    """`line` is what a line begins with in an indented text, its end before it; empty in a compact one."""
    kind = value.__class__
    if kind is str:
        return _quoted(value)
    if kind is int:
        return str(value)
    if kind is float:
        return str(int(value)) if value.is_integer() else repr(value)
    if kind is not list and kind is not dict:
        return _SCALARS[value]
    inner = line and line + "  "
    if kind is list:
        members = [_written(member, inner) for member in value]
    else:
        colon = ": " if line else ":"
        members = [f"{_quoted(key)}{colon}{_written(member, inner)}" for key, member in value.items()]
    begin, end = "[]" if kind is list else "{}"
    return f"{begin}{inner}{f',{inner}'.join(members)}{line}{end}" if members else begin + end


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'
