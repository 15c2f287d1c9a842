"""`xsrun serve --workers N`: several processes on one socket, replaced when they die and when they are asked to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from databases import new_database
from http_server import Client
from served_process import save
from test_console import Page
from waiting import PATIENCE, until

from xsrun.cli import main
from xsrun.server.figures import Figures, size_for
from xsrun.server.leadership import Leadership
from xsrun.server.supervisor import Process, ToldOnce

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the processes are found in /proc")

SOURCES = {
    "table/note.xs": 'table "note" {\n  auth = false\n  schema {\n    int id\n    text text\n  }\n}\n',
    "api/notes/group.xs": 'api_group "notes" {\n  canonical = "notes"\n}\n',
    "api/notes/add_POST.xs": """query "add" verb=POST {
  api_group = "notes"
  input {
    text text
  }
  stack {
    db.add "note" {
      data = {text: $input.text}
    } as $note
  }
  response = $note.id
}
""",
    "api/notes/all_GET.xs": """query "all" verb=GET {
  api_group = "notes"
  input {
  }
  stack {
    db.query "note" {
      return = {type: "count"}
    } as $count
  }
  response = $count
}
""",
}

NONE = """query "none" verb=DELETE {
  api_group = "notes"
  input {
  }
  stack {
    db.truncate "note" {
      reset = false
    }
  }
  response = true
}
"""


NAP = """  stack {
    util.sleep {
      value = 50
    }"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in SOURCES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


class Server:
    """A server process whose lines are read as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        until(lambda: self.said("press Ctrl+C"))
        line = next(line for line in self.lines if line.startswith("serving "))
        self.client = Client(int(line.rpartition(":")[2]))

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip())

    def said(self, text: str) -> bool:
        assert self.process.poll() is None, self.lines
        return any(text in line for line in self.lines)

    def workers(self) -> set[int]:
        pid = self.process.pid
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


@contextmanager
def serving(folder: Path, *more: str, count: int = 2) -> Iterator[Server]:
    words = [sys.executable, "-m", "xsrun", "serve", str(folder), "--port", "0", "--workers", str(count), *more]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"}) as process:
        try:
            server = Server(process)
            until(lambda: len(server.workers()) == count, server.lines)
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) in (0, -signal.SIGKILL)


def gone(pid: int) -> bool:
    """Has a process ended? One that nobody has asked for its status yet has, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def steady(server: Server) -> set[int]:
    """The workers once there are two that answer."""
    until(lambda: len(server.workers()) == 2)
    return server.workers()


def test_a_worker_that_is_killed_is_replaced(folder: Path) -> None:
    with serving(folder) as server:
        before = steady(server)
        for number in range(1, 6):
            assert server.client.post("/api:notes/add", {"text": "a"}).json == number
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        until(lambda: server.said("by signal 9: another takes its place"))
        until(lambda: victim not in server.workers() and len(server.workers()) == 2)
        assert server.client.get("/api:notes/all").json == 5
    assert all(gone(pid) for pid in before)


def test_workers_are_replaced_one_after_another(folder: Path) -> None:
    with serving(folder) as server:
        before = steady(server)
        written: list[int] = []
        failed: list[Any] = []
        done = threading.Event()

        def write() -> None:
            while not done.is_set():
                reply = server.client.post("/api:notes/add", {"text": "a"})
                (written if reply.status == 200 else failed).append(reply.json)

        writer = threading.Thread(target=write)
        writer.start()
        server.process.send_signal(signal.SIGHUP)
        until(lambda: not before & server.workers() and len(server.workers()) == 2)
        done.set()
        writer.join(PATIENCE)
        assert failed == []
        assert len(set(written)) == len(written)
        assert server.client.get("/api:notes/all").json == len(written)


def test_a_worker_that_is_killed_while_it_is_replaced_has_one_successor(folder: Path) -> None:
    with serving(folder) as server:
        before = steady(server)
        server.process.send_signal(signal.SIGHUP)
        until(lambda: len(server.workers()) == 3, server.lines)
        os.kill(min(before), signal.SIGKILL)
        until(lambda: not before & server.workers(), server.lines)
        until(lambda: len(server.workers()) == 2, server.lines)
        assert server.client.post("/api:notes/add", {"text": "a"}).json == 1


def test_the_others_go_on_without_a_worker_that_cannot_start(folder: Path, tmp_path: Path) -> None:
    key, away = tmp_path / "secret", tmp_path / "away"
    key.write_text("k" * 40)
    with serving(folder, "--token-key-file", str(key)) as server:
        before = steady(server)
        key.rename(away)
        os.kill(max(before), signal.SIGKILL)
        until(lambda: server.said("before it served: another is tried in 1 s"), server.lines)
        assert server.client.post("/api:notes/add", {"text": "a"}).json == 1
        away.rename(key)
        until(lambda: len(server.workers()) == 2, server.lines)
        assert min(before) in server.workers()


def test_workers_end_with_their_parent(folder: Path) -> None:
    with serving(folder) as server:
        workers = steady(server)
        server.process.kill()
        server.process.wait(PATIENCE)
        until(lambda: all(gone(pid) for pid in workers))


def test_workers_that_are_stopped_while_they_begin_say_nothing(folder: Path) -> None:
    words = [sys.executable, "-m", "xsrun", "serve", str(folder), "--port", "0", "--workers", "3"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"}) as process:
        assert process.stderr is not None
        while not process.stderr.readline().startswith("press Ctrl+C"):
            pass
        process.terminate()  # the second and the third begin now
        assert process.stderr.read() == ""
        assert process.wait(PATIENCE) == 0


def test_a_server_whose_workers_cannot_start_gives_up(folder: Path) -> None:
    words = [sys.executable, "-m", "xsrun", "serve", str(folder), "--port", "0", "--workers", "2"]
    done = subprocess.run(
        [*words, "--tls-cert", "missing.pem"], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("no such file: missing.pem") == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--memory", "--workers", "2"], "processes cannot share rows in memory"),
        (["--workers", "0"], "--workers takes at least 1"),
        (["--workers", "2", "--debug", "0"], "--debug stops the requests of one process"),
        (["--workers", "2", "--record", "calls.json"], "processes cannot share a recording that grows"),
        (["--token-key-file", "missing"], "the file of the token key cannot be read"),
    ],
)
def test_what_cannot_be_served(
    folder: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XSRUN_TOKEN_KEY_FILE", "")  # what the option sets is gone after the test
    monkeypatch.chdir(folder)
    assert main(["serve", str(folder), "--port", "0", *words]) == 2
    assert told in capsys.readouterr().err
    assert not (folder / "calls.json").exists()


def test_a_later_worker_puts_no_rows_into_what_was_emptied(folder: Path) -> None:
    (folder / "note.json").write_text('[{"text": "seed"}]', encoding="utf-8")
    (folder / "api" / "notes" / "none_DELETE.xs").write_text(NONE, encoding="utf-8")
    with serving(folder, "--seed", str(folder / "note.json")) as server:
        before = steady(server)
        assert server.client.get("/api:notes/all").json == 1
        assert server.client.send("DELETE", "/api:notes/none").status == 200
        server.process.send_signal(signal.SIGHUP)
        until(lambda: not before & server.workers() and len(server.workers()) == 2, server.lines)
        assert server.client.get("/api:notes/all").json == 0
        assert not server.said("has rows already")


def test_several_seeds_of_one_table_are_all_put_in(folder: Path) -> None:
    more = []
    for number in range(2):
        file = folder / f"seed{number}.json"
        file.write_text(json.dumps({"note": [{"text": f"seed {number}"}]}), encoding="utf-8")
        more += ["--seed", str(file)]
    with serving(folder, count=2) as server:  # which makes the table
        assert server.client.get("/api:notes/all").json == 0
    with serving(folder, *more) as server:
        assert server.client.get("/api:notes/all").json == 2
    with serving(folder, *more) as server:
        assert server.client.get("/api:notes/all").json == 2
        assert len([line for line in server.lines if "note has rows already" in line]) == 2


def test_what_all_workers_have_to_say_is_told_once(folder: Path) -> None:
    file = folder / "api" / "notes" / "all_GET.xs"
    text = file.read_text(encoding="utf-8")
    with serving(folder) as server:
        steady(server)
        for answer in ("1", "2", "2 +", "3"):
            save(file, text.replace("response = $count", f"response = {answer}"))
            if answer.isdigit():  # new connections go to either worker: many answers alike mean that both have the file
                until(lambda: [server.client.get("/api:notes/all").body for _ in range(20)] == [answer.encode()] * 20)  # noqa: B023
            else:
                until(lambda: server.said("error["), server.lines)
        until(lambda: len([line for line in server.lines if line.startswith("reloaded ")]) >= 4, server.lines)
        assert len([line for line in server.lines if line.startswith("reloaded ")]) == 4, server.lines
        assert len([line for line in server.lines if "error[" in line]) == 1, server.lines


def test_who_has_said_what_before() -> None:
    one, two = (Process(number, None, 0, 0) for number in (1, 2))  # type: ignore[arg-type]
    told = ToldOnce()
    assert [told.is_new("a", one), told.is_new("a", two), told.is_new("b", two), told.is_new("b", one)] == [
        *(True, False, True, False)
    ]
    assert [told.is_new("a", one), told.is_new("a", two)] == [True, False]  # back to what was
    for number in range(200):
        told.is_new(str(number), one)
    assert told.is_new("a", one)


def answered_by_all(server: Server, path: str, **options: Any) -> list[Any]:
    """The answers of many new connections, which go to either worker, a worker each until both were seen."""
    seen: dict[str, Any] = {}

    def ask() -> bool:
        reply = server.client.get(path, **options)
        assert reply.status == 200, reply.body
        seen[reply.headers["x-request-id"][:9]] = reply.body  # a process begins its ids with a number of its own
        return len(seen) >= 2

    until(ask, server.lines)
    return list(seen.values())


def counted(text: str) -> int:
    """How many requests of the count of notes a page of figures tells of."""
    name = 'xsrun_request_seconds_count{query="query GET all",status="200"}'
    return sum(int(float(line.rpartition(" ")[2])) for line in text.splitlines() if line.startswith(name))


def test_figures_are_those_of_all_workers_dead_ones_too(folder: Path) -> None:
    pytest.importorskip("prometheus_client")
    with serving(folder) as server:
        before = steady(server)
        for number in range(1, 31):
            assert server.client.get("/api:notes/all").json == 0
            assert counted(server.client.get("/xsrun/metrics").body.decode()) == number
        os.kill(max(before), signal.SIGKILL)
        until(lambda: len(server.workers()) == 2 and max(before) not in server.workers(), server.lines)
        answered_by_all(server, "/xsrun/health")
        for page in answered_by_all(server, "/xsrun/metrics"):
            assert counted(page.decode()) == 30
        server.process.send_signal(signal.SIGHUP)
        until(lambda: not before & server.workers() and len(server.workers()) == 2, server.lines)
        assert server.client.get("/api:notes/all").json == 0
        for page in answered_by_all(server, "/xsrun/metrics"):
            assert counted(page.decode()) == 31


def test_what_runs_in_another_worker_is_seen(folder: Path) -> None:
    pytest.importorskip("prometheus_client")
    nap = SOURCES["api/notes/all_GET.xs"].replace('"all"', '"nap"').replace("  stack {", NAP)
    (folder / "api" / "notes" / "nap_GET.xs").write_text(nap, encoding="utf-8")
    with serving(folder) as server:
        steady(server)

        def sleeps() -> None:
            with suppress(OSError, HTTPException):  # its worker is killed
                server.client.get("/api:notes/nap")

        naps = [threading.Thread(target=sleeps) for _ in range(6)]
        for one in naps:
            one.start()

        def running() -> list[str]:
            pages = answered_by_all(server, "/xsrun/metrics")
            return [line for page in pages for line in page.decode().splitlines() if "programs_running 6.0" in line]

        until(lambda: len(running()) == 2, server.lines)
        for pid in server.workers():
            os.kill(pid, signal.SIGKILL)
        for one in naps:
            one.join(PATIENCE)
        until(lambda: len(server.workers()) == 2, server.lines)
        pages = answered_by_all(server, "/xsrun/metrics")
        assert all("programs_running 0.0" in page.decode() for page in pages)


def test_the_console_of_each_worker_shows_the_requests_of_all(folder: Path) -> None:
    with serving(folder, "--history", "50") as server:
        steady(server)
        page = Page(server.client)
        for _ in range(10):
            assert server.client.get("/api:notes/all").json == 0
        answered_by_all(server, "/api:notes/all")

        def lists() -> list[list[int]]:
            found = answered_by_all(server, "/xsrun/api/requests", headers=page.headers)
            return [[one["number"] for one in json.loads(each)["requests"]] for each in found]

        until(lambda: (shown := lists())[0] == shown[1] and len(shown[0]) >= 12, server.lines)
        histories = [json.loads(one)["entries"] for one in answered_by_all(server, "/xsrun/history")]
        assert histories[0] == histories[1] and len(histories[0]) >= 12
        assert {one["uri"] for one in histories[0]} == {"/api:notes/all"} and histories[0][0]["error"] is None
        # somebody looked at the console of one of them: all trace what comes
        answered_by_all(server, "/api:notes/all")
        until(lambda: len(traced(server, page)) >= 2, server.lines)


def traced(server: Server, page: Page) -> list[int]:
    found = server.client.get("/xsrun/api/requests", headers=page.headers).json["requests"]
    return [one["number"] for one in found if one["traced"]]


def test_a_worker_without_history_takes_the_token_of_another(folder: Path) -> None:
    with serving(folder, "--history", "0") as server:
        steady(server)
        page = Page(server.client)
        lists = answered_by_all(server, "/xsrun/api/requests", headers=page.headers)
        assert [json.loads(one)["requests"] for one in lists] == [[], []]


def test_figures_find_room(tmp_path: Path) -> None:
    with (tmp_path / "figures").open("w+b") as file:
        file.truncate(size_for(3))
        one, other = Figures(2, file.fileno(), 0), Figures(2, file.fileno(), 1)
        for number in range(40_000):
            one.add((f"query GET a/long/path/of/a/query/{number}", 200), number % 2, 0.5)
        for _ in range(3):
            other.add(("query GET å", 404), 1, 0.25)
        totals = Figures(2, file.fileno(), 2).totals()
        assert totals["query GET å", 404] == ([0, 3], 0.75)
        assert sum(sum(counters) for counters, _ in totals.values()) == 40_003
        assert 10_000 < len(totals) < 40_000 and totals["(others)", 200][1] > 0
        other.set_gauge(0, 5)
        again = Figures(2, file.fileno(), 1)  # the next process in the slot
        assert again.gauge(0) == 0
        again.add(("query GET å", 404), 0, 0.25)
        assert one.totals()["query GET å", 404] == ([1, 3], 1.0)


def test_servers_of_other_rows_run_their_own_tasks(tmp_path: Path) -> None:
    urls = ["sqlite://", "sqlite://", f"sqlite:///{tmp_path / 'a.db'}", f"sqlite:///{tmp_path / 'b.db'}"]
    leading = [Leadership(url) for url in urls]
    beside = Leadership(urls[-1])
    try:
        assert [one.held() for one in (*leading, beside)] == [True, True, True, True, False]
    finally:
        for one in (*leading, beside):
            one.close()


@pytest.mark.parametrize("on", ["file", "postgres"])
def test_one_process_runs_the_tasks(on: str, tmp_path: Path) -> None:
    url = new_database("postgres") if on == "postgres" else f"sqlite:///{tmp_path / 'rows.db'}"
    one, two = Leadership(url), Leadership(url)
    try:
        assert (one.held(), two.held(), one.held()) == (True, False, True)
        one.close()
        assert (two.held(), one.held()) == (True, False)
    finally:
        one.close()
        two.close()
