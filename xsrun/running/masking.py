"""Secrets out of what people read: logs, traces, recordings and errors show `***` where a secret is.

A name tells one: that of a header, an argument of an address, a member of an object. Wherever the values of a run's own
secrets go (`xsrun.running.secrets`), they are masked by what they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit, urlunsplit

from xsrun.running.secrets import MASK, NOTHING, Secrets, named_in
from xsrun.values.conversion import Value, type_name

#: How the letters of a secret's name end, or what stands anywhere in them.
_ENDS = re.compile(
    r"(?:key|token|signature|auth|pwd|pass|passwd|passcode|passphrase|otp)$"
    r"|password|secret|authori[sz]ation|credential|cookie|apikey|privatekey|cardnumber"
)
#: Short ones, that are secrets only as a word of their own.
_WORDS = re.compile(r"(?:^|[^a-z])(?:pin|cvv|cvc|ssn)(?:[^a-z]|$)")
_NO_NAMES: frozenset[str] = frozenset()
#: Longer texts are cut in a log.
_LONGEST = 300
#: User and password of an address.
_LOGIN = re.compile(r"(?<=://)[^/?#@]*@")
#: What stands between the parts of an argument's name: `user[pin]`, and what PHP makes an underscore.
_NAME_PARTS = re.compile(r"[\[\]]+")
_UNDERSCORES = re.compile(r"[ .]")
#: A field of a form with files, up to its value: its name is group 2.
_FORM_FIELD = re.compile(
    r'(\bname="([^"\r\n]*)"(?![^\r\n]*filename=)[^\r\n]*(?:\r\n[^\r\n]+)*\r\n\r\n)(.*?)(?=\r\n--)', re.DOTALL
)
#: A header line: a name of letters and hyphens, a colon.
_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,60}):[ \t]*\S")


@lru_cache(1_000)
def is_secret(name: str) -> bool:
    """Does the name of a header, argument, field or member say that its value is a secret?"""
    lowered = name.lower()
    return _ENDS.search(re.sub(r"[^a-z]", "", lowered)) is not None or _WORDS.search(lowered) is not None


def proofs_in(headers: Mapping[str, str]) -> Iterator[str]:
    """What a caller proves itself with: the values of headers whose names say so, tokens and cookies one by one."""
    for name, value in headers.items():
        if is_secret(name):
            yield value
            yield value.partition(" ")[2]
            if name.lower() == "cookie":
                yield from (part.partition("=")[2] for part in value.split(";"))


def looking_secret(value: Value) -> Iterator[Value]:
    """The members of an input whose names say that they are secrets."""
    if isinstance(value, dict):
        for name, item in value.items():
            if is_secret(name):
                yield item
            else:
                yield from looking_secret(item)
    elif isinstance(value, list):
        for item in value:
            yield from looking_secret(item)


def is_hidden(name: str, sensitive: frozenset[str] = _NO_NAMES) -> bool:
    """Is an argument or a field of a form a secret, by its name or as one of the sensitive inputs?

    `user[pin]` is one where `user` or `pin` is.
    """
    parts = [_UNDERSCORES.sub("_", part.strip(" ")) for part in _NAME_PARTS.split(name)]
    return is_secret(name) or any(part in sensitive or is_secret(part) for part in parts)


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
    if any(is_hidden(name) for name, _ in parse_qsl(query, keep_blank_values=True)):
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


def masked_argument(part: str, sensitive: frozenset[str] = _NO_NAMES) -> str:
    """One `name=value` of an address, the rest of it as it is."""
    name, sign, _ = part.partition("=")
    return f"{name}={MASK}" if sign and is_hidden(unquote_plus(name), sensitive) else part


def masked_form(text: str) -> str:
    """The text of a form, or the arguments of an address, written anew."""
    pairs = parse_qsl(text, keep_blank_values=True)
    return urlencode([(name, MASK if is_hidden(name) else v) for name, v in pairs])


def masked_form_with_files(text: str) -> str:
    """The text of a form of parts, the values of secret fields masked."""
    return _FORM_FIELD.sub(lambda field: field[1] + (MASK if is_hidden(field[2]) else field[3]), text)


def masked_members(value: Value, secrets: Secrets = NOTHING, *, lines: bool = False, below: bool = False) -> Value:
    """A JSON value; what stands below the name of a secret is masked, and secrets wherever they stand.

    With `lines` texts may be header lines or addresses. `below`: the name of a secret stands above.
    """
    if isinstance(value, dict):
        return {
            secrets.hide_text(key): masked_members(item, secrets, lines=lines, below=below or is_secret(key))
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [masked_members(item, secrets, lines=lines, below=below) for item in value]
    if below and value is not None and value.__class__ is not bool:
        return MASK
    if isinstance(value, str):
        return secrets.hide_text(masked_text(value) if lines else value)
    return secrets.hide(value)


def masked_text(text: str) -> str:
    """A text that may be a header line or an address."""
    header = _HEADER.match(text)
    if header is not None and is_secret(header.group(1)):
        return f"{header.group(1)}: {MASK}"
    if text.startswith(("http://", "https://")):
        return _masked_query(_LOGIN.sub(f"{MASK}@", text, count=1))
    return text


def masked_for_log(
    value: Value, sensitive: frozenset[str] = _NO_NAMES, secrets: Secrets = NOTHING, depth: int = 4
) -> Value:
    """A value as a log shows it: secrets masked, long texts and lists cut, files by what they are.

    `sensitive` are names of secrets besides those that `is_secret` knows.
    """
    if isinstance(value, dict):
        if depth == 0:
            return "{...}"
        return {
            secrets.hide_text(key): MASK
            if key in sensitive or is_secret(key)
            else masked_for_log(item, sensitive, secrets, depth - 1)
            for key, item in list(value.items())[:50]
        }
    if isinstance(value, list):
        if depth == 0:
            return "[...]"
        shown = [masked_for_log(item, sensitive, secrets, depth - 1) for item in value[:20]]
        return shown if len(value) <= 20 else [*shown, f"... {len(value)} in all"]
    if isinstance(value, str):
        text = secrets.hide_text(value)
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(value):,} characters)"
    if isinstance(value, bytes):
        return f"({len(value):,} bytes)"
    if type_name(value) == "resource":
        record = getattr(value, "as_value", None)
        parts = record() if record is not None and depth else type(value).__name__
        return masked_for_log(parts, sensitive, secrets, depth - 1)
    return secrets.hide(value)


def secrets_sent(inputs: Value, sensitive: frozenset[str]) -> Secrets:
    """The values of the inputs that are secrets, by what the program says of them or by their names."""
    named = named_in(inputs, sensitive) if sensitive else ()
    return Secrets([*named, *looking_secret(inputs)])


def secrets_of_request(
    known: Secrets | None, headers: Mapping[str, str], inputs: Value, sensitive: frozenset[str] = _NO_NAMES
) -> Secrets:
    """What a run knows to be secret, what its caller proves itself with, and what it sent that is a secret."""
    return with_proofs(secrets_sent(inputs, sensitive), known, headers)


def with_proofs(sent: Secrets, known: Secrets | None, headers: Mapping[str, str]) -> Secrets:
    """The same for a request whose secret inputs are known."""
    proofs = Secrets(proofs_in(headers))
    found = sent.joined(proofs) if proofs else sent
    return found.joined(known) if known else found


def masked_uri(path: str, query: bytes, sensitive: frozenset[str] = _NO_NAMES) -> str:
    """Path and query string for a log: the values of secrets masked, nothing that moves a terminal's cursor."""
    text = path
    if query:
        text += "?" + "&".join(masked_argument(part, sensitive) for part in query.decode("latin-1").split("&"))
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "?" for character in text)
