"""The fields of a document: `a.b` for members of members, each with all the values that stand there.

Objects in a list are parts of the document of their own besides, as nested documents of Elasticsearch are: what a
`nested` query looks at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from math import isfinite

from xsrun.hints import NamedTuple
from xsrun.lazy_regex import pattern
from xsrun.services.search.unsupported import SearchError
from xsrun.values.conversion import Value

Scalar = str | int | float | bool
#: Words as the index sees them: letters, digits and marks, in small letters.
_WORD = pattern(r"[^\W_]+", re.UNICODE)
_DATE = pattern(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")
_NOW = pattern(r"(?P<base>now|.+\|\|)(?P<steps>(?:[+-]\d+[yMwdhHms])*)(?P<round>/[yMwdhHms])?")
_STEP = pattern(r"([+-]\d+)([yMwdhHms])")
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "H": 3_600, "m": 60, "s": 1, "M": 2_629_746, "y": 31_556_952}


class DocumentPart(NamedTuple):
    """A document, or an object in a list of it: where it stands, and its fields."""

    path: str
    fields: dict[str, list[Scalar]]


def parts_of(source: dict[str, Value]) -> Iterator[DocumentPart]:
    """The document itself, with all its fields, and then the objects in its lists."""
    whole: dict[str, list[Scalar]] = {}
    pieces: list[DocumentPart] = []
    _collect(source, "", [whole], pieces)
    yield DocumentPart("", whole)
    yield from pieces


def _collect(value: Value, path: str, into: list[dict[str, list[Scalar]]], pieces: list[DocumentPart]) -> None:
    """Add the values below a path to a document and to the objects that hold it."""
    if isinstance(value, dict):
        for name, member in value.items():
            _collect(member, f"{path}.{name}" if path else str(name), into, pieces)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                own: dict[str, list[Scalar]] = {}
                pieces.append(DocumentPart(path, own))
                _collect(item, path, [*into, own], pieces)
            else:
                _collect(item, path, into, pieces)
    elif isinstance(value, (str, bool, int, float)):
        for fields in into:
            fields.setdefault(path, []).append(value)


def words_of(text: str) -> list[str]:
    """The words of a text, in small letters."""
    return [word.lower() for word in _WORD.findall(text)]


def text_of_scalar(value: Scalar) -> str:
    """A value as the index keeps its text: booleans as JSON writes them, whole numbers without a fraction."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def number_of(value: Value) -> float | None:
    """The number that a value is or writes, and the time of a date in milliseconds; None for other texts."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str) and _DATE.fullmatch(value):
        return time_of(value)
    if not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if isfinite(found) else None  # "inf" and "nan" are words


def time_of(text: str) -> float | None:
    """An ISO date or time in milliseconds since the epoch, UTC unless it says otherwise."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return (
        moment.replace(tzinfo=None) - (moment.utcoffset() or timedelta()) - datetime(1970, 1, 1)
    ).total_seconds() * 1000


def bound_of(value: Value, now: int) -> float | str | None:
    """A bound of a range: a number, a time in milliseconds (`now-1d/d`, `2026-01-01||+1M`), or a text."""
    if isinstance(value, str):
        found = _NOW.fullmatch(value)
        if found is not None and (found["base"] == "now" or found["base"].endswith("||")):
            base = float(now) if found["base"] == "now" else time_of(found["base"][:-2])
            if base is None:
                raise SearchError("parse_exception", f"failed to parse date field [{value}]")
            for amount, unit in _STEP.findall(found["steps"]):
                base += int(amount) * _SECONDS[unit] * 1000
            if found["round"]:
                step = _SECONDS[found["round"][1]] * 1000
                base -= base % step
            return base
    number = number_of(value)
    return value if number is None and isinstance(value, str) else number
