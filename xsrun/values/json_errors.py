"""What is wrong with a text that is not JSON, in words of xsrun's own.

Those of orjson and of Python's `json` change from version to version, and so do the places that the latter names.
"""

from __future__ import annotations

from xsrun.hints import Any


class JsonError(ValueError):
    """A text is not JSON; the text of the error says why and where."""

    def __init__(self, reason: str, *, too_deep: bool = False, not_utf8: bool = False) -> None:
        super().__init__(reason)
        self.too_deep = too_deep
        self.not_utf8 = not_utf8


def json_error(text: str | bytes, refusal: Any) -> JsonError:
    """The error for a text that orjson refused with a JSONDecodeError."""
    if not text.strip():
        return JsonError("it is empty")
    if not is_utf8(text):
        return JsonError("it is not UTF-8 text", not_utf8=True)
    at = f"column {refusal.colno}"
    if refusal.lineno > 1 or "\n" in refusal.doc.strip():
        at = f"line {refusal.lineno}, {at}"
    if "infinity" in refusal.msg:
        return JsonError(f"the number at {at} is too large")
    if "depth" in refusal.msg:
        return JsonError(f"it is nested too deeply at {at}", too_deep=True)
    found: str = refusal.doc[refusal.pos : refusal.pos + 1]
    if not found:
        return JsonError("it ends too early")
    shown = f"`{found}`" if found.isprintable() else f"U+{ord(found):04X}"
    return JsonError(f"{shown} does not fit at {at}")


def is_utf8(text: str | bytes) -> bool:
    """Is it UTF-8, or a text without lone surrogates, which UTF-8 has no bytes for?"""
    try:
        _ = text.decode() if isinstance(text, bytes) else text.encode()
    except UnicodeError:
        return False
    return True
