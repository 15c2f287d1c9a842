"""Texts and byte strings alike, as characters.

The engine's texts are PHP byte strings. One that is not valid UTF-8 is a `bytes` value here (see `conversion`);
filters that work on characters take each stray byte as one character (Python's surrogate escapes) and give it back.
"""

from __future__ import annotations

from xsrun.values.conversion import Value, text_of_bytes


def characters(value: str | bytes) -> str:
    """The characters of a text value; a byte that belongs to no character is a lone surrogate."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")


def value_of(text: str) -> Value:
    """The value that stands for these characters: a `str`, or `bytes` where stray bytes are among them."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        try:
            return text_of_bytes(text.encode("utf-8", "surrogateescape"))
        except UnicodeEncodeError:  # surrogates that came in as text, such as half of a pair in JSON
            return text
    return text


def fold(text: str) -> str:
    """A text for comparison without case, as many characters long as before (positions stay true)."""
    folded = text.casefold()
    if len(folded) == len(text):
        return folded
    return "".join(
        char.casefold() if len(char.casefold()) == 1 else char.lower() if len(char.lower()) == 1 else char
        for char in text
    )
