"""The filters that make geographic values. They are known by name only: the engine's registry lists them, no page
describes them. Here they take what an input of that type takes (semantics 3.3), and bare positions.
"""

from __future__ import annotations

from xsrun.errors import XanoScriptError
from xsrun.registry import filter
from xsrun.values import geo
from xsrun.values.conversion import Value, describe


def _shape(field_type: str, value: Value) -> Value:
    """The `{type, data}` object of this field type. Null stays null; what is not such a value raises."""
    word, depth, _ = geo.SHAPES[field_type]
    kind = field_type.removeprefix("geo_")
    if value is None:
        return None
    shape = None
    if value.__class__ is dict and value.get("type") in (word, kind, field_type):
        shape = {"type": word, "data": value.get("data")}
    elif value.__class__ is str:
        shape = geo.shape_of_wkt(field_type, value)
    elif value.__class__ is list or depth == 0:
        shape = {"type": word, "data": value}
    if shape is not None and geo.is_shape(field_type, shape):
        return shape
    raise XanoScriptError(
        f"Unable to convert to {field_type}",
        hint=f'the value is {describe(value)}; write {{type: "{word}", data: ...}} with {{lng, lat}} positions, or WKT',
    )


@filter("to_geo_point")
def to_geo_point(value: Value) -> Value:
    """A point, from `{type, data}`, a `{lng, lat}` position, or WKT text.

    >>> "POINT(1.5 2.5)"|to_geo_point
    {"type": "point", "data": {"lng": 1.5, "lat": 2.5}}
    """
    return _shape("geo_point", value)


@filter("to_geo_linestring")
def to_geo_linestring(value: Value) -> Value:
    """A line, from `{type, data}`, a list of positions, or WKT text.

    >>> [{lng: 1, lat: 2}, {lng: 3, lat: 4}]|to_geo_linestring
    {"type": "path", "data": [{"lng": 1, "lat": 2}, {"lng": 3, "lat": 4}]}
    """
    return _shape("geo_linestring", value)


@filter("to_geo_polygon")
def to_geo_polygon(value: Value) -> Value:
    """A polygon, from `{type, data}`, a list of positions, or WKT text.

    >>> "POLYGON((0 0, 1 0, 0 0))"|to_geo_polygon
    {"type": "poly", "data": [{"lng": 0, "lat": 0}, {"lng": 1, "lat": 0}, {"lng": 0, "lat": 0}]}
    """
    return _shape("geo_polygon", value)


@filter("to_geo_multipoint")
def to_geo_multipoint(value: Value) -> Value:
    """Points, from `{type, data}`, a list of positions, or WKT text.

    >>> [{lng: 1, lat: 2}]|to_geo_multipoint
    {"type": "points", "data": [{"lng": 1, "lat": 2}]}
    """
    return _shape("geo_multipoint", value)


@filter("to_geo_multilinestring")
def to_geo_multilinestring(value: Value) -> Value:
    """Lines, from `{type, data}`, a list of lists of positions, or WKT text.

    >>> [[{lng: 1, lat: 2}]]|to_geo_multilinestring
    {"type": "paths", "data": [[{"lng": 1, "lat": 2}]]}
    """
    return _shape("geo_multilinestring", value)


@filter("to_geo_multipolygon")
def to_geo_multipolygon(value: Value) -> Value:
    """Polygons, from `{type, data}`, a list of lists of positions, or WKT text.

    >>> [[{lng: 1, lat: 2}]]|to_geo_multipolygon
    {"type": "polys", "data": [[{"lng": 1, "lat": 2}]]}
    """
    return _shape("geo_multipolygon", value)
