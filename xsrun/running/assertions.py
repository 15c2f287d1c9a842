"""What each `expect.*` asserts, and what it says when it fails (semantics 8.2).

Shared by unit tests, which judge a response, and by the statements of workflow tests, which raise. A subject whose path
is missing is null. The engine's wording is known for `to_equal` and `to_throw` alone; the others follow its pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from xsrun.errors import XanoScriptError
from xsrun.hints import NamedTuple
from xsrun.values.comparison import compare, loose_equal
from xsrun.values.conversion import Value, as_utf8, to_json, to_text, truthy

#: Characters of a value that a message shows.
SHOWN = 300
#: What a pattern may be wrapped in for `to_match`; other first characters belong to a bare pattern.
_DELIMITERS = "/#~@%!,;"

#: `(delimited pattern, subject) -> bool`: the filter `regex_matches`, handed in because it lives above this room.
Matcher = Callable[[str, str], bool]


class Verdict(NamedTuple):
    """Whether an assertion holds, and the message when it does not."""

    passes: bool
    message: str = ""


PASSED = Verdict(True)


def show(value: Value) -> str:
    """A value for a message: JSON, cut when it is long."""
    text = to_json(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def _verdict(name: str, passes: bool, complaint: str) -> Verdict:
    return PASSED if passes else Verdict(False, f"{name} failed - {complaint}")


# A subject alone -----------------------------------------------------------------------------------------------------

_STATES: dict[str, tuple[Callable[[Value], bool], str]] = {
    "to_be_defined": (lambda value: value is not None, "is not defined"),
    "to_not_be_defined": (lambda value: value is None, "is defined"),
    "to_be_null": (lambda value: value is None, "is not null"),
    "to_not_be_null": (lambda value: value is not None, "is null"),
    "to_be_true": (lambda value: value is True or (value.__class__ is int and value == 1), "is not true"),
    "to_be_false": (lambda value: value is False or (value.__class__ is int and value == 0), "is not false"),
    "to_be_empty": (lambda value: not truthy(value), "is not empty"),
}


def _state(name: str, subject: Value) -> Verdict:
    holds, complaint = _STATES[name]
    return _verdict(name, holds(subject), f"value {show(subject)} {complaint}")


def _instant(name: str, subject: Value, now: int) -> Verdict:
    """`to_be_in_the_past` and `to_be_in_the_future`: a timestamp in milliseconds, or a text with a time."""
    from xsrun.dates.timestamps import parse_timestamp_value

    if subject is None or subject.__class__ in (bool, list, dict):
        return Verdict(False, f"{name} failed - value {show(subject)} is not a time")
    try:
        moment = parse_timestamp_value(subject, now)
    except XanoScriptError:
        return Verdict(False, f"{name} failed - value {show(subject)} is not a time")
    past = name == "to_be_in_the_past"
    complaint = f"value {show(subject)} is not in the {'past' if past else 'future'}"
    return _verdict(name, moment < now if past else moment > now, complaint)


# A subject and an operand --------------------------------------------------------------------------------------------


def _equal(name: str, subject: Value, value: Value) -> Verdict:
    """Deep and loose: 2 equals 2.0 (evidence l); the rest is PHP's `==`."""
    if name == "to_equal":
        complaint = f"expected value {show(value)} does not equal {show(subject)}"
        return _verdict(name, loose_equal(subject, value), complaint)
    return _verdict(name, not loose_equal(subject, value), f"value {show(subject)} equals {show(value)}")


def _ordered(subject: Value, value: Value) -> bool:
    """Can the two be put in an order? Null and containers cannot, though PHP would."""
    return all(side is not None and side.__class__ not in (list, dict) for side in (subject, value))


def _order(name: str, subject: Value, value: Value) -> Verdict:
    sign = 1 if name == "to_be_greater_than" else -1
    passes = _ordered(subject, value) and compare(subject, value) == sign
    relation = "greater" if sign > 0 else "less"
    return _verdict(name, passes, f"value {show(subject)} is not {relation} than {show(value)}")


def _within(name: str, subject: Value, minimum: Value, maximum: Value) -> Verdict:
    """Both bounds are excluded (evidence k)."""
    passes = (
        _ordered(subject, minimum)
        and _ordered(subject, maximum)
        and compare(subject, minimum) > 0
        and compare(subject, maximum) < 0
    )
    complaint = f"value {show(subject)} is not between {show(minimum)} and {show(maximum)} (both bounds are exclusive)"
    return _verdict(name, passes, complaint)


def _contain(name: str, subject: Value, value: Value) -> Verdict:
    """A list or object has an element that equals the value loosely; a text has it as a part."""
    if isinstance(subject, (list, dict)):
        members: Iterable[Value] = subject.values() if isinstance(subject, dict) else subject
        passes = any(loose_equal(item, value) for item in members)
    else:
        part = _scalar_text(value)
        passes = part is not None and subject is not None and part in (_scalar_text(subject) or "")
    return _verdict(name, passes, f"value {show(subject)} does not contain {show(value)}")


def _edge(name: str, subject: Value, value: Value) -> Verdict:
    text, part = _scalar_text(subject), _scalar_text(value)
    starts = name == "to_start_with"
    passes = text is not None and part is not None and (text.startswith(part) if starts else text.endswith(part))
    return _verdict(name, passes, f"value {show(subject)} does not {'start' if starts else 'end'} with {show(value)}")


def _scalar_text(value: Value) -> str | None:
    return None if value is None or value.__class__ in (list, dict) else to_text(value)


def delimited(pattern: str) -> str:
    """A pattern in delimiters: as it is when it has some, else wrapped in ones that it does not hold.

    The engine takes delimited patterns only; its documentation shows bare ones (semantics 8.2).
    """
    first = pattern[:1]
    if first and first in _DELIMITERS and pattern.rfind(first) > 0:
        return pattern
    mark = next((char for char in _DELIMITERS if char not in pattern), None)
    return f"{mark}{pattern}{mark}u" if mark else "/" + pattern.replace("/", "\\/") + "/u"


def _match(name: str, subject: Value, value: Value, matches: Matcher) -> Verdict:
    text = _scalar_text(subject)
    passes = text is not None and matches(delimited(as_utf8(value)), text)
    return _verdict(name, passes, f"value {show(subject)} does not match {show(value)}")


# All of them by name -------------------------------------------------------------------------------------------------

#: assertion -> the attributes it takes; `to_throw` is judged by `throws`.
OPERANDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_STATES, ()),
    "to_be_in_the_past": (),
    "to_be_in_the_future": (),
    "to_equal": ("value",),
    "to_not_equal": ("value",),
    "to_be_greater_than": ("value",),
    "to_be_less_than": ("value",),
    "to_be_within": ("min", "max"),
    "to_contain": ("value",),
    "to_start_with": ("value",),
    "to_end_with": ("value",),
    "to_match": ("value",),
}
_BINARY: dict[str, Callable[[str, Value, Value], Verdict]] = {
    "to_equal": _equal,
    "to_not_equal": _equal,
    "to_be_greater_than": _order,
    "to_be_less_than": _order,
    "to_contain": _contain,
    "to_start_with": _edge,
    "to_end_with": _edge,
}


def judge(name: str, subject: Value, operands: list[Value], *, now: int, matches: Matcher) -> Verdict:
    """Judge one assertion by its name without `expect.`; `operands` in the order of `OPERANDS`, `now` in milliseconds.

    Raises XanoScriptError for a pattern that is none.
    """
    if name in _STATES:
        return _state(name, subject)
    if name in ("to_be_in_the_past", "to_be_in_the_future"):
        return _instant(name, subject, now)
    if name == "to_be_within":
        return _within(name, subject, operands[0], operands[1])
    if name == "to_match":
        return _match(name, subject, operands[0], matches)
    return _BINARY[name](name, subject, operands[0])


# Errors --------------------------------------------------------------------------------------------------------------


def throws(error: XanoScriptError | None, wanted: Value = None) -> Verdict:
    """`to_throw`: an error was raised and, with `wanted`, says so somewhere, in whatever case.

    An error without a message counts as none, as it does in the engine (evidence m). What no program may catch
    (limits, missing services) is not for this function: let it through.
    """
    if error is None:
        return Verdict(False, "to_throw failed - response is ok")
    if not str(error.message):
        return Verdict(
            False, f"to_throw failed - the run raised {error.code} without a message, which to_throw cannot see"
        )
    if wanted is None or wanted == "" or mentions(error, as_utf8(wanted)):
        return PASSED
    return Verdict(False, f"to_throw failed - expected an exception with {show(wanted)}, got {show(str(error))}")


def mentions(error: XanoScriptError, wanted: str) -> bool:
    """Does an error's message, code, name or thrown value contain a text? (semantics 10, row 3)"""
    thrown: Value = error.result
    parts = [error.message, str(error), error.code, error.name]
    if thrown is not None:
        parts.append(thrown if isinstance(thrown, str) else to_json(thrown))
    return any(wanted.lower() in part.lower() for part in parts if part)


class ExpectationError(XanoScriptError):
    """An `expect` statement that does not hold: outside of tests a 500 with its message (semantics 8.3)."""

    def __init__(self, message: str, subject: Value = None, operands: list[Value] | None = None) -> None:
        super().__init__(message)
        self.subject = subject
        self.operands = operands or []
