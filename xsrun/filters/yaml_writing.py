"""Values as YAML text, written as Symfony's YAML component writes them; but what reads back as something else is quoted
(`.inf`, `0o17`), and an empty list is `[]`.
"""

from __future__ import annotations

import base64
import math
import re

from xsrun.errors import XanoScriptError
from xsrun.filters.yaml_scalars import plain_scalar
from xsrun.running.context import Context
from xsrun.values.conversion import NUMERIC, Value, text_of_number, to_bytes, type_name

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


def write_yaml(context: Context, value: Value, inline: int, indent: int) -> str:
    """A value as YAML: `inline` is the depth at which writing in one line begins, `indent` the blanks of one level."""
    parts: list[str] = []
    _write(value, inline, " " * indent, "", parts, context)
    return "".join(parts)


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
