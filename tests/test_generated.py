"""What Xano's visual builder makes runs alike in process, over HTTP and from the command line, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from databases import new_database
from http_server import Client, running

import xsrun
from xsrun.cli import main
from xsrun.server import create_application

FOLDER = Path(__file__).parent / "generated"
PASSWORD = "abcdefg1"
REX = {"id": 1, "name": "Rex", "age": 3, "keeper_id": 1, "tag_ids": [1, 2]}
TAGS = [{"id": 1, "label": "loud"}, {"id": 2, "label": "small"}]
PAGE = {"itemsReceived": 1, "curPage": 1, "nextPage": None, "prevPage": None, "offset": 0, "itemsTotal": 1}
SHOWN = {"id": 1, "name": "Rex", "keeper_id": 1, "tag_ids": TAGS}
VISIT = {"id": 1, "pet_id": 1, "reason": "teeth"}
SIGNED_UP = {"authToken": "a token"}
#: Verb and name of a query (and what tells a step apart), its input, and what it answers: a value or a message.
STEPS: list[tuple[str, dict[str, Any], Any]] = [
    ("POST auth/signup", {"name": "Ann", "email": "Ann@example.com", "password": PASSWORD}, SIGNED_UP),
    ("POST auth/signup", {"name": "Bob", "email": "ann@example.com"}, "This account is already in use."),
    ("POST auth/login", {"email": "ann@example.com", "password": PASSWORD}, SIGNED_UP),
    ("POST auth/login", {"email": "ann@example.com", "password": "wrong"}, "Invalid Credentials."),
    ("GET auth/me", {}, {"id": 1, "name": "Ann", "email": "ann@example.com"}),
    ("POST pet", {"name": " Rex ", "age": 3, "keeper_id": 1, "tag_ids": [1, 2]}, REX),
    ("POST pet {}", {"age": 3}, "Missing param: name"),
    ("GET pet", {}, [REX]),
    ("GET pet/{pet_id}", {"pet_id": 1}, REX),
    ("GET pet/{pet_id}", {"pet_id": 9}, "Not Found."),
    (
        "PUT pet/{pet_id}",
        {"pet_id": 1, **{key: value for key, value in REX.items() if key != "id"}, "age": 4},
        {**REX, "age": 4},
    ),
    ("PATCH pet/{pet_id}", {"pet_id": 1, "name": "Rex", "age": 5}, {**REX, "age": 5}),
    ("GET pet_page", {"page": 1}, {**PAGE, "items": [{**SHOWN, "_keeper": {"id": 1, "name": "Ann"}}]}),
    (
        "GET pet_full",
        {},
        [{**SHOWN, "email": "ann@example.com", "_visits": [VISIT]}],
    ),
    ("GET names", {"label": "loud"}, {"tags": TAGS[:1], "visits": 2, "kept": True}),
    ("GET left_over", {"step": "placeholder"}, "Missing statement: mvp:placeholder"),
    ("GET left_over", {"step": "other"}, "done"),
    ("DELETE pet/{pet_id}", {"pet_id": 1}, None),
    ("GET pet", {}, []),
]


def shown(value: Any) -> Any:
    """A response without what differs from run to run: times and tokens."""
    if isinstance(value, list):
        return [shown(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: shown(item) for key, item in value.items() if key not in ("created_at", "pageTotal")}
    return {**kept, "authToken": "a token"} if value.get("authToken") else kept


class InProcess:
    """Runs the steps by the Python API."""

    def __init__(self, workspace: xsrun.Workspace) -> None:
        self.workspace = workspace

    def ask(self, verb: str, name: str, given: dict[str, Any]) -> Any:
        """The answer of one query, or the message of its error."""
        auth = {"table": "keeper", "id": 1} if name == "auth/me" else None
        result = self.workspace.run(name, kind="query", verb=verb, input=given, auth=auth)
        return shown(result.response) if result.error is None else str(result.error)


class OverHTTP:
    """Runs the steps as a client would, with the token that it got last."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.token = ""

    def ask(self, verb: str, name: str, given: dict[str, Any]) -> Any:
        given = dict(given)
        path = "/api:pets/" + name.replace("{pet_id}", str(given.pop("pet_id", "")))
        if verb == "GET" and given:
            path += "?" + "&".join(f"{key}={value}" for key, value in given.items())
        headers = {"Authorization": f"Bearer {self.token}"} if name == "auth/me" else {}
        reply = self.client.send(verb, path, None if verb == "GET" else given, headers)
        answer = reply.json
        if reply.status != 200:
            return answer["message"]
        self.token = answer["authToken"] if isinstance(answer, dict) and "authToken" in answer else self.token
        return shown(answer)


@pytest.fixture(params=["memory", "postgres"])
def workspace(request: pytest.FixtureRequest) -> Iterator[xsrun.Workspace]:
    with xsrun.Workspace.load(FOLDER, database=new_database(request.param)) as loaded:
        for tag in TAGS:
            loaded.run("visits", kind="function", input={"label": tag["label"]})
        yield loaded


def follow(asker: Any) -> None:
    """Take every step and compare."""
    for query, given, wanted in STEPS:
        verb, name, *_ = query.split()
        got = asker.ask(verb, name, given)
        assert got == wanted, query


def test_in_process(workspace: xsrun.Workspace) -> None:
    follow(InProcess(workspace))


def test_over_http(workspace: xsrun.Workspace) -> None:
    with running(create_application(workspace)) as client:
        follow(OverHTTP(client))


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each step is a command of its own; the rows are in a file."""
    common = ["-w", str(FOLDER), "--database", f"sqlite:///{tmp_path / 'pets.db'}", "--auth", "keeper:1"]

    class Commands:
        def ask(self, verb: str, name: str, given: dict[str, Any]) -> Any:
            status = main(["run", f"query:{verb} {name}", "--input", json.dumps(given), "--json", *common])
            document = json.loads(capsys.readouterr().out)
            assert status == (document["error"] is not None)
            return shown(document["response"]) if status == 0 else document["error"]["message"]

    for tag in TAGS:
        assert main(["run", "function:visits", "--input", json.dumps({"label": tag["label"]}), *common]) == 0
    capsys.readouterr()
    follow(Commands())


@pytest.mark.parametrize("carrier", [[], ["--over-http"]], ids=["in process", "over http"])
@pytest.mark.parametrize("backend", ["memory", "postgres"])
def test_the_workflow_test(carrier: list[str], backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["test", str(FOLDER), "--database", new_database(backend), *carrier])
    assert status == 0, capsys.readouterr().out


def test_a_precondition_without_a_condition(workspace: xsrun.Workspace) -> None:
    result = workspace.run("no_condition", kind="function")
    assert result.error is None
    assert result.response == "passed by"
    result = workspace.run("no_condition", kind="function", input={"is_reached": True})
    assert result.error is not None
    assert (result.error.code, result.status) == ("ERROR_CODE_NOT_FOUND", 404)
