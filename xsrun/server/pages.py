"""The addresses that are xsrun's own: the list of groups, documentation, OpenAPI, the history."""

from __future__ import annotations

from xsrun.server.answers import Answer
from xsrun.server.history import History
from xsrun.server.incoming import Incoming
from xsrun.server.live import Snapshot
from xsrun.server.routes import Match
from xsrun.server.settings import Settings


class Pages:
    """Answers requests for xsrun's own pages."""

    def __init__(self, history: History, settings: Settings) -> None:
        self.history = history
        self.settings = settings

    def page(self, snapshot: Snapshot, match: Match | None, request: Incoming) -> Answer | None:
        """The page at an address, or None when there is none."""
        return None
