"""`xsrun serve` as a process: what it prints, what it keeps, and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trustme
from http_server import Client

from xsrun.cli import main
from xsrun.server import tls
from xsrun.server.certificates import days_left, is_signed_by, today
from xsrun.server.log import Log
from xsrun.server.tls import given, keep_fresh, made, renewed

PERSON = {"name": "Ann", "email": "ann@example.com", "password": "three hulls"}
SAMPLES = Path(__file__).parents[1] / "samples"


@contextmanager
def serving(
    folder: Path, *more: str, end: int = signal.SIGTERM, command: str = "serve"
) -> Iterator[tuple[Client, list[str]]]:
    """Run `xsrun serve` on a free port; the lines are what it printed at the start, and at the end all of it."""
    words = [sys.executable, "-m", "xsrun", command, str(folder), "--port", "0", *more]
    environment = {**os.environ, "NO_COLOR": "1"}
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        lines = []
        while not lines or not lines[-1].startswith("press"):
            lines.append(process.stderr.readline().rstrip())
            assert process.poll() is None, lines
        try:
            yield Client(int(lines[0].removesuffix("/xsrun/").rpartition(":")[2])), lines
        finally:
            process.send_signal(end)
            lines += process.stderr.read().splitlines()
            assert process.wait(20) == 0, lines


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file in (SAMPLES / "logbook").rglob("*.xs"):
        copy = tmp_path / file.relative_to(SAMPLES / "logbook")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    return tmp_path


def bearer(reply: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {reply.json['authToken']}"}


@pytest.mark.skipif(os.name != "posix", reason="ends the server by a signal")
def test_rows_tokens_and_the_cache_outlive_the_server(folder: Path) -> None:
    database = f"sqlite:///{folder}/logbook.db"
    with serving(folder, "--database", database) as (client, lines):
        assert lines[0].startswith("serving 10 queries at http://localhost:")
        assert f"database {database}" in lines
        token = bearer(client.post("/api:account/signup", PERSON))
        assert client.post("/api:logbook/entries", {"text": "Set sail."}, headers=token).status == 201
        assert client.post("/api:account/login", PERSON).status == 200
    assert any("POST   /api:account/signup  200" in line for line in lines)
    assert not any("three hulls" in line for line in lines)
    with serving(folder, "--database", database, "--quiet", end=signal.SIGINT) as (client, lines):
        page = client.get("/api:logbook/entries", headers=token).json
        assert [entry["text"] for entry in page["items"]] == ["Set sail."]
        assert client.get("/api:account/me", headers=token).json["email"] == "ann@example.com"
    assert not any("/api:" in line and "GET" in line for line in lines)
    assert (folder / ".xsrun" / "cache.db").exists()
    assert (folder / ".xsrun" / "token_key").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.name != "posix", reason="ends the server by a signal")
def test_a_database_is_closed_when_the_server_is_told_to_stop(folder: Path) -> None:
    for asked in (False, True):
        with serving(folder, "--database", f"sqlite:///{folder}/logbook.db") as (client, _):
            if asked:
                assert client.post("/api:account/signup", PERSON).status == 200
        assert {file.name for file in folder.glob("logbook.db*")} <= {"logbook.db"}


@pytest.mark.skipif(os.name != "posix", reason="ends the server by a signal")
def test_a_seed_and_a_single_file(tmp_path: Path) -> None:
    text = (
        "query tides verb=GET {\n  input {\n  }\n  stack {\n    db.query tide {\n    } as $t\n  }\n  response = $t\n}\n"
    )
    (tmp_path / "tides.xs").write_text(text, encoding="utf-8")
    (tmp_path / "tide.json").write_text('[{"id": 1, "port": "Hull"}]', encoding="utf-8")
    with serving(tmp_path / "tides.xs", "--seed", str(tmp_path / "tide.json")) as (client, _):
        assert client.get("/api:default/tides").json == [{"id": 1, "port": "Hull"}]


def test_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", str(tmp_path / "none")]) == 2
    assert main(["serve", str(tmp_path)]) == 2
    assert main(["serve", str(SAMPLES / "shop"), "--port", "70000"]) == 2
    shown = capsys.readouterr().err
    assert "no such file or folder" in shown and "no .xs file" in shown and "--port takes" in shown


@pytest.mark.skipif(os.name != "posix", reason="ends the server by a signal")
def test_tls_with_an_authority_of_its_own(folder: Path) -> None:
    seen = []
    for _ in range(2):
        with serving(folder, "--memory", "--tls") as (client, lines):
            assert lines[0].startswith("serving 10 queries at https://localhost:")
            authority = folder / ".xsrun" / "tls" / "authority.pem"
            assert any(str(authority) in line for line in lines)
            seen.append(authority.read_bytes())
            trusting = ssl.create_default_context(cafile=str(authority))
            address = f"https://localhost:{client.port}/api:account/me"
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(address, context=trusting)
            assert refused.value.code == 401
            with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
                urllib.request.urlopen(address)
    assert seen[0] == seen[1]
    assert {path.stat().st_mode & 0o077 for path in authority.parent.iterdir()} == {0}
    own = authority.parent
    served = (own / "server.pem").read_text(encoding="ascii")
    begin = served.index("-----BEGIN CERTIFICATE")
    (own / "key.pem").write_text(served[:begin], encoding="ascii")
    (own / "chain.pem").write_text(served[begin:], encoding="ascii")
    words = ["--tls-cert", str(own / "chain.pem"), "--tls-key", str(own / "key.pem")]
    with serving(folder, "--memory", *words) as (client, lines):
        assert "https://localhost:" in lines[0]
        assert not any("authority" in line for line in lines)


def test_processes_that_make_certificates_at_once_do_not_mix_them(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(10)]
    with ThreadPoolExecutor(4) as pool:
        for one in [pool.submit(made, folder, "127.0.0.1") for folder in folders for _ in range(4)]:
            files = one.result()
            given(str(files.certificate), str(files.key))
    for folder in folders:
        assert sorted(path.name for path in folder.iterdir()) == ["authority.key", "authority.pem", "server.pem"]
        (signed,) = ssl.create_default_context(cafile=str(folder / "authority.pem")).get_ca_certs()
        authority = (folder / "authority.pem").read_text(encoding="ascii")
        assert authority in (folder / "authority.key").read_text(encoding="ascii") and signed["subject"]


def test_a_slow_process_takes_no_certificate_of_a_faster_one_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = tls._write
    faster: list[bytes] = []

    def slowly(path: Path, content: bytes, *, anew: bool = False) -> bool:
        written = write(path, content, anew=anew)
        if path.name == "authority.key":
            monkeypatch.setattr(tls, "_write", write)
            faster.append(made(tmp_path, "127.0.0.1").content())
        return written

    monkeypatch.setattr(tls, "_write", slowly)
    assert made(tmp_path, "127.0.0.1").content() == faster[0]


def test_what_another_authority_signed_is_replaced(tmp_path: Path) -> None:
    first = made(tmp_path, "127.0.0.1").content()
    assert made(tmp_path, "127.0.0.1").content() == first
    (tmp_path / "authority.key").unlink()
    files = made(tmp_path, "127.0.0.1")
    assert is_signed_by(files.certificate.read_bytes(), (tmp_path / "authority.pem").read_bytes())
    assert files.content() != first and made(tmp_path, "127.0.0.1").content() == files.content()


def test_certificates_live_for_a_year_and_authorities_for_ten(tmp_path: Path) -> None:
    now = today()
    first = made(tmp_path, "127.0.0.1", now)
    authority = (tmp_path / "authority.pem").read_bytes()
    assert 395 <= days_left(first.certificate.read_bytes(), now) <= 397
    assert 3647 <= days_left(authority, now) <= 3650
    served = first.content()
    for days, anew in ((300, False), (307, True)):
        later = now + timedelta(days=days)
        assert (renewed(first, later).content() != served) == anew, days
    assert days_left(first.certificate.read_bytes(), later) > 394
    assert (tmp_path / "authority.pem").read_bytes() == authority
    much_later = now + timedelta(days=3_400)
    renewed(first, much_later)
    assert (tmp_path / "authority.pem").read_bytes() != authority
    assert days_left((tmp_path / "authority.pem").read_bytes(), much_later) > 3_600


def test_a_running_server_takes_up_a_certificate_that_was_renewed(tmp_path: Path) -> None:
    own = trustme.CA()
    file = tmp_path / "server.pem"
    one, other = (own.issue_cert("localhost").private_key_and_cert_chain_pem.bytes() for _ in range(2))
    file.write_bytes(one)
    lines: list[str] = []
    states = [other, other, b"nonsense", one]

    class Contexts:
        """Stands for the context of a server; notes what it is given."""

        loaded: ClassVar[list[bytes]] = []

        def load_cert_chain(self, certificate: Path, key: Path) -> None:
            assert certificate == key
            self.loaded.append(certificate.read_bytes())

    async def hour(_seconds: float) -> None:
        if not states:
            raise asyncio.CancelledError
        file.write_bytes(states.pop(0))

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(keep_fresh(given(str(file), None), Contexts(), Log(lines.append), hour))  # type: ignore[arg-type]
    assert Contexts.loaded == [other, one]
    assert [line.startswith("tls: the certificate has been renewed") for line in lines] == [True, False, True]
    assert "not a certificate with its key" in lines[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--tls-key", "x.pem"], "--tls-key needs --tls-cert"),
        (["--tls-cert", "missing.pem"], "no such file: missing.pem"),
    ],
)
def test_certificates_that_cannot_be_used(
    folder: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", str(folder), *words]) == 2
    assert told in capsys.readouterr().err
