"""The filters that write bytes as text: hexadecimal digits and base64."""

from __future__ import annotations

import base64

from xsrun.errors import XanoScriptError
from xsrun.registry import filter
from xsrun.values.conversion import Value, text_of_bytes, to_bytes

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_HEXADECIMAL = b"0123456789abcdefABCDEF"
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET))
_TO_URL_SAFE = bytes.maketrans(b"+/=", b"-_.")
_FROM_URL_SAFE = bytes.maketrans(b"-_.", b"+/=")


@filter("bin2hex")
def bin2hex(value: str) -> str:
    """The bytes of a text as hexadecimal digits.

    >>> "hello"|bin2hex
    "68656c6c6f"
    """
    return to_bytes(value).hex()


@filter("hex2bin")
def hex2bin(value: str) -> Value:
    """The bytes that hexadecimal digits stand for. Raises for anything else than pairs of digits.

    >>> "68656c6c6f"|hex2bin
    "hello"
    """
    digits = to_bytes(value)
    if len(digits) % 2:
        raise XanoScriptError("Hexadecimal input string must have an even length")
    if digits.strip(_HEXADECIMAL):
        raise XanoScriptError("Input string must be hexadecimal string")
    try:
        return text_of_bytes(bytes.fromhex(digits.decode("ascii")))
    except ValueError:  # something else between the digits
        raise XanoScriptError("Input string must be hexadecimal string") from None


@filter("base64_encode")
def base64_encode(value: str) -> str:
    """The bytes of a text in base64.

    >>> "hello"|base64_encode
    "aGVsbG8="
    """
    return base64.b64encode(to_bytes(value)).decode()


def _decode(data: bytes) -> Value:
    """PHP's lenient reading: other characters and missing padding do not matter, a lone last character is dropped."""
    letters = data.translate(None, _NOT_BASE64)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return text_of_bytes(base64.b64decode(letters + b"=" * (-len(letters) % 4)))


@filter("base64_decode")
def base64_decode(value: str) -> Value:
    """The bytes that base64 stands for. Padding may be missing, characters outside the alphabet do not count.

    >>> "aGVsbG8="|base64_decode
    "hello"
    """
    return _decode(to_bytes(value))


@filter("base64_encode_urlsafe")
def base64_encode_urlsafe(value: str) -> str:
    """The bytes of a text in base64 for URLs: `-` and `_` for `+` and `/`, and `.` for the padding.

    >>> "a?>"|base64_encode_urlsafe
    "YT8-"
    >>> "hi"|base64_encode_urlsafe
    "aGk."
    """
    return base64.b64encode(to_bytes(value)).translate(_TO_URL_SAFE).decode()


@filter("base64_decode_urlsafe")
def base64_decode_urlsafe(value: str) -> Value:
    """The bytes that base64 for URLs stands for, padded with `.`, with `=` or not at all.

    >>> "aGk."|base64_decode_urlsafe
    "hi"
    >>> "YT8-"|base64_decode_urlsafe
    "a?>"
    """
    return _decode(to_bytes(value).translate(_FROM_URL_SAFE))
