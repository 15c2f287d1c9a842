"""What the console does besides requests and data: runs, checks, tests with coverage, what programs left behind."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from console_workspace import FILES, HOSTILE
from http_server import Client, running
from test_console import Page

import xsrun
from xsrun.server import create_application
from xsrun.server.application import Application
from xsrun.server.schedule import Schedule


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        place = tmp_path / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(text, encoding="utf-8")
    (tmp_path / ".env").write_text("GREETING=ahoy\nAPI_KEY=s3cret-word\nSTORE=postgresql://app:s3cret@db/app\n")
    return tmp_path


@pytest.fixture
def app(folder: Path) -> Iterator[Application]:
    with xsrun.Workspace.load(folder) as workspace:
        yield create_application(workspace, lasting_history=True)


@pytest.fixture
def client(app: Application) -> Iterator[Client]:
    with running(app) as one:
        yield one


@pytest.fixture
def page(client: Client) -> Page:
    return Page(client)


def run(page: Page, name: str, **more: Any) -> Any:
    return page.post("run", {"kind": "function", "name": name, **more})


# Runs -----------------------------------------------------------------------------------------------------------------


def test_a_function_runs_step_by_step(page: Page) -> None:
    found = run(page, "add", input={"a": 200})
    assert found["response"]["json"] == 100 and not found["failed"]
    values = [(step[0], step[6], step[7]) for step in found["trace"]["statements"]]
    assert values == [("var $sum", "sum", "202"), ("conditional", "", ""), ("var $sum", "sum", "100")]
    kept = page.get("requests?kind=run")["requests"]
    assert [(one["verb"], one["uri"], one["status"], one["traced"]) for one in kept] == [("RUN", "add", 200, True)]


def test_input_is_validated(page: Page) -> None:
    found = run(page, "add", input={"a": "many"})
    assert found["failed"] and "a" in found["error_detail"]["message"]
    assert page.send("POST", "run", {"kind": "function", "name": "nothing"}).status == 404
    calls = {
        "run": {"kind": "function", "name": "add", "input": {"a": 2}},
        "requests/send": {"verb": "GET", "uri": "/x"},
    }
    for call, body in calls.items():
        given = {**body, "datasource": "nope"}
        assert "there is no data source `nope`" in page.send("POST", call, given).body.decode()
    assert page.send("POST", "run", {"kind": "function", "name": "add", "input": [1]}).status == 400


def test_nested_files_identity_and_environment(page: Page) -> None:
    picture = {"file": "a.txt", "mime": "text/plain", "base64": base64.b64encode(b"pixels").decode()}
    found = run(
        page,
        "who",
        input={"person": {"name": "Ann", "picture": picture}},
        auth={"table": "user", "id": "3"},
        env={"GREETING": "hello"},
    )
    assert found["response"]["json"] == {"id": 3, "name": "Ann", "data": "pixels"}
    assert [one["value"] for one in found["logs"]] == ["hello"]
    wrong = {**picture, "base64": "?"}
    assert (
        page.send("POST", "run", {"kind": "function", "name": "who", "input": {"person": {"picture": wrong}}}).status
        == 400
    )


def test_a_snippet_sees_the_workspace(page: Page) -> None:
    text = 'db.add user {\n  data = {name: "Bo"}\n} as $user\nfunction.run add {\n  input = {a: $user.id}\n} as $sum\n'
    found = page.post("run", {"text": text})
    assert found["response"]["json"]["sum"] == 3
    assert page.post("table/user/rows")["rows"] == [{"id": 1, "name": "Bo"}]
    failed = page.post("run", {"text": "var $x { value = $y }"})
    assert failed["failed"]
    assert page.send("POST", "run", {"text": "  "}).status == 400


def test_what_can_be_run(page: Page) -> None:
    found = page.get("runnable")
    assert {one["label"] for one in found["constructs"]} >= {"function add", "task tidy", "table_trigger seen"}
    (who,) = [one for one in found["constructs"] if one["name"] == "who"]
    assert [one["type"] for one in who["fields"][0]["fields"]] == ["text", "file"]
    assert found["auth"] == ["user"]


def test_tasks_and_triggers_are_kept(app: Application, page: Page) -> None:
    page.get("about")
    task = next(one for one in app.live.current.workspace.constructs if one.kind == "task")
    Schedule(app).work(app.live.current.workspace, task)
    kept = page.get("requests")["requests"]
    assert [(one["kind"], one["uri"], one["failed"]) for one in kept] == [
        ("task", "tidy", False),
        ("trigger", "seen", False),
    ]
    trigger = page.get(f"request/{kept[1]['number']}")
    assert trigger["input"]["new"]["name"] == "made by a task" and trigger["input"]["action"] == "insert"
    assert "trace" in page.get(f"request/{kept[0]['number']}")


# Checks and tests -----------------------------------------------------------------------------------------------------


def test_a_problem_is_fixed_by_a_click(page: Page, folder: Path) -> None:
    found = page.get("checks")["diagnostics"]
    (odd,) = [one for one in found if one["fixable"]]
    assert odd["file"] == "function/odd.xs"
    fixed = page.post("checks/fix", {name: odd[name] for name in ("file", "code", "line", "column")})
    assert fixed == {"fixed": 1, "files": ["function/odd.xs"]}
    assert "elseif" in (folder / "function/odd.xs").read_text()
    again = page.send("POST", "checks/fix", {name: odd[name] for name in ("file", "code", "line", "column")})
    assert again.status == 404
    assert page.post("checks/fix", {"all": True})["fixed"] == 0


def test_tests_with_differences_and_coverage(page: Page) -> None:
    assert {one["name"] for one in page.get("tests")["tests"]} == {"small", "wrong"}
    found = page.post("tests/run", {"pattern": "function add"})
    assert (found["passed"], found["failed"]) == (1, 1)
    (wrong,) = [one for one in found["results"] if one["status"] == "fail"]
    (expectation,) = wrong["expectations"]
    assert (expectation["expected"], expectation["actual"]) == (3, 2) and wrong["trace"]
    covered = found["coverage"]["function/add.xs"]
    assert covered == {"ran": [7, 10], "missed": [12]}
    assert found["coverage"]["function/keep.xs"]["ran"] == []
    assert page.send("POST", "tests/run", {"kind": "odd"}).status == 400


def test_queries_of_groups(page: Page) -> None:
    assert page.get("queries") == {"queries": []}
    assert page.get("about")["name"]


# What programs left behind --------------------------------------------------------------------------------------------


def test_a_mail_is_shown_in_a_sandbox(client: Client, page: Page) -> None:
    run(page, "mail", input={"html": HOSTILE})
    (mail,) = page.get("outbox")["mails"]
    assert mail["subject"] == "Hello <b>you</b>" and mail["to"] == "ann@example.com"
    one = page.get(f"outbox/{mail['id']}")
    shown = client.get(one["html"])
    assert shown.status == 200 and HOSTILE in shown.body.decode()
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'") and "script" not in policy
    assert client.get(one["html"].partition("?")[0]).status == 400
    assert client.get(one["html"][:-3] + "abc").status == 400
    for name in ("..%2f..%2ftoken_key", "x.eml", "%2e%2e"):
        assert page.send("GET", f"outbox/{name}").status == 404


def test_files_are_saved_and_never_shown_as_pages(client: Client, page: Page) -> None:
    run(page, "keep")
    (one,) = page.get("files")["files"]
    assert (one["name"], one["access"], one["picture"]) == ("page.html", "private", False)
    loaded = client.get(one["url"])
    assert loaded.headers["content-type"] == "application/octet-stream"
    assert loaded.headers["content-disposition"].startswith("attachment")
    assert loaded.headers["content-security-policy"].startswith("sandbox")
    assert client.get(one["url"].partition("?")[0]).status == 400
    page.post("files/delete", {"path": one["path"]})
    assert page.get("files")["files"] == []
    assert page.send("POST", "files/delete", {"path": "/vault/../token_key"}).status >= 400


def test_keys_of_the_cache(page: Page) -> None:
    run(page, "keep")
    assert page.get("cache")["keys"] == ["list", "n"]
    assert page.get("cache?match=l*")["keys"] == ["list"]
    assert page.get("cache/key?key=n")["value"] == {"a": 1}
    assert page.get("cache/key?key=list")["value"] == [7]
    page.post("cache/set", {"key": "n", "value": "[1, 2]"})
    assert page.get("cache/key?key=n")["value"] == [1, 2]
    assert page.post("cache/delete", {"key": "n"}) == {"deleted": True}
    page.post("cache/set", {"key": "session_token", "value": '"abc"'})
    assert page.get("cache/key?key=session_token")["value"] == "***"


def test_realtime_messages(page: Page) -> None:
    run(page, "keep")
    found = page.get("realtime")
    assert [(one["channel"], one["data"]) for one in found["messages"]] == [("harbour", {"bell": True})]
    page.post("realtime", {"channel": "mole", "data": '{"light": 1}'})
    assert page.get("realtime?channel=mole")["messages"][0]["data"] == {"light": 1}
    assert page.get("realtime")["channels"] == ["harbour", "mole"]
    assert found["address"] == "/rt/console", "any name leads there where the workspace fixes none"


def test_the_environment_without_its_secrets(page: Page) -> None:
    found = page.get("environment")
    values = {one["name"]: one["value"] for one in found["values"]}
    assert values["GREETING"] == "ahoy" and values["API_KEY"] == "***"
    assert values["STORE"] == "postgresql://***@db/app"
    assert "s3cret" not in json.dumps(found)
