"""What follows a run: the stacks that it left for later, the end of its session, and the parts of its result."""

from __future__ import annotations

from xsrun.evaluator.generated.tracebacks import translate
from xsrun.running.context import Answer, Context
from xsrun.workspace.result import Result


def finish(context: Context, result: Result, *, now: bool) -> None:
    """Fill in the result of a run that has ended. `now`: also run what it left for later."""
    result.status = result.status if context.head.status is None else context.head.status
    result.headers = context.head.headers
    if now:
        run_deferred(context, result)
    try:
        end_session(context)
    except Exception as error:
        result.error = result.error or translate(error)
    result.logs = context.logs
    result.warnings = context.warnings
    result.trace = context.trace.entries if context.trace is not None else None
    if result.error is not None:
        result.status = result.error.status


def after_response(context: Context, result: Result) -> None:
    """Run what a program left for later, in a run of its own that has the limits anew."""
    if not context.deferred:
        return
    context.start()
    run_deferred(context, result)
    try:
        end_session(context)
    except Exception as error:
        context.warnings.append(translate(error))


def run_deferred(context: Context, result: Result) -> None:
    """Run the stacks that wait for the response. It is sent, so a failure here is logged."""
    if result.error is not None:
        result.status = result.error.status
    answer = Answer(result.body, result.headers, result.status)
    while context.deferred:
        try:
            context.deferred.pop(0)(answer)
        except Exception as error:
            context.warnings.append(translate(error))


def end_session(context: Context) -> None:
    """End the session with the database, if there was one."""
    if context.session_slot is not None:
        context.session_slot.close()
