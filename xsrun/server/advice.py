"""What a request that leads nowhere probably meant: for the log, and for callers on this machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from xsrun.diagnostics.suggest import nearest, some_of

if TYPE_CHECKING:
    from xsrun.server.routes import ApiGroup, Route, Routes

#: How many groups, queries or branches are listed.
_MOST = 5
_LONGEST = 200
#: What hints say of the caller, on the command line and over HTTP.
_AS_SOMEONE = re.compile(r"run (?:it )?with --auth \S+:\w+")
_SIGNED_IN = "send the header `Authorization: Bearer TOKEN` with a token that the program made for one"


def advice(routes: Routes, verb: str, path: str, branch: str | None = None) -> str:
    """What there is instead of a query at this path; `branch` is one that was asked for and is not there."""
    if branch is not None:
        return f"there is no branch `{_cut(branch)}`; there are: {some_of(sorted(routes.branches), _MOST)}"
    groups = [group for group in routes.groups if group.routes and group.active]
    if not groups:
        return "the workspace has no query that can be called"
    address, below, rest = path.removeprefix("/api:").partition("/")
    canonical, _, named = unquote(address).partition(":")
    if not path.startswith("/api:"):
        return _outside(groups, path)
    group = routes.group(canonical)
    if group is None:
        return _no_group(groups, canonical)
    if not group.active:
        return f"the group `{group.name}` is not active"
    if named and named not in routes.branches:
        return advice(routes, verb, path, named)
    return _no_query(routes, group, verb, path, unquote(rest) if below else "")


def over_http(hint: str | None) -> str | None:
    """A hint for someone who sends requests: the header in place of an option of `xsrun run`."""
    return None if hint is None else _AS_SOMEONE.sub(_SIGNED_IN, hint)


def _outside(groups: list[ApiGroup], path: str) -> str:
    """A path that is none of a query: perhaps the end of one."""
    last = unquote(path).strip("/").rpartition("/")[2]
    for group in groups:
        for route in group.routes:
            if last and route.query.name.rpartition("/")[2] == last:
                return f"queries are below the address of their group: {route.verb} {route.path}"
    return f"queries are below the address of their group: {some_of([group.base for group in groups], _MOST)}"


def _no_group(groups: list[ApiGroup], canonical: str) -> str:
    known = {one: group for group in groups for one in (group.canonical, group.name)}
    close = nearest(canonical, list(known))
    if close is not None:
        return f"there is no group `{_cut(canonical)}`; did you mean {known[close].base}?"
    listed = some_of([f"{group.base} ({group.name})" for group in groups], _MOST)
    return f"there is no group `{_cut(canonical)}`; there are: {listed}"


def _no_query(routes: Routes, group: ApiGroup, verb: str, path: str, rest: str) -> str:
    match = routes.find(verb, path)
    if match is not None and match.verbs:
        return f"{_cut(path)} takes {some_of(match.verbs, _MOST)}, not {verb}"
    parts = rest.removesuffix("/").split("/")
    for route in group.routes:
        if len(route.segments) == len(parts) and route.resembles(parts):
            return f"what stands in the path does not fit {route.verb} {route.path}: {_numbers(route)}"
    close = nearest(rest, [route.query.name for route in group.routes])
    if close is None:
        listed = some_of([f"{route.verb} {route.path}" for route in group.routes], _MOST)
        return f"the group `{group.name}` has no such query; it has: {listed}"
    verbs = [route.verb for route in group.routes if route.query.name == close]
    return f"did you mean {'/'.join(verbs)} {group.base}/{close}?"


def _numbers(route: Route) -> str:
    """Which parts of a path have to be numbers."""
    wanted = [
        one.name for one in route.query.declared if one.name in route.parameters and one.type in ("int", "decimal")
    ]
    return f"{some_of([f'{{{name}}}' for name in wanted], _MOST)} takes a whole number"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
