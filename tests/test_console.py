"""The console's store of requests and its API: what is kept and masked, who may ask, replays, saved tests."""

from __future__ import annotations

import json
import random
import re
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from http_server import Client, Reply, running
from test_serve import serving

import xsrun
from xsrun.server import create_application
from xsrun.server.application import Application
from xsrun.server.console.keeping import Keeper
from xsrun.server.console.kept_requests import PIECE, Kept, RequestStore, Wanted, read, written
from xsrun.server.console.tracing import ConsoleTrace, Tracing
from xsrun.server.history import HistoryEntry
from xsrun.server.log import Log

LOGBOOK = Path(__file__).parents[1] / "samples" / "logbook"
PERSON = {"name": "Ann", "email": "ann@example.com", "password": "three hulls"}


class Page:
    """Calls the API as the console's page does."""

    def __init__(self, client: Client) -> None:
        self.client = client
        page = client.get("/xsrun/")
        assert page.status == 200
        found = re.search(r'name="xsrun-token" content="([^"]+)"', page.body.decode())
        assert found is not None
        self.token = found[1]
        self.cookie = page.headers["set-cookie"].partition(";")[0]
        self.headers = {"X-Xsrun-Console": self.token, "Cookie": self.cookie}

    def send(self, verb: str, path: str, body: Any = None) -> Reply:
        return self.client.send(verb, f"/xsrun/api/{path}", body, headers=self.headers)

    def get(self, path: str) -> Any:
        reply = self.send("GET", path)
        assert reply.status == 200, reply.body
        return reply.json

    def post(self, path: str, body: Any = None) -> Any:
        reply = self.send("POST", path, body or {})
        assert reply.status == 200, reply.body
        return reply.json

    def latest(self) -> Any:
        """The last request whole."""
        return self.get(f"request/{self.get('requests?limit=1')['requests'][0]['number']}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(LOGBOOK, tmp_path / "logbook", ignore=shutil.ignore_patterns(".xsrun"))
    return tmp_path / "logbook"


@pytest.fixture
def app(folder: Path) -> Iterator[Application]:
    with xsrun.Workspace.load(folder) as workspace:
        yield create_application(workspace, lasting_history=True, trace="always")


@pytest.fixture
def client(app: Application) -> Iterator[Client]:
    with running(app) as one:
        yield one


@pytest.fixture
def page(client: Client) -> Page:
    return Page(client)


def signed_up(client: Client) -> dict[str, str]:
    return {"Authorization": f"Bearer {client.post('/api:account/signup', PERSON).json['authToken']}"}


# What is kept ---------------------------------------------------------------------------------------------------------


def test_a_request_whole(client: Client, page: Page) -> None:
    token = signed_up(client)
    client.post("/api:logbook/entries", {"text": "Set sail.", "miles": 4}, headers=token)
    one = page.latest()
    assert (one["verb"], one["uri"], one["status"]) == ("POST", "/api:logbook/entries", 201)
    assert one["input"] == {"text": "Set sail.", "miles": 4}
    assert one["request"]["body"] == {"json": {"text": "Set sail.", "miles": 4}}
    assert "authorization: ***" in one["request"]["headers"]
    assert one["response"]["json"]["text"] == "Set sail."
    assert one["identity"] == {"table": "sailor", "id": 1}
    (call,) = one["trace"]["calls"]
    assert call[0] == "query POST entries"
    assert json.loads(call[3]) == {"text": "Set sail.", "weather": "fair", "miles": 4, "track": None}
    first, *_, last = one["trace"]["statements"]
    assert (first[0], first[2], first[6]) == ("db.add entry", 17, "entry")
    assert json.loads(first[7])["miles"] == 4
    assert last[0] == "util.set_header"
    (asked,) = [event for event in one["trace"]["events"] if event[1].startswith("INSERT")]
    assert (asked[0], asked[3], asked[4]) == ("sql", 1, 0)


def test_secrets_are_masked_wherever_they_go(client: Client, page: Page, folder: Path) -> None:
    signed_up(client)
    client.post("/api:account/login", {"email": "ann@example.com", "password": "five hulls"})
    page.get("requests")
    kept = json.dumps([page.get(f"request/{number}") for number in (1, 2)])
    assert "hulls" not in kept
    assert kept.count("***") > 3
    assert b"hulls" not in (folder / ".xsrun" / "history.db").read_bytes()


def test_requests_outlive_the_server(folder: Path) -> None:
    for round_ in (1, 2):
        with (
            xsrun.Workspace.load(folder) as workspace,
            running(create_application(workspace, lasting_history=True)) as one,
        ):
            one.get(f"/api:account/me?round={round_}")
            page = Page(one)
            kept = page.get("requests?count=1")
            assert [entry["uri"] for entry in kept["requests"]] == [
                f"/api:account/me?round={number}" for number in range(round_, 0, -1)
            ]
            assert kept["kept"] == round_ and kept["lasting"]
    assert (folder / ".xsrun" / "history.db").stat().st_mode & 0o077 == 0


def test_what_no_query_takes_is_kept_too(client: Client, page: Page) -> None:
    client.get("/api:logbook/boats?x=1")
    client.get("/favicon.ico")
    kept = page.get("requests")["requests"]
    assert [(one["kind"], one["uri"], one["status"]) for one in kept] == [("unmatched", "/api:logbook/boats?x=1", 404)]


def test_a_trace_shows_calls_and_what_failed(client: Client, page: Page) -> None:
    client.get("/api:logbook/entries/7", headers=signed_up(client))
    one = page.latest()
    assert [call[0] for call in one["trace"]["calls"]] == ["query GET entries/{entry_id}", "function own_entry"]
    assert one["trace"]["calls"][1][4] == 0
    failed = [step for step in one["trace"]["statements"] if not step[8]]
    assert [step[0] for step in failed] == ["function.run own_entry", "precondition"]
    assert one["error_detail"]["file"] == "function/own_entry.xs"


# Lists ----------------------------------------------------------------------------------------------------------------


def sample(number: int, **changes: Any) -> Kept:
    given = {
        "at": number,
        "kind": "request",
        "verb": "GET",
        "path": f"/a/{number % 7}",
        "uri": f"/a/{number}",
        "query": "query GET a",
        "file": "a.xs",
        "status": 200,
        "failed": False,
        "duration": 0.01,
        "error": "",
        "traced": False,
        "size": 10,
        "text": f"text {number}",
        "detail": {"number": number},
    }
    return Kept(**{**given, **changes})


def test_pages_and_filters() -> None:
    store = RequestStore(None, 1_000)
    store.add(sample(n, status=500 if n % 10 == 0 else 200, failed=n % 10 == 0) for n in range(1, 101))
    first = store.page(Wanted(), limit=30)
    assert [one["number"] for one in first.requests] == list(range(100, 70, -1))
    second = store.page(Wanted(), first.before, 30)
    assert second.requests[0]["number"] == 70
    assert store.page(Wanted(), 11, 30).before is None
    assert [one["number"] for one in store.page(Wanted(status="5xx"), limit=3).requests] == [100, 90, 80]
    assert len(store.page(Wanted(status="failed"), limit=50).requests) == 10
    assert {one["status"] for one in store.page(Wanted(status="200")).requests} == {200}
    assert [one["number"] for one in store.page(Wanted(path="/a/3", status="failed")).requests] == [80, 10]
    assert [one["number"] for one in store.page(Wanted(since=20, until=22)).requests] == [22, 21, 20]
    assert store.page(Wanted(verb="PUT")).requests == []
    assert store.paths() == [f"/a/{n}" for n in range(7)]
    assert store.one(5) is not None and store.one(500) is None
    store.close()


def test_requests_by_how_long_they_took() -> None:
    store = RequestStore(None, 1_000)
    store.add(sample(n, duration=(n % 10) / 10) for n in range(1, 31))
    seen: list[int] = []
    before = None
    for _ in range(4):
        found = store.page(Wanted(least=700, slowest=True), before, 3)
        seen += [int(str(one["number"])) for one in found.requests]
        before = found.before
        if before is None:
            break
    assert seen == [29, 19, 9, 28, 18, 8, 27, 17, 7] and before is None
    assert [one["number"] for one in store.page(Wanted(least=900)).requests] == [29, 19, 9]
    plan = store._all("EXPLAIN QUERY PLAN SELECT number FROM exchange ORDER BY duration DESC, number DESC LIMIT 9", [])
    assert "exchange_duration" in str(plan) and "TEMP" not in str(plan)
    store.close()


def test_a_text_is_looked_for_a_piece_at_a_time() -> None:
    store = RequestStore(None, 100_000)
    store.add(sample(n) for n in range(1, PIECE * 2 + 100))
    before, seen, pieces = None, [], 0
    while True:
        found = store.page(Wanted(text="TEXT 77"), before, 1_000)
        assert found.scanned is not None and found.scanned <= PIECE
        seen += [one["number"] for one in found.requests]
        before, pieces = found.before, pieces + 1
        if before is None:
            break
    assert pieces == 3
    assert seen == [n for n in range(PIECE * 2 + 99, 0, -1) if f"text {n}".startswith("text 77")]
    few = store.page(Wanted(text="text 77"), None, 5)
    rest = store.page(Wanted(text="text 77"), few.before, 1_000)
    assert [one["number"] for one in (*few.requests, *rest.requests)] == [n for n in seen if n >= PIECE][
        : 5 + len(rest.requests)
    ]
    store.close()


def test_the_store_is_bounded(tmp_path: Path) -> None:
    store = RequestStore(tmp_path / "history.db", 50, most_bytes=400_000)
    for start in range(0, 200, 20):
        store.add(sample(n) for n in range(start, start + 20))
    assert store.count() == 50
    store.most = 10_000
    noise = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(2_000))
    for start in range(40):
        store.add(
            sample(n, detail={"noise": f"{n}{noise[n % 1000 :]}{noise}"}) for n in range(start * 50, start * 50 + 50)
        )
    with sqlite3.connect(tmp_path / "history.db") as connection:
        (held,) = connection.execute("SELECT sum(length(detail)) FROM exchange").fetchone()
    connection.close()
    assert 100_000 < held < 1_000_000
    assert store.count() < 2_000
    store.close()


def test_any_filter_finds_what_it_asks_for() -> None:
    draw = random.Random(3)
    store, made = RequestStore(None, 1_000), []
    for number in range(1, 301):
        status = draw.choice([200, 200, 201, 404, 500])
        verb, kind = draw.choice(["GET", "GET", "POST", "PUT"]), draw.choice(["request", "request", "task"])
        made.append(sample(number, status=status, failed=status >= 400, verb=verb, kind=kind))
    store.add(made)
    for kind, verb, status, path in product(
        ("", "request", "task"), ("", "GET", "POST"), ("", "200", "404", "2xx", "4xx", "failed"), ("", "/a/3")
    ):
        found = store.page(Wanted(kind=kind, verb=verb, status=status, path=path), limit=300)
        assert [one["number"] for one in found.requests] == [
            one.at
            for one in reversed(made)
            if kind in ("", one.kind)
            and verb in ("", one.verb)
            and path in ("", one.path)
            and (status in ("", str(one.status), f"{one.status // 100}xx") or (status == "failed" and one.failed))
        ]
    for rare in (Wanted(status="4xx"), Wanted(status="failed"), Wanted(verb="POST"), Wanted(kind="task")):
        parts, given = rare.conditions()
        (plan,) = store._all(f"EXPLAIN QUERY PLAN SELECT number FROM exchange WHERE {' AND '.join(parts)}", given)
        assert "SEARCH" in str(plan) or "exchange_other" in str(plan)
    store.close()


def test_keeping_goes_through_no_table() -> None:
    store, statements = RequestStore(None, 100), []
    store.add(sample(n) for n in range(1, 101))
    store._connection.set_trace_callback(statements.append)
    store.add(sample(n) for n in range(101, 111))
    store._connection.set_trace_callback(None)
    assert store.count() == 100 and len(statements) > 5
    for text in {one for one in statements if "exchange" in one}:
        assert "SCAN exchange" not in str(store._all(f"EXPLAIN QUERY PLAN {text}", []))
    store.close()


def test_processes_share_a_store(tmp_path: Path) -> None:
    stores = [RequestStore(tmp_path / "history.db", 30) for _ in range(2)]
    for start in range(0, 200, 5):
        store = stores[start // 5 % 2]
        numbers = store.add(sample(n) for n in range(start, start + 5))
        held = [store.one(number) for number in numbers]
        assert [one and one["at"] for one in held] == list(range(start, start + 5))
    assert stores[0].count() == 30
    for store in stores:
        store.close()


@pytest.mark.parametrize("length", [0, 10, 5_000, 100_000])
def test_details_are_kept_as_they_are(length: int) -> None:
    detail = {"text": "é\u2028" * length, "big": 2**70, "small": -1.5, "none": None, "list": [[], {}]}
    assert read(written(detail)) == detail
    assert read(written({"surrogate": "\ud800"})) == {"surrogate": "?"}
    assert len(written({"text": "x" * length})) < 3_000


def test_the_store_of_an_earlier_version(tmp_path: Path) -> None:
    RequestStore(tmp_path / "history.db", 50).close()
    detail = zlib.compress(json.dumps({"input": "earlier"}).encode(), 1)
    with sqlite3.connect(tmp_path / "history.db") as connection:
        connection.execute("CREATE INDEX exchange_status ON exchange (status, number)")
        connection.execute(
            "INSERT INTO exchange VALUES (1, 1, 'request', 'GET', '/a', '/a', '', '', 200, 0, 0.1, '', 0, 1, '', ?)",
            [detail],
        )
    connection.close()
    store = RequestStore(tmp_path / "history.db", 50)
    assert store.add([sample(2)]) == [2]
    earlier = store.one(1)
    assert earlier is not None and earlier["input"] == "earlier"
    assert store._all("SELECT name FROM sqlite_master WHERE name = 'exchange_status'", []) == []
    store.close()


def test_a_damaged_store_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "history.db").write_bytes(b"no database at all" * 100)
    store = RequestStore(tmp_path / "history.db", 50)
    assert store.add([sample(1)]) == [1]
    store.close()


def test_which_requests_are_traced() -> None:
    now = 0.0
    tracing = Tracing("auto", lambda: now)
    assert tracing.trace("query GET a") is None
    tracing.failed("query GET a")
    assert isinstance(tracing.trace("query GET a"), ConsoleTrace)
    assert tracing.trace("query GET b") is None
    assert sum(tracing.trace("query GET a") is not None for _ in range(50)) == 19
    tracing.look()
    assert tracing.trace("query GET b") is not None
    now = 1_000.0
    assert tracing.trace("query GET b") is None
    assert Tracing("never").trace("query GET a") is None
    assert Tracing("always").trace("query GET a") is not None


def test_a_trace_is_bounded() -> None:
    trace = ConsoleTrace()
    for n in range(6_000):
        started = trace.start("var $x", n)
        if started is not None:
            trace.end(started, "x" * 30_000, "x")
    document = trace.as_dict()
    assert len(document["statements"]) == 5_000 and document["left_out"] == 1_000
    assert sum(len(one[7]) for one in document["statements"]) < 4_000_000


# Who may ask ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [
        {"X-Xsrun-Console": ""},
        {"Cookie": ""},
        {"X-Xsrun-Console": "guess"},
        {"Cookie": "xsrun_console_80=guess"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Host": "evil.example"},
        {"X-Forwarded-For": "203.0.113.9"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
@pytest.mark.parametrize("call", [("GET", "requests"), ("POST", "requests/clear"), ("PUT", "source")])
def test_calls_of_others_are_refused(
    client: Client, page: Page, changed: dict[str, str], call: tuple[str, str]
) -> None:
    client.get("/api:account/me")
    verb, path = call
    if changed == {"Origin": "http://127.0.0.1:1"} and verb == "GET":
        return  # a page of this machine may look, if it has the token
    reply = client.send(verb, f"/xsrun/api/{path}", {} if verb != "GET" else None, headers={**page.headers, **changed})
    assert reply.status in (403, 404)
    assert "access-control-allow-origin" not in reply.headers
    assert len(page.get("requests")["requests"]) == 1


def test_the_page_is_for_this_machine(client: Client) -> None:
    assert client.get("/xsrun/", headers={"Host": "evil.example"}).status == 404
    page = client.get("/xsrun/")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert "SameSite=Strict" in page.headers["set-cookie"] and "HttpOnly" in page.headers["set-cookie"]
    assert client.get("/xsrun/console/app.js").headers["content-type"].startswith("text/javascript")
    for name in ("..%2f..%2fhandler.py", "handler.py", "index.html", ".", ""):
        assert client.get(f"/xsrun/console/{name}").status == 404


def test_an_administrator_sees_it_from_elsewhere(folder: Path) -> None:
    with xsrun.Workspace.load(folder) as workspace:
        app = create_application(workspace, admin_token="a long secret word", public_url="https://api.example.com")
        with running(app) as client:
            away = {"Host": "api.example.com", "X-Forwarded-For": "203.0.113.9"}
            refused = client.get("/xsrun/", headers=away)
            assert refused.status == 401 and "Basic" in refused.headers["www-authenticate"]
            shown = client.get("/xsrun/", headers={**away, "Authorization": "Bearer a long secret word"})
            assert shown.status == 200


def test_it_can_be_switched_off(folder: Path) -> None:
    with xsrun.Workspace.load(folder) as workspace, running(create_application(workspace, docs=False)) as client:
        assert client.get("/xsrun/").status == 404
        assert client.get("/xsrun/api/requests").status == 404


def test_the_page_makes_no_markup_of_texts_and_loads_nothing() -> None:
    static = Path(xsrun.__file__).parent / "server" / "console" / "static"
    for file in static.iterdir():
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            file
        )
        assert not re.search(r"https?://(?!www\.w3\.org)", text), file
        assert not re.search(r"<[a-z]+[^>]* (?:style|on[a-z]+)=", text), file


# Again ----------------------------------------------------------------------------------------------------------------


def test_a_request_is_sent_again(client: Client, page: Page) -> None:
    client.get("/api:logbook/entries?weather=rain", headers=signed_up(client))
    one = page.latest()
    sent = page.post(f"request/{one['number']}/replay")
    again = page.latest()
    assert sent["number"] == again["number"] == one["number"] + 1
    assert (again["kind"], again["repeats"], again["status"]) == ("replay", one["number"], 200)
    assert again["response"]["json"] == one["response"]["json"]


def test_a_request_is_changed_and_sent_again(client: Client, page: Page) -> None:
    signed_up(client)
    one = page.latest()
    body = {**one["request"]["body"]["json"], "email": "bob@example.com"}
    assert body["password"] == "***"
    changes = {"body": json.dumps(body), "headers": one["request"]["headers"]}
    page.post(f"request/{one['number']}/replay", changes)
    assert page.latest()["status"] == 200
    assert client.post("/api:account/login", {**PERSON, "email": "bob@example.com"}).status == 200


def test_a_request_of_another_process_is_sent_for_the_same_row(folder: Path) -> None:
    database = f"sqlite:///{folder}/rows.db"
    with xsrun.Workspace.load(folder, database=database) as workspace:
        with running(create_application(workspace, lasting_history=True)) as client:
            client.get("/api:account/me", headers=signed_up(client))
        with running(create_application(workspace, lasting_history=True)) as client:
            page = Page(client)
            one = page.latest()
            assert not one["repeatable"]
            page.post(f"request/{one['number']}/replay")
            assert page.latest()["response"]["json"]["email"] == "ann@example.com"


def test_a_new_request_is_sent(client: Client, page: Page) -> None:
    given = {
        "verb": "POST",
        "uri": "/api:account/signup",
        "headers": ["content-type: application/json"],
        "body": json.dumps(PERSON),
    }
    page.post("requests/send", given)
    assert page.latest()["status"] == 200
    for uri, words in (("/api:account/nothing", "no query takes"), ("nothing", "begins with /")):
        reply = page.send("POST", "requests/send", {"verb": "GET", "uri": uri})
        assert reply.status in (400, 404) and words in reply.json["message"]


# Files and tests ------------------------------------------------------------------------------------------------------


def test_a_file_is_read_and_saved(client: Client, page: Page, folder: Path) -> None:
    signed_up(client)
    found = page.get("source?file=function/own_entry.xs&check=1")
    assert found["editable"] and found["problems"] == []
    text = found["text"].replace("$entry != null", "$entr != null")
    saved = page.send("PUT", "source", {"file": found["file"], "text": text, "version": found["version"]})
    assert saved.status == 200 and saved.json["problems"][0]["code"].startswith("XS")
    assert (folder / "function" / "own_entry.xs").read_text() == text
    stale = page.send("PUT", "source", {"file": found["file"], "text": "x", "version": found["version"]})
    assert stale.status == 409
    for name in ("../secret.xs", "/etc/passwd", ".xsrun/token_key", "nothing.xs"):
        assert page.send("GET", f"source?file={name}").status == 404
        assert page.send("PUT", "source", {"file": name, "text": "x"}).status == 400
    assert (folder / ".xsrun" / "token_key").read_bytes() != b"x"


def test_a_link_out_of_the_folder_is_not_written(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.xs"
    outside.write_text("function outside {\n  stack {\n  }\n  response = 1\n}\n")
    (folder / "function" / "outside.xs").symlink_to(outside)
    with xsrun.Workspace.load(folder) as workspace, running(create_application(workspace)) as client:
        page = Page(client)
        reply = page.send("PUT", "source", {"file": "function/outside.xs", "text": "changed"})
        assert reply.status == 400 and "changed" not in outside.read_text()


def test_a_request_becomes_a_unit_test(client: Client, page: Page, folder: Path) -> None:
    token = signed_up(client)
    client.post("/api:logbook/entries", {"text": "Set sail."}, headers=token)
    client.get("/api:logbook/entries/1", headers=token)
    one = page.latest()
    tried = page.post(f"request/{one['number']}/test", {"name": "one's own entry"})
    assert tried["outcome"]["status"] == "pass" and tried["mocks"] == 1
    assert tried["text"] != (folder / one["file"]).read_text()
    page.post(f"request/{one['number']}/test", {"name": "one's own entry", "save": True})
    with xsrun.Workspace.load(folder) as workspace:
        report = workspace.test("one's own entry")
        assert (report.passed, report.failed) == (1, 0)
        assert workspace.problems == []


def test_a_failure_becomes_a_unit_test(client: Client, page: Page, folder: Path) -> None:
    client.get("/api:logbook/entries/7", headers=signed_up(client))
    one = page.latest()
    page.post("requests/clear")
    assert page.send("GET", f"request/{one['number']}").status == 404
    client.get("/api:logbook/entries/7", headers={"Authorization": "Bearer x"})
    client.post("/api:account/signup", PERSON)
    one = page.latest()
    assert one["status"] == 400
    saved = page.post(f"request/{one['number']}/test", {"name": "a second account", "save": True})
    assert saved["outcome"]["status"] == "pass", saved
    assert "has an account already" in (folder / "api/account/signup_POST.xs").read_text()


def test_requests_become_a_workflow_test(client: Client, page: Page, folder: Path) -> None:
    signed_up(client)
    client.post("/api:account/login", {"email": "ann@example.com", "password": "three hulls"})
    client.post("/api:account/login", {"email": "ann@example.com", "password": "two hulls"})
    numbers = [one["number"] for one in page.get("requests")["requests"]]
    made = page.post("tests/workflow", {"numbers": numbers, "name": "coming back", "save": True})
    assert made["outcome"]["status"] == "pass", made
    assert made["file"] == "workflow_test/coming-back.xs"
    with xsrun.Workspace.load(folder) as workspace:
        assert workspace.test("coming back").passed == 1
    again = page.send("POST", "tests/workflow", {"numbers": numbers, "name": "coming back", "save": True})
    assert again.status == 400


def test_what_is_nested_deeply_is_kept_without_its_bodies(client: Client, page: Page) -> None:
    client.post("/api:account/signup", "[" * 900 + "]" * 900, headers={"Content-Type": "application/json"})
    client.post("/api:account/signup", {**PERSON, "more": json.loads("[" * 400 + "]" * 400)})
    assert [one["status"] for one in page.get("requests")["requests"]] == [200, 400]


def test_a_server_under_load_keeps_a_part() -> None:
    now = 0.0
    keeper = Keeper(lambda: None, 100_000, Log(quiet=True), lambda: now, lambda: 0.0)
    keeper._ended.set()  # nothing is written but by `flush`

    def came(number: int, status: int = 200) -> None:
        for n in range(number):
            keeper.keep(HistoryEntry(n, 1, "GET", f"/{n}", b"", status, 0.01, "query GET a", "a.xs", {}, frozenset()))

    came(350)
    keeper.flush()
    assert (keeper.store.count(), keeper.dropped) == (350, 0)
    came(5, status=500)
    came(200)
    keeper.flush()
    assert (keeper.store.count(), keeper.dropped) == (405, 150)
    assert len(keeper.store.page(Wanted(status="failed")).requests) == 5
    now = 10.0
    keeper.flush()
    came(400)
    keeper.flush()
    assert (keeper.store.count(), keeper.dropped) == (805, 150)
    keeper.close()


def test_there_is_room_again_when_the_load_is_over() -> None:
    now = 0.0
    keeper = Keeper(lambda: None, 100_000, Log(quiet=True), lambda: now, lambda: 0.0)
    keeper._ended.set()  # nothing is written but by `flush`

    def came(number: int) -> int:
        taken = [n for n in range(number) if keeper.has_room() and not keeper.keep(entry(n))]
        return len(taken)

    def entry(number: int) -> HistoryEntry:
        return HistoryEntry(number, 1, "GET", "/a", b"", 200, 0.01, "query GET a", "a.xs", {}, frozenset())

    assert came(1_000) == 400 and keeper.dropped == 600
    keeper.flush()
    assert came(10) == 1
    now = 0.5
    assert came(1_000) == 100
    keeper.flush()
    now = 1.0  # nothing was written since, and what comes together is kept all the same
    assert came(100) == 100 and keeper.dropped == 600 + 9 + 900
    keeper.close()


def test_a_server_with_long_bodies_keeps_fewer() -> None:
    now = spent = 0.0

    def taken() -> float:
        """Each look at the clock of the processor finds that a hundred requests took 10 ms each."""
        nonlocal spent
        spent += 1.0
        return spent

    keeper = Keeper(lambda: None, 100_000, Log(quiet=True), lambda: now, taken)
    keeper._ended.set()  # nothing is written but by `flush`

    def came(number: int) -> int:
        before = keeper.store.count()
        for n in range(number):
            keeper.keep(HistoryEntry(n, 1, "GET", f"/{n}", b"", 200, 0.01, "query GET a", "a.xs", {}, frozenset()))
        keeper.flush(gently=True)
        return keeper.store.count() - before

    assert came(100) == 100  # what comes at once is kept
    assert came(500) <= 200
    for _ in range(20):
        came(100)
    now = 10.0
    keeper.flush()
    assert came(1_000) <= 200
    keeper.close()


def test_the_console_of_a_workspace_that_is_not_served(folder: Path) -> None:
    with serving(folder, "--history", "20") as (client, _):
        client.get("/api:account/me")
    with serving(folder, command="console") as (client, lines):
        assert lines[0].startswith("console at http://localhost:") and lines[0].endswith("/xsrun/")
        assert client.get("/api:account/me").status == 404
        page = Page(client)
        assert [one["uri"] for one in page.get("requests")["requests"]][-1] == "/api:account/me"
        assert page.post("run", {"text": "var $x { value = 2 }"})["response"]["json"] == {"x": 2}


@pytest.mark.parametrize("lasting", [True, False])  # --history 0 keeps nothing, and serves with several processes too
def test_all_processes_of_a_server_take_the_page_of_one(folder: Path, tmp_path: Path, lasting: bool) -> None:
    strange = tmp_path / "strange"
    shutil.copytree(folder, strange, ignore=shutil.ignore_patterns(".xsrun"))
    with (
        xsrun.Workspace.load(folder) as one,
        xsrun.Workspace.load(folder) as other,
        xsrun.Workspace.load(strange) as another,
    ):
        with running(create_application(one, lasting_history=lasting)) as first:
            page = Page(first)
        value = page.cookie.partition("=")[2]
        for workspace, status in ((other, 200), (another, 403)):
            with running(create_application(workspace, lasting_history=lasting)) as second:
                theirs = Page(second).cookie.partition("=")[0]
                headers = {"X-Xsrun-Console": page.token, "Cookie": f"{theirs}={value}"}
                assert second.get("/xsrun/api/requests", headers=headers).status == status
