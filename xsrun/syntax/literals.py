"""What the spelling of a literal or of an input's filters stands for."""

from __future__ import annotations

import re

from xsrun.lazy_regex import pattern


class TimestampError(ValueError):
    """What looks like a timestamp names a moment that does not exist."""


_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|[0-7]{1,3}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v", '"': '"', "\\": "\\"}


def unescape(match: re.Match[str]) -> str:
    """An escape of a double-quoted text; an unknown one keeps both characters (language 9)."""
    code = match.group(1)
    if code in _ESCAPES:
        return _ESCAPES[code]
    if code[0] == "x" and len(code) == 3:
        return chr(int(code[1:], 16))
    if code[0] in "01234567":
        return chr(int(code, 8) & 0xFF)
    return match.group()


def text_value(raw: str) -> str:
    """The text that a quoted string stands for (language 1.5)."""
    inner = raw[1:-1]
    if "\\" not in inner:
        return inner
    if raw[0] == '"':
        return _ESCAPE.sub(unescape, inner)
    return inner.replace("\\'", "'").replace("\\\\", "\\") if raw[0] == "'" else inner.replace("\\`", "`")


def block_value(raw: str) -> str:
    """The text of a text block: its lines without the indentation of the closing delimiter."""
    lines = raw.replace("\r\n", "\n").split("\n")
    closing = lines[-1]
    margin = closing[: len(closing) - 3]
    content = []
    for line in lines[1:-1]:
        shared = 0
        while shared < len(margin) and shared < len(line) and line[shared] in " \t":
            shared += 1
        content.append(line[shared:])
    return "\n".join(content)


def number_value(text: str) -> float:
    """An int, or a decimal when it has a fraction, an exponent, or more than 64 bits."""
    digits = text.lstrip("0")
    if text.isdigit() and len(digits) < 20:
        value = int(digits or "0")
        return value if value < 2**63 else float(value)
    return float(text)


_RAW_NUMBER = pattern(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_RAW_WORDS = {"true": True, "false": False, "null": None}


def raw_value(text: str) -> float | str | None:
    """What a default without quotes stands for: a number, a boolean, null, else its own text."""
    if text in _RAW_WORDS:
        return _RAW_WORDS[text]
    if not _RAW_NUMBER.fullmatch(text):
        return text
    value = number_value(text.lstrip("-"))
    return -value if text[0] == "-" else value


def time_value(text: str) -> int:
    """Milliseconds of a timestamp, `2026-01-31 10:00:00+0100`. Raises TimestampError."""
    from xsrun.dates.zones import DAY, days_of_date

    year, month, day, hour, minute, second = (int(part) for part in re.split("[- :]", text[:19]))
    east, further = int(text[20:22]), int(text[22:24])
    parts = (("hour", hour, 23), ("minute", minute, 59), ("second", second, 59))
    if year == 0:
        raise TimestampError("year 0 does not exist")
    if not 1 <= month <= 12:
        raise TimestampError(f"month {month} does not exist")
    if not 1 <= day <= days_of_date(year, month + 1, 1) - days_of_date(year, month, 1):
        raise TimestampError(f"day {day} does not exist in {text[:7]}")
    for name, number, most in parts:
        if number > most:
            raise TimestampError(f"{name} {number} does not exist")
    if east > 23 or further > 59:
        raise TimestampError(f"the zone {text[19:]} does not exist")
    offset = (east * 3600 + further * 60) * (-1 if text[19] == "-" else 1)
    seconds = days_of_date(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset
    return seconds * 1000


def list_size(text: str) -> tuple[int | None, int | None]:
    """`[]`, `[3]`, `[1:5]`, `[1:]`, `[:5]` as (least, most)."""
    inner = text.strip("[] \t")
    least, colon, most = (part.strip() for part in inner.partition(":"))
    low, high = (_size(digits) if digits else None for digits in (least, most))
    return (low, high) if colon else (low, low)


def _size(digits: str) -> int:
    """The number of some digits, 2**63 for whatever is more: Python does not read very long ones."""
    return 2**63 if len(digits.lstrip("0")) > 18 else int(digits.lstrip("0") or "0")


def split_filters(text: str) -> list[tuple[int, str]]:
    """The (offset, text) of each filter: split at bars outside quotes and brackets."""
    pieces, depth, quote, start, index = [], 0, "", 0, 0
    while index < len(text):
        character = text[index]
        if character == "\\":
            index += 2
            continue
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and text[index - 1] == ":":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth = max(0, depth - 1)
        elif character == "|" and depth == 0:
            pieces.append((start, text[start:index]))
            start = index + 1
        index += 1
    pieces.append((start, text[start:]))
    found = []
    for begin, piece in pieces:
        stripped = piece.strip()
        if stripped:
            found.append((begin + len(piece) - len(piece.lstrip()), stripped))
    return found


_QUOTED = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")


def filter_arguments(name: str, text: str) -> list[str]:
    """The arguments of one input filter: quoted ones unquoted, raw ones as they stand, a raw pattern as one."""
    arguments = []
    while True:
        text = text.lstrip(" \t")
        match = _QUOTED.match(text)
        if match:
            arguments.append(text_value(match.group()))
            text = text[match.end() :].lstrip(" \t")
            if not text.startswith(":"):
                return arguments
            text = text[1:]
            continue
        if name == "pattern":
            arguments.append(text)
            return arguments
        raw, colon, text = text.partition(":")
        arguments.append(raw.rstrip(" \t"))
        if not colon:
            return arguments
