"""Secrets planted in every way they can come, looked for in everything that is kept or printed.

A secret is the value of an input that the program calls sensitive, or of what its name tells to be one. What the
program answers is the program's business; logs, the history of requests, traces and recordings hold `***` instead.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from http_server import Client, running
from local_server import serving
from waiting import until

import xsrun
from xsrun.cli import main
from xsrun.running.secrets import Secrets
from xsrun.server import create_application
from xsrun.server.application import Application
from xsrun.server.log import Log

#: One that is written in another way in addresses and in JSON, one of plain letters, and a number.
ODD = 'pl4nted "s3cret"/é+&=\\'
PLAIN = "Pl4ntedS3cret"
NUMBER = 40_917_733

INPUTS = """
    text act?
    text code? {
      sensitive = true
    }
    int amount? {
      sensitive = true
    }
    text api_key?
    object person? {
      schema {
        text pin_code? {
          sensitive = true
        }
        text name?
      }
    }
    text[] codes? {
      sensitive = true
    }
    file scan? {
      sensitive = true
    }
    email contact?"""
#: The secret, wherever it came from, under a name that tells nothing.
FIND = """
    var $headers {
      value = $env.$http_headers
    }
    var $word {
      value = ["code", "amount", "api_key", "person.pin_code", "codes.0"]|map:($input|get:$$:null)|filter_empty|first
    }
    conditional {
      if ($word|is_empty) {
        var.update $word {
          value = ($headers|get:"X-Api-Key":null)|first_notempty:(($headers|get:"Cookie":"")|split:"="|last)
        }
      }
    }"""
ACTS = {
    "nothing": "",
    "log": """
    debug.log {
      value = $word
    }
    debug.log {
      value = {note: "it is " ~ $word ~ ".", list: [$word], deep: {deeper: {word: $word}}}
    }
    debug.log {
      value = $input|json_encode
    }
    debug.log {
      value = "https://example.com/?q=" ~ ($word|url_encode)
    }
    debug.log {
      value = "LONG" ~ $word
    }""".replace("LONG", "x" * 290),
    "throw": """
    throw {
      name = "Lost"
      value = "it is " ~ $word
    }""",
    "precondition": """
    precondition (false) {
      error = "it is not " ~ $word
      payload = {word: $word}
    }""",
    "stop": """
    debug.stop {
      value = {word: $word}
    }""",
    "missing": """
    var $x {
      value = {a: 1}|get:$word|to_int
    }
    var $y {
      value = $word|to_timestamp:"UTC"
    }""",
    "call": """
    function.run "inner" {
      input = {word: $word}
    } as $inner""",
    "outside": """
    api.request {
      url = "http://127.0.0.1:1/" ~ ($word|url_encode)
      method = "POST"
      params = {word: $word}
      headers = ["X-Word: " ~ ($word|url_encode)]
    } as $reply
    debug.log {
      value = $reply
    }""",
    "sql": """
    db.direct_query {
      sql = "SELECT '" ~ ($word|replace:"'":"") ~ "' FROM nowhere"
      response_type = "list"
    } as $rows""",
    "javascript": """
    api.lambda {
      code = \"\"\"
        console.log("it is", $var.word, {word: $var.word})
        throw new Error("it is " + $var.word)
        \"\"\"
      timeout = 10
    } as $done""",
}
INNER = """function inner {
  input {
    text word
  }
  stack {
    debug.log {
      value = $input.word
    }
  }
  response = $input.word
}
"""


def query(name: str, verb: str, inputs: str, act: str) -> str:
    return (
        f'query "{name}" verb={verb} {{\n  api_group = "leaks"\n  input {{{inputs}\n  }}\n'
        f"  stack {{{FIND}{ACTS[act]}\n  }}\n  response = $word\n}}\n"
    )


def sources() -> dict[str, str]:
    found = {"group.xs": 'api_group leaks {\n  canonical = "leaks"\n}\n', "inner.xs": INNER}
    for act in ACTS:
        found[f"post_{act}.xs"] = query(act, "POST", INPUTS, act)
        found[f"get_{act}.xs"] = query(act, "GET", INPUTS, act)
        found[f"path_{act}.xs"] = query(f"{act}/{{code}}", "PUT", INPUTS.replace("code?", "code", 1), act)
    return found


class Place:
    """A server, and all that it printed."""

    def __init__(self, application: Application, printed: list[str]) -> None:
        self.application, self.printed = application, printed
        self.client: Client = None  # type: ignore[assignment]
        self.begun = 0

    def begin(self) -> None:
        """Forget what came before."""
        self.printed.clear()
        self.application.history.entries.clear()

    def shown(self) -> str:
        """Everything that is printed and kept of the last request, as a reader sees it and as it is written."""
        until(lambda: self.application.history.entries)
        kept = self.client.get("/xsrun/history").body.decode()
        return "\n".join([*self.printed, kept, json.dumps(json.loads(kept), ensure_ascii=False)])


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    printed: list[str] = []
    with xsrun.Workspace.from_sources(sources(), network=["127.0.0.1"]) as workspace:
        application = create_application(workspace)
        application.log = application.endpoint.log = Log(printed.append)
        one = Place(application, printed)
        with running(application) as one.client:
            yield one


def forms(secret: str) -> list[str]:
    """How the secret would look in what is kept."""
    return [secret, quote(secret, ""), quote(secret), urlencode({"": secret})[1:], json.dumps(secret)[1:-1]]


def absent(secret: str, text: str) -> bool:
    """Is it in a text in no form?"""
    found = [form for form in forms(secret) if form in text]
    assert not found, text[max(text.index(found[0]) - 300, 0) : text.index(found[0]) + 100]
    return True


def in_parts(fields: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """A form with files."""
    lines = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    body = ("".join(lines) + "--edge--\r\n").encode()
    return body, {"Content-Type": "multipart/form-data; boundary=edge"}


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def send(client: Client, way: str, act: str, secret: str) -> Any:
    """One request with the secret in it."""
    path = f"/api:leaks/{act}"
    if way == "query":
        return client.get(f"{path}?{urlencode({'code': secret})}")
    if way == "query, an object":
        return client.get(f"{path}?{urlencode({'person[pin_code]': secret, 'person[name]': 'Bo'})}")
    if way == "query, a list":
        return client.get(f"{path}?{urlencode({'codes[]': secret})}")
    if way == "query, a name that tells":
        return client.get(f"{path}?{urlencode({'api_key': secret})}")
    if way == "path":
        return client.send("PUT", f"{path}/{quote(secret.replace('/', ''), '')}")
    if way == "JSON":
        return client.post(path, {"code": secret})
    if way == "JSON, an object":
        return client.post(path, {"person": {"pin_code": secret, "name": "Bo"}})
    if way == "JSON, a list":
        return client.post(path, {"codes": [secret, "other"]})
    if way == "JSON, a name that tells":
        return client.post(path, {"api_key": secret})
    if way == "form":
        return client.post(path, urlencode({"code": secret}), headers=FORM)
    if way == "form in parts":
        body, headers = in_parts({"code": secret})
        return client.post(path, body, headers=headers)
    if way == "header":
        return client.get(path, headers={"X-Api-Key": secret})
    assert way == "cookie"
    return client.get(path, headers={"Cookie": f"session={secret}"})


WAYS = [
    "query", "query, an object", "query, a list", "query, a name that tells", "path", "JSON", "JSON, an object",
    "JSON, a list", "JSON, a name that tells", "form", "form in parts", "header", "cookie",
]  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("way", WAYS)
def test_history_and_console(place: Place, way: str, act: str) -> None:
    # headers are sent as Latin letters, a cookie ends at its first sign of equality here
    for secret in (PLAIN,) if way in ("header", "cookie") else (PLAIN, ODD):
        place.begin()
        reply = send(place.client, way, act, secret)
        shown = place.shown()
        if act in ("nothing", "log", "call"):
            assert reply.status == 200 and reply.json in (secret, secret.replace("/", ""))
        if act in ("log", "throw", "precondition", "call"):
            assert "***" in shown
        assert absent(secret, shown) and absent(secret.replace("/", ""), shown)
        assert f"/api:leaks/{act}" in shown


def test_numbers_are_secrets_too(place: Place) -> None:
    for act in ACTS:
        place.begin()
        reply = place.client.post(f"/api:leaks/{act}", {"amount": NUMBER})
        shown = place.shown()
        assert act != "log" or (reply.json == NUMBER and "***" in shown)
        assert str(NUMBER) not in shown


@pytest.mark.parametrize(
    ("verb", "path", "body", "headers"),
    [
        ("POST", "/api:leaks/log?code={}", "{", {"Content-Type": "application/json"}),
        ("POST", "/api:leaks/log", '{"contact": "{}", "code": "{}"}', {"Content-Type": "application/json"}),
        ("POST", "/api:leaks/log", '{"contact": "{}", "api_key": "{}"}', {"Content-Type": "application/json"}),
        ("POST", "/api:leaks/log", "[{}", {"Content-Type": "application/json"}),
        ("POST", "/api:leaks/log?code={}", "{}", {"Content-Type": "multipart/form-data"}),
        ("DELETE", "/api:leaks/log?code={}", None, {}),
        ("PATCH", "/api:leaks/log/{}", None, {}),
        ("PUT", "/api:leaks:other/log/{}", None, {}),
        ("PUT", "/api:leaks/log/{}", None, {"X-Branch": "other"}),
        ("PUT", "/api:leaks/log/{}", "x" * 2_000_000, {}),
        ("GET", "/api:leaks/log?code={}", None, {"Authorization": "Bearer {}"}),
    ],
)
def test_requests_that_fail_before_the_program(
    place: Place, verb: str, path: str, body: str | None, headers: dict[str, str]
) -> None:
    place.begin()
    place.application.settings.max_body = 1_000_000
    filled = {name: value.replace("{}", PLAIN) for name, value in headers.items()}
    text = None if body is None else body.replace("{}", PLAIN)
    place.client.send(verb, path.replace("{}", PLAIN), text, filled)
    printed = until(lambda: place.printed and "\n".join(place.printed))
    kept = place.client.get("/xsrun/history").body.decode()
    assert "/api:leaks" in printed
    assert absent(PLAIN, printed) and absent(PLAIN, kept)


def test_a_token_of_the_caller(place: Place) -> None:
    place.begin()
    place.client.get("/api:leaks/missing", headers={"Authorization": f"Bearer {PLAIN}", "X-Api-Key": PLAIN})
    assert absent(PLAIN, place.shown())


# The command line ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", [act for act in ACTS if act != "nothing"])
@pytest.mark.parametrize("option", ["--trace", "--json"])
def test_what_a_run_prints(tmp_path: Path, act: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "inner.xs").write_text(INNER, encoding="utf-8")
    (tmp_path / "leak.xs").write_text(query("leak", "POST", INPUTS, act), encoding="utf-8")
    for secret in (PLAIN, ODD):
        given = json.dumps({"code": secret})
        main(["run", "query:POST leak", "-w", str(tmp_path), "--input", given, "--trace", option])
        printed = capsys.readouterr()
        out = printed.out
        if option == "--json":
            document = json.loads(out)
            assert document["trace"] and (document["response"] in (None, secret))
            document["response"] = None
            out = json.dumps(document, ensure_ascii=False)
        elif act not in ("throw", "precondition", "stop", "missing", "sql"):
            assert json.loads(out) == secret
            out = ""
        assert absent(secret, out) and absent(secret, printed.err)
        assert "***" in out + printed.err


@pytest.mark.parametrize("place_of_secret", ["url", "params", "header", "JSON", "form", "form in parts", "text"])
def test_recordings(tmp_path: Path, place_of_secret: str, capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as server:
        sent = {
            "url": f'url = "{server.url}/echo?q=" ~ ($input.code|url_encode)',
            "params": f'url = "{server.url}/echo"\n      method = "GET"\n      params = {{q: $input.code}}',
            "header": f'url = "{server.url}/echo"\n      headers = ["X-Word: " ~ $input.code]',
            "JSON": f'url = "{server.url}/echo"\n      method = "POST"\n      params = {{word: {{deep: $input.code}}}}',
            "form": f'url = "{server.url}/echo"\n      method = "POST"\n      params = {{word: $input.code}}\n'
            '      headers = ["Content-Type: application/x-www-form-urlencoded"]',
            "form in parts": f'url = "{server.url}/echo"\n      method = "POST"\n      params = {{word: $input.code}}\n'
            '      headers = ["Content-Type: multipart/form-data"]',
            "text": f'url = "{server.url}/echo"\n      method = "POST"\n      params = "it is " ~ $input.code',
        }[place_of_secret]
        (tmp_path / "f.xs").write_text(
            "function f {\n  input {\n    text code {\n      sensitive = true\n    }\n  }\n  stack {\n"
            f"    api.request {{\n      {sent}\n    }} as $reply\n  }}\n  response = $reply.response.status\n}}\n",
            encoding="utf-8",
        )
        recording = tmp_path / "calls.json"
        words = ["run", "function:f", "-w", str(tmp_path), "--input", f"code={PLAIN}"]
        assert main([*words, "--allow-net", "127.0.0.1", "--record", str(recording)]) == 0
        assert PLAIN in json.dumps(server.seen)
    assert absent(PLAIN, recording.read_text(encoding="utf-8")) and "***" in recording.read_text(encoding="utf-8")
    capsys.readouterr()
    # it answers again, and another secret finds the same call
    assert main([*words, "--replay", str(recording)]) == 0
    words[-1] = "code=An0therS3cret"
    assert main([*words, "--replay", str(recording)]) == 0
    assert capsys.readouterr().out.split() == ["200", "200"]


@pytest.mark.parametrize("way", ["header", "cookie", "input"])
def test_what_a_caller_sends_is_not_recorded_under_another_name(tmp_path: Path, way: str) -> None:
    read = {
        "header": '$env.$http_headers["X-Api-Key"]',
        "cookie": '($env.$http_headers["Cookie"]|split:"="|last)',
        "input": "$input.api_key",
    }[way]
    with serving() as server:
        (tmp_path / "f.xs").write_text(
            "function f {\n  input {\n    text api_key?\n  }\n  stack {\n    api.request {\n"
            f'      url = "{server.url}/echo"\n      method = "POST"\n      params = {{word: {read}}}\n'
            "    } as $reply\n    debug.log {\n      value = $env.$http_headers\n    }\n  }\n"
            "  response = $reply.response.status\n}\n",
            encoding="utf-8",
        )
        recording = tmp_path / "calls.json"
        words = ["run", "function:f", "-w", str(tmp_path), "--allow-net", "127.0.0.1", "--record", str(recording)]
        sent = {
            "header": ["--header", f"X-Api-Key: {PLAIN}"],
            "cookie": ["--header", f"Cookie: session={PLAIN}"],
            "input": ["--input", f"api_key={PLAIN}"],
        }[way]
        assert main([*words, *sent]) == 0
        assert PLAIN in server.seen[0]["body"]
    assert absent(PLAIN, recording.read_text(encoding="utf-8"))


@pytest.mark.parametrize("option", ["--trace", "--json"])
@pytest.mark.parametrize("act", ["log", "throw", "outside", "call"])
def test_headers_of_a_run_are_not_printed(
    tmp_path: Path, act: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "inner.xs").write_text(INNER, encoding="utf-8")
    (tmp_path / "leak.xs").write_text(query("leak", "POST", INPUTS, act), encoding="utf-8")
    for header in (f"X-Api-Key: {PLAIN}", f"Cookie: session={PLAIN}"):
        main(["run", "query:POST leak", "-w", str(tmp_path), "--header", header, "--trace", option])
        printed = capsys.readouterr()
        out = printed.out
        if option == "--json":
            document = json.loads(out)
            assert document["response"] in (None, PLAIN)
            out = json.dumps({**document, "response": None})
        elif act != "throw":
            assert json.loads(out) == PLAIN
            out = ""
        assert absent(PLAIN, out) and absent(PLAIN, printed.err) and "***" in out + printed.err


def test_names_that_tell_in_recordings(tmp_path: Path) -> None:
    with serving() as server:
        (tmp_path / "a.xs").write_text(
            f'api.request {{\n  url = "{server.url}/missing?user[password]={PLAIN}"\n  method = "POST"\n'
            f'  params = {{pin: {NUMBER}, login: {{passwords: ["{PLAIN}"]}}}}\n}} as $a\n'
            f'api.request {{\n  url = "{server.url}/missing"\n  method = "POST"\n  params = {{api_key: "{PLAIN}"}}\n'
            '  headers = ["Content-Type: multipart/form-data"]\n} as $b\n',
            encoding="utf-8",
        )
        recording = tmp_path / "calls.json"
        words = ["run", str(tmp_path / "a.xs"), "--allow-net", "127.0.0.1", "--record", str(recording)]
        assert main(words) == 0
        assert len(server.seen) == 2
    kept = recording.read_text(encoding="utf-8")
    assert absent(PLAIN, kept) and str(NUMBER) not in kept and kept.count("***") + kept.count(quote("***")) == 4


def test_a_process_prints_no_secret(tmp_path: Path) -> None:
    """The same as a user sees it, without the tests' own ways into the program."""
    (tmp_path / "leak.xs").write_text(query("leak", "POST", INPUTS, "throw"), encoding="utf-8")
    words = [sys.executable, "-m", "xsrun", "run", str(tmp_path / "leak.xs"), "--trace", "--input", f"code={PLAIN}"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "it is ***" in done.stderr
    assert absent(PLAIN, done.stdout + done.stderr)


# Secrets by themselves -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("ab", "ab abc", "ab abc"),
        ("ab", "ab", "***"),
        ("word", "a word, words, (word) wordy", "a ***, words, (***) wordy"),
        ("longer word", "alonger words", "a***s"),
        (7, 7, "***"),
        (7, 17, 17),
        (7, "7 of 7", "7 of 7"),
        (123456, "n=123456", "n=***"),
        (True, "True", "True"),
        ("", "a", "a"),
        (" ", "a b", "a b"),
        ({"a": ["first one", {"b": "second one"}]}, "first one, second one", "***, ***"),
        ("first one", {"first one": ["first one", 1, None]}, {"***": ["***", 1, None]}),
    ],
)
def test_what_is_hidden(secret: Any, text: Any, shown: Any) -> None:
    assert Secrets([secret]).hide(text) == shown


def test_the_latest_secrets_are_known() -> None:
    many = Secrets(f"secret number {number}" for number in range(5_000))
    assert many.hide_text("secret number 4999") == "***"
    assert repr(many) == "<1000 secrets>"
