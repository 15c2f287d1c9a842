"""Filters of places on the earth, taken as a sphere."""

from __future__ import annotations

from xsrun.database import geometry
from xsrun.database.operators.declare import operator
from xsrun.values.conversion import from_json


@operator(
    "distance",
    "geo",
    "geo",
    result="decimal",
    body=geometry.DISTANCE,
)
def distance(value: str, other: str) -> float | None:
    """The distance between two places in metres; from the nearest of their points, 0 inside an area.

    >>> db.add "quay" { data = {at: {type: "point", data: {lng: 10, lat: 60}}} }
    ... db.query "quay" {
    ...   where = ($db.quay.at|distance:{type: "point", data: {lng: 10, lat: 60.001}}) < 112
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return geometry.distance(from_json(value), from_json(other))


@operator(
    "within",
    "geo",
    "geo",
    "decimal",
    result="bool",
    postgres="(xs_distance({0}, {1}) <= {2})",
)
def within(value: str, other: str, radius: float) -> bool | None:
    """Whether a place lies within a number of metres of another.

    >>> db.add "quay" { data = {at: {type: "point", data: {lng: 10, lat: 60}}} }
    ... db.query "quay" {
    ...   where = $db.quay.at|within:{type: "point", data: {lng: 10, lat: 60.001}}:200
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    metres = geometry.distance(from_json(value), from_json(other))
    return None if metres is None else metres <= radius


@operator("covers", "geo", "geo", result="bool", body=geometry.COVERS)
def covers(value: str, other: str) -> bool | None:
    """Whether every point of one place lies in the area of another.

    >>> db.add "park" {
    ...   data = {area: {type: "poly", data: [{lng: 0, lat: 0}, {lng: 4, lat: 0}, {lng: 4, lat: 4}, {lng: 0, lat: 4}]}}
    ... }
    ... db.query "park" {
    ...   where = $db.park.area|covers:{type: "point", data: {lng: 1, lat: 1}}
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    return geometry.covers(from_json(value), from_json(other))
