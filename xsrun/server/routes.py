"""Which query a request goes to: groups by canonical name, queries by verb and path (semantics 7.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote

from xsrun.database.tables import literal
from xsrun.evaluator.brevity import Brief
from xsrun.running.masking import is_secret
from xsrun.values.conversion import Value
from xsrun.workspace.construct import Construct, text_of

#: The branch that is always there; others are those that the workspace declares.
MAIN_BRANCH = "v1"
#: The group of queries that name none.
DEFAULT_GROUP = "default"

_PARAMETER = re.compile(r"\{([^{}/]+)\}")
_ADDRESS = re.compile(r"/api:([^/:]+)(?::([^/]*))?(?:/(.*))?", re.DOTALL)
#: Addresses whose parts mean what they say: no branch, nothing encoded, no blank part.
_PLAIN_ADDRESS = re.compile(r"/api:([^/:%]+)/([^:%]*[^:%/])")


@dataclass(slots=True)
class ApiGroup:
    """An API group: the queries below `/api:<canonical>`. `cors` and `swagger` are its settings as written."""

    name: str
    canonical: str
    description: str = ""
    active: bool = True
    cors: dict[str, Value] = field(default_factory=dict)
    swagger: dict[str, Value] = field(default_factory=dict)
    history: Value = None
    routes: list[Route] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"/api:{self.canonical}"


@dataclass(slots=True)
class PathSegment:
    """What one part between slashes must be: a text, or a pattern that gives values to parameters.

    `rank` tells how specific it is, 0 for a text.
    """

    rank: int
    text: str
    pattern: re.Pattern[str] | None = None
    names: tuple[str, ...] = ()


@dataclass(eq=False)
class Route:
    """A query and the paths that lead to it. `auth` is the table whose rows may call it, empty for anyone."""

    query: Construct
    group: ApiGroup
    auth: str
    history: Value
    segments: list[PathSegment]
    #: does its program wait (`util.sleep`), as far as is known?
    sleeps: bool = False
    #: what is known of a program that is over in a moment, once that was looked at (`xsrun.server.at_once`)
    brief: Brief | None = None
    judged: bool = False
    #: how many of the next requests run in threads, though it is
    spared: int = 0

    @property
    def verb(self) -> str:
        return self.query.verb or "GET"

    @cached_property
    def path(self) -> str:
        return f"{self.group.base}/{self.query.name}"

    @cached_property
    def parameters(self) -> list[str]:
        """The names between braces, in order."""
        return [name for segment in self.segments for name in segment.names]

    @cached_property
    def label(self) -> str:
        return self.query.label

    @cached_property
    def secret_path(self) -> bool:
        """Does the path itself hold what a log should not show?"""
        return any(is_secret(name) or name in self.sensitive for name in self.parameters)

    @property
    def sensitive(self) -> frozenset[str]:
        """The inputs that a log does not show."""
        return self.query.sensitive

    @property
    def start(self) -> str | None:
        """The first part of the path; None where it has a parameter."""
        return None if self.segments[0].pattern is not None else self.segments[0].text

    def match(self, parts: list[str]) -> dict[str, str] | None:
        """The values of the parameters when the parts of a path are this query's; else None."""
        values: dict[str, str] = {}
        for segment, part in zip(self.segments, parts, strict=True):
            if segment.pattern is None:
                if part != segment.text:
                    return None
                continue
            found = segment.pattern.fullmatch(part)
            if found is None:
                return None
            values.update(zip(segment.names, found.groups(), strict=True))
        return values

    def resembles(self, parts: list[str]) -> bool:
        """Is it likely that a path is meant for this query, though a parameter may be of another type?"""
        pairs = zip(self.segments, parts, strict=True)
        return all(segment.pattern is not None or part == segment.text for segment, part in pairs)


@dataclass(slots=True)
class Match:
    """Where a path leads. `route` is None when the group has no such query; `verbs` are those that the path has."""

    group: ApiGroup
    route: Route | None
    values: dict[str, str]
    verbs: tuple[str, ...]
    branch: str = MAIN_BRANCH


class Routes:
    """The groups and queries of a workspace, looked up by path."""

    def __init__(self, constructs: Iterable[Construct]) -> None:
        everything = list(constructs)
        self.branches = {MAIN_BRANCH, *(one.name for one in everything if one.kind == "branch")}
        self.groups: list[ApiGroup] = []
        self._by_address: dict[str, ApiGroup] = {}
        self._by_length: dict[tuple[str, int], list[Route]] = {}
        #: the same by the first part of the path, and under None those that begin with a parameter
        self._by_start: dict[tuple[str, int, str | None], list[Route]] = {}
        #: the matches of paths without parameters
        self._known: dict[tuple[str, str], Match] = {}
        named = self._declared_groups(everything)
        for query in everything:
            if query.kind == "query" and _active(query):
                self._add(query, named)
        for routes in self._by_length.values():
            routes.sort(key=lambda route: [segment.rank for segment in route.segments])
        for (group, length), routes in self._by_length.items():
            for start in (None, *(route.start for route in routes)):
                self._by_start[group, length, start] = [one for one in routes if one.start in (None, start)]

    def _declared_groups(self, everything: list[Construct]) -> dict[str, ApiGroup]:
        named = {}
        for construct in everything:
            if construct.kind == "api_group" and construct.name not in named:
                named[construct.name] = self._open(group_of(construct))
        return named

    def _open(self, group: ApiGroup) -> ApiGroup:
        """Add a group under its canonical name and, where that is free, under the slug of its name."""
        self.groups.append(group)
        self._by_address.setdefault(group.canonical, group)
        self._by_address.setdefault(slug(group.name), group)
        return group

    def _add(self, query: Construct, named: dict[str, ApiGroup]) -> None:
        name = query.api_group or DEFAULT_GROUP
        group = named.get(name)
        if group is None:
            group = named[name] = self._open(ApiGroup(name, slug(name)))
        if not group.active:
            return
        history = literal(query.attribute("history"))
        route = Route(query, group, text_of(query.attribute("auth")) or "", history, segments_of(query))
        group.routes.append(route)
        self._by_length.setdefault((group.canonical, len(route.segments)), []).append(route)

    def group(self, address: str) -> ApiGroup | None:
        """The group of a canonical name."""
        return self._by_address.get(address)

    def find(self, verb: str, path: str) -> Match | None:
        """Where a request goes; None when the path leads to no group. `path` is as sent, still percent-encoded."""
        known = self._known.get((verb, path))
        if known is not None:
            return known
        match = self._search(verb, path)
        if match is not None and match.route is not None and path == match.route.path:
            self._known[verb, path] = match
        return match

    def shown(self, path: str) -> str:
        """A path as logs show it: that of a query in place of one that holds a secret, whatever the verb."""
        address = _ADDRESS.fullmatch(path)
        group = self._by_address.get(unquote(address[1])) if address is not None else None
        if address is None or group is None:
            return path
        parts = _parts(address[3])
        for route in self._by_length.get((group.canonical, len(parts)), ()):
            if route.secret_path and route.resembles(parts):
                return route.path
        return path

    def _search(self, verb: str, path: str) -> Match | None:
        plain = _PLAIN_ADDRESS.fullmatch(path)
        if plain is not None:
            branch, group = MAIN_BRANCH, self._by_address.get(plain[1])
            parts = plain[2].split("/")
        else:
            address = _ADDRESS.fullmatch(path)
            if address is None:
                return None
            branch, group = unquote(address[2] or "") or MAIN_BRANCH, self._by_address.get(unquote(address[1]))
            parts = _parts(address[3])
        if group is None or not group.active or branch not in self.branches:
            return None
        found: dict[str, tuple[Route, dict[str, str]]] = {}
        place = group.canonical, len(parts)
        for route in self._by_start.get((*place, parts[0])) or self._by_start.get((*place, None)) or ():
            if route.verb not in found and (values := route.match(parts)) is not None:
                found[route.verb] = route, values
        chosen = found.get(verb) or (found.get("GET") if verb == "HEAD" else None)
        if chosen is None:
            return Match(group, None, {}, tuple(found), branch)
        return Match(group, *chosen, tuple(found), branch)


def _parts(rest: str | None) -> list[str]:
    """What stands between the slashes of a path behind its group."""
    return [unquote(part) for part in (rest or "").removesuffix("/").split("/")]


def _active(construct: Construct) -> bool:
    return literal(construct.attribute("active")) is not False


def group_of(construct: Construct) -> ApiGroup:
    """The group that an `api_group` construct declares."""
    settings = {name: literal(construct.attribute(name)) for name in ("cors", "swagger", "history", "description")}
    objects = {name: settings[name] if isinstance(settings[name], dict) else {} for name in ("cors", "swagger")}
    return ApiGroup(
        construct.name,
        text_of(construct.attribute("canonical")) or slug(construct.name),
        str(settings["description"] or ""),
        _active(construct),
        objects["cors"],
        objects["swagger"],
        settings["history"],
    )


def segments_of(query: Construct) -> list[PathSegment]:
    """What the parts of a path must be to lead to a query."""
    digits: set[str] = set()
    if "{" in query.name:
        digits = {one.name for one in query.declared if one.type in ("int", "decimal") and one.required}
    return [_segment(part, digits) for part in query.name.split("/")]


def _segment(part: str, digits: set[str]) -> PathSegment:
    pieces = _PARAMETER.split(part)
    if len(pieces) == 1:
        return PathSegment(0, part)
    names = tuple(pieces[1::2])
    pattern = re.escape(pieces[0])
    for name, following in zip(names, pieces[2::2], strict=True):
        pattern += ("([0-9]+)" if name in digits else "(.+)") + re.escape(following)
    whole = len(names) == 1 and part == f"{{{names[0]}}}"
    rank = 1 if not whole else 2 if names[0] in digits else 3
    return PathSegment(rank, part, re.compile(pattern, re.DOTALL), names)


def slug(name: str) -> str:
    """The canonical name of a group that declares none: its name in lower case, with dashes."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or DEFAULT_GROUP
