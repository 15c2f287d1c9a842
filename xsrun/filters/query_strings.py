"""Query strings as PHP reads them: `a[]=1` adds to a list, `a[b][c]=1` builds objects, `.` in a name becomes `_`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from xsrun.values.conversion import Value, normalize_object, text_of_bytes, to_text

#: PHP drops arguments that nest deeper (max_input_nesting_level).
MAX_NESTING = 64
_ENCODED = re.compile(rb"%([0-9A-Fa-f]{2})")
_UNDERSCORES = str.maketrans(" .[", "___")
_BLANKS = tuple(" \t\n\r\v\f")
_INDEX = re.compile(r"-?[1-9][0-9]{0,17}|0", re.ASCII)


def parse_query(data: bytes) -> dict[str, Value]:
    """The arguments of a query by name. Values are texts, lists and objects of texts; the last of a name counts."""
    parts = (part.partition(b"=") for part in data.split(b"&"))
    return from_pairs((to_text(decode_form(name)), decode_form(value)) for name, _, value in parts)


def from_pairs(pairs: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    """The same for names and values that are decoded already, as the parts of a multipart body are."""
    root = _Array()
    for name, value in pairs:
        path = _path(name)
        if path:
            _set(root, path, value)
    return {key: _plain(value) for key, value in root.items()}


def decode_percent(data: bytes) -> bytes:
    """Bytes with `%XX` decoded; a percent sign that begins no code stays."""
    return _ENCODED.sub(lambda found: bytes([int(found.group(1), 16)]), data)


def decode_form(data: bytes) -> Value:
    """The text that the encoding of forms stands for: `%XX` decoded, `+` a blank."""
    return text_of_bytes(decode_percent(data.replace(b"+", b" ")))


def _path(name: str) -> list[str | None]:
    """The keys a name leads through; None adds to the end. Empty for a name that PHP leaves out."""
    name = name.lstrip(" ").partition("\0")[0]
    head, bracket, rest = name.partition("[")
    head = head.translate(_UNDERSCORES)
    if not head:
        return []
    path: list[str | None] = [head]
    while bracket:
        inner, close, after = rest.partition("]")
        if not close:  # no index after all: the bracket becomes part of the name
            if len(path) == 1:
                path[0] = f"{head}_{rest.translate(_UNDERSCORES)}"
            break
        path.append(None if not inner or inner in _BLANKS else inner)
        bracket, rest = after[:1] if after.startswith("[") else "", after[1:]
    return path if len(path) <= MAX_NESTING + 1 else []


class _Array(dict[str, Value]):
    """A PHP array in the making: `next` is the index that `[]` stands for."""

    next = 0

    def key(self, written: str | None) -> str:
        """The key for what stands between brackets; the array will hold it."""
        if written is None:
            written = str(self.next)
        if _INDEX.fullmatch(written):
            self.next = max(self.next, int(written) + 1)
        return written


def _set(root: _Array, path: list[str | None], value: Value) -> None:
    place = root
    for written in path[:-1]:
        key = place.key(written)
        inner = place.get(key)
        if inner.__class__ is not _Array:
            inner = place[key] = _Array()
        place = inner
    place[place.key(path[-1])] = value


def _plain(value: Value) -> Value:
    if value.__class__ is not _Array:
        return value
    return normalize_object({key: _plain(inner) for key, inner in value.items()})
