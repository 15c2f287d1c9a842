"""Files over HTTP: where rows say they are, in every form of input, with validators, conditions and ranges."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from http_server import Client, running

import xsrun
from xsrun.errors import UnavailableError
from xsrun.server import create_application
from xsrun.server.application import Application
from xsrun.services.files import FileResource
from xsrun.services.vault import Vault

FILES = {
    "table/note.xs": "table note {\n  auth = false\n  schema {\n    int id\n    attachment? paper?\n  }\n}\n",
    "api/g.xs": 'api_group g {\n  canonical = "g"\n}\n',
    "api/add.xs": (
        'query notes verb=POST {\n  api_group = "g"\n  input {\n    file paper\n  }\n  stack {\n'
        '    storage.create_attachment {\n      value = $input.paper\n      access = "public"\n'
        '      filename = "n.txt"\n    } as $paper\n'
        "    db.add note {\n      data = {paper: $paper}\n    } as $note\n  }\n  response = $note\n}\n"
    ),
    "api/list.xs": (
        'query notes verb=GET {\n  api_group = "g"\n  input {\n  }\n  stack {\n'
        "    db.query note {\n    } as $all\n  }\n  response = $all\n}\n"
    ),
}
BODY = bytes(range(256)) * 4


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Application]:
    with xsrun.Workspace.from_sources(FILES, vault=tmp_path / "vault") as workspace:
        yield create_application(workspace)


@pytest.fixture
def client(app: Application) -> Iterator[Client]:
    with running(app) as made:
        yield made


@pytest.mark.parametrize(
    "sent",
    ["data:text/plain;base64," + base64.b64encode(b"hello").decode(), base64.b64encode(b"hello").decode()],
)
def test_files_come_as_text_and_rows_say_where_they_are(client: Client, sent: str) -> None:
    reply = client.post("/api:g/notes", {"paper": sent}, headers={"Host": f"localhost:{client.port}"})
    assert reply.status == 200, reply
    url = reply.json["paper"]["url"]
    assert url.startswith(f"http://localhost:{client.port}/vault/")
    assert client.get("/api:g/notes").json[0]["paper"]["url"].endswith(reply.json["paper"]["path"])
    assert client.get(url.partition(str(client.port))[2]).body == b"hello"


def stored(app: Application) -> tuple[str, Path]:
    """The path of a stored file of an hour ago, and where it lies."""
    vault: Vault = app.live.current.workspace.service("vault")
    path = str(vault.store(FileResource("a.bin", BODY), "public", "")["path"])
    place, _ = vault.find(path)
    hour_ago = app.live.current.workspace.clock() // 1000 - 3600
    os.utime(place, (hour_ago, hour_ago))
    return path, place


def test_validators_and_conditions(app: Application, client: Client) -> None:
    path, place = stored(app)
    first = client.get(path)
    tag, date = first.headers["etag"], first.headers["last-modified"]
    assert first.body == BODY and date == formatdate(int(place.stat().st_mtime), usegmt=True)
    later = formatdate(place.stat().st_mtime + 60, usegmt=True)
    before = formatdate(place.stat().st_mtime - 60, usegmt=True)

    def status(**headers: str) -> int:
        reply = client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        assert reply.status != 304 or (reply.body == b"" and reply.headers["etag"] == tag)
        return reply.status

    assert status(If_None_Match=tag) == status(If_None_Match=f'"x", W/{tag}') == status(If_None_Match="*") == 304
    assert status(If_None_Match='"x"') == 200
    assert status(If_Modified_Since=date) == status(If_Modified_Since=later) == 304
    assert status(If_Modified_Since=before) == status(If_Modified_Since="no date") == 200
    assert status(If_None_Match='"x"', If_Modified_Since=later) == 200  # the tag counts alone
    assert status(If_Match=tag) == status(If_Match="*") == status(If_Unmodified_Since=date) == 200
    assert status(If_Match='"x"') == status(If_Match=f"W/{tag}") == status(If_Unmodified_Since=before) == 412
    place.write_bytes(BODY[:-1])
    assert status(If_None_Match=tag) == 200 and client.get(path).headers["etag"] != tag


def test_ranges(app: Application, client: Client) -> None:
    path, _ = stored(app)

    def part(wanted: str, **more: str) -> tuple[int, bytes, str | None]:
        headers = {"Range": wanted, **{name.replace("_", "-"): value for name, value in more.items()}}
        reply = client.get(path, headers=headers)
        return reply.status, reply.body, reply.headers.get("content-range")

    assert part("bytes=0-0") == (206, BODY[:1], "bytes 0-0/1024")
    assert part("bytes=1000-") == part("bytes=-24") == part("bytes=1000-5000")
    assert part("bytes=1000-") == (206, BODY[1000:], "bytes 1000-1023/1024")
    assert part("bytes=-5000") == (206, BODY, "bytes 0-1023/1024")
    for nowhere in ("bytes=1024-", "bytes=-0"):
        assert part(nowhere) == (416, b"", "bytes */1024")
    for no_range in ("bytes=5-3", "bytes=-", "lines=1-2", "bytes=0-1,4-5", "bytes=a-b"):
        assert part(no_range)[:2] == (200, BODY)
    assert client.send("HEAD", path, headers={"Range": "bytes=0-0"}).status == 200
    reply = client.get(path)
    tag, date = reply.headers["etag"], reply.headers["last-modified"]
    assert part("bytes=0-0", If_Range=tag)[0] == part("bytes=0-0", If_Range=date)[0] == 206
    for stale in ('"x"', f"W/{tag}", formatdate(0, usegmt=True), "no date"):
        assert part("bytes=0-0", If_Range=stale) == (200, BODY, None)


def test_a_date_does_not_tell_versions_of_the_same_second_apart(app: Application, client: Client) -> None:
    path, place = stored(app)
    now = app.live.current.workspace.clock() // 1000
    os.utime(place, (now, now))
    date = client.get(path).headers["last-modified"]
    assert client.get(path, headers={"Range": "bytes=0-0", "If-Range": date}).status == 200


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The system refuses to make files longer than this."""
    resource = pytest.importorskip("resource", reason="the system has no such limit")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def everything(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    vault = Vault(tmp_path, b"key")
    path: Any = vault.store(FileResource("kept.txt", b"kept"), "private", "")["path"]
    with largest_file(1_000_000):
        with pytest.raises(UnavailableError, match="the vault cannot be written"):
            vault.store(FileResource("a.bin", b"x" * 3_000_000), "public", "")
        with pytest.raises(UnavailableError, match="the vault cannot be written"):
            vault.append(path, b"x" * 3_000_000)
    place, _ = vault.find(path)
    assert everything(tmp_path) == [place] and place.read_bytes() == b"kept"
    assert not [folder for folder in (tmp_path / "public").rglob("*") if folder.is_dir()]
