"""Vectors: lists of numbers, and the bytes that SQLite keeps for them."""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.hints import TYPE_CHECKING
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from array import array


def vector_bytes(value: Value) -> bytes | None:
    """A list of numbers as SQLite keeps vectors; None for anything else."""
    if value.__class__ is list and all(item.__class__ in (int, float) for item in value):
        from array import array

        return array("d", value).tobytes()
    return None


def vector_of(data: bytes) -> array[float]:
    """The elements of a vector: SQLite keeps them as the bytes of doubles."""
    from array import array

    elements = array("d")
    elements.frombytes(data)
    return elements


def decode_numbers(numbers: Iterable[float]) -> list[float]:
    """The elements of a vector: those without a fraction are ints."""
    return [int(number) if number == int(number) else number for number in numbers]
