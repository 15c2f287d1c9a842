"""What the caller of a documentation test gives to every example."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from xsrun.running.context import Limits
from xsrun.values.conversion import Value
from xsrun.workspace.construct import Construct
from xsrun.workspace.workspace import LoadedWorkspace

Make = Callable[[dict[str, str]], LoadedWorkspace]
#: How far an example may run.
LIMITS = Limits(steps=1_000_000, seconds=10.0)


@dataclass(slots=True)
class PageSettings:
    """What the caller gives to every example. `make` makes a workspace of texts by file name."""

    make: Make
    inputs: dict[str, Value] = field(default_factory=dict)
    variables: dict[str, Value] = field(default_factory=dict)
    auth: dict[str, Value] | None = None
    rows: dict[str, list[dict[str, Value]]] = field(default_factory=dict)
    #: does the caller's database hold rows?
    has_database: bool = False
    #: makes the same workspace at another time, to find out what depends on it
    make_later: Make | None = None
    #: the constructs of the workspace that the page lies in
    around: list[Construct] = field(default_factory=list)
    #: makes up what an example lacks, always the same for one seed (see `filled`); None makes nothing up
    fill: int | None = None
    #: rows that are made up, as far as their tables take them
    filled_rows: dict[str, list[dict[str, Value]]] = field(default_factory=dict)

    @property
    def has_rows(self) -> bool:
        return bool(self.rows or self.filled_rows) or self.has_database
