"""Filters of vectors."""

from __future__ import annotations

import math
from collections.abc import Callable

from xsrun.database.operators.declare import Body, operator
from xsrun.database.vectors import vector_of


def _vector(name: str, expression: str) -> Callable[[Body], Body]:
    """A filter over two vectors; PostgreSQL's side is an aggregate over their elements `a` and `b`."""
    return operator(
        name,
        "vector",
        "vector",
        result="decimal",
        body=f"SELECT CASE WHEN cardinality($1) = cardinality($2) THEN "
        f"(SELECT {expression} FROM unnest($1, $2) AS t(a, b)) END",
    )


def _pairs(value: bytes, other: bytes) -> list[tuple[float, float]] | None:
    a, b = vector_of(value), vector_of(other)
    return list(zip(a, b, strict=True)) if len(a) == len(b) else None


@_vector("l1_distance_manhattan", "sum(abs(a - b))")
def l1_distance_manhattan(value: bytes, other: bytes) -> float | None:
    """The sum of the differences of two vectors' elements.

    >>> db.add "doc" { data = {v: [1, 2]} }
    ... db.query "doc" {
    ...   where = ($db.doc.v|l1_distance_manhattan:[3, 5]) == 5
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    pairs = _pairs(value, other)
    return None if pairs is None else math.fsum(abs(a - b) for a, b in pairs)


@_vector("l2_distance_euclidean", "sqrt(sum((a - b) * (a - b)))")
def l2_distance_euclidean(value: bytes, other: bytes) -> float | None:
    """The straight distance of two vectors.

    >>> db.add "doc" { data = {v: [0, 0]} }
    ... db.query "doc" {
    ...   where = ($db.doc.v|l2_distance_euclidean:[3, 4]) == 5
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    a, b = vector_of(value), vector_of(other)
    return math.dist(a, b) if len(a) == len(b) else None


@_vector("inner_product", "sum(a * b)")
def inner_product(value: bytes, other: bytes) -> float | None:
    """The inner product of two vectors.

    >>> db.add "doc" { data = {v: [1, 2]} }
    ... db.query "doc" {
    ...   where = ($db.doc.v|inner_product:[3, 4]) == 11
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    pairs = _pairs(value, other)
    return None if pairs is None else sum(a * b for a, b in pairs)


@_vector("negative_inner_product", "-sum(a * b)")
def negative_inner_product(value: bytes, other: bytes) -> float | None:
    """The inner product with the other sign, so that the most similar come first.

    >>> db.add "doc" { data = {v: [1, 2]} }
    ... db.query "doc" {
    ...   where = ($db.doc.v|negative_inner_product:[3, 4]) == -11
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    product = inner_product(value, other)
    return None if product is None else -product


@_vector("cosine_similarity", "sum(a * b) / nullif(sqrt(sum(a * a)) * sqrt(sum(b * b)), 0)")
def cosine_similarity(value: bytes, other: bytes) -> float | None:
    """The cosine of the angle between two vectors: 1 for the same direction.

    >>> db.add "doc" { data = {v: [2, 0]} }
    ... db.query "doc" {
    ...   where = ($db.doc.v|cosine_similarity:[5, 0]) == 1
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    a, b = vector_of(value), vector_of(other)
    norms = math.hypot(*a) * math.hypot(*b)
    return sum(x * y for x, y in zip(a, b, strict=True)) / norms if len(a) == len(b) and norms else None


@_vector("cosine_distance", "1 - sum(a * b) / nullif(sqrt(sum(a * a)) * sqrt(sum(b * b)), 0)")
def cosine_distance(value: bytes, other: bytes) -> float | None:
    """One less the cosine of the angle between two vectors: 0 for the same direction.

    >>> db.add "doc" { data = {v: [2, 0]} }
    ... db.query "doc" {
    ...   where = ($db.doc.v|cosine_distance:[0, 3]) == 1
    ...   return = {type: "count"}
    ... } as $count
    {"count": 1}
    """
    similarity = cosine_similarity(value, other)
    return None if similarity is None else 1 - similarity
