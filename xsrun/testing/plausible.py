"""Made-up values that fit declared fields: what a type, a name and the input filters of a field say is plausible.

The same seed gives the same values on every machine.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterable
from datetime import date, timedelta

from xsrun.errors import XanoScriptError
from xsrun.fields.declared import Declared
from xsrun.hints import Any
from xsrun.language.types import MEDIA_TYPES
from xsrun.values.digits import whole_of_digits
from xsrun.values.geo import SHAPES

#: The first day that made-up dates lie after: fixed, so that the same seed gives the same dates.
_FIRST_DAY = date(2025, 1, 1)
_DAY = 86_400_000
#: the longest text that is made up for an input that asks for a length
_LONGEST = 1_000_000
_WORDS = (
    "amber",
    "basil",
    "cedar",
    "delta",
    "fjord",
    "grove",
    "heron",
    "inlet",
    "juniper",
    "lagoon",
    "maple",
    "orchid",
)
#: A text for a name that holds one of these words; the first that fits is taken.
_TEXTS_BY_NAME = {
    "email": "{word}@example.com",
    "url": "https://example.com/{word}",
    "link": "https://example.com/{word}",
    "phone": "+15550100{digits}",
    "currency": "USD",
    "country": "US",
    "locale": "en_US",
    "lang": "en",
    "timezone": "UTC",
    "zip": "90210",
    "ip": "192.0.2.7",
    "color": "#336699",
    "date": "2025-03-14",
    "time": "09:30",
    "password": "Amber-4711-basil",
    "uuid": "{uuid}",
    "token": "{digits}{word}",
    "json": '{{"{word}": {digits}}}',
}
#: Whole names of what a mail is sent to or from.
_MAILED = frozenset(("to", "cc", "bcc", "from", "reply_to", "recipient", "sender"))
_NUMBERS_BY_NAME = {"page": 1, "offset": 0, "limit": 10, "per_page": 10, "lat": 52, "lng": 13, "lon": 13, "year": 2025}
#: What meets every demand that the filters of a text can make.
_STRONG = "Amber-4711-basil!"
#: The corners of every shape: longitude and latitude.
_CORNERS = ((13.4, 52.5), (13.5, 52.5), (13.5, 52.6), (13.4, 52.5))
_TRIES = 12


class Plausible:
    """Makes values up. `keys` are the keys of the rows there are, by table: what a field that points to one gets."""

    def __init__(self, seed: object = 0, keys: dict[str, list[Any]] | None = None) -> None:
        self.random = random.Random(f"xsrun {seed}")
        self.keys = keys if keys is not None else {}

    def inputs(self, declared: Iterable[Declared], context: Any) -> dict[str, Any]:
        """A value for every field that needs one, and for most of those that may be left out."""
        return {one.name: self.value(one, context) for one in declared if one.required or self.random.random() < 0.8}

    def value(self, one: Declared, context: Any) -> Any:
        """A value that the field accepts, as far as a few tries find one."""
        made = None
        for _ in range(_TRIES):
            made = self._sized(one, context)
            try:
                one.accept(made, context, one.name)
            except XanoScriptError:
                continue
            break
        return made

    def _sized(self, one: Declared, context: Any) -> Any:
        if one.list_size is None:
            return self._one(one, context)
        low, high = one.list_size
        count = max(low or 0, min(high if high is not None else 2, 2))
        return [self._one(one, context) for _ in range(count)]

    def _one(self, one: Declared, context: Any) -> Any:
        if one.table is not None and self.keys.get(one.table):
            return self.random.choice(self.keys[one.table])
        if one.type == "object":
            return self.inputs(one.schema, context)
        if one.type == "enum":
            return self.random.choice(one.values) if one.values else ""
        if one.type in SHAPES:
            word, depth, _ = SHAPES[one.type]
            corners = [{"lng": lng, "lat": lat} for lng, lat in _CORNERS]
            return {"type": word, "data": (corners[0], corners, [corners])[depth]}
        if one.type == "vector":
            return [round(self.random.uniform(-1, 1), 3) for _ in range(one.size or 3)]
        make = _MAKERS.get(one.type, Plausible._text)
        return make(self, one)

    def _number(self, one: Declared) -> int:
        bounds = {name: float(arguments[0]) for name, arguments in one.filters if name in ("min", "max") and arguments}
        named = next((number for name, number in _NUMBERS_BY_NAME.items() if _names(one.name, name)), None)
        number = named if named is not None else self.random.randint(1, 3 if _names(one.name, "id") else 12)
        return int(min(max(number, bounds.get("min", number)), bounds.get("max", number)))

    def _decimal(self, one: Declared) -> float:
        return self._number(one) + self.random.choice((0.0, 0.25, 0.5))

    def _bool(self, one: Declared) -> bool:
        return self.random.random() < 0.5

    def _email(self, one: Declared) -> str:
        return f"{self._word()}{self.random.randint(1, 999)}@example.com"

    def _uuid(self, one: Declared) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _date(self, one: Declared) -> str:
        return (_FIRST_DAY + timedelta(days=self.random.randint(0, 700))).isoformat()

    def _timestamp(self, one: Declared) -> int:
        return 1_735_689_600_000 + self.random.randint(0, 700) * _DAY

    def _json(self, one: Declared) -> Any:
        word = self._word()
        listed = one.name.endswith("s") and not one.name.endswith("ss")
        entry = {"id": self.random.randint(1, 9), "name": word, "value": self.random.randint(1, 40)}
        return [entry] if listed else entry

    def _file(self, one: Declared) -> dict[str, Any]:
        name = f"{self._word()}.txt"
        return {"access": "public", "path": f"/vault/made-up/{name}", "name": name, "type": "text", "size": 5}

    def _password(self, one: Declared) -> str:
        return _STRONG

    def _text(self, one: Declared) -> str:
        named = "email" if one.name.lower() in _MAILED else one.name
        pattern = next((text for name, text in _TEXTS_BY_NAME.items() if _names(named, name)), None)
        digits = str(self.random.randint(1000, 9999))
        word = self._word()
        made = pattern.format(word=word, digits=digits, uuid=self._uuid(one)) if pattern else word
        return self._filtered(made, dict(one.filters))

    def _filtered(self, text: str, filters: dict[str, list[str]]) -> str:
        """A text that the filters of a field let through: a few shapes in turn."""
        if any(name.startswith("min") and name != "min" for name in filters):
            text = _STRONG
        allowed = "".join(
            {"alphaOk": "abcdefgh", "digitOk": "12345678"}.get(name, "".join(arguments))
            for name, arguments in filters.items()
            if name in ("alphaOk", "digitOk", "ok")
        )
        if allowed:
            text = "".join(self.random.choice(allowed) for _ in range(8))
        if "pattern" in filters:
            text = self.random.choice((text, text.upper()[:3], text[:1].upper() + text[1:], "1234", "A1", "#336699"))
        prefix = (filters.get("startsWith") or [""])[0]
        text = text if text.startswith(prefix) else prefix + text
        least, most = (whole_of_digits((filters.get(name) or [""])[0]) for name in ("min", "max"))
        if least is not None and len(text) < least <= _LONGEST:
            text += (text or "a") * (least // max(len(text), 1) + 1)
            text = text[:least]
        return text[:most] if most is not None else text

    def _word(self) -> str:
        return self.random.choice(_WORDS)


_MAKERS: dict[str, Callable[[Plausible, Declared], Any]] = {
    "int": Plausible._number,
    "decimal": Plausible._decimal,
    "bool": Plausible._bool,
    "email": Plausible._email,
    "password": Plausible._password,
    "uuid": Plausible._uuid,
    "date": Plausible._date,
    "timestamp": Plausible._timestamp,
    "json": Plausible._json,
    **dict.fromkeys(("file", *MEDIA_TYPES), Plausible._file),
}


def _names(name: str, word: str) -> bool:
    """Is the word one of those a name is made of? `user_id` holds `id`, `paid` does not."""
    return word in name.lower() if len(word) > 3 else word in name.lower().replace("-", "_").split("_")
