"""The filters of Twig. Names that only the language has are found among its filters (`program filter`)."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from functools import cmp_to_key
from urllib.parse import quote

from xsrun.dates.formats import format_timestamp
from xsrun.dates.timestamps import shift
from xsrun.errors import XanoScriptError
from xsrun.services.templates.functions import FunctionEnvironment, State
from xsrun.services.templates.operators import is_empty, number_range, to_moment
from xsrun.services.templates.values import (
    Moment,
    entries,
    is_true,
    items,
    keyed,
    member,
    to_arithmetic,
    to_output,
    to_whole,
)
from xsrun.values.comparison import compare
from xsrun.values.conversion import Value, describe, normalize_object, to_number

_BLANKS = " \t\n\r\0\x0b"

# Texts ---------------------------------------------------------------------------------------------------------------


def capitalize(value: Value) -> str:
    text = to_output(value)
    return text[:1].upper() + text[1:].lower()


def title(value: Value) -> str:
    return re.sub(r"\S+", lambda word: word[0][:1].upper() + word[0][1:].lower(), to_output(value))


def trim(value: Value, character_mask: Value = None, side: Value = "both") -> str:
    text, mask = to_output(value), _BLANKS if character_mask is None else to_output(character_mask)
    if side in ("both", "left"):
        text = text.lstrip(mask)
    return text.rstrip(mask) if side in ("both", "right") else text


def replace(value: Value, pairs: Value) -> str:
    """PHP's strtr: the longest key at each place, and what was put in is not looked at again."""
    table = {to_output(key): to_output(item) for key, item in entries(pairs) if to_output(key)}
    if not table:
        return to_output(value)
    pattern = "|".join(re.escape(key) for key in sorted(table, key=len, reverse=True))
    return re.sub(pattern, lambda found: table[found[0]], to_output(value))


def split(value: Value, delimiter: Value, limit: Value = None) -> list[Value]:
    text, mark = to_output(value), to_output(delimiter)
    most = to_whole(limit)
    if not mark:
        size = max(most, 1)
        return [text[start : start + size] for start in range(0, len(text), size)]
    parts = text.split(mark, most - 1) if most > 0 else text.split(mark)
    return list(parts[:most]) if most < 0 else list(parts)


def striptags(value: Value, allowable_tags: Value = None) -> str:
    allowed = {tag.lower() for tag in re.findall(r"<\s*(\w+)", to_output(allowable_tags))}
    text = re.sub(r"<!--.*?-->", "", to_output(value), flags=re.DOTALL)
    return re.sub(r"</?(\w+)[^>]*>|<[!?/][^>]*>", lambda tag: tag[0] if (tag[1] or "").lower() in allowed else "", text)


def nl2br(value: Value) -> str:
    return re.sub(r"(\r\n|\n|\r)", r"<br />\1", to_output(value))


def spaceless(value: Value) -> str:
    return re.sub(r">\s+<", "><", to_output(value)).strip()


def slug(value: Value, separator: Value = "-") -> str:
    import unicodedata

    text = unicodedata.normalize("NFKD", to_output(value)).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", to_output(separator).replace("\\", r"\\"), text).strip(to_output(separator))


def format_text(state: State, value: Value, *arguments: Value) -> Value:
    """PHP's sprintf."""
    return language_filter(state, "sprintf")(to_output(value), *arguments)


def language_filter(state: State, name: str) -> Callable[..., Value]:
    """A filter of the language that does what Twig's does, as both call the same function of PHP."""
    function = state.find_filter(name)
    if function is None:
        raise LookupError(f"the language has no filter {name}")
    return function


# Escaping ------------------------------------------------------------------------------------------------------------

_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#039;"}


def escape(value: Value, strategy: Value = "html", charset: Value = None) -> str:
    """A text made safe for a place in HTML (`html`, `html_attr`, `js`, `css`) or in a URL (`url`)."""
    text = to_output(value)
    if strategy == "html" or strategy is None:
        return re.sub(r"[&<>\"']", lambda found: _HTML[found[0]], text)
    if strategy == "url":
        return quote(text, safe="-_.~")
    escapers: dict[Value, tuple[str, Callable[[str], str]]] = {
        "html_attr": (r"[^A-Za-z0-9,._-]", _html_attribute),
        "js": (r"[^A-Za-z0-9,._]", _script),
        "css": (r"[^A-Za-z0-9]", lambda character: f"\\{ord(character):X} "),
    }
    if strategy not in escapers:
        names = ", ".join(["html", "url", *escapers])
        raise XanoScriptError(f"Invalid escaping strategy {describe(strategy)} (valid ones: {names}).")
    pattern, made = escapers[strategy]
    return re.sub(pattern, lambda found: made(found[0]), text, flags=re.DOTALL)


def _html_attribute(character: str) -> str:
    named = {'"': "&quot;", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
    code = ord(character)
    if (code <= 0x1F and character not in "\t\n\r") or 0x7F <= code <= 0x9F:
        return "&#xFFFD;"
    return named.get(character) or (f"&#x{code:02X};" if code < 256 else f"&#x{code:04X};")


def _script(character: str) -> str:
    short = {"\\": "\\\\", "/": "\\/", "\x08": "\\b", "\x0c": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    if character in short:
        return short[character]
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02X}{units[at + 1]:02X}" for at in range(0, len(units), 2))


def url_encode(value: Value) -> str:
    """A text for a URL; an object as a query string."""
    if value.__class__ in (list, dict):
        return "&".join(
            f"{quote(to_output(key), safe='-_.~')}={quote(to_output(item), safe='-_.~')}"
            for key, item in entries(value)
        )
    return quote(to_output(value), safe="-_.~")


# Numbers and dates ---------------------------------------------------------------------------------------------------


def absolute(value: Value) -> Value:
    return abs(to_number(to_arithmetic(value)))


def number_format(
    state: State, value: Value, decimals: Value = 0, decimal_point: Value = ".", thousands: Value = ","
) -> str:
    number = to_number(to_arithmetic(value) or 0)
    marks = to_output(decimal_point), to_output(thousands)
    return to_output(language_filter(state, "number_format")(number, to_whole(decimals), *marks))


def round_number(state: State, value: Value, precision: Value = 0, method: Value = "common") -> Value:
    number = to_number(to_arithmetic(value))
    if method == "common":
        return language_filter(state, "round")(number, to_whole(precision))
    if method not in ("ceil", "floor"):
        raise XanoScriptError('The filter `round` knows the methods "common", "ceil" and "floor".')
    factor = 10.0 ** max(min(to_whole(precision), 300), -300)
    return (math.ceil if method == "ceil" else math.floor)(number * factor) / factor


def date(state: State, value: Value, format: Value = None, timezone: Value = None) -> str:
    zone = None if timezone is None or timezone is False else to_output(timezone)
    letters = "F j, Y H:i" if format is None else to_output(format)
    return format_timestamp(to_moment(state, value, zone).milliseconds, letters, zone)


def date_modify(state: State, value: Value, modifier: Value) -> Moment:
    return Moment(shift(to_moment(state, value).milliseconds, to_output(modifier)))


# Lists and objects ---------------------------------------------------------------------------------------------------


def length(value: Value) -> int:
    return len(value) if value.__class__ in (list, dict) else len(to_output(value))


def first(value: Value) -> Value:
    if value.__class__ in (list, dict):
        return next(iter(items(value, "filter `first`")), None)
    return to_output(value)[:1]


def last(value: Value) -> Value:
    if value.__class__ in (list, dict):
        return next(reversed(items(value, "filter `last`")), None)
    return to_output(value)[-1:]


def join(state: State, value: Value, glue: Value = "", final: Value = None) -> str:
    found = value if value.__class__ in (list, dict) else [value]
    parts = [to_output(item) for item in items(found, "filter `join`")]
    between = to_output(glue)
    state.run.check_size(sum(map(len, parts)) + len(between) * len(parts))
    if final is not None and len(parts) > 1:
        return between.join(parts[:-1]) + to_output(final) + parts[-1]
    return between.join(parts)


def slice_value(value: Value, start: Value, length: Value = None, preserve_keys: Value = False) -> Value:
    """A part of a list or text: from a position, so many; negative ones count from the end."""
    source: Value = (
        value if value.__class__ is list else list(entries(value)) if value.__class__ is dict else to_output(value)
    )
    size = len(source)
    begin = to_whole(start)
    begin = min(begin, size) if begin >= 0 else max(size + begin, 0)
    count = None if length is None else to_whole(length)
    end = size if count is None else min(begin + count, size) if count >= 0 else max(size + count, begin)
    part = source[begin:end]
    return keyed(part, value) if value.__class__ is dict else part


def reverse(value: Value, preserve_keys: Value = False) -> Value:
    if value.__class__ is dict:
        return keyed(list(entries(value))[::-1], value)
    return value[::-1] if value.__class__ is list else to_output(value)[::-1]


def merge(state: State, value: Value, *others: Value) -> Value:
    """PHP's array_merge: lists follow each other, keys of objects are overwritten."""
    sources = [value, *others]
    for source in sources:
        items(source, "filter `merge`")
    state.run.check_size(sum(len(source or ()) for source in sources))
    if all(source is None or source.__class__ is list for source in sources):
        return [item for source in sources for item in source or ()]
    merged: dict[str, Value] = {}
    position = 0
    for source in sources:
        for key, item in entries(source):
            if key.__class__ is int:
                key, position = position, position + 1
            merged[to_output(key)] = item
    return normalize_object(merged)


def sort(value: Value, arrow: Value = None) -> Value:
    def order(one: Value, two: Value) -> int:
        return to_whole(arrow(one, two)) if callable(arrow) else compare(one, two)

    position = cmp_to_key(order)
    if value.__class__ is list:
        return sorted(value, key=position)
    return keyed(sorted(entries(value), key=lambda pair: position(pair[1])), value)


def shuffle(value: Value) -> list[Value]:
    found = items(value, "filter `shuffle`")
    random.shuffle(found)
    return found


def batch(value: Value, size: Value, fill: Value = None, preserve_keys: Value = True) -> list[Value]:
    """Lists of so many members each, the last one filled up with a value if one is given."""
    found, count = items(value, "filter `batch`"), max(to_whole(size, 1), 1)
    parts = [found[start : start + count] for start in range(0, len(found), count)]
    if parts and fill is not None:
        parts[-1] = parts[-1] + [fill] * min(count - len(parts[-1]), 1_000_000)
    return list(parts)


def column(value: Value, name: Value, index: Value = None) -> list[Value]:
    found = [member(item, name) for item in items(value, "filter `column`")]
    present = [item for item, row in zip(found, items(value, "filter `column`"), strict=True) if _has(row, name)]
    return list(present)


def _has(row: Value, name: Value) -> bool:
    return row.__class__ is dict and to_output(name) in row


def keys(value: Value) -> list[Value]:
    return [key for key, _ in entries(value)]


def _needs_arrow(arrow: Value, name: str) -> Value:
    """The function that a filter cannot do without. Only arrow functions are callable here."""
    if callable(arrow):
        return arrow
    raise XanoScriptError(
        f"The template's filter `{name}` needs an arrow function, not {describe(arrow)}.",
        hint=f"write it like {name}(item => item)",
    )


def map_values(value: Value, arrow: Value) -> Value:
    arrow = _needs_arrow(arrow, "map")
    return keyed(((key, arrow(item, key)) for key, item in entries(value)), value)


def filter_values(value: Value, arrow: Value = None) -> Value:
    test = arrow if callable(arrow) else lambda item, key: item
    return keyed(((key, item) for key, item in entries(value) if is_true(test(item, key))), value)


def find(value: Value, arrow: Value) -> Value:
    arrow = _needs_arrow(arrow, "find")
    return next((item for key, item in entries(value) if is_true(arrow(item, key))), None)


def reduce(value: Value, arrow: Value, initial: Value = None) -> Value:
    result, arrow = initial, _needs_arrow(arrow, "reduce")
    for key, item in entries(value):
        result = arrow(result, item, key)
    return result


# All of them ---------------------------------------------------------------------------------------------------------


def default(value: Value, otherwise: Value = "") -> Value:
    """The value unless it is undefined or empty (0 is not)."""
    return otherwise if is_empty(value) else value


_PLAIN: dict[str, Callable[..., Value]] = {
    "abs": absolute,
    "batch": batch,
    "capitalize": capitalize,
    "column": column,
    "escape": escape,
    "e": escape,
    "filter": filter_values,
    "find": find,
    "first": first,
    "keys": keys,
    "last": last,
    "length": length,
    "lower": lambda value: to_output(value).lower(),
    "map": map_values,
    "nl2br": nl2br,
    "raw": lambda value: value,
    "reduce": reduce,
    "replace": replace,
    "reverse": reverse,
    "shuffle": shuffle,
    "slice": slice_value,
    "slug": slug,
    "sort": sort,
    "spaceless": spaceless,
    "split": split,
    "striptags": striptags,
    "title": title,
    "trim": trim,
    "upper": lambda value: to_output(value).upper(),
    "url_encode": url_encode,
}
_WITH_STATE: dict[str, Callable[..., Value]] = {
    "date": date,
    "date_modify": date_modify,
    "format": format_text,
    "join": join,
    "merge": merge,
    "number_format": number_format,
    "round": round_number,
}


def declare_filters(environment: FunctionEnvironment) -> None:
    for name, function in _PLAIN.items():
        environment.declare(f"filter {name}", function)
    for name, function in _WITH_STATE.items():
        environment.declare(f"filter {name}", function, with_state=True)
    environment.declare("filter default", default, raw=True)


__all__ = ["declare_filters", "number_range"]
