"""Requests that are damaged at random: each is answered with an error body, or is not HTTP enough for an answer."""

from __future__ import annotations

import json
import random
import socket
from pathlib import Path

import pytest
from http_server import running

import xsrun
from xsrun.server import create_application

SAMPLES = Path(__file__).parents[1] / "samples"
HEAD = b"Host: x\r\nConnection: close\r\n"
JSON = b'{"name": "Ann", "email": "ann@example.com", "password": "xx"}'
CHUNKED = b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n3\r\n 1}\r\n0\r\n\r\n'
FORM = b"email=ann%40example.com&password=1&a[b][]=c"
FILE = b'--b\r\nContent-Disposition: form-data; name="chart"; filename="a"\r\n\r\nhello\r\n--b--\r\n'


def sending(path: bytes, content_type: bytes, body: bytes) -> bytes:
    head = b"POST %s HTTP/1.1\r\n%sContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
    return head % (path, HEAD, content_type, len(body)) + body


WHOLE = [
    b"GET /api:logbook/entries?page=1 HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"OPTIONS /api:account/me HTTP/1.1\r\n" + HEAD + b"Origin: http://a.b\r\n\r\n",
    b"GET /vault/a/b HTTP/1.1\r\n" + HEAD + b"Range: bytes=0-1\r\n\r\n",
    b"GET /apispec:account?type=json HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"POST /api:account/login HTTP/1.1\r\n"
    + HEAD
    + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n3\r\n 1}\r\n0\r\n\r\n',
    sending(b"/api:account/signup", b"application/json", JSON),
    sending(b"/api:account/login", b"application/x-www-form-urlencoded", FORM),
    sending(b"/api:account/signup", b"multipart/form-data; boundary=b", FILE),
]
PIECES = [
    b"%ff%fe", b"%00", b"\0", b"\r\n", b"{", b"[]", b"../", b"%2e%2e", b"\xc3\x28", b"Content-Length: -5\r\n",
    b"9" * 30,
    b"Transfer-Encoding: chunked\r\n", b"Authorization: Bearer a.b.c.d.e\r\n", b"X-Data-Source: \xff\r\n", b"a" * 3_000,
]  # fmt: skip


def damaged(chance: random.Random) -> bytes:
    data = bytearray(chance.choice(WHOLE))
    for _ in range(chance.choice([0, 1, 1, 2, 3])):
        at = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randint(1, 8)]
            case 2:
                data[at:at] = chance.choice(PIECES)
            case _:
                other = chance.randrange(len(data))
                data[at:at] = data[other : other + chance.randint(1, 40)]
    return bytes(data)


def ask(port: int, request: bytes) -> bytes:
    """What the server sends back; nothing when it waits for more."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=0.5) as link:
        try:
            link.sendall(request)
            while data := link.recv(65_536):
                answer += data
        except (ConnectionError, TimeoutError):
            return answer
    return answer


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_damaged_requests(seed: int) -> None:
    chance = random.Random(seed)
    app = create_application(xsrun.Workspace.load(SAMPLES / "logbook"), body_seconds=0.3)
    answered = 0
    with running(app) as client:
        for _ in range(400):
            request = damaged(chance)
            answer = ask(client.port, request)
            if not answer:
                continue
            answered += 1
            status = int(answer.split(b" ", 2)[1])
            assert status < 500 or b"Error parsing JSON: " in answer, request  # the engine answers 500 to that
            if status >= 400 and not request.startswith(b"HEAD"):
                body = answer.partition(b"\r\n\r\n")[2].partition(b"HTTP/1.1 ")[0]
                assert {"code", "message"} <= set(json.loads(body)), request
        assert client.get("/api:logbook/entries").status == 401
    assert answered > 300
