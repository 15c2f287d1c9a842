"""Who sees history, console and hints: callers on this machine, and those who hold the admin token."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from http_server import Client, running
from nginx_server import free_port, needs_nginx, nginx

import xsrun
from xsrun.cli import main
from xsrun.server import create_application
from xsrun.server.access import admits
from xsrun.server.http_request import HttpRequest
from xsrun.server.settings import Settings

TOKEN = "an admin token of some length"
GROUP = 'api_group "g" {\n  canonical = "g"\n}\n'
FILES = {
    "api/g.xs": GROUP,
    "api/add.xs": 'query add verb=POST {\n  api_group = "g"\n  input {\n    int amount\n  }\n  stack {\n  }\n'
    "  response = {ip: $env.$remote_ip, base: $env.$api_baseurl}\n}\n",
}


def request(verb: str = "GET", path: str = "/xsrun/history", **more: str) -> HttpRequest:
    """A request with some headers, in which an underscore stands for a dash; `peer`, `client`, `version` say more."""
    of_the_connection = {"peer": "127.0.0.1", "client": "127.0.0.1", "version": "1.1", "host": "localhost:8000"}
    given = {**of_the_connection, **more}
    peer, client, version = (given.pop(name) for name in ("peer", "client", "version"))
    headers = {name.replace("_", "-").encode(): value.encode() for name, value in given.items()}
    return HttpRequest(verb, path, b"", headers, client, peer=peer, http_version=version)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (request(), True),
        (request(host="[::1]:8000", peer="::1", client="::1"), True),
        (request(peer="10.0.0.7", client="10.0.0.7"), False),
        (request(host="evil.test"), False),
        # behind a proxy on this machine
        (request(x_forwarded_for="127.0.0.1"), True),
        (request(x_forwarded_for="203.0.113.9"), False),
        (request(x_forwarded_for="127.0.0.1, 203.0.113.9"), False),
        (request(x_forwarded_for="unknown"), False),
        (request(x_real_ip="203.0.113.9"), False),
        (request(forwarded='for="[2001:db8::1]:4711";proto=https'), False),
        (request(forwarded="for=127.0.0.1:80;by=127.0.0.1"), True),
        (request(forwarded="by=127.0.0.1, for=203.0.113.9"), False),
        (request(via="1.1 proxy"), False),
        (request(version="1.0"), False),
        # another machine's own address is not this machine's
        (request(peer="10.0.0.7", x_forwarded_for="127.0.0.1"), False),
        # pages of elsewhere
        (request(path="/api:g/add", verb="POST", origin="http://localhost:3000"), True),
        (request(path="/api:g/add", verb="POST", origin="https://evil.test"), False),
        (request(path="/api:g/add", origin="null"), False),
        (request(path="/xsrun/replay", verb="POST", origin="http://localhost:8000"), True),
        (request(path="/xsrun/replay", verb="POST", origin="http://localhost:3000"), False),
    ],
)
def test_who_is_local(asked: HttpRequest, expected: bool) -> None:
    assert admits(Settings(), asked) is expected


def test_behind_a_proxy_a_caller_is_local_only_when_its_address_is_forwarded() -> None:
    for settings in (Settings(proxy_headers=True), Settings(public_url="https://a.example")):
        assert not admits(settings, request())
        assert admits(settings, request(x_forwarded_for="127.0.0.1"))


def test_who_holds_the_token() -> None:
    settings = Settings(admin_token=TOKEN)
    far = {"peer": "10.0.0.7", "client": "10.0.0.7", "host": "a.example"}
    basic = "Basic " + base64.b64encode(f"me:{TOKEN}".encode()).decode()
    assert admits(settings, request(**far, x_xsrun_admin_token=TOKEN))
    assert admits(settings, request(**far, path="/api:g/add", x_xsrun_admin_token=TOKEN))
    assert admits(settings, request(**far, authorization=basic))
    assert admits(settings, request(**far, authorization=f"Bearer {TOKEN}"))
    assert admits(settings, request(**far, verb="POST", authorization=basic, origin="https://a.example"))
    # what a browser sends along with the form of a foreign page
    assert not admits(settings, request(**far, verb="POST", authorization=basic, origin="https://evil.test"))
    # the token of a query's caller is none of an administrator
    assert not admits(settings, request(**far, path="/api:g/add", authorization=f"Bearer {TOKEN}"))
    for wrong in ("Basic !", "Basic " + base64.b64encode(b"\xff:\xff").decode(), f"Bearer {TOKEN}x", "", "é"):
        assert not admits(settings, request(**far, authorization=wrong))
    assert not admits(settings, request(**far, x_xsrun_admin_token=""))
    assert not admits(Settings(), request(**far, x_xsrun_admin_token=""))


def test_hints_and_pages_are_for_insiders() -> None:
    with running(create_application(xsrun.Workspace.from_sources(FILES), admin_token=TOKEN)) as client:
        far = {"X-Forwarded-For": "203.0.113.9"}
        near = client.post("/api:g/add", {"amount": "x"})
        assert near.status == 400 and "x-xsrun-hint" in near.headers
        told = client.post("/api:g/add", {"amount": "x"}, headers=far)
        assert told.body == near.body and not any(name.startswith("x-xsrun") for name in told.headers)
        refused = client.get("/xsrun/history", headers=far)
        assert refused.status == 401 and refused.headers["www-authenticate"].startswith("Basic ")
        shown = client.get("/xsrun/history", headers={**far, "X-Xsrun-Admin-Token": TOKEN})
        assert shown.json["entries"][0]["uri"] == "/api:g/add"
        assert client.get("/", headers=far).status == 404
        assert client.get("/xsrun/docs", headers={**far, "X-Xsrun-Admin-Token": TOKEN}).status == 200


def test_outsiders_read_nothing_of_a_broken_file() -> None:
    broken = {**FILES, "api/bad.xs": 'query bad verb=GET {\n  api_group = "g"\n  stack {\n    var $a {\n'}
    with running(create_application(xsrun.Workspace.from_sources(broken))) as client:
        near, far = client.get("/api:g/bad"), client.get("/api:g/bad", headers={"Host": "a.example"})
        assert b"api/bad.xs" in near.body
        assert far.status == near.status == 500
        assert far.json == {"code": near.json["code"], "message": "The server cannot run this query."}


# nginx ---------------------------------------------------------------------------------------------------------------

PROXY = """
server {{
  listen 127.0.0.1:{listen};
  location /bare/ {{ proxy_pass http://127.0.0.1:{port}/; }}
  location /told/ {{
    proxy_pass http://127.0.0.1:{port}/;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $http_x_pretend;
    proxy_set_header X-Forwarded-Proto https;
  }}
}}
"""


@needs_nginx
def test_nothing_is_open_behind_nginx(tmp_path: Path) -> None:
    with (
        running(create_application(xsrun.Workspace.from_sources(FILES))) as client,
        nginx(tmp_path, PROXY.format(listen=(listen := free_port()), port=client.port)),
    ):
        assert client.get("/xsrun/history").status == 200
        through = Client(listen)
        for path in ("/bare/xsrun/history", "/told/xsrun/history", "/bare/", "/told/"):
            assert through.get(path, headers={"X-Pretend": "203.0.113.9"}).status == 404
        reply = through.post("/bare/api:g/add", {"amount": "x"})
        assert reply.status == 400 and "x-xsrun-hint" not in reply.headers


@needs_nginx
def test_addresses_that_nginx_forwards(tmp_path: Path) -> None:
    application = create_application(xsrun.Workspace.from_sources(FILES), proxy_headers=True, admin_token=TOKEN)
    with (
        running(application) as client,
        nginx(tmp_path, PROXY.format(listen=(listen := free_port()), port=client.port)),
    ):
        through = Client(listen)
        seen = through.post("/told/api:g/add", {"amount": 1}, headers={"X-Pretend": "203.0.113.9"}).json
        assert seen == {"ip": "203.0.113.9", "base": f"https://127.0.0.1:{listen}/api:g"}
        assert through.get("/told/xsrun/history", headers={"X-Pretend": "203.0.113.9"}).status == 401
        assert through.get("/told/xsrun/history", headers={"X-Pretend": "127.0.0.1"}).status == 200
        assert through.get("/bare/xsrun/history", headers={"X-Xsrun-Admin-Token": TOKEN}).status == 200
        # one that no proxy forwarded may be a proxy's that forwards nothing
        assert client.get("/xsrun/history").status == 401


def test_the_public_address_is_what_programs_see() -> None:
    application = create_application(xsrun.Workspace.from_sources(FILES), public_url="https://a.example/v2")
    with running(application) as client:
        assert client.post("/api:g/add", {"amount": 1}).json["base"] == "https://a.example/v2/api:g"
        assert client.get("/apispec:g").json["servers"][0]["url"].startswith("https://a.example/v2")


def test_options_that_make_no_sense(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.xs").write_text(GROUP, encoding="utf-8")
    for words, told in (
        (["--trusted-proxies", "10.0.0.5,nginx"], "'nginx' is not an address or a network"),
        (["--public-url", "example.com"], "'example.com' is not an address"),
        (["--admin-token", "short"], "at least 16 printable"),
    ):
        assert main(["serve", str(tmp_path), *words]) == 2
        assert told in capsys.readouterr().err
