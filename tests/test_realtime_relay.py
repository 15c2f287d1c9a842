"""Realtime channels of several processes, which a real Redis server joins."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from http_server import Client, running
from local_server import free_port
from redis_process import redis_server
from test_server_realtime import SOURCES, Talk, talking, token_of
from test_server_workers import serving
from waiting import until

import xsrun
from xsrun.server import create_application
from xsrun.server.application import Application
from xsrun.server.log import Log
from xsrun.server.snapshot import Live


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    with redis_server() as url:
        yield url


@pytest.fixture(autouse=True)
def _one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """All processes of a workspace have one secret."""
    monkeypatch.setenv("XSRUN_TOKEN_KEY", "k" * 32)


@contextmanager
def process(url: str) -> Iterator[tuple[Client, Application]]:
    with xsrun.Workspace.from_sources(SOURCES, cache=url) as workspace:
        workspace.service("realtime")  # reads the secret, which a test may change while the server starts
        application = create_application(workspace)
        with running(application) as client:
            yield client, application


def linked(*applications: Application) -> None:
    """Wait until each has heard of another."""
    until(lambda: all(one.realtime.hub.processes for one in applications))


@pytest.fixture
def two(server_url: str) -> Iterator[tuple[Client, Client]]:
    with process(server_url) as (first, one), process(server_url) as (second, other):
        linked(one, other)
        yield first, second


def joined(talk: Talk, **payload: Any) -> str:
    """Join; gives the socket id."""
    talk.send("join", payload=payload)
    found = talk.read()
    assert found["action"] == "join"
    return str(found["client"]["socketId"])


def test_who_is_there_and_what_is_said_is_known_everywhere(two: tuple[Client, Client]) -> None:
    first, second = two
    with talking(first) as one:
        own = joined(one, presence=True)
        assert one.read()["payload"] == {"presence": []}
        with talking(second, token_of(second, 3)) as other:
            theirs = joined(other, presence=True)
            update = one.read()["payload"]
            assert (update["action"], update["presence"]["socketId"]) == ("join", theirs)
            (there,) = other.read()["payload"]["presence"]
            assert there["socketId"] == own

            other.send("message", payload={"text": "ahoy"})
            assert [talk.read()["payload"]["text"] for talk in (one, other)] == ["ahoy", "ahoy"]
            other.send("message", payload={"text": "crew"}, authenticated=True)
            assert other.read()["payload"]["text"] == "crew"
            one.send("message", payload={"text": "psst"}, socketId=theirs)
            heard = other.read()
            assert (heard["payload"]["text"], heard["options"]["socketId"]) == ("psst", own)
            one.send("message", payload={"text": "psst"}, socketId="nobody")
            assert one.refusal() == "That client is not in the channel."

            for to in (8, 3):
                first.get(f"/api:harbour/tell?channel=room:1&text=for%20{to}&to={to}")
            assert other.read()["payload"] == {"text": "for 3"}
            second.get("/api:harbour/tell?channel=room:1&text=storm")
            assert [talk.read()["payload"]["text"] for talk in (one, other)] == ["storm", "storm"]
            for talk, known in ((one, ["ahoy", "storm"]), (other, ["ahoy", "crew", "storm"])):
                talk.send("history")
                assert [each["payload"]["text"] for each in talk.read()["payload"]] == known
        update = one.read()["payload"]
        assert (update["action"], update["presence"]["socketId"]) == ("leave", theirs)


def test_one_that_begins_later_learns_what_is(server_url: str) -> None:
    with process(server_url) as (first, one), talking(first, token_of(first, 3)) as talk:
        own = joined(talk, presence=True)
        assert talk.read()["payload"] == {"presence": []}
        talk.send("message", payload={"text": "ahoy"})
        assert talk.read()["payload"]["text"] == "ahoy"
        with process(server_url) as (second, other):
            linked(one, other)
            with talking(second) as late:
                theirs = joined(late, presence=True, history=True)
                assert [each["payload"]["text"] for each in late.read()["payload"]] == ["ahoy"]
                assert [each["socketId"] for each in late.read()["payload"]["presence"]] == [own]
            assert [talk.read()["payload"]["action"] for _ in range(2)] == ["join", "leave"]
            assert theirs != own
        until(lambda: not one.realtime.hub.processes)  # it said that it ended


def test_a_process_that_is_gone_takes_its_clients_along(server_url: str) -> None:
    with process(server_url) as (first, application), talking(first) as talk:
        joined(talk, presence=True)
        assert talk.read()["payload"] == {"presence": []}
        name = application.live.current.workspace.service("realtime").server.name
        with redis.Redis.from_url(server_url) as server:
            until(lambda: server.pubsub_numsub(name)[0][1])
            client = {"extras": {}, "permissions": {"dbo_id": 0, "row_id": 0}, "socketId": "ghost"}
            told = {"kind": "join", "channel": "room:1", "client": client, "process": "killed"}
            server.publish(name, json.dumps(told))
        for what in ("join", "leave"):  # nobody listens to its topic
            assert talk.read()["payload"] == {"action": what, "presence": client}


def test_workspaces_with_other_secrets_hear_nothing(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with process(server_url) as (_, one):
        monkeypatch.setenv("XSRUN_TOKEN_KEY", "s" * 32)
        with process(server_url) as (_, strange), process(server_url) as (_, third):
            linked(strange, third)
            assert not one.realtime.hub.processes


def test_a_server_that_is_not_there_is_told_and_tried_again() -> None:
    port = free_port()
    lines: list[str] = []
    with xsrun.Workspace.from_sources(SOURCES, cache=f"redis://:secret@127.0.0.1:{port}/0") as workspace:
        application = Application(Live(workspace), log=Log(lines.append))
        with running(application) as client, talking(client) as talk:
            until(lambda: any("channels are not shared meanwhile" in line for line in lines), lines)
            assert "secret" not in "".join(lines)
            joined(talk)
            client.get("/api:harbour/tell?channel=room:1&text=storm")
            assert talk.read()["payload"] == {"text": "storm"}
    with xsrun.Workspace.from_sources(SOURCES, cache=f"redis://127.0.0.1:{port}/0") as workspace:
        application = Application(Live(workspace), log=Log(lines.append))
        lines.clear()
        with running(application) as client:
            until(lambda: any("channels are not shared meanwhile" in line for line in lines), lines)
            with redis_server(port) as url, process(url) as (_, other):
                linked(application, other)


@pytest.mark.skipif(sys.platform != "linux", reason="the processes are found in /proc")
def test_the_workers_of_one_server(tmp_path: Path, server_url: str) -> None:
    for name, text in SOURCES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with serving(tmp_path, "--redis", server_url) as server:
        assert not server.said("knows its own realtime clients alone")
        token = token_of(server.client, 3)
        talks = [Talk(server.client.port, token=token) for _ in range(12)]
        for talk in talks:
            talk.event()
        known = {joined(talk, presence=talk is talks[0]) for talk in talks}
        assert len(known) == 12
        there = len(talks[0].read()["payload"]["presence"])
        for _ in range(11 - there):
            assert talks[0].read()["action"] == "presence_update"
        talks[0].send("message", payload={"text": "all hands"})
        assert [talk.read()["payload"]["text"] for talk in talks] == ["all hands"] * 12
        for talk in talks:
            talk.socket.close()
