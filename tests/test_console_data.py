"""The tables in the console: pages by key in every order, filters, scans that can be stopped, writes as of programs."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from databases import BACKENDS, new_database
from http_server import running
from test_console import Page

import xsrun
from xsrun.database import browsing
from xsrun.database.browsing import Browser, RowFilter, RowView, is_scan
from xsrun.errors import UsageError
from xsrun.server import create_application
from xsrun.server.console.scans import Scans

TABLES = {
    "table/sailor.xs": "table sailor {\n  auth = true\n  schema {\n    int id\n    text name filters=trim|min:1\n    password pin?\n  }\n}\n",
    "table/entry.xs": (
        'table entry {\n  schema {\n    int id\n    int sailor_id {\n      table = "sailor"\n    }\n    text text filters=trim|min:1\n'
        '    enum weather?=fair {\n      values = ["fair", "rain", "gale"]\n    }\n    decimal? miles?\n    timestamp? at?\n'
        "    bool done?\n    json? track?\n  }\n"
        '  index = [\n    {type: "primary", field: [{name: "id"}]}\n    {type: "btree", field: [{name: "sailor_id", op: "asc"}]}\n  ]\n}\n'
    ),
    "table/log.xs": "table log {\n  schema {\n    int id\n    text what\n  }\n}\n",
    "table_trigger/added.xs": (
        'table_trigger added {\n  table = "entry"\n  input {\n    json new\n    json old\n    enum action {\n      values = ["insert", "update", "delete", "truncate"]\n    }\n'
        "    text datasource\n  }\n  stack {\n    db.add log {\n      data = {what: $input.action}\n    }\n  }\n"
        "  actions = {insert: true, update: true, delete: true}\n}\n"
    ),
}
VIEWS = [
    RowView(),
    RowView(descending=True),
    RowView(sort="sailor_id"),
    RowView(sort="miles", descending=True),
    RowView(sort="text"),
    RowView([RowFilter("sailor_id", "=", "3")]),
    RowView([RowFilter("sailor_id", ">=", "5")], "sailor_id"),
    RowView([RowFilter("weather", "=", "rain"), RowFilter("miles", ">", "40")]),
    RowView([RowFilter("text", "contains", "DAY 1")], "miles"),
    RowView([RowFilter("text", "begins with", "day 2")], descending=True),
    RowView([RowFilter("miles", "is null")]),
    RowView([RowFilter("miles", "is not null"), RowFilter("weather", "!=", "fair")], "weather"),
    RowView([RowFilter("done", "=", "true")]),
    RowView([RowFilter("at", "<", "2020-09-13 12:26:45")]),
]


@pytest.fixture(scope="module", params=BACKENDS)
def workspace(request: pytest.FixtureRequest) -> Iterator[xsrun.Workspace]:
    with xsrun.Workspace.from_sources(TABLES, database=new_database(request.param)) as one:
        chance = random.Random(3)
        one.seed({"sailor": [{"name": f"Sailor {n}", "pin": "1234five"} for n in range(10)]})
        rows = [
            {
                "sailor_id": chance.randrange(1, 9),
                "text": f"day {n}",
                "weather": chance.choice(["fair", "rain"]),
                "miles": chance.choice([None, chance.randrange(90)]),
                "done": n % 3 == 0,
                "at": 1_600_000_000_000 + n * 1_000,
            }
            for n in range(250)
        ]
        one.seed({"entry": rows})
        yield one


@pytest.fixture
def page(workspace: xsrun.Workspace) -> Iterator[Page]:
    with running(create_application(workspace)) as client:
        yield Page(client)


def expected(rows: list[dict[str, Any]], view: RowView) -> list[int]:
    """The ids of a view, found without SQL."""

    def fits(row: dict[str, Any], one: RowFilter) -> bool:
        value = row[one.column]
        if one.test in ("is null", "is not null"):
            return (value is None) == (one.test == "is null")
        if value is None:
            return False
        wanted: Any = one.value
        if one.column == "at":
            wanted = 1_600_000_005_000
        elif isinstance(value, bool):
            wanted = one.value == "true"
        elif isinstance(value, (int, float)):
            wanted = float(one.value)
        if one.test in ("contains", "begins with"):
            found = value.lower().find(wanted.lower())
            return found == 0 if one.test == "begins with" else found >= 0
        return {
            "=": value == wanted, "!=": value != wanted, "<": value < wanted, "<=": value <= wanted,
            ">": value > wanted, ">=": value >= wanted,
        }[one.test]  # fmt: skip

    chosen = [row for row in rows if all(fits(row, one) for one in view.filters)]
    some = [row for row in chosen if row[view.sort] is not None]
    none = [row for row in chosen if row[view.sort] is None]
    some.sort(key=lambda row: (row[view.sort], row["id"]), reverse=view.descending)
    none.sort(key=lambda row: row["id"], reverse=view.descending)
    return [row["id"] for row in (*some, *none)]


@pytest.mark.parametrize("view", VIEWS, ids=str)
@pytest.mark.parametrize("piece", [40, 20_000])
def test_every_view_page_by_page(
    workspace: xsrun.Workspace, view: RowView, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "PIECE", piece)
    session = workspace.context().session
    try:
        every = Browser(session, "entry", RowView()).page(None, 10_000).rows
        browser = Browser(session, "entry", view)
        seen, after = [], None
        while True:
            found = browser.page(after, 17)
            assert found.scan == is_scan(browser.table, view)
            seen += [row["id"] for row in found.rows]
            after = found.after
            if after is None:
                break
        assert seen == expected(every, view)
        assert browser.count() == (len(seen), True)
        assert browser.count(5)[0] == min(5, len(seen))
    finally:
        session.close()


def test_which_views_are_scans(workspace: xsrun.Workspace) -> None:
    session = workspace.context().session
    table = session.catalog.table("entry")
    scans = [is_scan(table, view) for view in VIEWS]
    session.close()
    assert scans == [False, False, False, True, True, False, False, True, True, True, True, True, True, True]


def test_a_scan_is_stopped(workspace: xsrun.Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    if workspace.database_url.startswith("postgres"):
        pytest.skip("on PostgreSQL a scan is one statement that others do not notice")
    monkeypatch.setattr(browsing, "PIECE", 50)
    session = workspace.context().session
    looked: list[int] = []

    def watch(scanned: int) -> bool:
        looked.append(scanned)
        return scanned < 150

    found = Browser(session, "entry", RowView(sort="miles")).page(None, 10, watch)
    session.close()
    assert found.stopped and found.scanned == 150 and looked == [0, 50, 100, 150]
    assert len(found.rows) == 10


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (RowView(sort="nothing"), "has no column `nothing`"),
        (RowView([RowFilter("id; drop", "=", "1")]), "has no column"),
        (RowView([RowFilter("id", "~", "1")]), "there is no test `~`"),
        (RowView([RowFilter("miles", "=", "far")]), "`far` is not a value of the column `miles`"),
        (RowView([RowFilter("sailor_id", "<", str(2**70))]), "is not a value of the column"),
    ],
)
def test_views_that_make_no_sense(workspace: xsrun.Workspace, view: RowView, words: str) -> None:
    session = workspace.context().session
    with pytest.raises(UsageError, match=words):
        Browser(session, "entry", view)
    session.close()


def test_a_scan_of_another_process_is_watched_and_stopped(tmp_path: Path) -> None:
    ours, theirs, alone = Scans(lambda: tmp_path / "scans"), Scans(lambda: tmp_path / "scans"), Scans(lambda: None)
    with ours.begin("../mine") as scan, ours.begin("") as nameless:
        assert scan.watch(0) and theirs.progress("../mine") is None, "it may be over at once"
        assert scan.watch(20_000) and theirs.progress("../mine") == 20_000
        assert scan.watch(140_000) and theirs.progress("../mine") == ours.progress("../mine") == 140_000
        assert not theirs.stop("another") and not alone.stop("../mine")
        assert theirs.stop("../mine")
        assert not scan.watch(160_000) and nameless.watch(160_000)
    assert list((tmp_path / "scans").iterdir()) == [] and ours.progress("../mine") is None
    with alone.begin("own") as scan:
        assert scan.watch(1) and alone.progress("own") == 1 and alone.stop("own") and not scan.watch(2)


# The API --------------------------------------------------------------------------------------------------------------


def test_tables_and_their_columns(page: Page) -> None:
    found = {one["name"]: one for one in page.get("tables")["tables"]}
    assert found["sailor"]["auth"] and not found["entry"]["auth"]
    assert found["entry"]["count"] == 250 and found["entry"]["counted"]
    columns = {one["name"]: one for one in found["entry"]["columns"]}
    assert columns["sailor_id"]["table"] == "sailor" and columns["sailor_id"]["indexed"]
    assert columns["weather"]["values"] == ["fair", "rain", "gale"] and columns["miles"]["nullable"]
    assert found["entry"]["indexes"] == [{"kind": "btree", "unique": False, "columns": [["sailor_id", "asc"]]}]


def test_rows_with_their_sql_and_without_hashes(page: Page) -> None:
    found = page.post("table/sailor/rows", {"limit": 3})
    assert [row["id"] for row in found["rows"]] == [1, 2, 3] and found["after"] == [3, 3]
    assert {row["pin"] for row in found["rows"]} == {"***"}
    assert found["sql"].startswith("SELECT sailor.id") and not found["scan"]
    assert page.post("table/sailor/rows", {"after": [3, 3]})["rows"][0]["id"] == 4
    counted = page.post("table/entry/count", {"filters": [{"column": "sailor_id", "test": ">", "value": "0"}]})
    assert counted == {"count": 250}


def test_writes_are_validated_and_set_off_triggers(page: Page) -> None:
    logged = len(page.post("table/log/rows", {"limit": 1_000})["rows"])
    row = page.post("table/entry/add", {"data": {"sailor_id": 1, "text": " new  "}})["row"]
    assert (row["text"], row["weather"], row["miles"]) == ("new", "fair", None)
    changed = page.post("table/entry/edit", {"id": row["id"], "data": {"miles": "2.5", "track": {"a": [1]}}})["row"]
    assert (changed["miles"], changed["track"]) == (2.5, {"a": [1]})
    refused = page.send("POST", "table/entry/edit", {"id": row["id"], "data": {"weather": "snow"}})
    assert refused.status == 400 and "weather" in refused.body.decode()
    refused = page.send("POST", "table/entry/add", {"data": {"sailor_id": 1, "text": ""}})
    assert refused.status == 400
    for big in (1e308, "1e308"):  # what a program is told
        refused = page.send("POST", "table/entry/edit", {"id": row["id"], "data": {"miles": big}})
        assert refused.json["message"] == "SQL Error: 0" and refused.json["hint"].startswith("miles: "), big
    dropped = page.post("table/entry/edit", {"id": row["id"], "data": {"colour": "red"}})
    assert "no such column" in dropped["warnings"][0]
    assert page.send("POST", "table/entry/edit", {"id": 99_999, "data": {"miles": 1}}).status == 404
    assert page.send("POST", "table/entry/delete", {"ids": [row["id"], 99_999]}).status == 404
    assert page.post("table/entry/delete", {"ids": [row["id"]]})["deleted"] == 1
    log = page.post("table/log/rows", {"limit": 1_000})["rows"][logged:]
    assert [one["what"] for one in log] == ["insert", "update", "delete"] or "update" in [one["what"] for one in log]


def test_rows_go_in_and_out(page: Page) -> None:
    text = 'text,sailor_id,miles,track\n"a, b",1,,"{""x"": 1}"\nc,2,3.5,\n'
    assert page.post("table/entry/import", {"text": text, "format": "csv"}) == {"added": 2}
    rows = page.post("table/entry/rows", {"descending": True, "limit": 2})["rows"]
    assert [(row["text"], row["miles"], row["track"]) for row in rows] == [("c", 3.5, None), ("a, b", None, {"x": 1})]
    more = json.dumps([{"text": "d", "sailor_id": 1}, {"text": "e", "sailor_id": "x"}])
    refused = page.send("POST", "table/entry/import", {"text": more, "format": "json"})
    assert refused.status == 400 and "row 2" in refused.body.decode()
    assert page.post("table/entry/rows", {"descending": True, "limit": 1})["rows"] == rows[:1]
    for bad in ("{", "[1]", "{}"):
        assert page.send("POST", "table/entry/import", {"text": bad, "format": "json"}).status == 400
    assert page.send("POST", "table/entry/import", {"text": "text\na,b", "format": "csv"}).status == 400
    page.post("table/entry/delete", {"ids": [row["id"] for row in rows]})


def test_data_sources_are_apart(page: Page) -> None:
    assert page.post("table/log/add?datasource=test", {"data": {"what": "elsewhere"}})["row"]["id"] == 1
    there = page.post("table/log/rows?datasource=test")["rows"]
    assert [row["what"] for row in there] == ["elsewhere"]
    assert "elsewhere" not in [row["what"] for row in page.post("table/log/rows", {"limit": 999})["rows"]]
    assert "test" in page.get("tables?datasource=test")["datasources"]


def test_looking_makes_no_tables(page: Page, workspace: xsrun.Workspace) -> None:
    before = set(workspace.database.physical)
    for address in ("tables?datasource=nope", "table/entry/rows?datasource=nope"):
        refused = page.send("GET" if address.startswith("tables") else "POST", address)
        assert refused.status == 400 and "there is no data source `nope`" in refused.body.decode()
    for call in ("rows", "add", "count"):
        refused = page.send("POST", f"table/nope/{call}", {"data": {"a": 1}})
        assert refused.status == 404 and "there is no table `nope`" in refused.body.decode()
    refused = page.send("POST", "table/nope/import", {"text": "id,text\n1,a", "format": "csv"})
    assert refused.status == 404
    assert set(workspace.database.physical) == before


def test_undeclared_tables(page: Page, workspace: xsrun.Workspace) -> None:
    workspace.seed({"jar": [{"label": "a", "n": 1}, {"label": "b", "n": 2}]})
    found = page.post("table/jar/rows", {"filters": [{"column": "label", "test": "=", "value": "b"}]})
    assert [(row["label"], row["n"]) for row in found["rows"]] == [("b", 2)]
    assert page.post("table/jar/edit", {"id": 1, "data": {"n": 5}})["row"]["n"] == 5


def test_values_with_their_numbers_of_rows(page: Page) -> None:
    found = page.post("table/entry/values", {"column": "weather"})
    assert {value for value, _ in found["counts"]} == {"fair", "rain"}
    assert sum(number for _, number in found["counts"]) == found["scanned"] == 250
    some = page.post(
        "table/entry/values",
        {"column": "sailor_id", "filters": [{"column": "sailor_id", "test": "<", "value": "3"}]},
    )
    assert sorted(value for value, _ in some["counts"]) == [1, 2] and some["values"] == 2
    assert page.send("POST", "table/entry/values", {"column": "nothing"}).status == 400


def test_sql_in_the_dialect_of_postgresql(page: Page) -> None:
    found = page.post("sql", {"sql": "SELECT weather, count(*) AS n FROM entry GROUP BY weather ORDER BY weather;"})
    assert [row["weather"] for row in found["rows"]] == ["fair", "rain"] and found["all"] == 2
    refused = page.send("POST", "sql", {"sql": "SELEC 1"})
    assert refused.status >= 400 and refused.json["message"]
    assert page.send("POST", "sql", {"sql": " "}).status == 400
