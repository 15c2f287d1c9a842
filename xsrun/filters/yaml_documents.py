"""The filters for YAML. What the engine writes (`{ a: { b: 1 } }`, arguments inline and indent) is Symfony's YAML
component, so its rules hold here: YAML 1.2 scalars (`yes` is a text), dates without quotes are Unix seconds, a key may
not occur twice, tags other than `!!str`, `!!float` and `!!binary` are refused.

PyYAML reads the document; values are built here, so that no tag ever makes an object and aliases cannot explode.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any

from xsrun.errors import LimitError, XanoScriptError
from xsrun.filters.casts import TOO_DEEP
from xsrun.registry import filter
from xsrun.runtime.context import Context
from xsrun.runtime.values import (
    MAX_INT,
    NUMERIC,
    Value,
    normalize_object,
    parse_number,
    text_of_bytes,
    text_of_number,
    to_bytes,
    type_name,
)

#: Members that aliases may unfold to.
MAX_UNFOLDED = 1_000_000

_TIMESTAMP = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d\d):(\d\d)(?:\.\d*)?"
    r"(?:[ \t]*(?:Z|([-+]\d{1,2})(?::(\d\d))?))?)?",
    re.ASCII,
)
_PREFIXED = re.compile(r"([-+]?)0(?:x([0-9A-Fa-f_]+)|o([0-7_]+))")
_DIGITS = re.compile(r"[-+]?\d[\d_]*(?:\.[\d_]*)?", re.ASCII)
_CONSTANTS: dict[str, Value] = {"": None, "~": None, "null": None, "true": True, "false": False}
_SPECIAL_FLOATS = {".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}


# Reading -------------------------------------------------------------------------------------------------------------


@filter("yaml_decode")
def yaml_decode(value: str) -> Value:
    """The value of a YAML document. Raises for text that is no YAML, and for more than one document.

    >>> "name: Ann\\ntags: [x, 2, yes]"|yaml_decode
    {"name": "Ann", "tags": ["x", 2, "yes"]}
    """
    import yaml

    data = to_bytes(value)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise _unreadable("the text is not valid UTF-8") from None
    loader = _loader()(text)
    try:
        return _Builder().value(loader.get_single_node())
    except yaml.MarkedYAMLError as error:
        line = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise _unreadable(f"{error.problem or error.context}{line}") from None
    except yaml.YAMLError as error:
        raise _unreadable(str(error).partition("\n")[0]) from None
    except RecursionError:
        raise LimitError(TOO_DEEP) from None
    finally:
        loader.dispose()


def _unreadable(problem: str) -> XanoScriptError:
    return XanoScriptError(f"Error parsing YAML: {problem}")


def _short(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


@cache
def _loader() -> Any:
    """A loader that marks every plain scalar, so that `1` and `'1'` can be told apart afterwards."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        yaml_implicit_resolvers: dict[str | None, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    Loader.add_implicit_resolver("!plain", re.compile("", re.DOTALL), None)
    return Loader


class _Builder:
    """Builds the value of a node tree. A node that aliases share is built once and its value shared."""

    def __init__(self) -> None:
        self.built: dict[int, tuple[Value, int]] = {}
        self.open: set[int] = set()

    def value(self, node: Any) -> Value:
        return self._build(node)[0] if node is not None else None

    def _build(self, node: Any) -> tuple[Value, int]:
        """The value of a node and the number of members it unfolds to."""
        known = self.built.get(id(node))
        if known is not None:
            return known
        if id(node) in self.open:
            raise _unreadable(f"a value contains itself at line {node.start_mark.line + 1}")
        self.open.add(id(node))
        if node.id == "scalar":
            result = self._scalar(node), 1
        elif node.id == "sequence":
            result = self._sequence(node)
        else:
            result = self._mapping(node)
        if result[1] > MAX_UNFOLDED and len(self.built) < MAX_UNFOLDED:
            raise LimitError(f"The aliases of this YAML document unfold to more than {MAX_UNFOLDED:,} members.")
        self.open.discard(id(node))
        self.built[id(node)] = result
        return result

    def _scalar(self, node: Any) -> Value:
        name = node.tag.removeprefix("tag:yaml.org,2002:")
        if name == "!plain":
            return plain_scalar(node.value)
        if name == "str" or name == "!":
            return node.value
        if name == "float":
            return float(parse_number(node.value) or 0)
        if name == "binary":
            try:
                return text_of_bytes(base64.b64decode("".join(node.value.split()), validate=True))
            except binascii.Error:
                raise self._refused(node, "the value of !!binary is not base64") from None
        raise self._refused(node, f'the tag "{_short(node.tag)}" is not supported')

    def _sequence(self, node: Any) -> tuple[Value, int]:
        self._check_tag(node, "seq")
        items = [self._build(item) for item in node.value]
        return [value for value, _ in items], 1 + sum(size for _, size in items)

    def _mapping(self, node: Any) -> tuple[Value, int]:
        self._check_tag(node, "map")
        result: dict[str, Value] = {}
        merged: dict[str, Value] = {}
        total = 1
        for key_node, value_node in node.value:
            value, size = self._build(value_node)
            total += size
            key = self._key(key_node)
            if key == "<<" and key_node.tag == "!plain":
                merged = merged | self._merged(value_node, value)
            elif key in result:
                raise self._refused(key_node, f'duplicate key "{key}"')
            else:
                result[key] = value
        return normalize_object({**merged, **result} if merged else result), total

    def _key(self, node: Any) -> str:
        """A key as text; a plain one as it is written, be it `1.50` or `true`."""
        key = node.value if node.tag == "!plain" else self._scalar(node) if node.id == "scalar" else None
        if not isinstance(key, str):
            raise self._refused(node, "a key must be a text")
        return key

    def _merged(self, node: Any, value: Value) -> dict[str, Value]:
        entries: dict[str, Value] = {}
        for part in reversed(value) if value.__class__ is list else [value]:
            if part.__class__ is not dict:
                raise self._refused(node, "a merge key needs a mapping")
            entries |= part
        return entries

    def _check_tag(self, node: Any, expected: str) -> None:
        if node.tag not in (f"tag:yaml.org,2002:{expected}", "!"):
            raise self._refused(node, f'the tag "{_short(node.tag)}" is not supported')

    @staticmethod
    def _refused(node: Any, problem: str) -> XanoScriptError:
        return _unreadable(f"{problem} at line {node.start_mark.line + 1}")


def plain_scalar(text: str) -> Value:
    """The value of a scalar without quotes: null, boolean, number, date (Unix seconds), else the text."""
    lower = text.lower()
    if lower in _CONSTANTS:
        return _CONSTANTS[lower]
    if text[0] not in "0123456789+-.":
        return text
    if lower in _SPECIAL_FLOATS:
        return _SPECIAL_FLOATS[lower]
    if prefixed := _PREFIXED.fullmatch(text):
        sign, hexadecimal, octal = prefixed.groups()
        digits = (hexadecimal or octal).replace("_", "")
        number = int(digits, 16 if hexadecimal else 8) if digits else 0
        return (-number if sign == "-" else number) if number <= MAX_INT else text
    if _DIGITS.fullmatch(text) or (NUMERIC.fullmatch(text) and text == text.strip()):
        return _number(text.replace("_", ""), text)
    return _timestamp(text)


def _number(digits: str, text: str) -> Value:
    number = parse_number(digits)
    if number.__class__ is float and re.fullmatch(r"[-+]?\d+", digits):
        return text  # beyond 64 bits
    if number.__class__ is int and digits.lstrip("+-")[:1] == "0" and digits.lstrip("+") != str(number):
        return text  # leading zeros
    return number


def _timestamp(text: str) -> Value:
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return text
    year, month, day, hour, minute, second, offset, offset_minutes = match.groups()
    try:
        zone = UTC
        if offset:
            sign = -1 if offset[0] == "-" else 1
            zone = timezone(sign * timedelta(hours=abs(int(offset)), minutes=int(offset_minutes or 0)))
        clock = (int(hour or 0), int(minute or 0), int(second or 0))
        return int(datetime(int(year), int(month), int(day), *clock, tzinfo=zone).timestamp())
    except (ValueError, OverflowError):
        return text


# Writing -------------------------------------------------------------------------------------------------------------

#: Texts that would be read as something else.
_RESERVED = frozenset(("", "~", "...", "null", "true", "false", "y", "n", "yes", "no", "on", "off"))
_SINGLE_QUOTED = re.compile(r"""[\s'":{}\[\],&*#?]|^[-|<>=!%@`]""")
_DOUBLE_QUOTED = re.compile("[\x00-\x1f\x7f\x85\xa0\u2028\u2029]")
_BINARY = re.compile("[\x01-\x06\x0e-\x1a\x1c-\x1f]")
_ESCAPES = {
    "\\": "\\\\",
    '"': '\\"',
    "\0": "\\0",
    "\a": "\\a",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\v": "\\v",
    "\f": "\\f",
    "\r": "\\r",
    "\x1b": "\\e",
    "\x7f": "\\x7f",
    "\x85": "\\N",
    "\xa0": "\\_",
    "\u2028": "\\L",
    "\u2029": "\\P",
}
_ESCAPE_TABLE = str.maketrans(_ESCAPES)


@filter("yaml_encode")
def yaml_encode(
    context: Context, value: Value, options: bool = False, inline: int | None = None, indent: int | None = None
) -> str:
    """A value as YAML.

    `inline` is the depth at which the writing in one line begins, by default 2 (0: everything in one line), `indent`
    the blanks of one level, by default 4. `options` changes nothing here.

    >>> {a: 1, b: [x, {c: true}]}|yaml_encode
    "a: 1\\nb:\\n    - x\\n    - { c: true }\\n"
    >>> {a: {b: 1}}|yaml_encode:false:0
    "{ a: { b: 1 } }"
    """
    depth = 2 if inline is None else inline
    width = 4 if indent is None else indent
    if width < 1:
        raise XanoScriptError("The indentation must be greater than zero")
    context.check_size(width)
    try:
        parts: list[str] = []
        _write(value, depth, " " * width, "", parts, context)
        return "".join(parts)
    except RecursionError:
        raise LimitError(TOO_DEEP) from None


def _write(value: Value, depth: int, step: str, margin: str, parts: list[str], context: Context) -> None:
    """Append the lines of a value; nested ones are indented by the margin."""
    if depth <= 0 or value.__class__ not in (list, dict) or not value:
        parts.append(_in_one_line(value))
        return
    context.check_size(len(margin))
    entries = [(f"{_key(key)}:", item) for key, item in value.items()] if value.__class__ is dict else None
    for head, item in [("-", item) for item in value] if entries is None else entries:
        parts.append(margin + head)
        if depth > 1 and item.__class__ in (list, dict) and item:
            parts.append("\n")
            _write(item, depth - 1, step, margin + step, parts, context)
        else:
            parts += (" ", _in_one_line(item), "\n")


def _in_one_line(value: Value) -> str:
    kind = value.__class__
    if kind is list:
        return f"[{', '.join(map(_in_one_line, value))}]"
    if kind is dict:
        return f"{{ {', '.join(f'{_key(key)}: {_in_one_line(item)}' for key, item in value.items())} }}"
    if kind is str or kind is bytes:
        return _text(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if kind is float:
        return _decimal(value)
    raise XanoScriptError(f"Unable to write a {type_name(value)} as YAML")


def _decimal(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if value != value else ".inf" if value > 0 else "-.inf"
    text = text_of_number(value)
    return text if "." in text or "E" in text else text + ".0"


def _key(key: str) -> str:
    return key if re.fullmatch(r"-?[1-9][0-9]{0,17}|0", key, re.ASCII) else _text(key)


def _text(value: str | bytes) -> str:
    if isinstance(value, bytes) or _BINARY.search(value):
        return "!!binary " + base64.b64encode(to_bytes(value)).decode()
    if _DOUBLE_QUOTED.search(value):
        return f'"{value.translate(_ESCAPE_TABLE)}"'
    if (
        value.lower() in _RESERVED
        or _SINGLE_QUOTED.search(value)
        or NUMERIC.fullmatch(value)
        or not isinstance(plain_scalar(value), str)
    ):
        return "'" + value.replace("'", "''") + "'"
    return value
