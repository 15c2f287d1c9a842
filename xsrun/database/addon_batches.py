"""The runs of an addon that is about to run for many rows."""

from __future__ import annotations

from xsrun.database.plans import AddonPlan, QueryPlan
from xsrun.hints import Any
from xsrun.values.conversion import Value


class AddonBatch:
    """What each run of an addon is given, and what was found for all of them (see `grouped_queries`)."""

    __slots__ = ("current", "found", "inputs", "nested", "repeats")

    def __init__(self, inputs: list[Value], *, repeats: bool = False) -> None:
        #: may several runs be given the same?
        self.repeats = repeats
        self.inputs = [one for one in inputs if one.__class__ is dict]
        #: what the run is given that is at work
        self.current: Value = None
        self.found: dict[QueryPlan, Any] = {}
        #: of the addons of its queries, in their turn
        self.nested: dict[AddonPlan, AddonBatch] = {}
