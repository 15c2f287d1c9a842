"""Queries that are answered where they arrive, without a thread: which these are, and what they leave to threads."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import psycopg
import pytest
from databases import new_database
from http_server import Client, running
from waiting import Gate, in_threads

import xsrun
from xsrun.database.postgres_brief import PostgresReads
from xsrun.database.postgres_connection import CHANNEL
from xsrun.evaluator.brevity import MOST_OF_INPUTS, MOST_OF_ROW, Brief, brief
from xsrun.running.at_once import Awaits, RowsThatCame, TakesLonger
from xsrun.running.trace import Trace
from xsrun.server import create_application
from xsrun.server.application import Application
from xsrun.server.at_once import judge
from xsrun.server.log import Log

GROUP = 'api_group g {\n  canonical = "g"\n}\n'
TABLE = (
    "table boat {\n  schema {\n    int id\n    text name\n    text tag?\n    int? crew?\n  }\n"
    '  index = [\n    {type: "primary", field: [{name: "id"}]}\n    {type: "btree", field: [{name: "tag"}]}\n  ]\n}\n'
)
GET = 'db.get boat { field_name = "id" field_value = $input.id } as $boat'


def query(name: str, inputs: str, stack: str, response: str, verb: str = "GET", more: str = "") -> str:
    return (
        f'query "{name}" verb={verb} {{\n  api_group = "g"\n{more}\n  input {{\n{inputs}\n  }}\n'
        f"  stack {{\n{stack}\n  }}\n  response = {response}\n}}\n"
    )


def proved(inputs: str, stack: str, response: str) -> Brief | None:
    workspace = xsrun.Workspace.from_sources({"q.xs": query("q", inputs, stack, response)})
    construct = next(one for one in workspace.constructs if one.kind == "query")
    assert not construct.problems, construct.problems
    return brief(construct.items, construct.response, construct.declared)


# The proof -----------------------------------------------------------------------------------------------------------

DOUBLING = "\n".join(["var $x { value = $x ~ $x }"] * 8)


@pytest.mark.parametrize(
    "inputs, stack, response",
    [
        ("text name?", "", '{message: "Hello " ~ $input.name}'),
        ("int a\nint b", "var $sum { value = $input.a + $input.b }", "$sum|to_text"),
        ("int[] a", 'precondition ($input.a != null) { error = "no" }', "$input.a|first"),
        ("text a filters=trim|lower", 'conditional { if ($input.a == "b") { return { value = 1 } } else { } }', "now"),
        ("object a { schema { text b } }", "", "[$input.a.b, ...$input.a, $input.a.b ? 1 : !true]"),
        ("text a", "var $x { value = $input.a }\nvar $x { value = $x ~ $x }", "$x"),
        ("", 'throw { name = "a" value = "b" }', "null"),
        ("text a filters=trim:/", "", '$input.a|trim:"/"|to_int'),
    ],
)
def test_programs_that_are_over_in_a_moment(inputs: str, stack: str, response: str) -> None:
    assert proved(inputs, stack, response) == Brief(frozenset())


@pytest.mark.parametrize(
    "inputs, stack, response",
    [
        ("int n", "for ($input.n) { each as $i { var $x { value = $i } } }", "1"),
        ("", "while (true) { each { } }", "1"),
        ("", "util.sleep { value = 1 }", "1"),
        ("", "function.run other { } as $x", "$x"),
        ("", "db.query boat { } as $x", "$x"),
        ("", 'db.add boat { data = {name: "a"} } as $x', "$x"),
        ("int id", 'db.get boat { field_name = "id" field_value = $input.id lock = true } as $x', "$x"),
        ("text f", "db.get boat { field_name = $input.f field_value = 1 } as $x", "$x"),
        ("", 'api.request { url = "http://localhost" } as $x', "$x"),
        ("text a", "", '$input.a|regex_matches:"/(a+)+$/"'),
        ("text a", "", "$input.a|sha512"),
        ("text a filters=pattern:(a+)+$", "", "1"),
        ("password a", "", "1"),
        ("file a", "", "1"),
        ("int[] a", "", "$input.a|map:$$ * 2"),
        ("int[] a", "", "1 in $input.a"),
        ("", "", "$env.KEY"),
        ("", "", "$auth.id"),
        ("text a", f"var $x {{ value = $input.a }}\n{DOUBLING}", "$x"),
        ("text a", "\n".join(["var $x { value = $input.a|to_upper }"] * 60), "1"),
        ("text a\ntext b", "", "$input.a|trim:$input.b"),
        ("text a", "", '$input.a|trim:"a..z"'),
        ("text a filters=trim:a..z", "", "1"),
        ("json a\ntext b", "", "$input.a|contains:$input.b"),
        ("object[] a { schema { text b? } }", "", "$input.a"),
        ("int a", "var $x { value = [1] }\n" + "\n".join(["var $x { value = [$x, $x]|to_int }"] * 20), "1"),
        ("text a", "var $x { value = $input.a }\n" + "\n".join(['var $x { value = ["", $x ~ $x]|max }'] * 10), "$x"),
        (f'text a?="{"d" * 200_000}"', "", "[$input.a, $input.a]"),
    ],
)
def test_programs_that_may_take_longer(inputs: str, stack: str, response: str) -> None:
    assert proved(inputs, stack, response) is None


def test_rows_that_a_program_reads() -> None:
    found = proved("int id", f'{GET}\ndb.has boat {{ field_name = "tag" field_value = "a" }} as $h', "[$boat, $h]")
    assert found == Brief(frozenset((("boat", "id"), ("boat", "tag"))))
    assert proved("int id", "\n".join([GET] * 20), "1") is None, "many rows take their time"


# The server ----------------------------------------------------------------------------------------------------------

WHERE = query("where", "text name?", "", '"Hello " ~ $input.name')
BOAT = query("boats/{id}", "int id", GET, "$boat")
TAG = query("tags/{tag}", "text tag", 'db.get boat { field_name = "tag" field_value = $input.tag } as $b', "$b.name")
NAME = query("names/{n}", "text n", 'db.get boat { field_name = "name" field_value = $input.n } as $b', "$b.id")
SET = query(
    "boats/{id}", "int id\ntext name", 'db.edit boat { field_name = "id" field_value = $input.id data = {name: '
    "$input.name} } as $b", "$b", "POST",
)  # fmt: skip
NAP = query("nap", "", "util.sleep { value = 1 }", "1")


class Places:
    """Which threads answered the requests of a query."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.loop = 0
        self.threads = 0

    def __enter__(self) -> Places:
        self._answered = self.application.endpoint.answered

        def noted(*arguments: Any) -> Any:
            found = self._answered(*arguments)
            if threading.current_thread().name.startswith("xsrun-") and not arguments[1].context.at_once:
                self.threads += 1
            elif arguments[1].context.at_once:
                self.loop += 1
            return found

        self.application.endpoint.answered = noted  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        self.application.endpoint.answered = self._answered  # type: ignore[method-assign]


@contextmanager
def served(backend: str = "memory", *more: str, **settings: Any) -> Iterator[tuple[Client, Application]]:
    sources = {f"{n}.xs": text for n, text in enumerate((GROUP, TABLE, WHERE, BOAT, TAG, NAME, SET, NAP, *more))}
    with xsrun.Workspace.from_sources(sources, database=new_database(backend)) as workspace:
        workspace.sleep = Gate()
        workspace.database.follows_files = True
        workspace.seed({"boat": [{"id": 1, "name": "Ann", "tag": "a"}, {"id": 2, "name": "Bo", "tag": "b"}]})
        application = create_application(workspace, **settings)
        with running(application) as client:
            yield client, application


def warm(client: Client, path: str) -> Any:
    """Ask until what is there to be made ready is ready: more often than a query is spared twice."""
    for _ in range(40):
        found = client.get(path)
        assert found.status == 200
    return found.json


def at_once(application: Application, client: Client, path: str, times: int = 5) -> bool:
    """Are all requests answered without a thread? None or all have to be."""
    with Places(application) as places:
        for _ in range(times):
            assert client.get(path).status == 200
    assert sorted((places.loop, places.threads)) == [0, times]
    return places.loop > 0


@pytest.mark.parametrize("backend", ["memory", "file", "postgres"])
def test_small_programs_are_answered_where_they_arrive(backend: str) -> None:
    with served(backend) as (client, application):
        assert warm(client, "/api:g/where?name=Ann") == "Hello Ann"
        assert at_once(application, client, "/api:g/where?name=Bo")
        assert warm(client, "/api:g/boats/1") == {"id": 1, "name": "Ann", "tag": "a", "crew": None}
        assert at_once(application, client, "/api:g/boats/2")
        assert warm(client, "/api:g/tags/b") == "Bo" and at_once(application, client, "/api:g/tags/a")
        assert client.get("/api:g/boats/3").json is None
        assert client.get(f"/api:g/boats/{10**30}").status == 400
        assert warm(client, "/api:g/names/Bo") == 2 and not at_once(application, client, "/api:g/names/Ann")


def ended(url: str) -> None:
    """End all connections to a database but one's own."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_connections_that_postgresql_ends_are_made_anew() -> None:
    with served("postgres") as (client, application):
        for _ in range(3):
            assert warm(client, "/api:g/boats/1")["name"] == "Ann"
            assert at_once(application, client, "/api:g/boats/2")
            ended(application.live.current.workspace.database_url)


def test_nobody_waits_for_a_table_that_postgresql_has_locked() -> None:
    import psycopg

    with served("postgres") as (client, application):
        warm(client, "/api:g/boats/1")
        warm(client, "/api:g/where")
        replies: list[Any] = []
        with psycopg.connect(application.live.current.workspace.database_url) as other:
            other.execute("LOCK TABLE boat")
            reads = [lambda: replies.append(client.get("/api:g/boats/1").json["name"])] * 9  # more than connections
            with in_threads(*reads):
                for _ in range(3):
                    assert client.get("/api:g/where?name=Bo").json == "Hello Bo"
                assert not replies
                other.rollback()
        assert replies == ["Ann"] * 9


def test_what_a_run_asks_again_has_to_be_what_it_asked() -> None:
    came = RowsThatCame()
    with pytest.raises(Awaits) as asked:
        came.begin().read("SELECT 1", [1])
    came.add(asked.value, [("a",)])
    assert came.begin().read("SELECT 1", [1]) == [("a",)]
    with pytest.raises(Awaits) as more:
        came.read("SELECT 2", ())
    assert more.value.text == "SELECT 2"
    for text, parameters in (("SELECT 3", [1]), ("SELECT 1", [2])):
        with pytest.raises(TakesLonger):
            came.begin().read(text, parameters)


TWO = query(
    "pairs/{id}", "int id",
    f'{GET}\ndb.get boat {{ field_name = "tag" field_value = $boat.tag }} as $same\n'
    'db.has boat { field_name = "id" field_value = 7 } as $seven', "[$boat.name, $same.id, $seven]",
)  # fmt: skip


@pytest.mark.parametrize("backend", ["memory", "file", "postgres"])
def test_several_rows(backend: str) -> None:
    with served(backend, TWO) as (client, application):
        assert warm(client, "/api:g/pairs/1") == ["Ann", 1, False]
        assert at_once(application, client, "/api:g/pairs/2")
        assert client.get("/api:g/pairs/2").json == ["Bo", 2, False]
        entry = application.history.entries[-1]
        assert entry.status == 200 and entry.query == "query GET pairs/{id}"


@pytest.mark.parametrize("backend", ["file", "postgres"])
def test_many_at_the_same_time(backend: str) -> None:
    with served(backend) as (client, _):
        warm(client, "/api:g/boats/1")
        found: list[Any] = []

        def ask() -> None:
            numbers = [0, 1] * 10
            found.extend((number, client.get(f"/api:g/boats/{number + 1}").json["name"]) for number in numbers)

        with in_threads(*[ask] * 12):
            pass
        assert len(found) == 240 and set(found) == {(0, "Ann"), (1, "Bo")}


@pytest.mark.parametrize("backend", ["memory", "file", "postgres"])
def test_what_was_written_is_read(backend: str) -> None:
    with served(backend) as (client, _):
        warm(client, "/api:g/boats/1")
        for number in range(10):
            assert client.post("/api:g/boats/1", {"name": f"n{number}"}).status == 200
            assert client.get("/api:g/boats/1").json["name"] == f"n{number}"


@pytest.mark.parametrize("backend", ["file", "postgres"])
def test_tables_that_another_process_changes(backend: str) -> None:
    """What is read without a look at the tables is read by what they are all the same."""
    with served(backend) as (client, application):
        warm(client, "/api:g/boats/1")
        changed(
            application.live.current.workspace.database_url,
            'ALTER TABLE boat RENAME COLUMN crew TO "crew!"',
            "ALTER TABLE boat ADD COLUMN crew BIGINT",
            "UPDATE boat SET crew = 4",
        )
        assert client.get("/api:g/boats/1").json["crew"] == 4
        assert warm(client, "/api:g/boats/1")["crew"] == 4 and at_once(application, client, "/api:g/boats/1")


def changed(url: str, *statements: str) -> None:
    """Execute statements as another process of xsrun would."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as file:
            for text in statements:
                file.execute(text)
        return
    import psycopg

    with psycopg.connect(url, autocommit=True) as server:
        for text in (*statements, f"NOTIFY {CHANNEL}"):
            server.execute(text.encode())


@pytest.mark.parametrize("backend", ["memory", "file", "postgres"])
def test_a_large_row_is_read_in_a_thread(backend: str) -> None:
    with served(backend) as (client, application):
        workspace = application.live.current.workspace
        workspace.seed({"boat": [{"id": 9, "name": "x" * (MOST_OF_ROW + 1)}]})
        warm(client, "/api:g/boats/1")
        assert at_once(application, client, "/api:g/boats/1", 2)
        assert not at_once(application, client, "/api:g/boats/9", 2)


def test_a_large_request_runs_in_a_thread() -> None:
    with served() as (client, application):
        warm(client, "/api:g/where")
        assert not at_once(application, client, f"/api:g/where?name={'x' * MOST_OF_INPUTS}", 2)
        assert at_once(application, client, "/api:g/where?name=x", 2)


def test_a_search_that_goes_through_much_ends() -> None:
    """Without an index: the proof would not let it begin, and the database does not let it go on."""
    with served("file") as (client, application):
        workspace = application.live.current.workspace
        workspace.seed({"boat": [{"name": f"n{number}"} for number in range(20_000)]})
        warm(client, "/api:g/names/n9")
        (route,) = (one for one in application.live.current.routes.groups[0].routes if "names" in one.path)
        assert route.brief is None
        route.brief = Brief(frozenset((("boat", "name"),)))
        assert workspace.database.open_brief() is not None
        assert not at_once(application, client, "/api:g/names/n19999", 2)


@pytest.mark.parametrize("backend", ["memory", "file"])
def test_nobody_waits_for_who_writes(backend: str) -> None:
    """A transaction that is open holds up neither the event loop nor, on a file, who reads."""
    with served(backend) as (client, application):
        warm(client, "/api:g/boats/1")
        warm(client, "/api:g/where")
        database = application.live.current.workspace.database
        replies: list[Any] = []
        begun, end = threading.Event(), threading.Event()

        def hold() -> None:
            context = application.live.current.workspace.context()
            with context.session.transaction.atomic():
                begun.set()
                assert end.wait(30)
            context.session.close()

        with in_threads(hold):
            assert begun.wait(30)
            with in_threads(lambda: replies.append(client.get("/api:g/boats/1").json["name"])):
                assert client.get("/api:g/where?name=Bo").json == "Hello Bo"
                assert backend == "file" or not replies
                end.set()
        assert replies == ["Ann"] and database.brief is not None


def test_beside_programs_in_threads_the_database_is_read_there() -> None:
    with served("file") as (client, application):
        warm(client, "/api:g/boats/1")
        warm(client, "/api:g/where")
        gate = application.live.current.workspace.sleep
        assert isinstance(gate, Gate)
        with in_threads(lambda: client.get("/api:g/nap")):
            gate.wait_until_asleep(1)
            assert at_once(application, client, "/api:g/boats/1", 2), "one that sleeps does not compute"
            gate.open()
        application.others += 1
        assert not at_once(application, client, "/api:g/boats/1", 2)
        assert at_once(application, client, "/api:g/where", 2)
        application.others -= 1
        assert client.post("/api:g/boats/2", {"name": "Cy"}).status == 200
        assert application.others == 0 and at_once(application, client, "/api:g/boats/2", 2)


def test_nothing_of_a_request_is_lost() -> None:
    lines: list[str] = []
    with served() as (client, application):
        warm(client, "/api:g/boats/1")
        application.endpoint.log = Log(lines.append)
        before = len(application.history.entries)
        totals = application.endpoint.metrics.figures.totals

        def counted() -> int:
            return sum(sum(counters) for (query, _), (counters, _) in totals().items() if "boats" in query)

        answered = counted()
        assert at_once(application, client, "/api:g/boats/1?token=hush", 1)
        found = client.get(f"/api:g/boats/{10**30}", headers={"X-Request-Id": "r1"})
        assert found.status == 400 and found.headers["x-request-id"] == "r1" and found.headers["x-xsrun-hint"]
        assert len(application.history.entries) == before + 2 and counted() == answered + 2
        failed, good = application.history.as_list()[:2]
        assert good["status"] == 200 and "hush" not in str(good) and good["input"]["id"] == "1"
        assert failed["status"] == 400 and failed["error"]["line"]
        assert len(lines) == 2 and " 200 " in lines[0] and "hush" not in lines[0] and "r1" in lines[1]


@pytest.mark.parametrize(
    "change",
    [
        lambda app: app.console.tracing.look(),
        lambda app: app.console.tracing.failed("query GET where"),
        lambda app: setattr(app.live.current.workspace, "observer", lambda context: Trace()),
    ],
)
def test_a_request_that_is_to_be_traced_runs_in_a_thread(change: Callable[[Application], None]) -> None:
    with served() as (client, application):
        warm(client, "/api:g/where")
        change(application)
        assert not at_once(application, client, "/api:g/where", 2)
        entry = application.history.entries[-1]
        assert entry.exchange is not None and entry.exchange.trace is not None


@pytest.mark.parametrize(
    "more, options",
    [('  auth = "user"', {}), ("", {"limits": xsrun.Limits(depth=5_000)}), ("", {"limits": xsrun.Limits(depth=None)})],
)
def test_what_has_more_around_it_runs_in_threads(more: str, options: dict[str, Any]) -> None:
    user = "table user {\n  auth = true\n  schema {\n    int id\n  }\n}\n"
    sources = {"g.xs": GROUP, "u.xs": user, "q.xs": query("q", "", "", "1", more=more)}
    application = create_application(xsrun.Workspace.from_sources(sources, **options))
    with running(application) as client, Places(application) as places:
        for _ in range(5):
            client.get("/api:g/q")
    assert (places.loop, places.threads) == (0, 5)


# What was found by trying to break it ---------------------------------------------------------------------------------


def test_headers_are_inputs_too() -> None:
    """Each cookie is a secret that is looked for wherever something is shown."""
    with served() as (client, application):
        warm(client, "/api:g/where")
        for headers in ({"Cookie": "; ".join(f"c{n}=vvvv{n}" for n in range(500))}, {"X-Long": "x" * 10_000}):
            with Places(application) as places:
                assert client.get("/api:g/where", headers=headers).status == 200
            assert (places.loop, places.threads) == (0, 1)


def test_nothing_is_compiled_on_the_event_loop() -> None:
    """A request that fails before its program begins tells nothing of it; the next one compiles it."""
    with served("memory", query("later", "int n", "var $a { value = 1 }", "$a")) as (client, application):
        assert client.get("/api:g/later").status == 400
        application.console.tracing._failing.clear()
        with Places(application) as places:
            assert client.get("/api:g/later?n=1").status == 200
        assert places.loop == 0


def test_a_parameter_is_sent_to_its_end_over_a_slow_network() -> None:
    long = query("long", "text a", 'db.has boat { field_name = "tag" field_value = $input.a } as $b', "$b", "POST")
    with served("postgres", long) as (client, application):
        for _ in range(30):
            assert client.post("/api:g/long", {"a": "x"}).json is False
        reads: Any = application.live.current.workspace.database.brief
        for link in reads._links:
            other = socket.socket(fileno=link.socket)
            other.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            other.detach()
        assert client.post("/api:g/long", {"a": "x" * 8_000}).json is False


def test_what_a_driver_does_not_take_is_left_to_a_thread() -> None:
    reads = PostgresReads(new_database("postgres"))

    async def ask() -> list[str]:
        found = []
        for value in ("a", "a", "a\0b", "\ud800", {"a": 1}):
            try:
                found.append(str(await asyncio.wait_for(reads.fetch("SELECT 1 WHERE %s::text = 'a'", [value]), 60)))
            except TakesLonger:
                found.append("thread")
        return found

    try:
        assert asyncio.run(ask()) == ["thread", "[(1,)]", "thread", "thread", "thread"]
    finally:
        reads.close()


def test_closing_leaves_nobody_waiting() -> None:
    reads = PostgresReads(new_database("postgres"))

    async def ask() -> None:
        with suppress(TakesLonger):
            await reads.fetch("SELECT pg_sleep(0.1)", [])

    async def ask_and_close() -> None:
        await ask()
        asking = [asyncio.create_task(ask()) for _ in range(8)]
        await asyncio.to_thread(reads.close)
        await asyncio.wait_for(asyncio.gather(*asking), 60)

    asyncio.run(ask_and_close())


def test_a_table_that_is_locked_holds_up_no_read_of_another() -> None:
    crew = "table crew {\n  schema {\n    int id\n    text name\n  }\n}\n"
    one = query("crew/{id}", "int id", 'db.get crew { field_name = "id" field_value = $input.id } as $c', "$c.name")
    with served("postgres", crew, one) as (client, application):
        workspace = application.live.current.workspace
        workspace.seed({"crew": [{"id": 1, "name": "Cy"}]})
        warm(client, "/api:g/boats/1")
        warm(client, "/api:g/crew/1")
        with psycopg.connect(workspace.database_url) as other:
            other.execute("LOCK TABLE boat")
            with in_threads(*[lambda: client.get("/api:g/boats/1")] * 8):
                assert client.get("/api:g/crew/1").json == "Cy"
                other.rollback()


def test_a_workspace_that_was_left_opens_nothing() -> None:
    """A query of the workspace before is judged after another one has taken its place."""
    with served("file") as (client, application):
        client.get("/api:g/where")
        before = application.live.current
        sources = {name: source.text for name, source in before.workspace.sources.items()}
        after = xsrun.Workspace.from_sources(sources, database=before.workspace.database_url)
        after.database.follow(before.workspace.database)
        application.live.replace(after)
        for snapshot in (before, application.live.current):
            (route,) = (one for one in snapshot.routes.groups[0].routes if "boats" in one.path and one.verb == "GET")
            judge(route, snapshot.workspace)
        assert before.workspace.database.brief is None
        assert after.database.brief is not None


def test_a_log_that_nobody_reads_holds_up_no_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"." * 4096)
    os.set_blocking(writer, True)
    with open(writer, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        log = Log()
        log.loop_thread = threading.get_ident()
        for number in range(10_005):
            log.line(f"line {number}")
        with open(reader, encoding="utf-8") as read:
            for line in read:
                if "line 9999" in line:
                    break
            assert "5 lines are missing here" in read.readline()
        monkeypatch.undo()
