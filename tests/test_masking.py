"""Secrets stay out of errors, traces, logs and recordings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xsrun.cli import main
from xsrun.running.masking import is_secret, masked_address, masked_members, masked_url, secrets_sent, with_proofs
from xsrun.running.secrets import Secrets, _all_forms, _forms_of

SECRETS = (
    "Authorization|X-Api-Key|api_key|client_secret|Set-Cookie|access_token|PASSWORD|password_confirmation|pass|"
    "passphrase|pin|card_pin|cvv|card-number|otp|privateKey|secretValue|x-signature"
)
HARMLESS = "Content-Type|q|keyboard|author|tokens_left|max_tokens|shopping|spin|compass_rose|name"


@pytest.mark.parametrize("name", SECRETS.split("|"))
def test_names_of_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", HARMLESS.split("|"))
def test_names_of_other_things(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("redis://:hidden@host:6379/0", "redis://***@host:6379/0"),
        ("redis://:hid/den@host", "redis://***@host"),
        ("redis//:hidden@host", "***@host"),
        ("postgresql:user:hidden@host/x", "***@host/x"),
        ("postgresql://host/x?password=hidden&sslmode=require", "postgresql://host/x?password=***&sslmode=require"),
        ("sqlite:///folder/file.db", "sqlite:///folder/file.db"),
    ],
)
def test_addresses_of_services(address: str, shown: str) -> None:
    assert masked_address(address) == shown


def test_values() -> None:
    value = {
        "headers": ["Authorization: Bearer hidden", "Accept: */*"],
        "url": "https://me:hidden@host/p?token=hidden&q=a@b.c",
        "body": {"password": "hidden", "tokens_left": 3, "note": "Warning: deep", "api_key": None},
        "passwords": ["hidden", {"pin": 1234, "set": True}],
    }
    assert masked_members(value, lines=True) == {
        "headers": ["Authorization: ***", "Accept: */*"],
        "url": "https://***@host/p?token=***&q=a@b.c",
        "body": {"password": "***", "tokens_left": 3, "note": "Warning: deep", "api_key": None},
        "passwords": ["***", {"pin": "***", "set": True}],
    }
    assert masked_url("https://me:hidden@host/p?q=1#x") == "https://host/p?q=1"


@pytest.mark.parametrize(
    ("option", "address"),
    [
        ("--redis", "redis://:hidden@127.0.0.1:1/0"),
        ("--redis", "redis//:hidden@host"),
        ("--redis", "redis://:hidden@host:port"),
        ("--database", "mysql://user:hidden@host/x"),
        ("--database", "sqlite:user:hidden@host"),
        ("--database", "postgresql:user:hidden@host"),
        ("--database", "postgresql://user:hid%zzhidden@host/x"),
        ("--database", "postgresql://user:hidden@127.0.0.1:1/x"),
    ],
)
def test_errors_hold_no_passwords(
    tmp_path: Path, option: str, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("redis" if option == "--redis" else "psycopg")
    statement = 'redis.get {\n  key = "a"\n} as $x\n' if option == "--redis" else "db.query user {\n} as $x\n"
    (tmp_path / "a.xs").write_text(statement, encoding="utf-8")
    assert main(["run", str(tmp_path / "a.xs"), option, address]) != 0
    printed = capsys.readouterr()
    assert "hidden" not in printed.out + printed.err
    assert "internal error" not in printed.err


def test_traces_hold_no_headers_and_no_tokens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "user.xs").write_text("table user {\n  auth = true\n  schema {\n    int id\n  }\n}\n", encoding="utf-8")
    (tmp_path / "a.xs").write_text(
        """security.create_auth_token {
  table = "user"
  extras = {}
  expiration = 60
  id = 1
} as $made
api.request {
  url = "http://127.0.0.1:1/x?token=hidden"
  method = "GET"
  headers = ["Authorization: Bearer hidden"]
  timeout = 1
} as $reply
var $again { value = "a " ~ $made }
""",
        encoding="utf-8",
    )
    assert main(["run", str(tmp_path / "a.xs"), "--trace"]) == 0
    printed = capsys.readouterr()
    token = json.loads(printed.out)["made"]
    assert token not in printed.err and "hidden" not in printed.err
    assert 'security.create_auth_token = "***"' in printed.err and 'var $again = "a ***"' in printed.err
    assert '"headers":["Authorization: ***"]' in printed.err and "?token=***" in printed.err


@given(st.text(max_size=40) | st.text('aZ09-._~ /+%"\\é', max_size=12))
def test_ways_to_write_a_secret(text: str) -> None:
    assert _forms_of(text) == _all_forms(text) == _forms_of(text)


def test_headers_are_secret_wherever_they_stand() -> None:
    headers = {"authorization": "Bearer abc.def-ghijkl", "cookie": "sid=s3cr3t-cookie; b=other cookie", "accept": "*/*"}
    found = with_proofs(
        secrets_sent({"password": "given before", "n": 1}, frozenset()), Secrets(["known to it"]), headers
    )
    for secret in (
        "Bearer abc.def-ghijkl",
        "abc.def-ghijkl",
        "s3cr3t-cookie",
        "other cookie",
        "given before",
        "known to it",
    ):
        for written in (secret, secret.replace(" ", "%20"), secret.replace(" ", "+")):
            assert found.hide_text(f"<{written}>") == "<***>"
    assert found.hide_text("accept: */*") == "accept: */*"
