"""Requests that are refused say why, to a page of another origin as well."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import browser_page, needs_browser, pages_of
from http_server import Client, running
from waiting import PATIENCE

import xsrun
from xsrun.server import create_application
from xsrun.server.log import Log


def query(name: str, verb: str, group: str = "Harbour Api", inputs: str = "", auth: str = "") -> str:
    return (
        f'query "{name}" verb={verb} {{\n  api_group = "{group}"\n{auth}  input {{\n{inputs}  }}\n  stack {{\n  }}\n'
        "  response = $input\n}\n"
    )


FILES = {
    "api/g.xs": 'api_group "Harbour Api" {\n  canonical = "hb1"\n}\n',
    "api/s.xs": 'api_group closed {\n  canonical = "shut"\n  cors = {mode: "disabled"}\n}\n',
    "api/1.xs": query("boats", "GET"),
    "api/2.xs": query("boats", "POST", inputs="    text name?\n"),
    "api/3.xs": query("boats/{id}", "GET", inputs="    int id\n"),
    "api/4.xs": query("mine", "GET", auth='  auth = "user"\n'),
    "api/5.xs": query("quiet", "GET", "closed"),
    "table/user.xs": "table user {\n  auth = true\n  schema {\n    int id\n  }\n}\n",
}
ELSEWHERE = {"Origin": "http://localhost:3000"}


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return []


@pytest.fixture(scope="module")
def client(lines: list[str]) -> Iterator[Client]:
    application = create_application(xsrun.Workspace.from_sources(FILES), max_body=1_000, body_seconds=0.2)
    application.log = application.endpoint.log = Log(lines.append)
    with running(application) as made:
        yield made


@pytest.mark.parametrize(
    ("verb", "path", "meant"),
    [
        ("GET", "/api:hb2/boats", "there is no group `hb2`; did you mean /api:hb1?"),
        ("GET", "/api:harbour/boats", "did you mean /api:hb1?"),
        ("GET", "/api:elsewhere/x", "there are: /api:hb1 (Harbour Api), /api:shut (closed)"),
        ("GET", "/api:hb1/boast", "did you mean GET/POST /api:hb1/boats?"),
        ("DELETE", "/api:hb1/boats", "/api:hb1/boats takes GET, POST, not DELETE"),
        ("GET", "/api:hb1/boats/twelve", "does not fit GET /api:hb1/boats/{id}: {id} takes a whole number"),
        ("GET", "/api:hb1/zzzzzzzz", "it has: GET /api:hb1/boats, POST /api:hb1/boats, GET /api:hb1/boats/{id}"),
        ("GET", "/api:hb1:next/boats", "there is no branch `next`; there are: v1"),
        ("GET", "/boats", "queries are below the address of their group: GET /api:hb1/boats"),
        ("GET", "/nothing", "queries are below the address of their group: /api:hb1, /api:shut"),
    ],
)
def test_what_leads_nowhere_says_what_there_is(
    client: Client, lines: list[str], verb: str, path: str, meant: str
) -> None:
    reply = client.send(verb, path, headers=ELSEWHERE)
    assert reply.status == 404 and meant in reply.json["hint"]
    assert reply.headers["access-control-allow-origin"] == ELSEWHERE["Origin"]
    assert meant in lines[-1]
    far = client.send(verb, path, headers={"X-Forwarded-For": "203.0.113.9"})
    assert far.json == {"code": "ERROR_CODE_NOT_FOUND", "message": "Unable to locate request."}
    assert meant in lines[-1]


def test_a_branch_that_is_not_there(client: Client) -> None:
    assert "no branch `next`" in client.get("/api:hb1/boats", headers={"X-Branch": "next"}).json["hint"]


@pytest.mark.parametrize("path", ["/api:hb1/boats", "/api:hb1/none", "/api:none/x", "/api:hb1", "/wrong"])
def test_every_preflight_is_answered(client: Client, path: str) -> None:
    asked = {**ELSEWHERE, "Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}
    reply = client.send("OPTIONS", path, headers=asked)
    assert reply.status == 204 and reply.headers["access-control-allow-origin"] == ELSEWHERE["Origin"]
    assert "authorization" in reply.headers["access-control-allow-headers"]
    assert ("PATCH" in reply.headers["access-control-allow-methods"]) is (path != "/api:hb1/boats")


def test_a_group_that_wants_no_other_origins_has_none(client: Client) -> None:
    for reply in (client.get("/api:shut/none", headers=ELSEWHERE), client.send("OPTIONS", "/api:shut/quiet")):
        assert not any(name.startswith("access-control") for name in reply.headers)


def test_hints_name_headers(client: Client) -> None:
    reply = client.get("/api:hb1/mine", headers=ELSEWHERE)
    assert reply.status == 401
    assert "Authorization: Bearer" in reply.headers["x-xsrun-hint"] and "--auth" not in reply.headers["x-xsrun-hint"]
    assert "X-Xsrun-Hint" in reply.headers["access-control-expose-headers"]


def test_a_long_body_is_read_before_it_is_refused(client: Client) -> None:
    reply = client.post("/api:hb1/boats", b"x" * 5_000_000, headers=ELSEWHERE)
    assert reply.status == 413 and "access-control-allow-origin" in reply.headers
    link = http.client.HTTPConnection("127.0.0.1", client.port, timeout=PATIENCE)
    link.request("POST", "/api:hb1/boats", iter([b"x" * 800] * 100), ELSEWHERE)
    pieces = link.getresponse()
    assert pieces.status == 413 and "access-control-allow-origin" in pieces.headers
    link.close()


def test_a_body_that_does_not_arrive(client: Client) -> None:
    with socket.create_connection(("127.0.0.1", client.port)) as link:
        link.sendall(b"POST /api:hb1/boats HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nContent-Length: 9\r\n\r\n{")
        told = link.recv(10_000)
    assert told.startswith(b"HTTP/1.1 408 ") and b"access-control-allow-origin: http://a\r\n" in told


FETCH = """async ([address, verb, size]) => {
  const body = size ? "x".repeat(size) : undefined;
  const headers = {"content-type": "application/json", "x-data-source": "live"};
  const reply = await fetch(address, {method: verb, body, headers});
  return [reply.status, await reply.json(), reply.headers.get("x-xsrun-hint")];
}"""


@needs_browser
def test_a_page_of_another_origin_reads_why(client: Client, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<!doctype html><title>elsewhere</title>", encoding="utf-8")
    base = f"http://localhost:{client.port}"

    def fetched(page: Any, path: str, verb: str, size: int = 0) -> Any:
        return page.evaluate(FETCH, [f"{base}{path}", verb, size])

    with pages_of(tmp_path) as origin, browser_page() as page:
        page.goto(origin)
        status, body, hint = fetched(page, "/api:hb1/boast", "POST", 2)
        assert status == 404 and "did you mean" in body["hint"] and "did you mean" in hint
        status, body, _ = fetched(page, "/api:hb9/boats", "PUT", 2)
        assert status == 404 and "no group `hb9`" in body["hint"]
        status, body, _ = fetched(page, "/api:hb1/boats", "POST", 30_000_000)
        assert status == 413 and body["message"] == "The body is longer than 1,000 bytes."
        status, body, hint = fetched(page, "/api:hb1/mine", "GET")
        assert status == 401 and "Authorization: Bearer" in hint
