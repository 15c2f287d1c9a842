"""The secret values of a run: what its program calls sensitive, and what its caller proves to be itself with.

They are known by what they are, so that they stay out of logs, traces, recordings and errors wherever they go: into a
message, an address, a value of another name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus

from xsrun.values.conversion import Value

MASK = "***"
#: So many are known at once, the latest: a loop may bring forth any number.
_MOST = 1_000
#: Shorter ones are masked only where they are the whole of a value: too much would look like them.
_SHORTEST = 4
#: Shorter ones are masked only as words of their own.
_DISTINCT = 8
#: Shorter ones are remembered with the ways they may be written: a caller sends the same token with each request.
_FAMILIAR = 4_000
#: What an address and JSON leave as it is, beside letters and digits of ASCII.
_UNRESERVED = str.maketrans("", "", "-._~")


class Secrets:
    """Secret texts and numbers. `hide` gives what logs may show of a value."""

    __slots__ = ("_forms",)

    def __init__(self, values: Iterable[Value] = ()) -> None:
        #: in all the ways they may be written
        self._forms: dict[str, None] = {}
        for value in values:
            self.add(value)

    def __bool__(self) -> bool:
        return bool(self._forms)

    def __repr__(self) -> str:
        return f"<{len(self._forms)} secrets>"

    def add(self, value: Value) -> None:
        """All texts and numbers in a value are secrets from now on."""
        for text in texts_in(value):
            for form in _forms_of(text):
                self._forms.pop(form, None)
                self._forms[form] = None
        while len(self._forms) > _MOST:
            del self._forms[next(iter(self._forms))]

    def longest(self) -> int:
        """The characters of the longest way to write one."""
        return max(map(len, self._forms), default=0)

    def joined(self, others: Secrets) -> Secrets:
        """These and others."""
        both = Secrets()
        both._forms = {**self._forms, **others._forms}
        return both

    def hide_text(self, text: str) -> str:
        """A text without the secrets in it."""
        if not self._forms:
            return text
        if text in self._forms:
            return MASK
        found = [form for form in self._forms if form in text]
        if not found:
            return text
        for form in sorted(found, key=len, reverse=True):
            if len(form) >= _DISTINCT:
                text = text.replace(form, MASK)
            elif len(form) >= _SHORTEST:
                text = _without_word(text, form)
        return text

    def hide(self, value: Value) -> Value:
        """A value without the secrets in it; the same value where there are none."""
        if not self._forms:
            return value
        if isinstance(value, str):
            return self.hide_text(value)
        if isinstance(value, dict):
            return {self.hide_text(str(key)): self.hide(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.hide(item) for item in value]
        if value.__class__ in (int, float) and str(value) in self._forms:
            return MASK
        return value


#: No secrets.
NOTHING = Secrets()


def texts_in(value: Value) -> Iterator[str]:
    """The texts and numbers in a value, as texts; not the empty ones, which hide nothing."""
    if isinstance(value, str):
        if value.strip():
            yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif value.__class__ in (int, float):
        yield str(value)


def _forms_of(text: str) -> frozenset[str]:
    """How a text may be written: as it is, in an address, in JSON."""
    if text.isascii() and text.translate(_UNRESERVED).isalnum():
        return frozenset((text,))
    return _familiar_forms(text) if len(text) < _FAMILIAR else _all_forms(text)


def _all_forms(text: str) -> frozenset[str]:
    written = text.encode("utf-8", "replace")
    forms = {text, text.strip(), quote(written, ""), quote(written), quote_plus(written)}
    forms |= {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return frozenset(forms)


_familiar_forms = lru_cache(200)(_all_forms)


def _without_word(text: str, word: str) -> str:
    """A text with a word masked where no letter or digit stands beside it."""
    import re

    return re.sub(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", MASK, text)


def named_in(value: Value, names: frozenset[str]) -> Iterator[Value]:
    """The members of these names, anywhere in a value."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name in names:
                yield item
            else:
                yield from named_in(item, names)
    elif isinstance(value, list):
        for item in value:
            yield from named_in(item, names)
