"""Distances and areas on the earth, taken as a sphere; each rule in Python and in PostgreSQL's SQL.

A place is the `{type, data}` object of `xsrun.values.geo`. The engine measures on a spheroid, which differs by up to
half a percent.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from xsrun.values.conversion import Value

#: The mean radius of the earth in metres.
RADIUS = 6371008.8

Position = tuple[float, float]

#: PostgreSQL's `xs_distance`: the least distance of any two of the positions, 0 where an area covers one.
DISTANCE = f"""
SELECT CASE WHEN xs_covers($1, $2) OR xs_covers($2, $1) THEN 0::float8 ELSE (
  SELECT min(2 * {RADIUS} * asin(least(1, sqrt(
    power(sin(radians(b.lat - a.lat) / 2), 2)
    + cos(radians(a.lat)) * cos(radians(b.lat)) * power(sin(radians(b.lng - a.lng) / 2), 2)
  ))))
  FROM xs_positions($1) AS a, xs_positions($2) AS b
) END"""

#: PostgreSQL's `xs_covers`: an even-odd test of every position of the second place against the rings of the first.
COVERS = """
SELECT CASE
  WHEN NOT EXISTS (SELECT 1 FROM xs_positions($2)) THEN NULL
  WHEN $1 ->> 'type' NOT IN ('poly', 'polys') THEN NOT EXISTS (
    SELECT 1 FROM xs_positions($2) AS p
    WHERE NOT EXISTS (SELECT 1 FROM xs_positions($1) AS q WHERE q.lng = p.lng AND q.lat = p.lat))
  ELSE NOT EXISTS (
    SELECT 1 FROM xs_positions($2) AS p
    WHERE NOT EXISTS (
      SELECT 1
      FROM jsonb_array_elements(
        CASE $1 ->> 'type' WHEN 'poly' THEN jsonb_build_array($1 -> 'data') ELSE $1 -> 'data' END) AS ring(data)
      WHERE (
        SELECT bool_or(p.lng = a.lng AND p.lat = a.lat) OR count(*) FILTER (
          WHERE (a.lat > p.lat) <> (b.lat > p.lat)
          AND p.lng < (b.lng - a.lng) * (p.lat - a.lat) / nullif(b.lat - a.lat, 0) + a.lng) % 2 = 1
        FROM xs_ring(ring.data) AS a
        JOIN xs_ring(ring.data) AS b ON b.n = (a.n % jsonb_array_length(ring.data)) + 1)))
END"""

#: Set-returning helpers of the two, made before them.
HELPERS = {
    "xs_positions(place jsonb)": (
        "TABLE(lng float8, lat float8)",
        "SELECT (value ->> 'lng')::float8, (value ->> 'lat')::float8 FROM jsonb_path_query(place -> 'data', "
        "'$.** ? (exists (@.lng) && exists (@.lat))') AS value",
    ),
    "xs_ring(ring jsonb)": (
        "TABLE(n bigint, lng float8, lat float8)",
        "SELECT n, (value ->> 'lng')::float8, (value ->> 'lat')::float8 FROM jsonb_array_elements(ring) "
        "WITH ORDINALITY AS t(value, n)",
    ),
}


def positions(place: Value) -> list[Position]:
    """All positions of a place as (longitude, latitude)."""
    return list(_positions(place.get("data") if place.__class__ is dict else None))


def _positions(data: Value) -> Iterator[Position]:
    if (
        data.__class__ is dict
        and data.get("lng").__class__ in (int, float)
        and data.get("lat").__class__ in (int, float)
    ):
        yield data["lng"], data["lat"]
    elif data.__class__ is list:
        for item in data:
            yield from _positions(item)


def distance(one: Value, two: Value) -> float | None:
    """Metres between the nearest positions of two places; 0 where one's area covers the other."""
    if covers(one, two) or covers(two, one):
        return 0.0
    found = [_great_circle(a, b) for a in positions(one) for b in positions(two)]
    return min(found, default=None)


def _great_circle(one: Position, two: Position) -> float:
    (lng1, lat1), (lng2, lat2) = one, two
    rise = math.sin(math.radians(lat2 - lat1) / 2) ** 2
    turn = math.sin(math.radians(lng2 - lng1) / 2) ** 2
    half = rise + math.cos(math.radians(lat1)) * math.cos(math.radians(lat2)) * turn
    return 2 * RADIUS * math.asin(min(1.0, math.sqrt(half)))


def covers(place: Value, other: Value) -> bool | None:
    """Whether every position of the second place lies in the first; None when it has none."""
    wanted = positions(other)
    if not wanted:
        return None
    kind = place.get("type") if place.__class__ is dict else None
    if kind not in ("poly", "polys"):
        return set(wanted) <= set(positions(place))
    rings = [place["data"]] if kind == "poly" else place["data"]
    outlines = [list(_positions(ring)) for ring in rings]
    return all(any(_inside(position, outline) for outline in outlines) for position in wanted)


def _inside(position: Position, outline: list[Position]) -> bool:
    """The even-odd rule, in degrees; the corners belong to the area."""
    x, y = position
    inside = False
    for (x1, y1), (x2, y2) in zip(outline, outline[1:] + outline[:1], strict=True):
        if (x1, y1) == position:
            return True
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside
