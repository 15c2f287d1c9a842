"""SQL in the console, and the values of a column with their numbers of rows."""

from __future__ import annotations

import time

from xsrun.server.console.calls import ApiCall, handles, wrong
from xsrun.server.console.data_views import session_of, view_of
from xsrun.values.conversion import Value

#: Rows of a statement that are shown.
_MOST = 1_000


@handles("POST", "sql")
def run_sql(call: ApiCall) -> dict[str, Value]:
    """Run one statement (`sql`) in PostgreSQL's dialect, as `xsrun db shell` does."""
    from xsrun.database.dump_load import run_sql as run

    text = call.given("sql")
    if not text.strip():
        raise wrong("there is nothing to run")
    started = time.perf_counter()
    with session_of(call) as session:
        rows = run(session, text)
    return {"rows": rows[:_MOST], "all": len(rows), "duration": time.perf_counter() - started}


@handles("POST", "table/{}/values")
def values(call: ApiCall) -> dict[str, Value]:
    """The most frequent values of a `column` in the rows of a view; a `scan` that can be watched and stopped."""
    from xsrun.database.browsing import Browser
    from xsrun.database.value_counts import value_counts

    given = call.body()
    with call.console.scans.begin(str(given.get("scan") or "")) as scan, session_of(call) as session:
        browser = Browser(session, call.parts[0], view_of(given))
        found = value_counts(browser, call.given("column"), scan.watch)
    return {
        "counts": [list(pair) for pair in found.counts],
        "values": found.values,
        "scanned": found.scanned,
        "stopped": found.stopped,
        "cut": found.cut,
    }
