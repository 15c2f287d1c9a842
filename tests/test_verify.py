"""`xsrun verify` against a second xsrun: one that answers the same, one that answers wrongly, and servers that fail."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from http_server import running
from waiting import join

import xsrun
from xsrun.cli import main
from xsrun.errors import UsageError
from xsrun.server.application import Application
from xsrun.server.http_request import Message
from xsrun.server.snapshot import Live, Snapshot
from xsrun.server.verify.asked import AskedRequest, VerifyPermission, plan
from xsrun.server.verify.comparing import ComparisonRules, SideAnswer, differences
from xsrun.server.verify.live_side import LiveOptions, LiveSide
from xsrun.server.verify.profile_file import read_profile
from xsrun.server.verify.verdicts import RequestVerdict, Verification

SHOP = """
api_group shop {
  canonical = "shop"
}
---
table item {
  schema {
    int id
    timestamp created_at?=now
    text name
    decimal price
  }
}
---
query all verb=GET {
  api_group = "shop"
  input {
    int n?
    text word?
  }
  stack {
    util.set_header {
      value = "X-Shop: open"
    }
    precondition ($input.n != 13) {
      error_type = "inputerror"
      error = "Thirteen is not sold."
      payload = {n: 13}
    }
    security.create_uuid as $uuid
    security.create_auth_token {
      table = "item"
      id = 1
      extras = {}
      expiration = 60
    } as $token
    var $made {
      value = {
        n: $input.n
        word: $input.word
        whole: 2
        price: 2.5
        none: null
        yes: true
        list: [1, 2, 3]
        empty: []
        text: "Ann"
        digits: "7"
        nested: {a: [{b: "x"}, {b: "y"}], c: 1}
        now: now
        day: 1735689600000
        token: $token
        uuid: $uuid
      }
    }
  }
  response = $made
}
---
query plain verb=GET {
  api_group = "shop"
  input {
  }
  stack {
    util.set_header {
      value = "Content-Type: text/plain"
    }
  }
  response = "as it is"
}
---
query add verb=POST {
  api_group = "shop"
  input {
    text name
  }
  stack {
    db.add item {
      data = {name: $input.name, price: 1}
    } as $item
  }
  response = $item
}
---
query count verb=GET {
  api_group = "shop"
  input {
  }
  stack {
    function.run touch {
      input = {}
    } as $done
  }
  response = $done
}
---
function touch {
  input {
  }
  stack {
    db.add item {
      data = {name: "touched", price: 1}
    }
  }
  response = true
}
---
query find verb=POST {
  api_group = "shop"
  input {
    text word
  }
  stack {
    db.query item {
      where = $db.item.name == $input.word
    } as $found
  }
  response = {found: $found}
}
---
query mine verb=GET {
  api_group = "shop"
  auth = "item"
  input {
  }
  stack {
    db.query item {
    } as $items
  }
  response = {me: $auth.id, items: $items|map:$$.name}
}
---
workflow_test flow {
  stack {
    api.call all verb=GET {
      api_group = "shop"
      input = {n: 4, word: "tested"}
    } as $one
    api.call all verb=GET {
      api_group = "shop"
      input = {n: $one.n}
    } as $two
  }
}
"""
Change = Callable[[int, list[tuple[bytes, bytes]], Any], tuple[int, list[tuple[bytes, bytes]], Any]]


class Wrong(Application):
    """An application whose answers a function changes: status, headers and the body's value."""

    def __init__(self, live: Live, change: Change) -> None:
        super().__init__(live)
        self.change = change

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        head: Message = {}

        async def changed(message: Message) -> None:
            if scope["type"] != "http":
                await send(message)
            elif message["type"] == "http.response.start":
                head.update(message)
            else:
                value = json.loads(message["body"])
                status, headers, value = self.change(head["status"], list(head["headers"]), value)
                body = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
                headers = [one for one in headers if one[0] != b"content-length"]
                headers.append((b"content-length", str(len(body)).encode()))
                await send({**head, "status": status, "headers": headers})
                await send({**message, "body": body})

        await super().__call__(scope, receive, changed)


@contextmanager
def live(change: Change | None = None, source: str = SHOP) -> Iterator[str]:
    """The address of a second xsrun."""
    with xsrun.Workspace.from_sources({"shop.xs": source}) as workspace:
        site = Live(workspace)
        with running(Application(site) if change is None else Wrong(site, change)) as client:
            yield f"http://127.0.0.1:{client.port}"


def verified(
    url: str, asked: list[AskedRequest], rules: ComparisonRules | None = None, **options: Any
) -> list[RequestVerdict]:
    """What `verify` finds."""
    given = LiveOptions(url, rate=0, **options)
    with xsrun.Workspace.from_sources({"shop.xs": SHOP}) as workspace, LiveSide(given) as side:
        snapshot = Snapshot.of(workspace)
        planned = plan(workspace, snapshot.routes, asked, VerifyPermission(writes=False))
        return Verification(snapshot, side, rules or ComparisonRules()).run(planned, lambda _: None)


def all_of(query: str = "n=1&word=a") -> AskedRequest:
    return AskedRequest("GET /all", "GET", "/api:shop/all", query)


# The same, and wrong in twenty ways ----------------------------------------------------------------------------------


def test_five_hundred_equal_requests_without_an_invented_difference() -> None:
    words = ["a", "ø", "1", "true", "null", "%20", "x" * 50, "&", "[]", "13"]
    asked = [all_of(f"n={number}&word={words[number % 10]}") for number in range(490)]
    asked += [AskedRequest("GET /plain", "GET", "/api:shop/plain", f"n={number}") for number in range(10)]
    with live() as url:
        found = verified(url, asked)
    assert len(found) == 500
    assert [one.differences for one in found if one.status != "same"] == []


def member(name: str, value: Any) -> Change:
    """Answers in which one member has another value; what is None is left out."""
    return lambda status, headers, body: (status, headers, {**body, name: value})


def without(status: int, headers: Any, body: Any) -> Any:
    return status, headers, {name: value for name, value in body.items() if name != "yes"}


def in_another_order(status: int, headers: Any, body: Any) -> Any:
    return status, headers, dict(reversed(body.items()))


def with_header(name: bytes, value: bytes | None) -> Change:
    def change(status: int, headers: Any, body: Any) -> Any:
        kept = [one for one in headers if one[0].lower() != name]
        return status, [*kept, (name, value)] if value is not None else kept, body

    return change


WRONG: dict[str, tuple[Change, str]] = {
    "an int as a text": (member("whole", "2"), '.whole: here 2, there "2"'),
    "an int as a decimal": (member("whole", 2.0), ".whole: here 2, there the decimal 2.0"),
    "a bool as an int": (member("yes", 1), ".yes: here true, there 1"),
    "a text as an int": (member("digits", 7), '.digits: here "7", there 7'),
    "null as an empty text": (member("none", ""), '.none: here null, there ""'),
    "null as false": (member("none", False), ".none: here null, there false"),
    "an empty list as an object": (member("empty", {}), ".empty: here a list [], there an object {}"),
    "an empty list as null": (member("empty", None), ".empty: here a list [], there null"),
    "a list in another order": (member("list", [3, 2, 1]), ".list: the same 3 elements in another order"),
    "a list that is too short": (member("list", [1, 2]), ".list[2]: here 3, there missing"),
    "members in another order": (in_another_order, "body: members in another order"),
    "a member too few": (without, ".yes: here true, there missing"),
    "a member too many": (member("more", 1), ".more: here missing, there 1"),
    "another text": (member("text", "ann"), '.text: here "Ann", there "ann"'),
    "a value deep inside": (
        member("nested", {"a": [{"b": "x"}, {"b": "z"}], "c": 1}),
        '.nested.a[1].b: here "y", there "z"',
    ),
    "another decimal": (member("price", 2.4999999), ".price: here 2.5, there 2.4999999"),
    "a time of another day": (member("now", 1735689600000), ".now: here "),
    "a time in seconds": (member("day", 1735689600), ".day: here 1735689600000, there 1735689600"),
    "a time as a text": (member("day", "2025-01-01"), '.day: here 1735689600000, there "2025-01-01"'),
    "no token": (member("token", "none"), ".token: here "),
    "another status": (lambda _, headers, body: (201, headers, body), "status: here 200, there 201"),
    "another type": (with_header(b"content-type", b"text/plain"), "header content-type: here application/json"),
    "a header that is missing": (with_header(b"x-shop", None), "header x-shop: here open, there missing"),
    "a header of another value": (with_header(b"x-shop", b"shut"), "header x-shop: here open, there shut"),
    "a text in place of JSON": (lambda status, headers, _: (status, headers, b"oops"), "body: here JSON, there"),
    "an error in place of an answer": (
        lambda _, headers, __: (500, headers, {"code": "ERROR_FATAL", "message": "x"}),
        "status: here 200, there 500",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(name: str) -> None:
    change, expected = WRONG[name]
    with live(change) as url:
        (found,) = verified(url, [all_of()])
    assert found.status == "differs"
    assert found.differences[0].startswith(expected), found.differences
    if name not in ("a text in place of JSON", "an error in place of an answer", "another type"):
        assert len(found.differences) == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"code": "ERROR_FATAL"}, '.code: here "ERROR_CODE_INPUT_ERROR", there "ERROR_FATAL"'),
        ({"message": "No."}, '.message: here "Thirteen is not sold.", there "No."'),
        ({"payload": {"n": 12}}, ".payload.n: here 13, there 12"),
    ],
)
def test_wrong_errors_are_found(change: dict[str, Any], expected: str) -> None:
    with live(lambda status, headers, body: (status, headers, {**body, **change})) as url:
        (found,) = verified(url, [all_of("n=13")])
    assert found.differences == [expected]


def test_the_statement_that_gave_the_value_is_named() -> None:
    with live(member("text", "Bo")) as url:
        (found,) = verified(url, [all_of()])
    line = next(number for number, text in enumerate(SHOP.splitlines(), 1) if "var $made" in text)
    assert found.places == [f"shop.xs:{line}"]


# Rules ---------------------------------------------------------------------------------------------------------------


def compared(here: Any, there: Any, **rules: Any) -> list[str]:
    made = ComparisonRules.of(rules.get("ignore", ()), rules.get("map", ()), rules.get("exact", False))
    sides = [SideAnswer(200, [("Content-Type", "application/json")], value, True, 10**12) for value in (here, there)]
    return [text for _, text in differences(*sides, made)]


def test_what_is_left_out_and_what_is_compared_by_kind() -> None:
    here = {"id": 5, "items": [{"id": 5, "at": 1735689600000, "tag": "a"}]}
    there = {"id": 17, "items": [{"id": 17, "at": 1704067200000, "tag": "b"}]}
    assert len(compared(here, there)) == 4
    assert compared(here, there, ignore=[".tag"], map=[".id=id", ".items[].at=time"]) == []
    assert compared(here, there, ignore=[".items[0].tag", ".items[*].at", ".id"]) == []
    assert compared(here, there, ignore=["body"]) == []
    assert compared(here, {**there, "id": "17"}, ignore=[".items"], map=["id=id"]) == ['.id: here 5, there "17"']


def test_ids_stand_for_the_same_ones_always() -> None:
    pairs = [{"id": 1}, {"id": 2}, {"id": 1}]
    assert compared(pairs, [{"id": 7}, {"id": 8}, {"id": 7}], map=[".id=id"]) == []
    assert compared(pairs, [{"id": 7}, {"id": 8}, {"id": 8}], map=[".id=id"]) == ["[2].id: here 1, there 8"]
    assert compared(pairs, [{"id": 7}, {"id": 7}, {"id": 7}], map=[".id=id"]) == ["[1].id: here 2, there 7"]
    assert compared(pairs, [{"id": 1}, {"id": 1}, {"id": 1}], map=[".id=id"]) == ["[1].id: here 2, there 1"]


def test_times_of_now_tokens_and_uuids_unless_exact() -> None:
    here = {"at": 10**12 + 5, "jwt": "eyJhbGci.abc.def", "uuid": "6b29fc40-ca47-4067-b31d-00dd010662da"}
    there = {"at": 10**12 - 9, "jwt": "eyJlbmMi.xyz.uvw", "uuid": "7c39fc40-ca47-4067-b31d-00dd010662da"}
    assert compared(here, there) == []
    assert len(compared(here, there, exact=True)) == 3
    assert len(compared({"at": 10**12}, {"at": 10**12 + 3_600_000})) == 1
    names = [{"file": "invoices.2026.pdf"}, {"file": "receipts.2025.pdf"}]
    assert compared(*names) == ['.file: here "invoices.2026.pdf", there "receipts.2025.pdf"']
    assert compared(*names, map=[".file=token"]) == []


def test_an_order_of_what_is_left_out_is_no_order() -> None:
    here, there = ([{"id": 1, "tag": tag} for tag in tags] for tags in ("ab", "ba"))
    assert compared(here, there) == ["body: the same 2 elements in another order"]
    assert compared(here, there, ignore=[".tag"]) == []


@pytest.mark.parametrize(
    ("option", "text"), [("map", ".id"), ("map", ".id=number"), ("ignore", "a b["), ("ignore", "")]
)
def test_rules_that_make_no_sense(option: str, text: str) -> None:
    with pytest.raises(UsageError):
        ComparisonRules.of(
            **{"ignore": (), "kinds": (), **({"kinds": [text]} if option == "map" else {"ignore": [text]})}
        )


# Servers that fail ---------------------------------------------------------------------------------------------------


class Failing(BaseHTTPRequestHandler):
    """Answers as its server's `kind` says, and counts."""

    server: Any

    def log_message(self, *_: Any) -> None:
        pass

    def answer(self) -> None:
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        kind = self.server.kind
        if kind == "slow":
            self.server.stopping.wait()
            return
        if kind == "drips":
            self.send_response(200)
            self.end_headers()
            for _ in range(20):
                self.server.now += 0.1
                self.wfile.write(b" ")
            return
        if kind == "429" and len(self.server.seen) > 2:
            kind = "json"
        status, body, headers = {
            "html": (200, b"<!DOCTYPE html><html></html>", {"Content-Type": "text/html"}),
            "429": (429, b"{}", {"Retry-After": "7"}),
            "always 429": (429, b"slow down", {}),
            "json": (200, b'"as it is"', {"Content-Type": "application/json"}),
            "broken": (200, b"{", {"Content-Type": "application/json", "Content-Length": "999"}),
            "redirect": (302, b"", {"Location": "http://127.0.0.1:9/"}),
        }[kind]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815


@contextmanager
def failing(kind: str, context: ssl.SSLContext | None = None) -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    server.daemon_threads = True
    server.kind, server.seen, server.stopping = kind, [], threading.Event()
    server.url = f"http{'s' if context else ''}://127.0.0.1:{server.server_address[1]}"
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        join(thread)
        server.server_close()


def plain(number: int = 1) -> list[AskedRequest]:
    return [AskedRequest("GET /plain", "GET", "/api:shop/plain", f"n={one}") for one in range(number)]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("slow", "no answer within 0.3 s"),
        ("html", "HTTP 200 with a page in HTML: is this the address of an instance?"),
        ("always 429", "the instance asks to slow down (HTTP 429): try a lower --rate"),
        ("broken", "transfer closed with outstanding read data remaining"),
    ],
)
def test_servers_that_do_not_answer_as_an_instance_does(kind: str, reason: str) -> None:
    with failing(kind) as server:
        (found,) = verified(server.url, plain(), timeout=0.3 if kind == "slow" else 30, sleep=lambda _: None)
    assert (found.status, found.reason) == ("failed", reason)


def test_a_server_that_is_down_is_not_asked_for_long() -> None:
    found = verified("http://127.0.0.1:9", plain(6))
    assert [one.status for one in found] == ["failed"] * 3 + ["skipped"] * 3
    assert "Failed to connect" in found[0].reason


def test_an_answer_that_comes_drop_by_drop_ends() -> None:
    with failing("drips") as server:
        server.now = 0.0
        (found,) = verified(server.url, plain(), timeout=1, clock=lambda: server.now)
    assert (found.status, found.reason) == ("failed", "no answer within 1 s")


def test_a_recorded_data_source_gives_way_to_the_one_that_is_named() -> None:
    asked = AskedRequest("a", "GET", "/api:shop/plain", "n=1&X-Data-Source=live", [("x-data-source", "live")])
    with failing("json") as server:
        verified(server.url, [asked], datasource="test")
        verified(server.url, [asked])
        sent, as_it_was = server.seen
    assert (sent[1], sent[2]["X-Data-Source"]) == ("/api:shop/plain?n=1", "test")
    assert (as_it_was[1], as_it_was[2]["x-data-source"]) == ("/api:shop/plain?n=1&X-Data-Source=live", "live")


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    with failing("redirect") as server:
        (found,) = verified(server.url, plain())
    assert found.differences[0] == "status: here 200, there 302"


def test_waiting_as_long_as_the_server_asks() -> None:
    waits: list[float] = []
    with failing("429") as server:
        (found,) = verified(server.url, plain(), sleep=waits.append)
    assert waits == [7.0, 7.0]
    assert found.status == "differs"  # it answers at last, with another type
    assert len(server.seen) == 3


def test_the_rate_is_kept() -> None:
    moment = [100.0]
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(round(seconds, 3))
        moment[0] += seconds

    with failing("json") as server:
        options = LiveOptions(server.url, rate=4, sleep=sleep, clock=lambda: moment[0])
        with LiveSide(options) as side:
            for one in plain(3):
                side.answer(one)
    assert waits == [0.25, 0.25]


def test_over_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    with failing("json", context) as server:
        (known,) = verified(server.url, plain(), ca_file=str(file))
        (unknown,) = verified(server.url, plain())
    assert known.status == "differs"
    assert unknown.status == "failed"
    assert "certificate" in unknown.reason
    file.write_text("none", encoding="utf-8")
    with pytest.raises(UsageError, match="does not hold certificates"):
        LiveSide(LiveOptions("https://127.0.0.1", ca_file=str(file)))


# The command ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "shop.xs").write_text(SHOP, encoding="utf-8")
    return folder


def command(shop: Path, *options: str) -> int:
    return main(["verify", str(shop), "-w", str(shop), "--rate", "0", *options])


def test_nothing_is_written_without_the_option(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with failing("json") as server:
        command(shop, "--against", server.url, "--explore", "3", "--tests")
        paths = {(verb, path.partition("?")[0]) for verb, path, _ in server.seen}
        assert paths == {("GET", "/api:shop/all"), ("GET", "/api:shop/plain"), ("GET", "/api:shop/mine")}
        text = capsys.readouterr().out
        assert "it is not only read: db.add at" in text  # a GET whose function writes
        assert "it is not only read: POST may write" in text
        server.seen.clear()
        command(shop, "--against", server.url, "--explore", "1", "--read", "POST /find", "-k", "find")
        assert [(verb, path) for verb, path, _ in server.seen] == [("POST", "/api:shop/find")]
        server.seen.clear()
        assert command(shop, "--against", server.url, "--explore", "1", "--allow-writes") == 2
        assert command(shop, "--against", server.url, "--allow-writes", "--datasource", "live") == 2
        assert command(shop, "--against", server.url, "--explore", "3", "--dry-run") == 0
        assert server.seen == []
        command(shop, "--against", server.url, "--explore", "1", "-k", "/add", "--allow-writes", "--datasource", "test")
        (sent,) = server.seen
        assert sent[:2] == ("POST", "/api:shop/add")
        assert sent[2]["X-Data-Source"] == "test"


WRITING = """
api_group shop {
  canonical = "shop"
}
---
query one verb=GET {
  api_group = "shop"
  input {
  }
  stack {
%s
  }
  response = 1
%s
}
---
middleware counts {
  input {
    json vars
    enum type {
      values = ["pre", "post"]
    }
  }
  stack {
    db.add visit {
      data = {name: "x"}
    }
  }
  response = {}
  response_strategy = "merge"
  exception_policy = "critical"
}
"""


@pytest.mark.parametrize(
    ("statement", "member", "by"),
    [
        ('api.realtime_event {\n channel = "a"\n data = 1\n}', "", "api.realtime_event"),
        ("function.run $env.WHICH {\n input = {}\n} as $x", "", "function.run"),
        ('storage.append_file {\n path = "a"\n}', "", "storage.append_file"),
        ("var $a {\n value = 1\n}", 'middleware = {pre: [{name: "counts"}]}', "db.add"),
        ("var $a {\n value = 1\n}", "", None),
        ('redis.get {\n key = "a"\n} as $x', "", None),
        ('redis.set {\n key = "a"\n data = 1\n}', "", "redis.set"),
    ],
    ids=str,
)
def test_what_leaves_something_behind(statement: str, member: str, by: str | None) -> None:
    with xsrun.Workspace.from_sources({"a.xs": WRITING % (statement, member)}) as workspace:
        routes = Snapshot.of(workspace).routes
        asked = AskedRequest("a", "GET", "/api:shop/one")
        (planned,) = plan(workspace, routes, [asked], VerifyPermission())
    assert (planned.writes or "").partition(" at ")[0] == (by or "")
    assert (planned.refusal is None) == (by is None)


def test_tokens_that_cannot_be_sent(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "tok-secret-42\n")  # as a file has it
    with failing("json") as server:
        command(shop, "--against", server.url, "--tests", "--token-env", "SHOP_TOKEN")
        assert server.seen[0][2]["Authorization"] == "Bearer tok-secret-42"
    for token in ("tok-secret-\u00e9", "tok-secret-42\nX-Other: 1", "two tok-secret-words"):
        monkeypatch.setenv("SHOP_TOKEN", token)
        assert command(shop, "--against", "http://127.0.0.1:9", "--tests", "--token-env", "SHOP_TOKEN") == 2
    printed = capsys.readouterr()
    assert "tok-secret" not in printed.out + printed.err


def test_secrets_of_recorded_requests_are_not_shown(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = {"method": "GET", "url": "https://x.example/api:shop/plain?n=1&api_key=s3cr3t", "headers": []}
    (tmp_path / "a.har").write_text(json.dumps({"log": {"entries": [{"request": request}]}}), encoding="utf-8")
    with failing("json") as server:
        for options in (("--dry-run",), ("--against", server.url), ("--against", server.url, "--json")):
            command(shop, "--har", str(tmp_path / "a.har"), *options)
        assert "api_key=s3cr3t" in server.seen[0][1]
    assert "s3cr3t" not in capsys.readouterr().out


def with_each_part(value: Any, other: Any) -> list[Any]:
    """A value with one of its parts replaced, for each part."""
    made = [other]
    if isinstance(value, dict):
        made += [{**value, name: one} for name, part in value.items() for one in with_each_part(part, other)]
    elif isinstance(value, list):
        for index, part in enumerate(value):
            made += [[*value[:index], one, *value[index + 1 :]] for one in with_each_part(part, other)]
    return made


SOURCES: dict[str, Any] = {
    "har": {
        "log": {
            "entries": [
                {
                    "request": {
                        "method": "GET",
                        "url": "https://x.example/api:shop/all?n=2",
                        "headers": [{"name": "Accept", "value": "*/*"}],
                        "postData": {"text": "{}"},
                    }
                }
            ]
        }
    },
    "history": [{"verb": "GET", "uri": "/api:shop/all?n=3", "input": {"n": "3"}}],
    "openapi": {
        "paths": {
            "/all": {"get": {"parameters": [{"name": "n", "in": "query", "schema": {"example": 5}}]}},
            "/find": {
                "post": {
                    "requestBody": {
                        "content": {"application/json": {"example": {"word": "y"}, "examples": {"a": {"value": {}}}}}
                    }
                }
            },
        }
    },
}


@pytest.mark.parametrize("source", SOURCES)
def test_odd_files_are_refused_or_read(source: str, tmp_path: Path) -> None:
    from xsrun.server.verify import cases

    file = tmp_path / "odd.json"
    nowhere = LiveOptions("http://127.0.0.1:9", rate=0)
    with xsrun.Workspace.from_sources({"shop.xs": SHOP}) as workspace, LiveSide(nowhere) as side:
        snapshot = Snapshot.of(workspace)
        routes = snapshot.routes
        for odd in (5, "x", "http://[/api:shop/all", "/api:shop/\u2192", [], [5], {}, {"x": 5}, None, True, [None]):
            for document in with_each_part(SOURCES[source], odd):
                file.write_text(json.dumps(document), encoding="utf-8")
                try:
                    found = list(
                        cases.from_openapi(str(file), routes)
                        if source == "openapi"
                        else {"har": cases.from_har, "history": cases.from_history}[source](str(file))
                    )
                except UsageError:
                    continue
                planned = plan(workspace, routes, found, VerifyPermission(reads=("POST /find",)))
                Verification(snapshot, side, ComparisonRules()).run(planned, lambda _: None)


def test_a_whole_run(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with live() as url:
        assert command(shop, "--against", url, "--tests") == 0
        text = capsys.readouterr().out
        assert "Plan: 1 requests (0 of them may write), 0 skipped" in text
        assert "SAME  GET /api:shop/all?n=4&word=tested" in text
        assert "Results: 1 same, 0 differs, 0 failed, 0 skipped" in text
        assert command(shop, "--against", url) == 0  # workflow tests, and one made-up request to each query
    with live(member("list", list(range(10, 70)))) as url:
        assert command(shop, "--against", url, "--tests") == 1
    text = capsys.readouterr().out
    assert ".list[49]: here missing, there 59\n  and 10 more, which --json shows\n" in text
    assert ".list[50]" not in text
    with live(member("text", "Bo")) as url:
        assert command(shop, "--against", url, "--tests", "--json") == 1
        document = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert document["differs"] == 1
    assert document["cases"][0]["differences"] == ['.text: here "Ann", there "Bo"']
    assert document["cases"][0]["statements"][0].rpartition(":")[0].endswith("shop.xs")


def test_the_token_is_sent_and_never_shown(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def telling(status: int, headers: Any, _: Any) -> Any:
        return status, headers, {"message": "you sent tok-secret-42"}

    monkeypatch.setenv("SHOP_TOKEN", "tok-secret-42")
    with live(telling) as url:
        command(shop, "--against", url, "--tests", "--token-env", "SHOP_TOKEN")
        command(shop, "--against", url, "--tests", "--token-env", "SHOP_TOKEN", "--json")
    printed = capsys.readouterr()
    assert "you sent ***" in printed.out
    assert "tok-secret-42" not in printed.out + printed.err
    assert not any("tok-secret-42" in one.read_text(errors="replace") for one in tmp_path.rglob("*") if one.is_file())
    with failing("json") as server:
        command(shop, "--against", server.url, "--tests", "--token-env", "SHOP_TOKEN")
        assert server.seen[0][2]["Authorization"] == "Bearer tok-secret-42"


def test_profiles_of_the_official_command_line(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "credentials.yaml"
    monkeypatch.setenv("XANO_CONFIG", str(file))
    with pytest.raises(UsageError, match="cannot read"):
        read_profile("dev")
    with failing("json") as server:
        file.write_text(
            f"profiles:\n  dev:\n    instance_origin: {server.url}\n    access_token: tok-9\n  old: {{}}\n",
            encoding="utf-8",
        )
        command(shop, "--profile", "dev", "--tests")
        assert server.seen[0][2]["Authorization"] == "Bearer tok-9"
    with pytest.raises(UsageError, match="has no profile prod"):
        read_profile("prod")
    with pytest.raises(UsageError, match="has no instance_origin"):
        read_profile("old")
    file.write_text("a: [", encoding="utf-8")
    with pytest.raises(UsageError, match="is not a profile file"):
        read_profile("dev")
    assert "tok-9" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--against", "example.com"),
        ("--against", "https://a@example.com"),
        ("--against", "https://x.example/api:shop"),
        ("--against", "http://127.0.0.1:9", "--token-env", "NO_SUCH_VARIABLE"),
        ("--against", "http://a..b"),
        ("--against", "http://"),
        ("--against", "http://[::1"),
        ("--against", "http://h:99999"),
        ("--against", "https://x y"),
        ("--against", "https://x.example?a=b"),
        ("--against", "http://127.0.0.1:9", "--datasource", "a\r\nX-Other: 1"),
        ("--against", "http://127.0.0.1:9", "--datasource", "é"),
        ("--against", "http://127.0.0.1:9", "--rate", "-1"),
        ("--against", "http://127.0.0.1:9", "--rate", "nan"),
        ("--against", "http://127.0.0.1:9", "--rate", "1e-300"),
        ("--against", "http://127.0.0.1:9", "--timeout", "nan"),
        ("--against", "http://127.0.0.1:9", "--timeout", "inf"),
        ("--dry-run", "--map", "x"),
        ("--dry-run", "--read", "POST /nowhere"),
        ("--endpoint", "a.jsonl", "--snippets", "a.jsonl"),
        ("--against", "http://127.0.0.1:9", "-k", "nothing is called so"),
        ("--against", "http://127.0.0.1:9", "--map", "x"),
        ("--against", "http://127.0.0.1:9", "--har", "no.har"),
        ("--against", "http://127.0.0.1:9", "--ca", "no.pem"),
    ],
)
def test_wrong_use(shop: Path, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert command(shop, *options) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_requests_from_files(shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = {
        "request": {
            "method": "GET",
            "url": "https://x.example/api:shop/all?n=2",
            "headers": [{"name": "Accept", "value": "*/*"}, {"name": "Cookie", "value": "a=1"}],
        }
    }
    other = {"request": {"method": "GET", "url": "https://x.example/style.css", "headers": []}}
    (tmp_path / "a.har").write_text(json.dumps({"log": {"entries": [entry, other]}}), encoding="utf-8")
    history = [
        {"verb": "GET", "uri": "/api:shop/all?n=3", "input": {"n": "3"}},
        {"verb": "GET", "uri": "/api:shop/all?token=***", "input": {}},
        {"verb": "POST", "uri": "/api:shop/find", "input": {"word": "x"}},
    ]
    (tmp_path / "history.json").write_text(json.dumps(history), encoding="utf-8")
    operation = {"parameters": [{"name": "n", "in": "query", "example": 5}]}
    found = {"requestBody": {"content": {"application/json": {"example": {"word": "y"}}}}}
    paths = {"/all": {"get": operation}, "/find": {"post": found}, "/gone": {"get": {}}}
    (tmp_path / "api.json").write_text(json.dumps({"paths": paths}), encoding="utf-8")
    sources = ["--har", str(tmp_path / "a.har"), "--history", str(tmp_path / "history.json")]
    sources += ["--openapi", str(tmp_path / "api.json"), "--read", "POST /find"]
    with live() as url:
        assert command(shop, "--against", url, *sources) == 0
    out = capsys.readouterr().out
    lines = [line for line in out.splitlines() if line.startswith("SAME")]
    assert lines == [
        "SAME  GET /api:shop/all?n=3 [history.json]",
        "SAME  POST /api:shop/find [history.json]",
        "SAME  GET /api:shop/all?n=2 [a.har]",
        "SAME  GET /api:shop/all?n=5 [api.json]",
        "SAME  POST /api:shop/find [api.json]",
    ]


def test_a_query_that_asks_for_a_user(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "tok-secret-42")
    rows = tmp_path / "rows.json"
    rows.write_text(json.dumps({"item": [{"id": 1, "name": "Bo", "price": 1}]}), encoding="utf-8")

    def answering(status: int, headers: Any, _: Any) -> Any:
        kept = [(name, value) for name, value in headers if name != b"x-xsrun-hint"]
        return 200, kept, {"me": 7, "items": ["Bo"]}

    common = ["--explore", "1", "-k", "mine", "--json"]
    with live(answering) as url:
        given = ["--against", url, "--token-env", "SHOP_TOKEN", "--seed", str(rows)]
        assert command(shop, *common, *given, "--auth", "item:7") == 0
        assert command(shop, *common, *given, "--auth", "item:8") == 1


def test_whose_the_token_is_must_be_said(shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "tok-secret-42")
    with failing("json") as server:
        command(shop, "--against", server.url, "--token-env", "SHOP_TOKEN", "--explore", "1", "-k", "mine")
        assert server.seen == []
    assert "say whose the token is here, with --auth item:ID" in capsys.readouterr().out
