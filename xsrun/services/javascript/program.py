"""JavaScript as a XanoScript program uses it: what a body sees of the run, whose time it takes, where it logs to."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypedDict

from xsrun.running.unfolded_size import check_unfolded
from xsrun.services.javascript import JavaScript, Mode
from xsrun.services.javascript.calls import Calls
from xsrun.services.javascript.mentions import mentioned
from xsrun.services.javascript.worker import Log
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.running.context import Context, Identity

#: What the compiler collects for a lambda: `$var` and `$input`; it may hold `$env` and `$auth` too.
Environment = dict[str, Value]
#: A run whose clock is further than this (milliseconds) from the real time has a clock of its own.
_SAME_TIME = 1000


class ScriptOptions(TypedDict):
    """What the run adds to a call."""

    remaining: float | None
    now: int | None
    log: Log
    calls: Calls


def call(run: Context, code: str, timeout: float | None, environment: Environment, **values: Value) -> Value:
    """Run a body once. `values` are `this`, `index`, `parent`, `result` where the body shall see them."""
    scope = _scope(run, code, environment) | {f"${name}": value for name, value in values.items()}
    check_unfolded(run, scope)
    return _service(run).call(code, scope, timeout=timeout, **_options(run))


def each(
    run: Context,
    mode: Mode,
    elements: list[Value],
    code: str,
    timeout: float | None,
    environment: Environment,
    initial: Value = None,
) -> Value:
    """Run a body for each element, as the array method `mode` does. An empty list needs no JavaScript.

    Without code the value is null (evidence G10).
    """
    if not code:
        return None
    if not elements:
        return {"some": False, "every": True, "find": None, "findIndex": -1, "reduce": initial}.get(mode, [])
    scope = _scope(run, code, environment)
    check_unfolded(run, [scope, elements, initial])
    return _service(run).map(
        code,
        scope,
        elements,
        mode=mode,
        initial=initial,
        timeout=timeout,
        **_options(run),
    )


def _service(run: Context) -> JavaScript:
    service: JavaScript = run.service("javascript")
    return service


def _options(run: Context) -> ScriptOptions:
    """Seconds the run has left (its deadline is on the monotonic clock), its clock if not the real one, its log."""
    now = run.now()
    return {
        "remaining": None if run.deadline is None else run.deadline - time.monotonic(),
        "now": now if abs(now - time.time() * 1000) > _SAME_TIME else None,
        "log": run.log,
        "calls": Calls(run),
    }


def _scope(run: Context, code: str, environment: Environment) -> dict[str, Value]:
    everything = {"$input": {}, "$var": {}, "$env": run.environment, "$auth": _auth(run.auth), **environment}
    return mentioned(code, everything)


def _auth(identity: Identity | None) -> dict[str, Value]:
    """`$auth` of a lambda: the id is 0 where no user is signed in, and reading it is not an error (semantics 2.6)."""
    if identity is None:
        return {"id": 0, "extras": {}}
    named = {"id": identity.id, "dbo": {"id": identity.table}, "extras": identity.extras}
    return {**identity.extras, **named}
