"""Geographic values: `{type, data}` objects, and the WKT texts that stand for them (semantics 3.3).

A position is `{lng, lat}` in degrees. `point` holds one; `points`, `path` and `poly` a list; `paths` and `polys` a
list of lists.
"""

from __future__ import annotations

import re

from xsrun.lazy_regex import pattern
from xsrun.values.conversion import Value
from xsrun.values.digits import whole_of_digits

#: field type -> (type word of the value, how deep its lists nest, word of WKT)
SHAPES = {
    "geo_point": ("point", 0, "POINT"),
    "geo_multipoint": ("points", 1, "MULTIPOINT"),
    "geo_linestring": ("path", 1, "LINESTRING"),
    "geo_multilinestring": ("paths", 2, "MULTILINESTRING"),
    "geo_polygon": ("poly", 1, "POLYGON"),
    "geo_multipolygon": ("polys", 2, "MULTIPOLYGON"),
}

# What repeats never gives back what it took (`++`), so that a long text which is not WKT is refused at once.
_NUMBER = r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?"
_TOKEN = pattern(rf"\s*+(?:({_NUMBER})\s++({_NUMBER})(?:\s++{_NUMBER})*+|([(),]))", re.ASCII)
_HEAD = pattern(r"\s*+(?:SRID=\d++;\s*+)?([A-Za-z]++)\s*+(?=\()")


def is_position(value: Value) -> bool:
    """Whether this is a `{lng, lat}` object with numbers in it."""
    return value.__class__ is dict and all(value.get(key).__class__ in (int, float) for key in ("lng", "lat"))


def is_shape(field_type: str, value: Value) -> bool:
    """Whether this is the `{type, data}` object of a field of this type."""
    if value.__class__ is not dict or field_type not in SHAPES:
        return False
    word, depth, _ = SHAPES[field_type]
    return value.get("type") == word and _nested_positions(value.get("data"), depth)


def _nested_positions(data: Value, depth: int) -> bool:
    if depth == 0:
        return is_position(data)
    return data.__class__ is list and all(_nested_positions(item, depth - 1) for item in data)


def closed(shape: dict[str, Value]) -> dict[str, Value]:
    """A shape whose polygons end where they begin, as the database gives them back."""
    if shape["type"] == "poly":
        return {**shape, "data": _ring(shape["data"])}
    if shape["type"] == "polys":
        return {**shape, "data": [_ring(ring) for ring in shape["data"]]}
    return shape


def _ring(positions: list[Value]) -> list[Value]:
    return positions if not positions or positions[0] == positions[-1] else [*positions, dict(positions[0])]


def shape_of_wkt(field_type: str, text: str) -> dict[str, Value] | None:
    """The `{type, data}` object of a WKT text; None when it is not WKT text of that field type.

    Of a polygon with holes only the outer ring is kept: the language's value has no place for the others.
    """
    head = _HEAD.match(text)
    if head is None or field_type not in SHAPES or head.group(1).upper() != SHAPES[field_type][2]:
        return None
    groups = _read_groups(text, head.end())
    if groups is None:
        return None
    word, _, _ = SHAPES[field_type]
    data: Value
    if field_type == "geo_point":
        data = groups[0] if len(groups) == 1 else None
    elif field_type == "geo_multipoint":
        data = [item[0] if item.__class__ is list and item else item for item in groups]
    elif field_type == "geo_polygon":
        data = groups[0] if groups else None
    elif field_type == "geo_multipolygon":
        data = [item[0] if item.__class__ is list and item else None for item in groups]
    else:
        data = groups
    shape = {"type": word, "data": data}
    return shape if is_shape(field_type, shape) else None


def _read_groups(text: str, start: int) -> list[Value] | None:
    """The parenthesised positions of a WKT text as nested lists; None when brackets do not match."""
    stack: list[list[Value]] = [[]]
    position = start
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or len(stack) > 4:
            return None
        position = match.end()
        longitude, latitude, mark = match.groups()
        if longitude is not None:
            stack[-1].append({"lng": _number(longitude), "lat": _number(latitude)})
        elif mark == "(":
            stack.append([])
        elif mark == ")":
            if len(stack) < 2:
                return None
            group = stack.pop()
            stack[-1].append(group)
    return stack[0][0] if len(stack) == 1 and len(stack[0]) == 1 else None


def _number(text: str) -> float:
    whole = whole_of_digits(text.lstrip("+-"))
    return float(text) if whole is None else -whole if text.startswith("-") else whole
