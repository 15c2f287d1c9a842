"""The deployment that the guide about several processes shows: nginx, two servers of two workers, PostgreSQL, Redis.

The configuration of nginx and the command of the servers are those of the guide, with the addresses of this machine in
their place, so that the guide cannot show another deployment than the one that is tested.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import psycopg
import pytest
import yaml
from databases import new_database
from http_server import Client, Reply
from nginx_server import free_port, needs_nginx, nginx
from redis_process import redis_server
from served_process import ServedProcess, serve_process
from test_server_realtime import SOURCES as REALTIME
from test_server_realtime import Talk, token_of
from test_server_workers import gone
from waiting import join, until

import xsrun
from xsrun.cli.arguments import build

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the processes are found in /proc")

KEY = "k" * 40
GUIDE = Path(xsrun.__file__).parent / "manual" / "guides" / "several-processes.md"


def query(name: str, verb: str, inputs: str, stack: str, response: str, more: str = "") -> str:
    return (
        f'query "{name}" verb={verb} {{\n  api_group = "notes"\n{more}'
        f"  input {{\n{inputs}  }}\n  stack {{\n{stack}  }}\n"
        f"  response = {response}\n}}\n"
    )


def version(number: int) -> str:
    return query("version", "GET", "", "", str(number))


SOURCES = {
    **REALTIME,
    "table/note.xs": 'table "note" {\n  auth = false\n  schema {\n    int id\n    text said\n  }\n}\n',
    "table/tick.xs": 'table "tick" {\n  auth = false\n  schema {\n    int id\n    timestamp at?=now\n  }\n}\n',
    "task/ticks.xs": 'task "ticks" {\n  stack {\n    db.add "tick" {\n      data = {}\n    } as $tick\n  }\n'
    "  schedule = [{starts_on: 2026-01-01 00:00:00+0000, freq: 1}]\n}\n",
    "api/notes/group.xs": 'api_group "notes" {\n  canonical = "notes"\n}\n',
    "api/notes/version.xs": version(0),
    "api/notes/me.xs": query("me", "GET", "", "", "$auth.id", '  auth = "user"\n'),
    "api/notes/add.xs": query(
        *("add", "POST", "    text said\n"),
        '    db.add "note" {\n      data = {said: $input.said}\n    } as $note\n',
        "$note",
    ),
    "api/notes/one.xs": query(
        *("notes/{id}", "GET", "    int id\n"),
        '    db.get "note" {\n      field_name = "id"\n      field_value = $input.id\n    } as $note\n',
        "$note",
    ),
    "api/notes/few.xs": query(
        *("few", "GET", ""),
        '    redis.ratelimit {\n      key = "few"\n      max = 5\n      ttl = 600\n      error = "too many"\n'
        "    } as $ok\n",
        "$ok",
    ),
    "api/notes/keep.xs": query(
        *("keep", "POST", "    text value\n"),
        '    redis.set {\n      key = "kept"\n      data = $input.value\n      ttl = 600\n    }\n',
        "true",
    ),
    "api/notes/kept.xs": query("kept", "GET", "", '    redis.get {\n      key = "kept"\n    } as $kept\n', "$kept"),
}


# What the guide shows -------------------------------------------------------------------------------------------------


def block(language: str) -> str:
    """The block of a language in the guide."""
    found = re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def nginx_of_the_guide(listen: int, ports: list[int]) -> str:
    """The guide's configuration of nginx with addresses of this machine and without TLS."""
    text = block("nginx")
    for shown, port in zip(("10.0.0.11:8000", "10.0.0.12:8000"), ports, strict=True):
        assert text.count(shown) == 1
        text = text.replace(shown, f"127.0.0.1:{port}")
    text, count = re.subn(r"listen 443 ssl;", f"listen 127.0.0.1:{listen};", text)
    assert count == 1
    return re.sub(r"^ *(ssl_certificate(_key)?|server_name) .*\n", "", text, flags=re.MULTILINE)


def unit_of_the_guide() -> dict[str, list[str]]:
    """The lines of the guide's systemd unit by their name."""
    found: dict[str, list[str]] = {}
    for line in block("ini").splitlines():
        name, equals, value = line.partition("=")
        if equals:
            found.setdefault(name, []).append(value)
    return found


def options_of_the_guide() -> list[str]:
    """What the guide's unit tells `xsrun serve`, for a test: two workers, on this machine, reloading."""
    (command,) = unit_of_the_guide()["ExecStart"]
    program, serve, _folder, *options = shlex.split(command)
    assert program.endswith("/xsrun") and serve == "serve"
    at = options.index("--workers") + 1
    options[at] = "2"
    options.remove("--no-reload")
    return [*options, "--host", "127.0.0.1", "--trusted-proxies", "127.0.0.1"]


def test_what_the_guide_shows_can_be_started() -> None:
    unit = unit_of_the_guide()
    named = {one.partition("=")[0] for one in unit["Environment"]}
    assert named == {"XSRUN_DATABASE", "XSRUN_REDIS_URL"} and "HUP $MAINPID" in unit["ExecReload"][0]
    compose = yaml.safe_load(block("yaml"))
    service = compose["services"]["xsrun"]
    for command in (shlex.split(unit["ExecStart"][0])[1:], service["command"][1:]):
        options = build("serve").parse_args(command[1:])
        assert options.workers >= 2 and options.tasks and options.host == "0.0.0.0"
    assert {*service["depends_on"]} == {*compose["services"]} - {"xsrun"}
    assert named <= {*service["environment"]}


# The deployment ------------------------------------------------------------------------------------------------------


@dataclass
class Deployment:
    """nginx before two servers."""

    through: Client
    folders: list[Path]
    ports: list[int]
    database: str
    environment: dict[str, str]
    servers: list[ServedProcess] = field(default_factory=list)
    stacks: list[ExitStack] = field(default_factory=list)

    def start(self, number: int) -> ServedProcess:
        """Start the server of a number, which must not run."""
        stack = ExitStack()
        words = [*options_of_the_guide(), "--port", str(self.ports[number]), "--quiet"]
        served = stack.enter_context(serve_process(self.folders[number], *words, env=self.environment))
        self.servers[number : number + 1] = [served]
        self.stacks[number : number + 1] = [stack]
        until(lambda: len(workers(served)) == 2, served.lines)
        return served

    def direct(self, number: int) -> Client:
        return Client(self.ports[number])

    def answered_by(self, path: str, count: int, client: Client | None = None) -> dict[str, Reply]:
        """The last answers of so many processes, by what their ids begin with."""
        seen: dict[str, Reply] = {}

        def ask() -> bool:
            reply = (client or self.through).get(path)
            seen[reply.headers["x-request-id"][:8]] = reply
            return len(seen) >= count

        until(ask, seen)
        return seen


def workers(served: ServedProcess) -> set[int]:
    pid = served.process.pid
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    database = new_database("postgres")
    folders = [tmp_path / "first", tmp_path / "second"]
    for name, text in SOURCES.items():
        for folder in folders:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    ports = [free_port(), free_port()]
    listen = free_port()
    with redis_server() as redis, nginx(tmp_path, nginx_of_the_guide(listen, ports)):
        environment = {"XSRUN_DATABASE": database, "XSRUN_REDIS_URL": redis, "XSRUN_TOKEN_KEY": KEY}
        made = Deployment(Client(listen), folders, ports, database, environment)
        try:
            made.start(0)
            made.start(1)
            yield made
        finally:
            for stack in made.stacks:
                stack.close()


def leaders(deployment: Deployment) -> list[int]:
    """The processes that hold the lock of tasks."""
    text = (
        "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) "
        "WHERE locktype = 'advisory' AND granted AND application_name LIKE 'xsrun tasks %'"
    )
    with psycopg.connect(deployment.database) as connection:
        return [int(name.split()[-1]) for (name,) in connection.execute(text).fetchall()]


def ticks(deployment: Deployment) -> int:
    with psycopg.connect(deployment.database) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM tick").fetchall()
        return int(count)


class Load:
    """Threads that add notes through nginx and read them back, until they are told to stop."""

    def __init__(self, client: Client, threads: int) -> None:
        self.client = client
        self.added: dict[int, str] = {}
        #: what was sent and not acknowledged; it may be there, once
        self.unknown: list[str] = []
        #: requests that failed and must not have, and the answers to those that may
        self.wrong: list[str] = []
        self.refused: list[int] = []
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(number,)) for number in range(threads)]
        for one in self._threads:
            one.start()

    def _work(self, thread: int) -> None:
        number = 0
        while not self._ended.is_set():
            number += 1
            said = f"{thread}-{number}"
            try:
                reply = self.client.post("/api:notes/add", {"said": said})
                if reply.status != 200:
                    self.unknown.append(said)
                    self.refused.append(reply.status)
                    continue
                note = reply.json
                self.added[note["id"]] = said
                reply = self.client.get(f"/api:notes/notes/{note['id']}")
                if reply.status != 200 or reply.json != note or note["said"] != said:
                    self.wrong.append(f"{reply.status} {reply.body!r} for {note}")
            except (OSError, HTTPException, ValueError) as error:  # nginx itself fails nobody
                self.wrong.append(f"{said}: {error!r}")

    def more(self, count: int = 30) -> None:
        """Wait until so many more notes were added."""
        wanted = len(self.added) + count
        until(lambda: len(self.added) >= wanted, (self.wrong, self.refused))

    def end(self, deployment: Deployment) -> None:
        """Stop, and compare what was acknowledged with what is there."""
        self._ended.set()
        join(*self._threads)
        assert self.wrong == []
        assert {*self.refused} <= {502, 504}
        with psycopg.connect(deployment.database) as connection:
            there = connection.execute("SELECT id, said FROM note").fetchall()
        assert self.added.items() <= dict(there).items()
        others = sorted(said for number, said in there if number not in self.added)
        assert len(others) == len({*others}) and {*others} <= {*self.unknown}


@needs_nginx
def test_two_servers_are_one(deployment: Deployment) -> None:
    through, (one, other) = deployment.through, (deployment.direct(0), deployment.direct(1))
    assert len(deployment.answered_by("/api:notes/version", 4)) == 4
    # the secret of tokens, the cache and the rate limits are shared
    for client, elsewhere in ((one, other), (other, one)):
        token = token_of(client, 3)
        assert elsewhere.get("/api:notes/me", headers={"Authorization": f"Bearer {token}"}).json == 3
    assert one.post("/api:notes/keep", {"value": "here"}).json is True
    assert {reply.json for reply in deployment.answered_by("/api:notes/kept", 4).values()} == {"here"}
    statuses = [client.get("/api:notes/few").status for client in (one, other, through) * 3]
    assert statuses == [200] * 5 + [429] * 4
    # nobody behind nginx is taken for a caller on this machine
    assert through.get("/xsrun/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status == 404
    # channels are shared: by either server, and by nginx
    talks = [Talk(client.port, token=token_of(client, number)) for number, client in enumerate((one, other, through))]
    for talk in talks:
        talk.event()
        talk.send("join", payload={})
        assert talk.read()["action"] == "join"
    talks[0].send("message", payload={"text": "ahoy"}, authenticated=False)
    assert [talk.read()["payload"]["text"] for talk in talks] == ["ahoy"] * 3
    assert other.get("/api:harbour/tell?channel=room:1&text=storm").json is True
    assert [talk.read()["payload"]["text"] for talk in talks] == ["storm"] * 3
    for talk in talks:
        talk.socket.close()
    # a saved file is live in every worker
    for folder in deployment.folders:
        (folder / "api" / "notes" / "version.xs").write_text(version(1), encoding="utf-8")
    until(lambda: {reply.json for reply in deployment.answered_by("/api:notes/version", 4).values()} == {1})


@needs_nginx
def test_a_process_that_is_killed_takes_nothing_along(deployment: Deployment) -> None:
    load = Load(deployment.through, 4)
    load.more()
    (leader,) = until(lambda: leaders(deployment))
    for served in deployment.servers:
        victim = leader if leader in workers(served) else min(workers(served))
        os.kill(victim, signal.SIGKILL)
        load.more()
        until(lambda: victim not in workers(served) and len(workers(served)) == 2, served.lines)  # noqa: B023
    before = ticks(deployment)
    until(lambda: ticks(deployment) > before)
    (successor,) = leaders(deployment)
    assert successor != leader
    load.end(deployment)


@pytest.mark.slow
@needs_nginx
def test_servers_that_are_replaced_refuse_nobody(deployment: Deployment) -> None:
    load = Load(deployment.through, 4)
    for served in deployment.servers:
        before = workers(served)
        load.more()
        served.process.send_signal(signal.SIGHUP)
        until(lambda: not before & workers(served) and len(workers(served)) == 2, served.lines)  # noqa: B023
    load.more()
    assert load.refused == []
    for number in range(2):  # a machine after the other: what waits to be accepted when its socket closes is refused
        deployment.stacks[number].close()
        load.more()
        deployment.start(number)
        load.more()
    load.end(deployment)


@needs_nginx
@pytest.mark.slow
def test_minutes_of_kills_and_restarts(deployment: Deployment) -> None:
    load = Load(deployment.through, 16)
    for number in range(12):
        served = deployment.servers[number % 2]
        before = workers(served)
        load.more(100)
        if number % 3 == 2:
            served.process.send_signal(signal.SIGHUP)
            until(lambda: not before & workers(served) and len(workers(served)) == 2, served.lines)  # noqa: B023
        elif number % 3 == 1:
            deployment.stacks[number % 2].close()
            load.more(100)
            deployment.start(number % 2)
        else:
            victim = sorted(before)[number // 2 % 2]
            os.kill(victim, signal.SIGKILL)
            until(lambda: victim not in workers(served) and len(workers(served)) == 2, served.lines)  # noqa: B023
        assert len(leaders(deployment)) <= 1
    load.end(deployment)
    assert all(gone(pid) or pid in {*workers(deployment.servers[0]), *workers(deployment.servers[1])} for pid in before)
