"""The filters for URLs: percent encoding, the parts of a URL, and the arguments of its query."""

from __future__ import annotations

import re

from xsrun.filters.query_strings import decode_form, decode_percent, parse_query
from xsrun.registry import filter
from xsrun.values.characters import characters, value_of
from xsrun.values.conversion import Value, text_of_bytes, to_bytes

# Percent encoding ----------------------------------------------------------------------------------------------------

_SAFE = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.~")
#: RFC 3986: everything but letters, digits and `-_.~`. The form encoding also encodes `~`, and a blank is a plus.
_RFC3986 = [chr(code) if code in _SAFE else f"%{code:02X}" for code in range(256)]
_FORM = [{0x20: "+", 0x7E: "%7E"}.get(code, text) for code, text in enumerate(_RFC3986)]


def _encode(value: Value, table: list[str]) -> str:
    return "".join(map(table.__getitem__, to_bytes(value)))


@filter("url_encode")
def url_encode(value: str) -> str:
    """A text in the encoding of forms: a blank becomes `+`, all but letters, digits and `-_.` becomes `%XX`.

    >>> "Hello World & more"|url_encode
    "Hello+World+%26+more"
    """
    return _encode(value, _FORM)


@filter("url_decode")
def url_decode(value: str) -> Value:
    """The text that `url_encode` or `url_encode_rfc3986` wrote: `%XX` decoded, `+` a blank.

    >>> "Hello%2C+World%21"|url_decode
    "Hello, World!"
    """
    return decode_form(to_bytes(value))


@filter("url_encode_rfc3986")
def url_encode_rfc3986(value: str) -> str:
    """A text in the encoding of RFC 3986: all but letters, digits and `-_.~` becomes `%XX`, a blank too.

    >>> "Hello, World!"|url_encode_rfc3986
    "Hello%2C%20World%21"
    """
    return _encode(value, _RFC3986)


@filter("url_decode_rfc3986")
def url_decode_rfc3986(value: str) -> Value:
    """The text that `url_encode_rfc3986` wrote; `+` stays.

    >>> "1%2B1%20+2"|url_decode_rfc3986
    "1+1 +2"
    """
    return text_of_bytes(decode_percent(to_bytes(value)))


# Arguments -----------------------------------------------------------------------------------------------------------


def _split(value: str) -> tuple[str, list[str], str]:
    """A URL cut into what is before its query, the arguments as written, and `#fragment`."""
    text = characters(value)
    head, mark, fragment = text.partition("#")
    base, _, query = head.partition("?")
    return base, [part for part in query.split("&") if part], mark + fragment


def _join(base: str, arguments: list[str], fragment: str) -> Value:
    return value_of(base + ("?" + "&".join(arguments) if arguments else "") + fragment)


def _bytes(text: str) -> bytes:
    return to_bytes(value_of(text))


def _name(argument: str) -> Value:
    return decode_form(_bytes(argument.partition("=")[0]))


@filter("url_addarg")
def url_addarg(url: str, key: str, value: str, encoding_rfc3986: bool = False) -> Value:
    """A URL with an argument added to its query; one of the same name is replaced.

    It is encoded as forms do it, with `encoding_rfc3986` as RFC 3986 says (a blank is `%20`, not `+`).

    >>> "https://example.com?foo=bar"|url_addarg:"q":"a b"
    "https://example.com?foo=bar&q=a+b"
    >>> "https://example.com#top"|url_addarg:"q":"a b":true
    "https://example.com?q=a%20b#top"
    """
    base, arguments, fragment = _split(url)
    table = _RFC3986 if encoding_rfc3986 else _FORM
    written = f"{_encode(key, table)}={_encode(value, table)}"
    same = [position for position, text in enumerate(arguments) if _name(text) == key]
    kept = [text for position, text in enumerate(arguments) if position not in set(same[1:])]
    if same:
        kept[same[0]] = written
    else:
        kept.append(written)
    return _join(base, kept, fragment)


@filter("url_delarg")
def url_delarg(value: str, key: str) -> Value:
    """A URL without an argument of its query.

    >>> "https://example.com?foo=bar&fiz=buz"|url_delarg:"fiz"
    "https://example.com?foo=bar"
    """
    base, arguments, fragment = _split(value)
    return _join(base, [text for text in arguments if _name(text) != key], fragment)


_ABSENT = object()


def _argument(value: str, key: str) -> Value:
    """An argument by its name as written, or as PHP names it (`a[]`, `a[b]` are both in `a`); the last one counts."""
    arguments = _split(value)[1]
    for text in reversed(arguments):
        if _name(text) == key:
            return decode_form(_bytes(text.partition("=")[2]))
    return parse_query(_bytes("&".join(arguments))).get(characters(key), _ABSENT)


@filter("url_hasarg")
def url_hasarg(value: str, key: str) -> bool:
    """Whether the query of a URL has an argument.

    >>> "https://example.com?foo=bar"|url_hasarg:"foo"
    true
    """
    return _argument(value, key) is not _ABSENT


@filter("url_getarg")
def url_getarg(value: str, key: str, default: str | None = None) -> Value:
    """The decoded value of an argument in the query of a URL; where it is missing the default, null without one.

    >>> "https://example.com?q=search%20term"|url_getarg:"q"
    "search term"
    >>> "https://example.com"|url_getarg:"page":"1"
    "1"
    """
    found = _argument(value, key)
    return default if found is _ABSENT else found


@filter("querystring_parse")
def querystring_parse(value: str) -> Value:
    """The arguments of a query as an object: PHP's parse_str.

    `a[]=1` adds to a list, `a[b]=1` to an object. Of a repeated name the last value counts; in names, `.` and blanks
    become `_`.

    >>> "name=Ann+Lee&tags[]=x&tags[]=y&at[city]=Rome"|querystring_parse
    {"name": "Ann Lee", "tags": ["x", "y"], "at": {"city": "Rome"}}
    """
    return parse_query(to_bytes(value))


# Parts ---------------------------------------------------------------------------------------------------------------

_SCHEME = re.compile(r"[A-Za-z0-9+.-]+", re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}")
_DRIVE = re.compile(r"///[\x00-\x7f]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@filter("url_parse")
def url_parse(value: str) -> Value:
    """The parts of a URL, as PHP's parse_url finds them: scheme, host, port, user, pass, path, query, fragment.

    Parts that are missing are left out. What cannot be a URL gives false.

    >>> "https://user:pw@example.com:8080/path?q=term#top"|url_parse
    {"scheme": "https", "host": "example.com", "port": 8080, "user": "user", "pass": "pw", "path": "/path", "query": "q=term", "fragment": "top"}
    """  # noqa: E501
    parts = _UrlReader(characters(value)).read()
    if parts is None:
        return False
    order = ("scheme", "host", "port", "user", "pass", "path", "query", "fragment")
    return {
        name: parts[name] if name == "port" else value_of(_CONTROL.sub("_", str(parts[name])))
        for name in order
        if name in parts
    }


class _UrlReader:
    """Reads a URL in PHP's way: it takes more for a URL than RFC 3986 does (`host:80/path` has no scheme there)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.parts: dict[str, str | int] = {}
        self.local = False  # a file:/// URL, which has no host

    def read(self) -> dict[str, str | int] | None:
        rest = self._scheme()
        if rest is None:
            return None
        if rest.startswith("//") and not self.local:
            rest = self._authority(rest[2:])
            if not rest:
                return None if rest is None else self.parts
        rest, mark, fragment = rest.partition("#")
        if mark:
            self.parts["fragment"] = fragment
        path, question, query = rest.partition("?")
        if question:
            self.parts["query"] = query
        if path or not self.text:
            self.parts["path"] = path
        return self.parts

    def _scheme(self) -> str | None:
        """Take a scheme off and return the rest, `//` in front where a host follows; None for what is not a URL."""
        text = self.text
        colon = text.find(":")
        if colon < 0:
            return text
        scheme, rest = text[:colon], text[colon + 1 :]
        if not colon or not _SCHEME.fullmatch(scheme):
            before_query = colon < min(text.find(mark) % (len(text) + 1) for mark in "?#")
            return self._port(colon) if not colon or (rest and before_query) else text
        if not rest:
            self.parts["scheme"] = scheme
            return ""
        if not rest.startswith("/"):
            digits = re.match("[0-9]*", rest)
            length = len(digits.group()) if digits else 0
            if length < 6 and rest[length : length + 1] in ("", "/"):
                return self._port(colon)
            self.parts["scheme"] = scheme
            return rest
        self.parts["scheme"] = scheme
        if rest.startswith("///") and scheme.lower() == "file":
            self.local = True
            return rest[3:] if _DRIVE.match(rest) else rest[2:]
        return rest

    def _port(self, colon: int) -> str | None:
        """No scheme, but a colon: a port follows when digits do."""
        text, rest = self.text, self.text[colon + 1 :]
        found = _PORT.match(rest)
        if found and rest[found.end() : found.end() + 1] in ("", "/"):
            port = int(found.group())
            if port > 65_535:
                return None
            self.parts["port"] = port
            return text if text.startswith("//") else "//" + text
        return None if not rest else text

    def _authority(self, text: str) -> str | None:
        """Take user, password, host and port off; None when there is no host or the port is none."""
        end = min(text.find(mark) % (len(text) + 1) for mark in "/?#")
        authority, rest = text[:end], text[end:]
        login, at, host = authority.rpartition("@")
        if at:
            user, colon, password = login.partition(":")
            self.parts["user"] = user
            if colon:
                self.parts["pass"] = password
        if not (host.startswith("[") and authority.endswith("]")) and ":" in host:
            host, _, port = host.rpartition(":")
            if port and "port" not in self.parts:
                number = re.match(r"\s*[+-]?[0-9]+", port)
                if len(to_bytes(port)) > 5 or number is None or not 0 <= int(number.group()) <= 65_535:
                    return None
                self.parts["port"] = int(number.group())
        if not host:
            return None
        self.parts["host"] = host
        return rest
