"""Texts that are whole numbers.

`str.isdigit` alone does not tell: it is true for `²`, which is not a number to Python, and Python refuses to read more
than 4,300 digits.
"""

from __future__ import annotations

#: So many digits fit into 64 bits, whatever they are.
MOST_DIGITS = 18


def whole_of_digits(text: str) -> int | None:
    """The whole number that a text of ASCII digits is, if it surely has 64 bits; None for any other text."""
    digits = text if len(text) <= MOST_DIGITS else text.lstrip("0") or "0"
    return int(digits) if len(digits) <= MOST_DIGITS and text.isascii() and text.isdigit() else None


def index_or_key(key: str) -> int | str:
    """The key of an object as PHP's arrays have it: a whole number where it is written as one."""
    number = whole_of_digits(key)
    return key if number is None or str(number) != key else number


def index_of(text: str, size: int) -> int | None:
    """The position in a list of so many members that a text names, from its end where it is negative; else None."""
    number = whole_of_digits(text.removeprefix("-"))
    if number is None:
        return None
    position = size - number if text.startswith("-") else number
    return position if 0 <= position < size else None
