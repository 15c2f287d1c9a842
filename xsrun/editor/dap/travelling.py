"""Going back and forth in the record of a run that stands still."""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.editor.dap.debug_run import INTO, OUT, OVER, DebugRun
from xsrun.editor.dap.frame_evaluation import Surroundings, evaluate_in, holds, tree_of
from xsrun.editor.dap.run_record import RunRecord
from xsrun.errors import UsageError, XanoScriptError
from xsrun.names.places import place_of
from xsrun.running.assertions import show
from xsrun.syntax.nodes import Expression

_NO_RECORD = "this run keeps no record"


def record_of(run: DebugRun) -> RunRecord:
    """The record of a run. Raises UsageError where there is none, or while the run goes on."""
    if run.frames is None:
        raise UsageError("the program is running", hint="pause it first")
    if run.record is None or run.record.end == run.record.first:
        raise UsageError(_NO_RECORD, hint='launch with "record": true, or xsrun dap --record')
    return run.record


def present(run: DebugRun, kept: RunRecord) -> int:
    """The step that a run has come to; behind the last one when an error has ended that."""
    return kept.end if run.error is not None else kept.end - 1


def step_back(run: DebugRun) -> str:
    """Look at the statement before, of this call or of one around it. Returns why it stops there."""
    kept = record_of(run)
    here = present(run, kept) if run.view is None else run.view
    depth = kept.step(here).depth if here < kept.end else None
    for number in range(here - 1, kept.first - 1, -1):
        step = kept.step(number)
        if not step.is_response and (depth is None or step.depth <= depth):
            run.view = number
            return "step"
    run.view = kept.first
    return "entry"


def run_back(run: DebugRun) -> str:
    """Go back to the breakpoint before, or to the beginning of the record. Returns why it stops there."""
    kept = record_of(run)
    here = present(run, kept) if run.view is None else run.view
    for number in range(here - 1, kept.first - 1, -1):
        if at_breakpoint(run, kept, number):
            run.view = number
            return "breakpoint"
    run.view = kept.first
    return "entry"


def forward(run: DebugRun, mode: str) -> str:
    """Go forward from a step of the past as the run itself would. Returns why it stops; the present is the end."""
    kept = record_of(run)
    assert run.view is not None
    depth, last = kept.step(run.view).depth, present(run, kept)
    for number in range(run.view + 1, last):
        step = kept.step(number)
        if at_breakpoint(run, kept, number):
            run.view = number
            return "breakpoint"
        reached = mode == INTO or (mode == OVER and step.depth <= depth) or (mode == OUT and step.depth < depth)
        if reached and not step.is_response:
            run.view = number
            return "step"
    run.view = None
    return "exception" if run.error is not None else "step"


def at_breakpoint(run: DebugRun, kept: RunRecord, number: int) -> bool:
    """Would a breakpoint stop at a step? Hits are not counted in the past."""
    step = kept.step(number)
    points = [one for one in run.hub.points_at(step.call.file, step.line) if not one.message]
    if not points:
        return False
    given = run.surroundings_at(number)
    return any(not one.condition or holds(one.condition, given, run.context) for one in points)


# When did it become so? ----------------------------------------------------------------------------------------------


def became(run: DebugRun, text: str, depth: int = 0) -> str:
    """When a condition came to be true: `$x == null`, or of a variable alone when it got the value that it has.

    Looks back from the moment that is looked at, in the call that has `depth` others inside it. Raises UsageError where
    the condition is not true there.
    """
    kept = record_of(run)
    tree = tree_of(text)
    here = min(present(run, kept) if run.view is None else run.view, kept.end - 1)
    call = [one for one, _ in kept.step(here).stack()][depth]
    steps = [number for number in range(kept.first, here + 1) if kept.step(number).call is call]
    now = run.surroundings_at(steps[-1])
    if place_of(tree) is not None:
        value = evaluate_in(tree, now, run.context)
        before = list(same_before(run, tree, steps, show(value)))
        what = f"{text} = {show(value)}"
    else:
        if not holds(text, now, run.context):
            raise UsageError(f"{text} is not true here", hint="go to a moment at which it is")
        before = [number for number in reversed(steps) if not holds(text, run.surroundings_at(number), run.context)][:1]
        what = text
    if not before:
        first = kept.step(steps[0])
        place = f"{run.hub.shown(first.call.file)}:{first.line}"
        return f"{what} since before {place}, the first step that is kept of this call"
    cause = kept.step(before[0])
    place = f"{run.hub.shown(cause.call.file)}:{cause.line}"
    return f"{what} since {place}, `{cause.statement}` (step {before[0] + 1} of {kept.end})"


def same_before(run: DebugRun, tree: Expression, steps: list[int], shown: str) -> Iterable[int]:
    """The last step at which an expression had another value than this one, or none."""
    for number in reversed(steps):
        if value_text(run, tree, run.surroundings_at(number)) != shown:
            yield number
            return


def value_text(run: DebugRun, tree: Expression, given: Surroundings) -> str | None:
    """The value of an expression as a text; None where it has none."""
    try:
        return show(evaluate_in(tree, given, run.context))
    except XanoScriptError:
        return None


def back_to(run: DebugRun, text: str) -> str:
    """Go back to the last moment before this one at which a condition was true. Returns why it stops there."""
    kept = record_of(run)
    tree_of(text)
    here = present(run, kept) if run.view is None else run.view
    for number in range(here - 1, kept.first - 1, -1):
        if not kept.step(number).is_response and holds(text, run.surroundings_at(number), run.context):
            run.view = number
            return "goto"
    raise UsageError(f"{text} was not true at any moment before this one")
