"""The requests in the console: the list, what is new, one of them whole."""

from __future__ import annotations

from xsrun.server.console.calls import ApiCall, handles, missing
from xsrun.server.console.kept_requests import Wanted
from xsrun.values.conversion import Value


@handles("GET", "requests")
def list_requests(call: ApiCall) -> dict[str, Value]:
    """A page of the requests that are asked for, newest first, or with `order=slowest` by how long they took.

    A text is looked for in the next few thousand requests only: `before` says where to go on, `scanned` how many they
    were, so that whoever asks can show it and stop.
    """
    keeper = call.console.keeper
    keeper.flush()
    wanted = Wanted(
        call.text("kind"),
        call.text("verb").upper(),
        call.text("status"),
        call.text("path"),
        call.number("since"),
        call.number("until"),
        call.text("text"),
        call.number("least"),
        call.text("order") == "slowest",
    )
    found = keeper.store.page(wanted, call.number("before"), call.limit())
    return {
        "requests": list(found.requests),
        "before": found.before,
        "scanned": found.scanned,
        "kept": keeper.store.count() if call.text("count") else None,
        "dropped": keeper.dropped,
        "most": keeper.most,
        "tracing": call.console.tracing.mode,
        "lasting": keeper.store.path is not None,
    }


@handles("GET", "requests/new")
def new_requests(call: ApiCall) -> dict[str, Value]:
    """What came after a number."""
    keeper = call.console.keeper
    keeper.flush()
    return {"requests": list(keeper.store.since(call.number("after") or 0)), "dropped": keeper.dropped}


@handles("GET", "requests/paths")
def paths(call: ApiCall) -> dict[str, Value]:
    """The paths that requests had, to choose from."""
    call.console.keeper.flush()
    return {"paths": list(call.console.keeper.store.paths())}


@handles("POST", "requests/clear")
def clear(call: ApiCall) -> dict[str, Value]:
    """Forget all requests."""
    call.console.keeper.clear()
    return {}


@handles("GET", "request/{}")
def one_request(call: ApiCall) -> dict[str, Value]:
    """A request whole; `repeatable` tells whether it can be sent again as it came."""
    number = number_of(call)
    found = call.console.keeper.store.one(number)
    if found is None:
        raise missing(f"request {number} is not kept any more")
    recent = call.console.keeper.recent(number)
    whole = recent is not None and recent.exchange is not None and not recent.exchange.left_out
    return {**found, "repeatable": whole}


def number_of(call: ApiCall) -> int:
    """The number of a request in an address. Raises XanoScriptError."""
    text = call.parts[0]
    if not text.isdigit() or len(text) > 18:
        raise missing(f"there is no request {text[:40]}")
    call.console.keeper.flush()
    return int(text)
