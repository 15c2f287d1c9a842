"""The console with 100,000 requests and a table of 1,000,000 rows: what a page costs the server, in CPU time.

Slow, run by hand: `pytest -m slow tests/test_console_load.py -s` prints the figures.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from http_server import running
from test_console import Page, sample
from waiting import until

import xsrun
from xsrun.database.browsing import Browser, RowFilter, RowView
from xsrun.server import create_application
from xsrun.server.console.kept_requests import Kept, RequestStore, Wanted

pytestmark = pytest.mark.slow
#: Seconds of CPU that the server may take for a page.
MOST = 0.1
REQUESTS, ROWS = 100_000, 1_000_000
TABLE = (
    "table entry {\n  schema {\n    int id\n    int sailor_id\n    text text\n    decimal? miles\n  }\n"
    '  index = [\n    {type: "primary", field: [{name: "id"}]}\n'
    '    {type: "btree", field: [{name: "sailor_id", op: "asc"}]}\n  ]\n}\n'
)
Found = TypeVar("Found")


def cost(what: str, act: Callable[[], Found]) -> Found:
    """What an act gives; fails when it takes the server too long."""
    started = time.process_time()
    found = act()
    seconds = time.process_time() - started
    print(f"{what}: {seconds * 1000:.1f} ms of CPU")
    assert seconds < MOST, what
    return found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RequestStore]:
    made = RequestStore(tmp_path_factory.mktemp("load") / "history.db", 2 * REQUESTS, 2**40)
    steps = [["var $x", 0, 1, 0, 1, 1, "x", "1"]] * 20
    detail = {"request": {"headers": ["host: example"] * 10}, "trace": {"statements": steps}}

    def made_of(n: int) -> Kept:
        odd = n % 1_000 == 0
        return sample(n, status=500 if odd else 200, failed=odd, detail=detail, text=f"text {n} " * 20)

    for start in range(1, REQUESTS, 5_000):
        made.add(map(made_of, range(start, start + 5_000)))
    yield made
    made.close()


def test_pages_of_many_requests(store: RequestStore) -> None:
    assert store.count() == REQUESTS
    cost("the first page", lambda: store.page(Wanted()))
    cost("a page in the middle", lambda: store.page(Wanted(), REQUESTS // 2))
    failed = cost("those that failed", lambda: store.page(Wanted(status="failed")))
    assert len(failed.requests) == 50
    cost("the last of those that failed", lambda: store.page(Wanted(status="500"), 50_000))
    cost("a path", lambda: store.page(Wanted(path="/a/3", verb="GET"), 70_000))
    cost("no such path", lambda: store.page(Wanted(path="/nothing", status="failed")))
    cost("a time", lambda: store.page(Wanted(since=99_000, until=99_500)))
    cost("the paths", store.paths)
    cost("how many there are", store.count)
    cost("one whole", lambda: store.one(77_777))
    cost("what is new", lambda: store.since(REQUESTS - 5))
    piece = cost("a piece of a search", lambda: store.page(Wanted(text="not there")))
    assert piece.scanned == 5_000 and piece.before is not None
    cost("a request is kept", lambda: store.add([sample(REQUESTS + 1)]))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[xsrun.Workspace]:
    database = f"sqlite:///{tmp_path_factory.mktemp('load')}/rows.db"
    with xsrun.Workspace.from_sources({"table/entry.xs": TABLE}, database=database) as one:
        session = one.context().session
        session.catalog.table("entry")
        with session.transaction.atomic():
            session.transaction.execute(
                "INSERT INTO entry (sailor_id, text, miles) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
                f"SELECT i + 1 FROM n WHERE i < {ROWS}) "
                "SELECT i * 7919 % 5000, 'day ' || i || ' at sea', i * 104729 % 1000 FROM n",
                writes=True,
            )
        session.close()
        yield one


def test_pages_of_many_rows(workspace: xsrun.Workspace) -> None:
    session = workspace.context().session

    def page(view: RowView, after: tuple[int, int] | None = None) -> list[int]:
        found = Browser(session, "entry", view).page(after, 50)
        assert not found.scan
        return [row["id"] for row in found.rows]

    page(RowView())  # the statements are made once
    assert cost("the first page", lambda: page(RowView())) == list(range(1, 51))
    assert cost("the page behind 900,000", lambda: page(RowView(), (900_000, 900_000)))[0] == 900_001
    cost("the end, backwards", lambda: page(RowView(descending=True)))
    cost("by an index", lambda: page(RowView(sort="sailor_id")))
    cost("by an index, far in", lambda: page(RowView(sort="sailor_id"), (4_000, 500_000)))
    assert len(cost("an indexed filter", lambda: page(RowView([RowFilter("sailor_id", "=", "77")])))) == 50
    cost("an indexed range", lambda: page(RowView([RowFilter("sailor_id", ">", "4990")], "sailor_id")))
    assert cost("a count that stops", lambda: Browser(session, "entry", RowView()).count()) == (10_000, False)
    session.close()


def test_a_scan_is_stopped_and_blocks_nobody(workspace: xsrun.Workspace) -> None:
    app = create_application(workspace)
    with running(app) as client:
        page = Page(client)
        answers: list[dict[str, object]] = []
        view = {
            "sort": "miles",
            "filters": [{"column": "text", "test": "contains", "value": "nowhere"}],
            "scan": "mine",
        }
        thread = threading.Thread(target=lambda: answers.append(page.post("table/entry/rows", view)))
        thread.start()
        until(lambda: page.get("scan/mine")["scanned"] or answers)
        added = 0
        while page.get("scan/mine")["running"] and added < 5:
            page.post("table/entry/add", {"data": {"sailor_id": 1, "text": "meanwhile"}})
            added += 1
        page.post("scan/mine/stop")
        thread.join()
        print(f"{added} rows were added during a scan of {answers[0]['scanned']} rows")
        assert answers[0]["scan"] and added > 0
        assert answers[0]["stopped"] or answers[0]["scanned"]
        whole = page.post("table/entry/rows", {**view, "scan": "whole"})
        assert whole["scanned"] >= ROWS and not whole["stopped"] and whole["rows"] == []
