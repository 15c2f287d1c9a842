"""Table triggers: what runs after a row was written (semantics 7.4).

A trigger runs right after the write, in the same run. What it raises is noted among the run's warnings and never
undoes the write. Triggers that set off triggers are stopped at a depth.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import cached_property

from xsrun.errors import XanoScriptError
from xsrun.evaluator.generated.tracebacks import translate
from xsrun.running.context import Context
from xsrun.syntax.nodes import Entry, Expression, ListLiteral, Literal, ObjectLiteral, Variable
from xsrun.values.conversion import Value, truthy
from xsrun.workspace.construct import Construct, text_of
from xsrun.workspace.workspace import workspace_of

ACTIONS = ("insert", "update", "delete", "truncate")
#: How deep triggers may set off one another.
MAX_DEPTH = 10
_DEPTH = "trigger depth"
#: The key under which a run may have somebody who is told of each trigger that ran.
WATCHER = "trigger watcher"
#: Told of a run and a trigger in it, its input, its seconds, and the error that it ended with. The run holds it, so it
#: is not to hold the run: that would keep what a request needed until Python collects its garbage.
Watcher = Callable[[Context, Construct, dict[str, Value], float, XanoScriptError | None], None]


class Trigger:
    """A table trigger that is switched on."""

    def __init__(self, construct: Construct) -> None:
        self.construct = construct
        self.table = text_of(construct.attribute("table")) or ""
        self.actions = _actions(construct.attribute("actions"))
        sources = construct.attribute("datasources")
        items = sources.items if isinstance(sources, ListLiteral) else []
        #: the datasources it is for; empty means all
        self.datasources = [item.value for item in items if isinstance(item, Literal)]
        self.where = construct.attribute("where") or construct.attribute("search")

    def wanted(self, context: Context, values: dict[str, Value]) -> bool:
        """Is the trigger for this datasource, and does its `where` hold for the row?"""
        if self.datasources and context.datasource not in self.datasources:
            return False
        if self.where is None:
            return True
        row = values["old"] if values["action"] == "delete" else values["new"]
        new, old = values["new"], values["old"]
        return truthy(self.condition(context, {}, {self.table: row, "NEW": new, "OLD": old, "new": new, "old": old}))

    @cached_property
    def condition(self) -> Callable[..., Value]:
        """The compiled `where`: `$db.NEW.x` and `$db.OLD.x`, or `$db.TABLE.x` for the row itself."""
        from copy import deepcopy

        from xsrun.evaluator.stack_functions import compile_expression

        node = deepcopy(self.where)
        assert node is not None
        for part in node.walk():
            if isinstance(part, Variable) and part.name == "db":
                part.name = "row"
        return compile_expression(node, self.construct.file, ["row"])


def triggers_by_event(constructs: Iterable[Construct]) -> dict[tuple[str, str], list[Trigger]]:
    """(table, action) -> the active triggers on it, in the order of their files."""
    found: dict[tuple[str, str], list[Trigger]] = {}
    for construct in constructs:
        if construct.kind == "table_trigger" and not _is_literal(construct.attribute("active"), False):
            trigger = Trigger(construct)
            for action in trigger.actions:
                found.setdefault((trigger.table, action), []).append(trigger)
    return found


def _actions(node: Expression | None) -> list[str]:
    """The actions that are switched on in `{insert: true, ...}`."""
    entries = node.entries if isinstance(node, ObjectLiteral) else []
    chosen = {e.key for e in entries if isinstance(e, Entry) and not e.disabled and _is_literal(e.value, True)}
    return [action for action in ACTIONS if action in chosen]


def _is_literal(node: Expression | None, value: bool) -> bool:
    return isinstance(node, Literal) and node.value is value


def fire(trigger: Trigger, context: Context, action: str, new: Value, old: Value) -> None:
    """Run one trigger for one row. Raises only what no program may catch."""
    construct = trigger.construct
    depth = context.scratch.get(_DEPTH, 0)
    if depth >= MAX_DEPTH:
        text = f"{construct.label} is not run: triggers have set off one another {MAX_DEPTH} times"
        context.warnings.append(XanoScriptError(text, file=construct.file, line=construct.line))
        return
    watcher: Watcher | None = context.scratch.get(WATCHER)
    begun = time.perf_counter()
    problem: XanoScriptError | None = None
    ran = False
    context.scratch[_DEPTH] = depth + 1
    values = {
        "new": {} if new is None else new,
        "old": {} if old is None else old,
        "action": action,
        "datasource": context.datasource,
    }
    try:
        if trigger.wanted(context, values):
            ran = True
            construct.fail_if_broken()
            workspace_of(context).invoke(construct, context, construct.bind(values, context))
    except Exception as error:
        problem = translate(error)
        if not problem.catchable:
            raise problem from error
        context.warnings.append(problem)
    finally:
        context.scratch[_DEPTH] = depth
        if watcher is not None and ran:
            watcher(context, construct, values, time.perf_counter() - begun, problem)
