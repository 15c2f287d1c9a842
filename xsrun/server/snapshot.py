"""The workspace that serves requests now; another one may take its place between two requests."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xsrun.diagnostics import Diagnostic
from xsrun.server.cors import Policy
from xsrun.server.routes import ApiGroup, Routes

if TYPE_CHECKING:
    from xsrun.documents import Json
    from xsrun.workspace.workspace import LoadedWorkspace

#: What names data sources: attributes of tasks, triggers and tests, and the statement that changes to one.
_DATASOURCES = re.compile(r'\bdatasources?\s*=\s*(?:\[[^\]]*\]|"[^"]*")|\bdb\.set_datasource\b\s*(?:\{[^}]*\}|"[^"]*")')
_QUOTED = re.compile(r'"([^"]+)"')


@dataclass(slots=True)
class Snapshot:
    """A loaded workspace with its routes. A request keeps the one that it began with.

    `stale` are the errors of files that were saved broken, whose last good version answers instead.
    """

    workspace: LoadedWorkspace
    routes: Routes
    stale: list[Diagnostic] = field(default_factory=list)
    #: does any program send a streamed response?
    streams: bool = True
    #: the data sources that requests may name
    datasources: frozenset[str] = frozenset(("live",))
    policies: dict[str, Policy] = field(default_factory=dict)
    #: documents made from this workspace, by what they are
    documents: dict[tuple[tuple[str, ...], str], dict[str, Json]] = field(default_factory=dict)

    @classmethod
    def of(cls, workspace: LoadedWorkspace, stale: list[Diagnostic] | None = None) -> Snapshot:
        streams = any("api.stream" in source.text for source in workspace.sources.values())
        named = {name for source in workspace.sources.values() for name in named_datasources(source.text)}
        routes = Routes(workspace.constructs)
        sleepers = {name for name, source in workspace.sources.items() if "util.sleep" in source.text}
        for group in routes.groups:
            for route in group.routes:
                route.sleeps = route.query.file in sleepers
        return cls(workspace, routes, stale or [], streams, frozenset(("live", *named)))

    def policy(self, group: ApiGroup) -> Policy:
        """Who may call a group from a browser."""
        found = self.policies.get(group.canonical)
        if found is None:
            found = self.policies[group.canonical] = Policy.of(group)
        return found


def named_datasources(text: str) -> list[str]:
    """The data sources that a program names."""
    found = []
    for match in _DATASOURCES.finditer(text):
        found += _QUOTED.findall(match[0])
    return found


class Live:
    """Holds the current snapshot."""

    def __init__(self, workspace: LoadedWorkspace) -> None:
        self.current = Snapshot.of(workspace)

    def replace(self, workspace: LoadedWorkspace, stale: list[Diagnostic] | None = None) -> None:
        """Let a workspace serve all requests that come from now on."""
        self.current = Snapshot.of(workspace, stale)
