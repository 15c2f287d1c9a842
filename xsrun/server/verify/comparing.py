"""Where two answers differ, path by path, after rules have made times, tokens and ids comparable.

Types count: 1, 1.0 and "1" are three values; so do nulls, the order of lists and that of members. What cannot be equal
on two sides at two moments is made comparable by itself: times near the moment of the request, tokens, random UUIDs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from xsrun.errors import UsageError
from xsrun.records import made, record
from xsrun.running.assertions import show

if TYPE_CHECKING:
    from xsrun.values.conversion import Value

#: Milliseconds by which two times may lie apart when both are of about now.
_NEAR = 10 * 60 * 1000
_TOKEN = re.compile(r"[\w-]{8,}\.[\w-]*\.[\w-]+(?:\.[\w-]+){0,2}")
#: What is a token without being told: one whose first part is an object in base64url, as no host or file is called.
_SURE_TOKEN = re.compile(rf"(?=eyJ){_TOKEN.pattern}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\*|)\]")
KINDS = ("time", "token", "id", "uuid", "any")
#: Headers that say what was answered; others are those of the connection.
COMPARED = ("content-type", "location", "content-disposition", "cache-control", "www-authenticate")
#: Headers that no program sets.
_OF_SERVERS = re.compile(
    r"age|alt-svc|cf-.*|connection|content-(?:encoding|length)|date|etag|expires|keep-alive|nel|report-to|server|"
    r"strict-transport-security|transfer-encoding|vary|via|x-powered-by|x-request-id|x-xsrun-.*|access-control-.*"
)
_ABSENT = object()


@record
class SideAnswer:
    """An answer of one side: `value` is the body decoded where it is JSON, `at` milliseconds since the epoch."""

    status: int
    headers: list[tuple[str, str]]
    value: Value
    is_json: bool
    at: int = 0

    def header(self, name: str) -> str:
        """All values of a header."""
        return ", ".join(value for key, value in self.headers if key.lower() == name)


@record
class ComparisonRules:
    """What to leave out (`ignore`) and what to compare by its kind alone (`kinds`), by path.

    `ids` are pairs of ids that stand for one another on the two sides, found as the requests go.
    """

    ignore: list[re.Pattern[str]] = made(factory=list)
    kinds: list[tuple[re.Pattern[str], str]] = made(factory=list)
    exact: bool = False
    ids: dict[str, dict[Value, Value]] = made(factory=dict)

    @classmethod
    def of(cls, ignore: Iterable[str], kinds: Iterable[str], exact: bool = False) -> ComparisonRules:
        """The rules of `--ignore PATH` and `--map PATH=KIND`. Raises UsageError."""
        mapped = []
        for text in kinds:
            path, sign, kind = text.rpartition("=")
            if not sign or kind not in KINDS:
                raise UsageError(f"--map needs PATH=KIND, not `{text}`", hint=f"the kinds are: {', '.join(KINDS)}")
            mapped.append((pattern_of(path), kind))
        return cls([pattern_of(path) for path in ignore], mapped, exact)

    def ignores(self, path: str) -> bool:
        """Is nothing said about this path?"""
        return any(one.fullmatch(path) for one in self.ignore)

    def kind(self, path: str) -> str | None:
        """How a path is compared, where a rule says so."""
        return next((kind for one, kind in self.kinds if one.fullmatch(path)), None)


def pattern_of(path: str) -> re.Pattern[str]:
    """A path of a rule: `.items[].id`, `.id` for every member of this name, `header:etag`, `status`."""
    if path.startswith("header:") or path in ("status", "body"):
        return re.compile(re.escape(path.lower()))
    given = path if path.startswith((".", "[")) else f".{path}"
    if _STEP.sub("", given):
        raise UsageError(f"not a path: `{path}`", hint="write .items[].id, .created_at for any place, or header:etag")
    steps = [
        rf"\.{re.escape(name)}" if name else r"\[\d+\]" if index in ("", "*") else rf"\[{index}\]"
        for name, index in _STEP.findall(given)
    ]
    anywhere = ".*" if len(steps) == 1 and given.startswith(".") else ""
    return re.compile(anywhere + "".join(steps))


def differences(local: SideAnswer, live: SideAnswer, rules: ComparisonRules) -> list[tuple[str, str]]:
    """Where and how the live answer differs from the local one: (path, sentence)."""
    found = []
    if local.status != live.status and not rules.ignores("status"):
        found.append(("status", f"status: here {local.status}, there {live.status}"))
    found += [(f"header:{name}", text) for name, text in _headers(local, live, rules)]
    if rules.ignores("body"):
        return found
    if local.is_json != live.is_json:
        kinds = ["JSON" if one.is_json else one.header("content-type") or "a text" for one in (local, live)]
        return [*found, ("body", f"body: here {kinds[0]}, there {kinds[1]}: {show(live.value)}")]
    return found + list(_values(local.value, live.value, "", ComparedSides(rules, local.at, live.at)))


def _headers(local: SideAnswer, live: SideAnswer, rules: ComparisonRules) -> Iterator[tuple[str, str]]:
    own = [name.lower() for name, _ in local.headers if _OF_SERVERS.fullmatch(name.lower()) is None]
    for name in dict.fromkeys([*COMPARED, *own]):
        here, there = local.header(name), live.header(name)
        if name == "content-type":
            here, there = (one.partition(";")[0].strip().lower() for one in (here, there))
        if name == "set-cookie":  # their values are secrets of a session
            here, there = (one.partition("=")[0] for one in (here, there))
        if here != there and not rules.ignores(f"header:{name}"):
            yield name, f"header {name}: here {here or 'missing'}, there {there or 'missing'}"


@record
class ComparedSides:
    """The rules, and the moments of the two answers."""

    rules: ComparisonRules
    here: int
    there: int


def _values(here: Value, there: Value, path: str, sides: ComparedSides) -> Iterator[tuple[str, str]]:
    rules = sides.rules
    if path and rules.ignores(path):
        return
    shown = path or "body"
    if here is _ABSENT or there is _ABSENT:
        one, other = ("missing", show(there)) if here is _ABSENT else (show(here), "missing")
        yield path, f"{shown}: here {one}, there {other}"
        return
    if isinstance(here, dict) and isinstance(there, dict):
        for key in [*here, *(key for key in there if key not in here)]:
            yield from _values(here.get(key, _ABSENT), there.get(key, _ABSENT), f"{path}.{key}", sides)
        if list(here) != list(there) and here.keys() == there.keys():
            yield path, f"{shown}: members in another order: here {', '.join(here)}; there {', '.join(there)}"
    elif isinstance(here, list) and isinstance(there, list):
        yield from _lists(here, there, path, sides)
    elif not _equal(here, there, path, sides):
        yield path, f"{shown}: here {typed(here)}, there {typed(there)}"


def _lists(here: list[Value], there: list[Value], path: str, sides: ComparedSides) -> Iterator[tuple[str, str]]:
    shown = path or "body"
    texts = [[json.dumps(one, sort_keys=True) for one in side] for side in (here, there)]
    found: list[tuple[str, str]] = []
    for index in range(max(len(here), len(there))):
        one = here[index] if index < len(here) else _ABSENT
        other = there[index] if index < len(there) else _ABSENT
        found += _values(one, other, f"{path}[{index}]", sides)
    if found and texts[0] != texts[1] and sorted(texts[0]) == sorted(texts[1]):
        found = [(path, f"{shown}: the same {len(here)} elements in another order")]
    yield from found


def typed(value: Value) -> str:
    """A value with its type, where the value alone does not show it."""
    if isinstance(value, float) and value.is_integer():
        return f"the decimal {value}"
    return {"dict": "an object ", "list": "a list "}.get(type(value).__name__, "") + show(value)


def _equal(here: Value, there: Value, path: str, sides: ComparedSides) -> bool:
    kind = sides.rules.kind(path)
    if kind == "id" and isinstance(here, (int, str)):
        return _same_id(here, there, path, sides.rules)
    if kind == "any" or (type(here) is type(there) and here == there):
        return True
    if kind is not None:
        return _is(kind, here, sides.here) and _is(kind, there, sides.there)
    if sides.rules.exact or type(here) is not type(there):
        return False
    return any(_is(one, here, sides.here) and _is(one, there, sides.there) for one in ("now", "sure token", "uuid"))


def _same_id(here: Value, there: Value, path: str, rules: ComparisonRules) -> bool:
    """Does an id here always stand for the same one there, and the other way round?"""
    if type(here) is not type(there) or not isinstance(here, (int, str)):
        return False
    name = re.sub(r"\[\d+\]", "[]", path)
    pairs = rules.ids.setdefault(name, {})
    if here in pairs:
        return bool(pairs[here] == there)
    if there in pairs.values():
        return False
    pairs[here] = there
    return True


def _is(kind: str, value: Value, at: int) -> bool:
    """Is a value of this kind? "now" is a time near the moment of the answer."""
    if kind == "now":
        return isinstance(value, int) and not isinstance(value, bool) and abs(value - at) <= _NEAR
    if kind == "time":
        return isinstance(value, int) and not isinstance(value, bool) and 10**11 < abs(value) < 10**14
    pattern = {"token": _TOKEN, "sure token": _SURE_TOKEN, "uuid": _UUID}[kind]
    return isinstance(value, str) and pattern.fullmatch(value) is not None
