"""The workspace over HTTP: routes, inputs, bodies, statuses, headers, identity, limits."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from http_server import Client, running
from waiting import PATIENCE, Gate, in_threads, join, until, wait_for

import xsrun
from xsrun.server import create_application
from xsrun.server.application import Application
from xsrun.server.threads import ThreadPool
from xsrun.services.files import FileResource

GROUP = 'api_group "Harbour Api" {\n  canonical = "hb1"\n}\n'
#: Makes a caller one of another machine, who is told nothing but the engine's words.
FAR = {"X-Forwarded-For": "203.0.113.9"}
NOT_FOUND = {"code": "ERROR_CODE_NOT_FOUND", "message": "Unable to locate request."}


def query(name: str, verb: str, inputs: str = "", stack: str = "", response: str = "$input", more: str = "") -> str:
    """The text of a query of the group above."""
    return (
        f'query "{name}" verb={verb} {{\n  api_group = "Harbour Api"\n{more}\n'
        f"  input {{\n{inputs}\n  }}\n  stack {{\n{stack}\n  }}\n  response = {response}\n}}\n"
    )


def application(*parts: str, settings: dict[str, Any] | None = None, **options: Any) -> Application:
    sources = {f"api/{number}.xs": part for number, part in enumerate((GROUP, *parts))}
    return create_application(xsrun.Workspace.from_sources(sources, **options), **(settings or {}))


SLEEP = "    util.sleep {\n      value = 0.4\n    }"
LOOP = (
    "    var $i { value = 0 }\n    while ($i < $input.n) {\n      each {\n"
    "        math.add $i {\n          value = 1\n        }\n      }\n    }"
)
COUNT = '    redis.incr {\n      key = "n"\n      by = 1\n    } as $n'
LIMIT = (
    '    redis.ratelimit {\n      key = "k"\n      max = 2\n'
    '      ttl = 60\n      error = "Slow down."\n    } as $within'
)
UNTIL = (
    "    var $passes { value = 0 }\n    while (now < $input.time) {\n      each {\n"
    "        math.add $passes {\n          value = 1\n        }\n      }\n    }"
)
STREAM = (
    "    for ($input.n) {\n      each as $i {\n        api.stream {\n          value = [{i: $i}]\n"
    '          format = "jsonl"\n        }\n      }\n    }'
)
LOGIN = (
    '    security.create_auth_token {\n      table = "user"\n      id = 7\n      extras = {role: "pilot"}\n'
    "      expiration = $input.seconds\n    } as $token"
)


def header(line: str) -> str:
    return f'    util.set_header {{\n      value = "{line}"\n      duplicates = "append"\n    }}\n'


def refuse(kind: str) -> str:
    return f'    precondition (false) {{\n      error_type = "{kind}"\n      error = "No."\n    }}'


QUERIES = [
    query("hello", "GET", "    text name?", response='{message: "Hello " ~ $input.name}'),
    query("berths/{id}", "GET", "    int id"),
    query("berths/free", "GET", response='"free"'),
    query("berths/{id}/boats/{name}", "GET", "    int id\n    text name"),
    query("notes/{slug}", "GET", "    text slug"),
    query("post-{slug}", "GET", "    text slug", response='"post " ~ $input.slug'),
    query("{first}-{second}.txt", "GET", "    text first\n    text second"),
    query("boats", "POST", "    text name\n    int length?\n    text[] tags?\n    json more?"),
    query("boats/{id}", "PUT", "    int id\n    text name?"),
    query("boats/{id}", "PATCH", "    int id\n    text name?"),
    query("boats/{id}", "DELETE", "    int id", response="null"),
    query("files", "POST", "    file one\n    file[] many?\n    text note?"),
    query("raw", "POST", stack='    util.get_raw_input {\n      encoding = "none"\n    } as $raw', response="$raw"),
    query("page", "GET", stack=header("Content-Type: text/html"), response='"<p>tide</p>"'),
    query("created", "POST", stack=header("HTTP/1.1 201 Created") + header("X-Dock: four") + header("X-Dock: five")),
    query("empty", "GET", stack=header("HTTP/1.1 204 No Content"), response='"ignored"'),
    query("odd", "GET", stack=header("Content-Length: 3") + header("X-Odd: a"), response='"abcdef"'),
    query("text", "GET", response='"tide"'),
    query("long", "GET", response=f'"{"tide " * 500}"'),
    query("zero", "GET", response="0"),
    query("throw", "GET", stack='    throw {\n      name = "Tide"\n      value = {at: 3}\n    }'),
    query("stop", "GET", stack="    debug.stop {\n      value = {at: 3}\n    }"),
    query("lost", "GET", response="$nothing.here"),
    query("secret", "GET", response="$auth.id"),
    query("refuse/{kind}", "GET", "    text kind", stack=refuse("notfound")),
    query("count", "POST", stack=COUNT, response="$n"),
    query("limited", "GET", stack=LIMIT, response="$within"),
    query("rows", "GET", "    int n", stack=STREAM, response="null"),
    query("login", "POST", "    int seconds?=60", stack=LOGIN, response="{authToken: $token}"),
    query("me", "GET", response="{id: $auth.id, role: $auth.extras.role}", more='  auth = "user"'),
    query("ship", "GET", response="$auth.id", more='  auth = "ship"'),
    query("about", "GET", response="{uri: $env.$request_uri, base: $env.$api_baseurl, h: $env.$http_headers}"),
    query("source", "GET", response="$env.$datasource"),
    query("off", "GET", more="  active = false"),
    query("loop", "GET", "    int n", LOOP, "$i"),
    query("quiet", "GET", more="  history = false"),
]


@pytest.fixture(scope="module")
def app() -> Application:
    return application(*QUERIES, settings={"max_body": 100_000, "datasources": ("test",)})


@pytest.fixture(scope="module")
def client(app: Application) -> Iterator[Client]:
    with running(app) as made:
        yield made


# Routes --------------------------------------------------------------------------------------------------------------


def test_a_query_answers(client: Client) -> None:
    reply = client.get("/api:hb1/hello?name=Bo")
    assert (reply.status, reply.json) == (200, {"message": "Hello Bo"})
    assert reply.headers["content-type"] == "application/json"


def test_groups_go_by_canonical_name_slug_and_branch(client: Client) -> None:
    for address in ("/api:hb1/text", "/api:harbour-api/text", "/api:hb1:v1/text", "/api:hb1/text/"):
        assert client.get(address).json == "tide", address


@pytest.mark.parametrize(
    "path",
    ["/", "/api:hb1/none", "/api:nobody/text", "/api:hb1:other/text", "/api:hb1/off", "/text", "/api:hb1/berths"],
)
def test_what_no_query_takes_is_not_found(client: Client, path: str) -> None:
    reply = client.post(path, headers=FAR)
    assert (reply.status, reply.json) == (404, NOT_FOUND)


def test_other_verbs_are_not_found(client: Client) -> None:
    assert client.send("DELETE", "/api:hb1/hello", headers=FAR).json == NOT_FOUND
    assert client.send("BREW", "/api:hb1/hello").status in (400, 404)  # some parsers do not know the word


def test_every_path_is_found_by_its_first_part() -> None:
    parts = ("a", "b", "{x}", "a{x}")
    names = ["/".join(chosen) for length in (1, 2) for chosen in product(parts, repeat=length)]
    texts = {name: "text x" if "{" in name else "" for name in names if name.count("{") < 2}
    queries = [query(name, verb, inputs) for name, inputs in texts.items() for verb in ("GET", "POST")]
    routes = application(*queries).live.current.routes
    for path in map("/".join, [*product(("a", "b", "ab", "c"), repeat=1), *product(("a", "b", "ab", "c"), repeat=2)]):
        fitting = [
            one for one in routes._by_length["hb1", path.count("/") + 1] if one.match(path.split("/")) is not None
        ]
        for verb in ("GET", "POST"):
            found = routes.find(verb, f"/api:hb1/{path}")
            assert found is not None and found.route is next((one for one in fitting if one.verb == verb), None)


def test_parameters_in_the_path(client: Client) -> None:
    assert client.get("/api:hb1/berths/12").json == {"id": 12}
    assert client.get("/api:hb1/berths/free").json == "free"
    assert client.get("/api:hb1/berths/twelve", headers=FAR).json == NOT_FOUND
    assert client.get("/api:hb1/berths/-1", headers=FAR).json == NOT_FOUND
    assert client.get("/api:hb1/berths/3/boats/S%2FV%20Ann").json == {"id": 3, "name": "S/V Ann"}
    assert client.get("/api:hb1/notes/caf%C3%A9").json == {"slug": "café"}
    assert client.get("/api:hb1/post-high-tide").json == "post high-tide"
    assert client.get("/api:hb1/a-b.txt").json == {"first": "a", "second": "b"}


def test_all_verbs(client: Client) -> None:
    assert client.send("PUT", "/api:hb1/boats/1", {"name": "Ann"}).json == {"id": 1, "name": "Ann"}
    assert client.send("PATCH", "/api:hb1/boats/2", {}).json == {"id": 2, "name": ""}
    assert client.send("DELETE", "/api:hb1/boats/3").json is None


def test_head_is_get_without_a_body(client: Client) -> None:
    reply = client.send("HEAD", "/api:hb1/hello")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["content-length"] == str(len(client.get("/api:hb1/hello").body))


# Inputs --------------------------------------------------------------------------------------------------------------


def test_inputs_from_json_form_query_and_path(client: Client) -> None:
    boat = {"name": "Ann", "length": 9, "tags": ["a", "b"], "more": {"x": [1]}}
    assert client.post("/api:hb1/boats", boat).json == boat
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    sent = client.post("/api:hb1/boats?length=3", "name=Ann+B&tags[]=a&tags[]=b&more[x]=1", headers=form)
    assert sent.json == {"name": "Ann B", "length": 3, "tags": ["a", "b"], "more": {"x": "1"}}
    # the path counts before the body, the body before the query string
    sent = client.send("PUT", "/api:hb1/boats/1?name=query&id=3", {"name": "body", "id": 2})
    assert sent.json == {"id": 1, "name": "body"}


def test_lists_in_a_query_string(client: Client) -> None:
    assert client.post("/api:hb1/boats?name=a&tags[]=x&tags[]=y").json["tags"] == ["x", "y"]
    assert client.post("/api:hb1/boats?name=a&name=b").json["name"] == "b"


def test_a_json_body_without_its_type_is_taken(client: Client) -> None:
    assert client.post("/api:hb1/boats", '{"name": "Ann"}').json["name"] == "Ann"
    assert client.post("/api:hb1/raw", "{not json").json == "{not json"


def multipart(*parts: tuple[str, str]) -> tuple[bytes, dict[str, str]]:
    lines = "".join(f"--xyz\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n" for head, body in parts)
    return f"{lines}--xyz--\r\n".encode(), {"Content-Type": "multipart/form-data; boundary=xyz"}


def test_files(client: Client) -> None:
    body, headers = multipart(
        ('name="one"; filename="log.txt"', "high tide"),
        ('name="many[]"; filename="a.csv"\r\nContent-Type: text/csv', "a,b"),
        ('name="many[]"; filename="b.csv"', "c"),
        ('name="note"', "grüße"),
    )
    reply = client.post("/api:hb1/files", body, headers=headers)
    assert reply.status == 200
    assert {key: reply.json["one"][key] for key in ("name", "size", "mime")} == {
        "name": "log.txt",
        "size": 9,
        "mime": "text/plain",
    }
    assert [(one["name"], one["mime"]) for one in reply.json["many"]] == [("a.csv", "text/csv"), ("b.csv", "text/csv")]
    assert reply.json["note"] == "grüße"


def test_missing_and_wrong_inputs(client: Client) -> None:
    reply = client.post("/api:hb1/boats", {})
    assert reply.status == 400
    assert reply.json == {
        "code": "ERROR_CODE_INPUT_ERROR",
        "message": "Missing param: name",
        "payload": {"param": "name"},
    }
    assert client.post("/api:hb1/boats", {"name": "a", "length": "x"}).json["payload"] == {"param": "length"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "Syntax error"),
        (b'{"a": "\xff"}', "Malformed UTF-8 characters, possibly incorrectly encoded"),
        (b"[" * 5_000 + b"]" * 5_000, "Maximum stack depth exceeded"),
    ],
)
def test_a_body_that_is_no_json(client: Client, body: bytes, reason: str) -> None:
    reply = client.post("/api:hb1/boats", body, headers={"Content-Type": "application/json"})
    assert (reply.status, reply.json) == (500, {"code": "ERROR_FATAL", "message": f"Error parsing JSON: {reason}"})


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"--xyz\r\nnonsense", "multipart/form-data; boundary=xyz"),
        (b"abc", "multipart/form-data"),
        (b"--xyz", "multipart/form-data; boundary=xyz"),
    ],
)
def test_a_body_that_is_no_form(client: Client, body: bytes, content_type: str) -> None:
    reply = client.post("/api:hb1/files", body, headers={"Content-Type": content_type})
    assert (reply.status, reply.json["code"]) == (400, "ERROR_CODE_BAD_REQUEST")


def test_a_body_too_long(client: Client) -> None:
    reply = client.post("/api:hb1/boats", {"name": "x" * 100_001})
    assert (reply.status, reply.json["code"]) == (413, "ERROR_CODE_BAD_REQUEST")


def test_a_chunked_body(client: Client) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=PATIENCE)
    chunks = iter([b'{"name": ', b'"Ann"}'])
    connection.request("POST", "/api:hb1/boats", chunks, {"Content-Type": "application/json"}, encode_chunked=True)
    assert json.loads(connection.getresponse().read())["name"] == "Ann"
    connection.request("POST", "/api:hb1/boats", (b"x" * 30_000 for _ in range(5)), encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def test_a_body_that_does_not_come() -> None:
    app = application(*QUERIES, settings={"body_seconds": 0.1})
    with running(app) as client, socket.create_connection(("127.0.0.1", client.port), timeout=PATIENCE) as link:
        link.sendall(b"POST /api:hb1/boats HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        assert link.recv(1_000).startswith(b"HTTP/1.1 408")


def test_what_is_no_http(client: Client) -> None:
    with socket.create_connection(("127.0.0.1", client.port), timeout=PATIENCE) as link:
        link.sendall(b"NONSENSE\r\n\r\n")
        answer = link.recv(1_000)
    assert answer.startswith(b"HTTP/1.1 400")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "ERROR_CODE_BAD_REQUEST"


# Answers -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("text", 200, "tide"),
        ("zero", 200, 0),
        ("throw", 200, {"payload": {"at": 3}, "statement": "Throw Error"}),
        ("stop", 200, {"payload": {"at": 3}, "statement": "Stop & Debug"}),
        ("lost", 500, {"code": "ERROR_FATAL", "message": "Missing var entry: nothing"}),
        ("secret", 403, {"code": "ERROR_CODE_ACCESS_DENIED", "message": ""}),
        ("refuse/x", 404, {"code": "ERROR_CODE_NOT_FOUND", "message": "No.", "payload": ""}),
    ],
)
def test_bodies_and_statuses(client: Client, path: str, status: int, body: Any) -> None:
    reply = client.get(f"/api:hb1/{path}")
    assert (reply.status, reply.json) == (status, body)


def test_errors_tell_where_in_a_header(client: Client) -> None:
    place = client.get("/api:hb1/lost").headers["x-xsrun-at"]
    assert place.startswith("api/") and place.count(":") == 2


def test_headers_and_status_of_the_program(client: Client) -> None:
    reply = client.post("/api:hb1/created")
    assert (reply.status, reply.headers["x-dock"]) == (201, "five")
    page = client.get("/api:hb1/page")
    assert (page.body, page.headers["content-type"]) == (b"<p>tide</p>", "text/html")
    nothing = client.get("/api:hb1/empty")
    assert (nothing.status, nothing.body) == (204, b"")
    odd = client.get("/api:hb1/odd")
    assert (odd.json, odd.headers["x-odd"]) == ("abcdef", "a")


def test_long_answers_are_compressed(client: Client) -> None:
    reply = client.get("/api:hb1/long", headers={"Accept-Encoding": "br, gzip"})
    assert reply.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(reply.body)) == "tide " * 500
    assert "content-encoding" not in client.get("/api:hb1/long", headers={"Accept-Encoding": "gzip;q=0"}).headers
    assert "content-encoding" not in client.get("/api:hb1/text", headers={"Accept-Encoding": "gzip"}).headers


def test_the_request_as_the_program_sees_it(client: Client) -> None:
    seen = client.get("/api:hb1/about?x=1", headers={"X-Signature": "s"}).json
    assert seen["uri"] == "/api:hb1/about?x=1"
    assert seen["base"] == f"http://127.0.0.1:{client.port}/api:hb1"
    assert seen["h"]["X-Signature"] == "s"


def test_a_streamed_answer_comes_piece_by_piece() -> None:
    between = STREAM.replace('"jsonl"\n        }\n', '"jsonl"\n        }\n' + SLEEP)
    app = application(query("rows", "GET", "    int n", stack=between, response="null"))
    gate = app.live.current.workspace.sleep = Gate()
    with running(app) as client:
        connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=PATIENCE)
        connection.request("GET", "/api:hb1/rows?n=5")
        response = connection.getresponse()
        assert response.getheader("content-type") == "application/jsonl"
        assert response.readline() == b'{"i":0}\n'
        assert len(gate.seconds) <= 1  # the program stands after its first piece
        gate.open()
        assert response.read() == b"".join(b'{"i":%d}\n' % number for number in range(1, 5))
        connection.close()


def test_a_stream_ends_when_its_client_leaves(app: Application, client: Client) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=PATIENCE)
    connection.request("GET", "/api:hb1/rows?n=9000000")
    response = connection.getresponse()
    response.readline()
    response.close()
    connection.close()
    entry = until(lambda: next((e for e in app.history.entries if e.uri.endswith("n=9000000")), None))
    assert entry.error["message"] == "The client closed the connection."


# Browsers ------------------------------------------------------------------------------------------------------------


def test_cors(client: Client) -> None:
    reply = client.get("/api:hb1/text", headers={"Origin": "http://shop.test"})
    assert reply.headers["access-control-allow-origin"] == "http://shop.test"
    assert client.get("/api:hb1/text").headers["access-control-allow-origin"] == "*"
    assert client.get("/api:hb1/none", headers={"Origin": "http://a.b"}).headers["access-control-allow-origin"]


def test_preflight(client: Client) -> None:
    asked = {
        "Origin": "http://shop.test",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization, x-data-source",
    }
    reply = client.send("OPTIONS", "/api:hb1/boats/1", headers=asked)
    assert reply.status == 204
    assert reply.headers["access-control-allow-methods"] == "PUT, PATCH, DELETE, OPTIONS"
    assert reply.headers["access-control-allow-headers"] == "authorization, x-data-source"
    assert reply.headers["access-control-max-age"] == "86400"
    assert reply.headers["access-control-allow-credentials"] == "true"


def test_cors_of_a_group() -> None:
    group = (
        'api_group closed {\n  canonical = "cl"\n  cors = {\n    mode: "custom"\n    origins: ["shop.test"]\n'
        '    methods: ["GET"]\n    headers: ["x-a"]\n    credentials: false\n    max_age: 60\n  }\n}\n'
    )
    text = 'query a verb=GET {\n  api_group = "closed"\n  input {\n  }\n  stack {\n  }\n  response = 1\n}\n'
    with running(application(group, text)) as client:
        allowed = client.send("OPTIONS", "/api:cl/a", headers={"Origin": "https://shop.test"}).headers
        assert allowed["access-control-allow-origin"] == "https://shop.test"
        assert allowed["access-control-allow-methods"] == "GET"
        assert allowed["access-control-allow-headers"] == "x-a"
        assert allowed["access-control-max-age"] == "60"
        assert "access-control-allow-credentials" not in allowed
        other = client.get("/api:cl/a", headers={"Origin": "https://evil.test"})
        assert other.json == 1 and "access-control-allow-origin" not in other.headers


# Identity ------------------------------------------------------------------------------------------------------------


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_auth(client: Client) -> None:
    token = client.post("/api:hb1/login").json["authToken"]
    assert client.get("/api:hb1/me", headers=bearer(token)).json == {"id": 7, "role": "pilot"}
    own = {"X-Xano-Authorization": f"Bearer {token}", "X-Xano-Authorization-Only": "true", "Authorization": "Basic x"}
    assert client.get("/api:hb1/me", headers=own).json["id"] == 7
    assert client.get("/api:hb1/me", headers={"X-Xano-Authorization": token}).status == 401


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "Unauthorized - Authentication Required"),
        ({"Authorization": "Basic abc"}, "Unauthorized - Authentication Required"),
        (bearer("nonsense"), "Invalid token."),
    ],
)
def test_no_or_bad_token(client: Client, headers: dict[str, str], message: str) -> None:
    reply = client.get("/api:hb1/me", headers=headers)
    assert (reply.status, reply.json) == (401, {"code": "ERROR_CODE_UNAUTHORIZED", "message": message})


def test_token_of_another_table_or_datasource(client: Client) -> None:
    token = client.post("/api:hb1/login").json["authToken"]
    assert client.get("/api:hb1/ship", headers=bearer(token)).json["message"] == "Invalid token."
    other = client.get("/api:hb1/me", headers={**bearer(token), "X-Data-Source": "test"})
    assert (other.status, other.json["message"]) == (401, "This token belongs to a different datasource.")


def test_an_expired_token() -> None:
    now = [1_800_000_000_000]
    with running(application(*QUERIES, clock=lambda: now[0])) as client:
        token = client.post("/api:hb1/login", {"seconds": 30}).json["authToken"]
        assert client.get("/api:hb1/me", headers=bearer(token)).status == 200
        now[0] += 31_000
        reply = client.get("/api:hb1/me", headers=bearer(token))
        assert (reply.status, reply.json["message"]) == (401, "This token is expired.")


def test_the_caller_is_tested_before_the_body(client: Client) -> None:
    assert client.get("/api:hb1/me", body="{", headers={"Content-Type": "application/json"}).status == 401


def test_datasource_and_branch(client: Client) -> None:
    assert client.get("/api:hb1/source").json == "live"
    assert client.get("/api:hb1/source", headers={"X-Data-Source": "test"}).json == "test"
    assert client.get("/api:hb1/source?x-data-source=test").json == "test"
    assert client.get("/api:hb1/source", headers={"X-Branch": "v1"}).json == "live"
    assert client.get("/api:hb1/source", headers={"X-Branch": "nothing"}).status == 404


# Stored files --------------------------------------------------------------------------------------------------------


def test_stored_files(app: Application, client: Client) -> None:
    workspace = app.live.current.workspace
    vault = workspace.service("vault")
    stored = vault.store(FileResource("chart é.html", b"<b>54N</b>" * 100), "public", "")
    reply = client.get(quote(stored["path"]))
    assert (reply.status, reply.body) == (200, b"<b>54N</b>" * 100)
    assert reply.headers["content-type"] == "text/html"
    assert reply.headers["content-security-policy"] == "sandbox"
    part = client.get(quote(stored["path"]), headers={"Range": "bytes=-4"})
    assert (part.status, part.body, part.headers["content-range"]) == (206, b"</b>", "bytes 996-999/1000")
    assert client.get(quote(stored["path"]), headers={"Range": "bytes=2000-"}).status == 416
    assert client.send("HEAD", quote(stored["path"])).headers["content-length"] == "1000"
    assert client.get("/vault/none/such.txt").json == NOT_FOUND
    assert client.get("/vault/../token_key").json == NOT_FOUND
    assert client.get("/vault/%2e%2e/%2e%2e/etc/passwd").json == NOT_FOUND


def test_private_files_need_a_signed_address(app: Application, client: Client) -> None:
    workspace = app.live.current.workspace
    vault = workspace.service("vault")
    stored = vault.store(FileResource("pilot.txt", b"secret"), "private", "")
    assert client.get(stored["path"]).json == NOT_FOUND
    signed = vault.sign(stored["path"], 60, workspace.clock(), f"http://127.0.0.1:{client.port}")
    path = signed.partition(f":{client.port}")[2]
    assert client.get(path).body == b"secret"
    assert client.get(path.replace("signature=", "signature=0")).json == NOT_FOUND
    late = vault.sign(stored["path"], -1, workspace.clock(), "http://a")
    assert client.get(late.removeprefix("http://a")).json == NOT_FOUND


# Many at once --------------------------------------------------------------------------------------------------------


def test_programs_that_wait_do_not_hold_up_others() -> None:
    app = application(query("sleep", "GET", stack=SLEEP, response='"slept"'), query("text", "GET", response='"tide"'))
    gate = app.live.current.workspace.sleep = Gate()
    replies: list[Any] = []
    with running(app) as client:
        sleepers = [lambda: replies.append(client.get("/api:hb1/sleep").json)] * 24
        with in_threads(*sleepers):
            gate.wait_until_asleep(24)  # all at the same time
            assert client.get("/api:hb1/text").json == "tide"
            assert not replies
            gate.open()
    assert replies == ["slept"] * 24


class SetClock:
    """A clock that the test sets. It tells when a program that reads it over and over is at work in a thread."""

    def __init__(self) -> None:
        self.now = 0
        self.read = 0
        self.at_work = threading.Event()

    def __call__(self) -> int:
        if threading.current_thread().name.startswith("xsrun-"):
            self.read += 1
            if self.read > 1_000:
                self.at_work.set()
        return self.now


def test_a_program_that_computes_does_not_hold_up_others() -> None:
    """It computes until the test sets its clock, so it takes as long as the test wants."""
    clock = SetClock()
    texts = [query("until", "GET", "    int time", UNTIL, "$passes > 0"), query("text", "GET", response='"tide"')]
    app = application(*texts, clock=clock, limits=xsrun.Limits(steps=None, seconds=PATIENCE))
    replies: list[Any] = []
    with running(app) as client, in_threads(lambda: replies.append(client.get("/api:hb1/until?time=5").json)):
        wait_for(clock.at_work)
        for _ in range(3):
            assert client.get("/api:hb1/text").json == "tide"
        assert not replies
        clock.now = 5
    assert replies == [True]


def test_no_more_programs_run_at_once_than_there_may_be() -> None:
    app = application(query("sleep", "GET", stack=SLEEP, response='"slept"'), settings={"programs": 2})
    gate = app.live.current.workspace.sleep = Gate()
    replies: list[Any] = []
    with running(app) as client:
        sleepers = [lambda: replies.append(client.get("/api:hb1/sleep").json)] * 5
        with in_threads(*sleepers):
            gate.wait_until_asleep(2)
            assert len(gate.seconds) == 2
            gate.open()
    assert replies == ["slept"] * 5


def test_the_threads_of_a_pool_end_with_it() -> None:
    async def run() -> set[threading.Thread]:
        pool = ThreadPool(3)
        threads = await asyncio.gather(*(pool.run(threading.current_thread) for _ in range(50)))
        pool.close()
        return set(threads)

    threads = asyncio.run(run())
    assert 1 <= len(threads) <= 3
    join(*threads)


def test_a_program_in_a_thread_may_nest_as_deeply_as_elsewhere() -> None:
    deep = (
        "function f {\n  input {\n    int n\n  }\n  stack {\n    conditional {\n      if ($input.n > 0) {\n"
        "        function.run f {\n          input = {n: $input.n - 1}\n        } as $x\n      }\n    }\n  }\n"
        "  response = $input.n\n}\n"
    )
    run = "    function.run f {\n      input = {n: 900}\n    } as $x"
    with running(application(query("deep", "GET", stack=run, response="$x"), deep)) as client:
        assert client.get("/api:hb1/deep").json == 900


def test_what_is_left_for_later_runs_after_the_response() -> None:
    later = (
        "    util.post_process {\n      stack {\n        util.sleep {\n          value = 1\n        }\n      }\n    }"
    )
    app = application(query("later", "GET", stack=later, response='"now"'))
    gate = app.live.current.workspace.sleep = Gate()
    with running(app) as client:
        assert client.get("/api:hb1/later").json == "now"
        gate.wait_until_asleep()
        gate.open()


def test_no_write_is_lost(client: Client) -> None:
    def work() -> None:
        for _ in range(25):
            assert client.post("/api:hb1/count").status == 200

    with in_threads(*[work] * 8):
        pass
    assert client.post("/api:hb1/count").json == 201


def test_rate_limits(client: Client) -> None:
    replies = [client.get("/api:hb1/limited") for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert replies[2].json["code"] == "ERROR_CODE_TOO_MANY_REQUESTS"
    assert replies[2].json["message"] == "Slow down."


# History -------------------------------------------------------------------------------------------------------------


def test_history_masks_secrets(app: Application, client: Client) -> None:
    client.post("/api:hb1/boats?token=abc", {"name": "Ann", "password": "hunter2"})
    entry = until(lambda: next((e for e in app.history.entries if "token=" in e.uri), None))
    assert entry.uri == "/api:hb1/boats?token=***"
    assert entry.input == {"name": "Ann", "password": "***", "token": "***"}
    assert (entry.verb, entry.status, entry.query) == ("POST", 200, "query POST boats")
    client.get("/api:hb1/quiet")
    client.get("/api:hb1/hello?name=last")
    until(lambda: next((e for e in app.history.entries if "last" in e.uri), None))
    assert not [e for e in app.history.entries if e.uri.endswith("/quiet")]
