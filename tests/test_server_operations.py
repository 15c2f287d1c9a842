"""What an operator relies on: limits, health, figures, spans, the log."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from databases import new_database
from http_server import Client, running
from served_process import serve_process
from waiting import PATIENCE, Gate, in_threads, until

import xsrun
from xsrun.errors import XanoScriptError
from xsrun.server import create_application, protocol
from xsrun.server.application import Application
from xsrun.server.listening import Listening, listen, make_server, welcome
from xsrun.server.log import Log
from xsrun.server.slow import SlowRuns
from xsrun.server.snapshot import Live
from xsrun.server.telemetry import Telemetry

GROUP = 'api_group g {\n  canonical = "g"\n}\n'


def query(name: str, stack: str, response: str = "$r", verb: str = "GET") -> str:
    return (
        f'query "{name}" verb={verb} {{\n  api_group = "g"\n  input {{\n  }}\n  stack {{\n{stack}  }}\n'
        f"  response = {response}\n}}\n"
    )


FILES = {
    "api/g.xs": GROUP,
    "table/item.xs": "table item {\n  auth = false\n  schema {\n    int id\n    text name\n  }\n}\n",
    "api/list.xs": query("list", "    db.query item {\n    } as $r\n"),
    "api/add.xs": query("add", '    db.add item {\n      data = {name: "x"}\n    } as $r\n', verb="POST"),
    "api/nap.xs": query(
        "nap",
        "    db.query item {\n    } as $r\n    util.sleep {\n      value = 1\n    }\n"
        "    db.query item {\n    } as $r\n",
    ),
    "task/t.xs": 'task t {\n  datasource = "staging"\n  stack {\n  }\n}\n',
}


@contextmanager
def served(database: str = "sqlite://", **settings: Any) -> Iterator[tuple[Client, Application, list[str]]]:
    lines: list[str] = []
    workspace = xsrun.Workspace.from_sources(FILES, database=database)
    workspace.sleep = Gate()
    application = create_application(workspace, **settings)
    application.log = application.endpoint.log = Log(lines.append, clock=lambda: 1_700_000_000_000)
    with running(application) as client:
        yield client, application, lines
    workspace.close()


# Limits --------------------------------------------------------------------------------------------------------------


def test_only_known_data_sources() -> None:
    with served(datasources=("mine",)) as (client, application, _):
        for name in ("live", "staging", "mine"):
            assert client.get("/api:g/list", headers={"X-Data-Source": name}).status == 200
        for number in range(20):
            reply = client.get(f"/api:g/list?x-data-source=s{number}")
            assert reply.status == 400 and reply.json["message"] == "Unknown data source."
        assert "live, mine, staging" in reply.headers["x-xsrun-hint"]
        assert len(application.live.current.workspace.database.physical) == 3


def received(link: socket.socket) -> bytes:
    """What comes until the other side ends the connection."""
    told = b""
    with suppress(ConnectionResetError):
        while data := link.recv(10_000):
            told += data
    return told


def test_half_a_request_is_not_waited_for_and_holds_up_nobody() -> None:
    with served(head_seconds=0.3) as (client, _, _):
        links = [socket.create_connection(("127.0.0.1", client.port)) for _ in range(300)]
        try:
            for link in links:
                link.sendall(b"GET /api:g/list HTTP/1.1\r\nHost: a\r\nX-Never")
            assert client.get("/api:g/list").status == 200
            for link in links:
                told = received(link)
                assert told.startswith(b"HTTP/1.1 408 ") and b"connection: close" in told
        finally:
            for link in links:
                link.close()


def test_a_second_request_that_never_comes_whole_is_not_waited_for() -> None:
    with served(head_seconds=0.3) as (client, _, _), socket.create_connection(("127.0.0.1", client.port)) as link:
        link.sendall(b"GET /api:g/list HTTP/1.1\r\nHost: a\r\n\r\n")
        told = b""
        while not told.endswith(b"[]"):
            told += link.recv(10_000)
        link.sendall(b"GET /api:g/li")
        assert link.recv(10_000).startswith(b"HTTP/1.1 408 ")


def test_who_has_just_connected_when_the_server_stops_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_LAST_CHANCE", PATIENCE)
    with xsrun.Workspace.from_sources(FILES) as workspace, listen("127.0.0.1", 0) as bound:
        server = make_server(create_application(workspace))
        with (
            in_threads(lambda: server.run(sockets=[bound])),
            socket.create_connection(bound.getsockname()) as used,
            socket.create_connection(bound.getsockname()) as link,
        ):
            request = b"GET /api:g/list HTTP/1.1\r\nHost: a\r\n\r\n"
            used.sendall(request)
            assert used.recv(10_000).startswith(b"HTTP/1.1 200 ")
            until(lambda: len(server.server_state.connections) == 2)
            server.should_exit = True
            assert received(used).rpartition(b"\r\n\r\n")[2] in (b"", b"[]")  # it had its answer, and is ended
            link.sendall(request)
            told = received(link)
            assert told.startswith(b"HTTP/1.1 200 ") and told.endswith(b"[]")


@pytest.mark.parametrize("backend", ["memory", "file", "postgres"])
def test_reads_do_not_wait_for_sleepers(backend: str) -> None:
    with served(new_database(backend), programs=2) as (client, application, _):
        gate = application.live.current.workspace.sleep
        assert isinstance(gate, Gate)
        naps = [lambda: client.get("/api:g/nap")] * 70  # more than there are connections to the database
        with in_threads(*naps):
            gate.wait_until_asleep(2)
            for _ in range(5):
                assert client.get("/api:g/list").status == 200
            gate.open()
        assert client.get("/api:g/list").status == 200


@pytest.mark.parametrize("ends", [1, 3])
def test_a_lost_connection_to_postgresql_is_no_error(ends: int) -> None:
    url = new_database("postgres")
    import psycopg

    with served(url) as (client, _, _):
        for _ in range(ends):
            assert client.post("/api:g/add").status == 200
            with psycopg.connect(url, autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            assert client.post("/api:g/add").status == 200
        assert len(client.get("/api:g/list").json) == 2 * ends


# Health and figures --------------------------------------------------------------------------------------------------


def test_health_is_for_anyone_and_tells_insiders_why(tmp_path: Path) -> None:
    far = {"X-Forwarded-For": "203.0.113.9"}
    with served() as (client, _, _):
        assert (client.get("/xsrun/health", headers=far).status, client.get("/xsrun/health").json) == (
            200,
            {"status": "ok"},
        )
    with served(f"sqlite:///{tmp_path}/none/x.db") as (client, _, _):
        reply = client.get("/xsrun/health", headers=far)
        assert (reply.status, reply.json) == (503, {"status": "unavailable"})
        assert "none" in client.get("/xsrun/health").json["database"]


def test_figures_for_prometheus() -> None:
    parser = pytest.importorskip("prometheus_client.parser")
    with served(admin_token="a token of an operator") as (client, _, _):
        for _ in range(3):
            client.get("/api:g/list")
        assert client.get("/xsrun/metrics", headers={"Host": "a.example"}).status == 401
        told = {"Host": "a.example", "Authorization": "Bearer a token of an operator"}
        text = client.get("/xsrun/metrics", headers=told).body.decode()
        samples = {
            (sample.name, sample.labels.get("le", "")): sample
            for family in parser.text_string_to_metric_families(text)
            for sample in family.samples
        }
        assert samples["xsrun_request_seconds_count", ""].value == 3
        assert samples["xsrun_request_seconds_count", ""].labels == {"query": "query GET list", "status": "200"}
        assert samples["xsrun_request_seconds_bucket", "+Inf"].value == 3
        assert samples["xsrun_programs_waiting", ""].value == 0


def test_without_anybody_who_wants_spans_none_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("opentelemetry.sdk.trace")
    from opentelemetry import trace

    for name in ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(trace, "get_tracer_provider", trace.ProxyTracerProvider)
    assert not Telemetry().active


def test_a_server_sets_aside_what_stays(tmp_path: Path) -> None:
    """In a process of its own: what is set aside, and what becomes of a workspace that was replaced."""
    script = """
import gc, sys, weakref
from pathlib import Path
import xsrun
from xsrun.server.garbage import settle_again, settle_server
from xsrun.server.log import Log
from xsrun.server.reload import Reloader
from xsrun.server.snapshot import Live

settle_again()
assert gc.get_freeze_count() == 0
folder = Path(sys.argv[1])
reloader = Reloader(folder, lambda texts, root: xsrun.Workspace(texts, root=root), Log(quiet=True))
live = Live(reloader.load())
settle_server()
assert gc.get_freeze_count() > 10_000
for number in range(3):
    before = weakref.ref(live.current.workspace)
    (folder / "f.xs").write_text("function f { input { } stack { } response = %d }" % number)
    assert reloader.refresh(live)
    assert before() is None and gc.get_freeze_count() > 10_000
"""
    (tmp_path / "f.xs").write_text("function f {\n  input {\n  }\n  stack {\n  }\n  response = 9\n}\n")
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_spans_where_the_sdk_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("opentelemetry.sdk.trace")
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)  # one that is set stays until the process ends
    with served() as (client, _, _):
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        assert client.get("/api:g/list", headers={"traceparent": parent}).status == 200
    (span,) = exporter.get_finished_spans()
    assert span.name == "GET /api:g/list" and span.attributes is not None
    assert span.attributes["http.response.status_code"] == 200
    assert span.context is not None and f"{span.context.trace_id:x}" == "af7651916cd43dd8448eb211c80319c"


# The log -------------------------------------------------------------------------------------------------------------


def test_requests_have_a_time_and_a_name() -> None:
    with served() as (client, _, lines):
        named = client.get("/api:g/list", headers={"X-Request-Id": "proxy-1"})
        assert named.headers["x-request-id"] == "proxy-1"
        own = client.get("/api:g/list", headers={"X-Request-Id": "a b"}).headers["x-request-id"]
        assert len(own) >= 12 and own != client.get("/api:g/none").headers["x-request-id"]
        assert (
            lines[0].endswith("  proxy-1")
            and lines[0][2] == lines[0][5] == ":"
            and "GET    /api:g/list  200" in lines[0]
        )
        assert lines[1].endswith(own)
        client.get(f"/api:g/list?a={'x' * 1_000}")
        assert "... (1,014 characters)" in lines[-1] and len(lines[-1]) < 420


def test_the_log_as_json() -> None:
    lines: list[str] = []
    log = Log(lines.append, as_json=True, clock=lambda: 1_700_000_000_000)
    log.request("GET", "/x", 404, 0.0123, None, meant="look there", of="r1")
    log.line("reloaded")
    assert [json.loads(line) for line in lines] == [
        {
            "time": "2023-11-14T22:13:20.000+00:00",
            "level": "info",
            "message": "GET /x 404\nhelp: look there",
            "request": "r1",
            "verb": "GET",
            "address": "/x",
            "status": 404,
            "milliseconds": 12.3,
        },
        {"time": "2023-11-14T22:13:20.000+00:00", "level": "info", "message": "reloaded"},
    ]


FORGED = "x\n18:00:00.000 GET    /forged  200\x1b[31m"


def test_callers_forge_no_lines_of_the_log() -> None:
    lines: list[str] = []
    log = Log(lines.append)
    log.request("JOIN", FORGED, 400, 0.0, XanoScriptError(FORGED), meant=FORGED)
    log.line(f"realtime: no channel {FORGED}")
    told = "\n".join(lines)
    assert told.isprintable() is False and "\x1b" not in told
    assert told.count("/forged") == 4
    # what is left of a line that a caller sent stands behind other text, or is indented further than a help
    assert all(
        line.startswith(("    ", "realtime")) or "JOIN" in line for line in told.splitlines() if "/forged" in line
    )


def test_an_address_forges_no_lines(tmp_path: Path) -> None:
    (tmp_path / "group.xs").write_text(GROUP + query("q", "", "1"), encoding="utf-8")
    with serve_process(tmp_path) as server:
        reply = server.client.get("/api:g%0aforged%1b%5b31m/x")
        assert reply.status == 404
        server.until(lambda: "there is no group" in server.text)
        assert not [line for line in server.lines if line.startswith("forged") or "\x1b" in line]


def test_a_warning_is_one_for_machines_too() -> None:
    lines: list[str] = []
    Log(lines.append, as_json=True).line("warning: other machines can reach this server")
    assert json.loads(lines[0])["level"] == "warning"


def test_what_is_not_http_stands_in_the_log_as_all_else(tmp_path: Path) -> None:
    (tmp_path / "group.xs").write_text(GROUP, encoding="utf-8")
    with serve_process(tmp_path, "--log-format", "json") as server:
        first = next(json.loads(line) for line in server.lines if "serving" in line)
        with socket.create_connection(("127.0.0.1", int(first["message"].rpartition(":")[2]))) as connection:
            connection.sendall(b"\x00\x01\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 400 ")
        server.until(lambda: "Invalid HTTP" in server.text)
        found = next(json.loads(line) for line in server.lines if "Invalid HTTP" in line)
        assert found["level"] == "warning"


def test_slow_statements_are_named() -> None:
    now = [0.0]
    code = compile("def f(look):\n  look()\n  look()\n\n  look()\n", "api/a.xs", "exec")
    space: dict[str, Any] = {}
    exec(code, space)

    def frames() -> dict[int, FrameType]:
        return sys._current_frames()

    slow = SlowRuns(1.0, lambda: now[0], frames)

    def look() -> None:
        now[0] += 0.5
        slow.look()

    slow._busy.set()  # the test looks, not the thread
    slow.begin()
    space["f"](look)
    assert [place for place, _ in slow.end()] == [("api/a.xs", 2), ("api/a.xs", 3), ("api/a.xs", 5)]
    slow.begin()
    assert slow.end() == []
    lines: list[str] = []
    with served() as (_, application, _):
        Log(lines.append).slow([(("api/list.xs", 6), 1.25)], application.live.current.workspace.sources, "r")
    assert lines == ["  slow: api/list.xs:6: 1.2 s in db.query item {"]


@pytest.mark.skipif(os.name != "posix", reason="ends the server by a signal")
def test_a_stream_that_is_open_when_the_server_is_stopped(tmp_path: Path) -> None:
    stream = query(
        "stream",
        '    while (true) {\n      each {\n        api.stream {\n          value = "x"\n        }\n'
        "        util.sleep {\n          value = 0.01\n        }\n      }\n    }\n",
        "null",
    )
    for name, text in {**FILES, "api/stream.xs": stream}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    with (
        serve_process(tmp_path, "--memory", "--limit", "steps=0", "--limit", "seconds=0") as process,
        socket.create_connection(("127.0.0.1", process.client.port)) as link,
    ):
        link.sendall(b"GET /api:g/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert link.recv(100).startswith(b"HTTP/1.1 200 ")
        assert process.end(signal.SIGTERM) == 0
    assert "Traceback" not in process.text, process.text


# After the response --------------------------------------------------------------------------------------------------

WORK = """function work {
  input {
    text how
  }
  stack {
    util.sleep {
      value = 1
    }
    precondition ($input.how != "bad") {
      error = "it is bad"
    }
    debug.log {
      value = "worked " ~ $input.how
    }
  }
  response = "done"
}
"""
STARTS = (
    '    function.run work {\n      input = {how: $input.how}\n      runtime_mode = "async-shared"\n    } as $job\n'
)


def test_asynchronous_runs_hold_no_request_and_their_outcome_is_told() -> None:
    start = query("start", STARTS, '"started"', "POST").replace("  input {\n", "  input {\n    text how\n")
    lines: list[str] = []
    with xsrun.Workspace.from_sources({"api/g.xs": GROUP, "api/s.xs": start, "function/work.xs": WORK}) as workspace:
        gate = workspace.sleep = Gate()
        application = create_application(workspace)
        application.log = application.endpoint.log = Log(lines.append)
        with running(application) as client:
            for how in ("good", "bad"):
                assert client.post("/api:g/start", {"how": how}).json == "started"
            gate.wait_until_asleep(2)
            assert not [line for line in lines if "after the response" in line]
            gate.open()
            until(lambda: len([line for line in lines if "after the response" in line]) == 2, lines)
            until(lambda: any("it is bad" in line for line in lines), lines)
    told = "\n".join(lines)
    assert "log: function/work.xs:12: worked good" in told and "worked bad" not in told
    assert "warning: function/work.xs:9: it is bad" in told
    assert "start: done in" in told and "start: failed in" in told


def test_idle_tasks_are_listed() -> None:
    task = "task nightly {\n  stack {\n  }\n  schedule = [{starts_on: 2024-01-01 00:00:00+0000, freq: 60}]\n}\n"
    live = Live(xsrun.Workspace.from_sources({"api/g.xs": GROUP, "task/t.xs": task}))
    assert "tasks idle, --tasks runs them: nightly" in welcome(live, Listening(), 80)
    assert not [line for line in welcome(live, Listening(tasks=True), 80) if "idle" in line]


def test_channels_that_workers_do_not_share_are_told() -> None:
    channel = 'realtime_channel "room" {\n  active = true\n}\n'
    live = Live(xsrun.Workspace.from_sources({"api/g.xs": GROUP, "realtime/room.xs": channel}))
    told = "each of the 2 workers knows its own realtime clients alone"
    assert any(told in line for line in welcome(live, Listening(workers=2), 80))
    assert not any("realtime" in line for line in welcome(live, Listening(), 80))


@pytest.mark.skipif(sys.platform == "win32", reason="needs sockets that keep pieces apart")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_line_of_the_log_is_written_in_one_piece(unbuffered: str) -> None:
    """Several processes write to one log, often without a buffer, as containers set it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        code = "from xsrun.server.log import Log\nlog = Log()\nlog.line('one')\nlog.line('two')"
        environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        subprocess.run([sys.executable, "-c", code], stderr=theirs, env=environment, check=True)
        assert [ours.recv(100), ours.recv(100)] == [b"one\n", b"two\n"]


def test_a_log_without_standard_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stderr", None)  # as of a process that was started with it closed
    log = Log()
    log.line("one")
    log.loop_thread = threading.get_ident()
    log.line("two")
    assert capsys.readouterr().out == "one\ntwo\n"
