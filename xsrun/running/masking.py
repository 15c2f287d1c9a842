"""Secrets out of what people read: logs, traces, recordings and errors show `***` where a name says that a secret is.

What is masked are headers, arguments of addresses, members of objects, and the passwords of addresses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit, urlunsplit

from xsrun.values.conversion import Value, type_name

MASK = "***"

#: How the letters of a secret's name end, or what stands anywhere in them.
_ENDS = re.compile(
    r"(?:key|token|signature|auth|pwd|pass|passwd|passcode|passphrase|otp)$"
    r"|password|secret|authori[sz]ation|credential|cookie|apikey|privatekey|cardnumber"
)
#: Short ones, that are secrets only as a word of their own.
_WORDS = re.compile(r"(?:^|[^a-z])(?:pin|cvv|cvc|ssn)(?:[^a-z]|$)")
#: Longer texts are cut in a log.
_LONGEST = 300
#: User and password of an address.
_LOGIN = re.compile(r"(?<=://)[^/?#@]*@")
#: A header line: a name of letters and hyphens, a colon.
_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,60}):[ \t]*\S")


@lru_cache(1_000)
def is_secret(name: str) -> bool:
    """Does the name of a header, argument, field or member say that its value is a secret?"""
    lowered = name.lower()
    return _ENDS.search(re.sub(r"[^a-z]", "", lowered)) is not None or _WORDS.search(lowered) is not None


def masked_header(name: str, value: str) -> str:
    """A header as one line."""
    return f"{name}: {MASK if is_secret(name) else value}"


def masked_url(url: str) -> str:
    """An address without user, password and fragment, the values of secret arguments masked."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    host = parts.netloc.rpartition("@")[2]
    query = parts.query
    if any(is_secret(name) for name, _ in parse_qsl(query, keep_blank_values=True)):
        query = masked_form(query)
    return urlunsplit((parts.scheme, host, parts.path, query, ""))


def masked_address(address: str) -> str:
    """The address of a service as errors show it, however it is miswritten: what may be a password is masked."""
    scheme, slashes, rest = address.rpartition("://")
    before, at, after = rest.rpartition("@")
    return f"{scheme}{slashes}{MASK if before else ''}{at}{_masked_query(after)}"


def _masked_query(address: str) -> str:
    place, mark, query = address.partition("?")
    return place + mark + "&".join(map(masked_argument, query.split("&")))


def masked_argument(part: str) -> str:
    """One `name=value` of an address, the rest of it as it is."""
    name, sign, _ = part.partition("=")
    return f"{name}={MASK}" if sign and is_secret(unquote_plus(name)) else part


def masked_form(text: str) -> str:
    """The text of a form, or the arguments of an address, written anew."""
    pairs = parse_qsl(text, keep_blank_values=True)
    return urlencode([(name, MASK if is_secret(name.rstrip("]").rpartition("[")[2]) else v) for name, v in pairs])


def masked_members(value: Value, text: Callable[[str], str] = str) -> Value:
    """A JSON value; texts under the name of a secret are masked, `text` says what becomes of the others."""
    if isinstance(value, dict):
        return {
            key: MASK if is_secret(str(key)) and isinstance(item, str) else masked_members(item, text)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [masked_members(item, text) for item in value]
    return text(value) if isinstance(value, str) else value


def masked_text(text: str) -> str:
    """A text that may be a header line or an address."""
    header = _HEADER.match(text)
    if header is not None and is_secret(header.group(1)):
        return f"{header.group(1)}: {MASK}"
    if text.startswith(("http://", "https://")):
        return _masked_query(_LOGIN.sub(f"{MASK}@", text, count=1))
    return text


def masked_for_log(value: Value, sensitive: frozenset[str] = frozenset(), depth: int = 4) -> Value:
    """A value as a log shows it: secrets masked, long texts and lists cut, files by what they are."""
    if isinstance(value, dict):
        if depth == 0:
            return "{...}"
        return {
            key: MASK if key in sensitive or is_secret(key) else masked_for_log(item, frozenset(), depth - 1)
            for key, item in list(value.items())[:50]
        }
    if isinstance(value, list):
        if depth == 0:
            return "[...]"
        shown = [masked_for_log(item, sensitive, depth - 1) for item in value[:20]]
        return shown if len(value) <= 20 else [*shown, f"... {len(value)} in all"]
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}... ({len(value):,} characters)"
    if isinstance(value, bytes):
        return f"({len(value):,} bytes)"
    if type_name(value) == "resource":
        record = getattr(value, "as_value", None)
        return masked_for_log(record(), sensitive, depth - 1) if record is not None and depth else type(value).__name__
    return value


def masked_uri(path: str, query: bytes) -> str:
    """Path and query string for a log: the values of secrets masked, nothing that moves a terminal's cursor."""
    text = path
    if query:
        text += "?" + "&".join(map(masked_argument, query.decode("latin-1").split("&")))
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "?" for character in text)
