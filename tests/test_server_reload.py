"""Saved files go live, broken ones answer with what is wrong, and nothing is lost on the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from http_server import Client
from waiting import PATIENCE, Gate, in_threads, join, until

import xsrun
from xsrun.errors import UnavailableError, UsageError
from xsrun.extras import installing
from xsrun.server.application import Application
from xsrun.server.listening import Listening, is_loopback, listen, require_packages, run, welcome
from xsrun.server.log import Log
from xsrun.server.reload import Reloader
from xsrun.server.settings import Settings
from xsrun.server.snapshot import Live

GROUP = 'api_group g {\n  canonical = "g"\n}\n'
TABLE = "table buoy {\n  schema {\n    int id\n    text name\n  }\n}\n"


def query(name: str, response: str, stack: str = "", verb: str = "GET", inputs: str = "") -> str:
    return (
        f'query "{name}" verb={verb} {{\n  api_group = "g"\n  input {{\n{inputs}\n  }}\n  stack {{\n{stack}\n  }}\n'
        f"  response = {response}\n}}\n"
    )


DOUBLE = "function double {\n  input {\n    int n\n  }\n  stack {\n  }\n  response = $input.n * 2\n}\n"
FILES = {
    "api/group.xs": GROUP,
    "api/one.xs": query("one", '"first"'),
    "api/two.xs": query("two", "$r", "    function.run double {\n      input = {n: 4}\n    } as $r"),
    "api/slow.xs": query("slow", '"old"', "    util.sleep {\n      value = 1\n    }"),
    "api/add.xs": query("add", "$b", '    db.add buoy {\n      data = {name: "x"}\n    } as $b', "POST"),
    "api/list.xs": query("list", "$b", "    db.query buoy {\n    } as $b"),
    "function/double.xs": DOUBLE,
    "table/buoy.xs": TABLE,
}


class Served:
    """A workspace folder that is served, what the server printed, and where its programs sleep."""

    def __init__(self, folder: Path, client: Client, lines: list[str], gate: Gate) -> None:
        self.folder = folder
        self.client = client
        self.lines = lines
        self.gate = gate

    def save(self, name: str, text: str) -> None:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def get(self, path: str) -> Any:
        return self.client.get(f"/api:g/{path}")

    def until(self, test: Callable[[], bool]) -> None:
        """Wait for a test to hold."""
        until(test, self.lines)


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@contextmanager
def serving(folder: Path, files: dict[str, str]) -> Iterator[Served]:
    """Serve a folder as `xsrun serve` does, with its watcher."""
    write(folder, files)
    lines: list[str] = []
    log = Log(lines.append)
    gate = Gate()

    def make(texts: dict[str, str], root: Path) -> xsrun.Workspace:
        workspace = xsrun.Workspace(texts, root=root)
        workspace.sleep = gate
        return workspace

    reloader = Reloader(folder, make, log)
    application = Application(Live(reloader.load()), Settings(), log)
    with listening(application, Listening(), reloader) as client:
        yield Served(folder, client, lines, gate)


@contextmanager
def listening(application: Application, how: Listening, reloader: Reloader | None = None) -> Iterator[Client]:
    """Run an application as `xsrun serve` does, until the block ends."""
    bound = listen("127.0.0.1", 0)
    started: Queue[Any] = Queue()
    thread = threading.Thread(target=run, args=(application, bound, how, reloader, started.put), daemon=True)
    thread.start()
    server = started.get(timeout=PATIENCE)
    try:
        yield Client(bound.getsockname()[1])
    finally:
        server.should_exit = True
        join(thread)
        bound.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, FILES) as made:
        yield made


def test_a_saved_file_is_live(served: Served) -> None:
    assert served.get("one").json == "first"
    for number in range(5):
        served.save("api/one.xs", query("one", f'"version {number}"'))
        served.until(lambda: served.get("one").json == f"version {number}")  # noqa: B023


@pytest.mark.slow
def test_a_saved_file_is_live_within_half_a_second(served: Served) -> None:
    seconds = []
    for number in range(5):
        served.save("api/one.xs", query("one", f'"version {number}"'))
        saved = time.monotonic()
        served.until(lambda: served.get("one").json == f"version {number}")  # noqa: B023
        seconds.append(time.monotonic() - saved)
    assert sorted(seconds)[2] < 0.5, seconds


def test_a_file_saved_before_the_watcher_watches_is_live_too(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    reloader = Reloader(tmp_path, lambda texts, root: xsrun.Workspace(texts, root=root), Log(lambda line: None))
    application = Application(Live(reloader.load()), Settings())
    write(tmp_path, {"api/one.xs": query("one", '"second"')})
    with listening(application, Listening(), reloader) as client:
        until(lambda: client.get("/api:g/one").json == "second")


def test_a_function_that_changed_is_used_by_its_callers(served: Served) -> None:
    assert served.get("two").json == 8
    served.save("function/double.xs", DOUBLE.replace("* 2", "* 3"))
    served.until(lambda: served.get("two").json == 12)


def test_new_and_removed_files(served: Served) -> None:
    served.save("api/three.xs", query("three", "3"))
    served.until(lambda: served.get("three").status == 200)
    (served.folder / "api" / "three.xs").unlink()
    served.until(lambda: served.get("three").status == 404)


def test_a_broken_query_answers_with_the_diagnostic_and_the_rest_goes_on(served: Served) -> None:
    served.save("api/one.xs", query("one", "$input.( + )"))
    served.until(lambda: served.get("one").status == 500)
    reply = served.get("one")
    assert reply.json["code"] == "ERROR_FATAL"
    assert reply.json["message"].startswith("api/one.xs:9:")
    assert reply.json["payload"]["diagnostics"][0]["line"] == 9
    assert reply.headers["x-xsrun-at"].startswith("api/one.xs:9:")
    other = served.get("two")
    assert (other.status, other.json) == (200, 8)
    assert other.headers["x-xsrun-stale"].startswith("api/one.xs:9:")
    assert any("error[" in line for line in served.lines)
    served.save("api/one.xs", query("one", '"mended"'))
    served.until(lambda: served.get("one").status == 200)
    assert "x-xsrun-stale" not in served.get("two").headers


def test_a_file_that_is_not_text_is_as_one_that_is_broken(served: Served) -> None:
    (served.folder / "new.xs").write_bytes(b"function caf\xe9 {\n}\n")
    served.until(lambda: any("new.xs:1:13: error[XS140]" in line for line in served.lines))
    served.save("api/later.xs", query("later", "9"))
    served.until(lambda: served.get("later").json == 9)


def test_errors_of_a_file_that_is_new_are_told(served: Served) -> None:
    served.save("api/zz.xs", query("zz", "1 +"))
    served.until(lambda: any("error[XS109]" in line and "api/zz.xs:9:" in line for line in served.lines))


def test_a_file_that_is_no_construct_any_more_still_answers_with_the_diagnostic(served: Served) -> None:
    served.save("api/one.xs", "query {{{{ ))) \n")
    served.until(lambda: served.get("one").status == 500)
    assert "api/one.xs:1:" in served.get("one").json["message"]


def test_a_broken_function_is_the_error_of_its_callers(served: Served) -> None:
    served.save("function/double.xs", DOUBLE.replace("* 2", "* * 2"))
    # for a moment the file may be empty, which is another error
    served.until(lambda: "function/double.xs:" in served.get("two").body.decode())
    assert served.get("two").status == 500
    assert served.get("two").json["message"].startswith("function/double.xs:")
    assert served.get("one").status == 200


def test_a_broken_table_keeps_its_last_good_version(served: Served) -> None:
    assert served.client.post("/api:g/add").status == 200
    served.save("table/buoy.xs", TABLE.replace("text name", "text )name"))
    served.until(lambda: "x-xsrun-stale" in served.get("one").headers)
    assert [row["name"] for row in served.get("list").json] == ["x"]


def test_a_file_that_is_read_while_it_is_saved_goes_back_to_what_it_was(tmp_path: Path) -> None:
    """Many editors empty a file before they write it."""
    write(tmp_path, FILES)
    reloader = Reloader(tmp_path, lambda texts, root: xsrun.Workspace(texts, root=root), Log(lambda line: None))
    live = Live(reloader.load())
    for texts in (
        {"api/one.xs": "", "table/buoy.xs": "\n"},
        {"api/one.xs": query("one", "$input.( + )"), "table/buoy.xs": TABLE.replace("text name", "text )name")},
    ):
        write(tmp_path, texts)
        assert reloader.refresh(live)
    workspace = live.current.workspace
    error = workspace.run("one").error
    assert error is not None and (error.file, error.line) == ("api/one.xs", 9)
    assert [column.name for column in workspace.columns_of("buoy")] == ["id", "name"]
    write(tmp_path, {"api/one.xs": FILES["api/one.xs"], "table/buoy.xs": TABLE})
    assert reloader.refresh(live) and not live.current.stale


def test_a_table_that_gets_a_column(served: Served) -> None:
    served.client.post("/api:g/add")
    served.save("table/buoy.xs", TABLE.replace("text name", "text name\n    int depth?=7"))
    served.until(lambda: "depth" in served.client.post("/api:g/add").json)
    assert [(row["name"], row["depth"]) for row in served.get("list").json][:1] == [("x", 7)]


def test_rows_and_tokens_outlive_a_reload(served: Served) -> None:
    served.client.post("/api:g/add")
    served.save("api/list.xs", query("list", "$b|count", "    db.query buoy {\n    } as $b"))
    served.until(lambda: served.get("list").json == 1)
    served.client.post("/api:g/add")
    assert served.get("list").json == 2


def test_a_request_ends_on_the_workspace_it_began_with(served: Served) -> None:
    replies: list[Any] = []
    with in_threads(lambda: replies.append(served.get("slow").json)):
        served.gate.wait_until_asleep()
        served.save("api/slow.xs", query("slow", '"new"'))
        served.until(lambda: any(line.startswith("reloaded api/slow.xs") for line in served.lines))
        served.until(lambda: served.get("slow").json == "new")
        served.gate.open()
    assert replies == ["old"]


def test_settings_beside_the_workspace(served: Served) -> None:
    served.save("api/env.xs", query("env", "$env.COLOUR"))
    served.save(".env", "COLOUR=green\n")
    served.until(lambda: served.get("env").json == "green")


def test_nothing_is_lost_while_files_are_saved(served: Served) -> None:
    wrong: list[Any] = []
    count = 0
    lock = threading.Lock()
    ended = threading.Event()

    def work() -> None:
        nonlocal count
        while not ended.is_set():
            reply = served.client.post("/api:g/add")
            if reply.status != 200:
                wrong.append(reply)
            else:
                with lock:
                    count += 1

    with in_threads(*[work] * 6):
        try:
            for number in range(6):
                served.save("api/one.xs", query("one", f"{number}"))
                served.until(lambda: served.get("one").json == number)  # noqa: B023
        finally:
            ended.set()
    assert not wrong
    assert len(served.get("list").json) == count


# Starting ------------------------------------------------------------------------------------------------------------


def test_tasks_run_when_they_are_due(tmp_path: Path) -> None:
    task = (
        'task tick {\n  stack {\n    db.add buoy {\n      data = {name: "tick"}\n    } as $b\n  }\n'
        "  schedule = [{starts_on: 2024-01-01 00:00:00+0000, freq: 1}]\n}\n"
    )
    write(tmp_path, {**FILES, "task/tick.xs": task})
    workspace = xsrun.Workspace.load(tmp_path)
    application = Application(Live(workspace), Settings(), Log(lambda line: None))
    with listening(application, Listening(watch=False, tasks=True)) as client:
        rows = until(lambda: client.get("/api:g/list").json)
    assert {row["name"] for row in rows} == {"tick"}


def test_only_loopback_by_default(tmp_path: Path) -> None:
    assert Listening().host == "127.0.0.1"
    assert is_loopback("localhost") and is_loopback("::1") and not is_loopback("0.0.0.0")
    write(tmp_path, FILES)
    live = Live(xsrun.Workspace.load(tmp_path))
    assert not [line for line in welcome(live, Listening(), 80) if "warning" in line]
    assert [line for line in welcome(live, Listening("0.0.0.0"), 80) if "other machines" in line]


def test_a_port_that_is_taken() -> None:
    with listen("127.0.0.1", 0) as bound, pytest.raises(UsageError, match="cannot listen on") as caught:
        listen("127.0.0.1", bound.getsockname()[1])
    assert "--port" in (caught.value.hint or "")


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine(host: str) -> None:
    with pytest.raises(UsageError, match=f"cannot listen on {host}:0") as caught:
        listen(host, 0)
    assert (caught.value.hint or "").startswith("--host takes an address of this machine")


def test_missing_packages_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UnavailableError) as caught:
        require_packages()
    assert installing("serve") in (caught.value.hint or "")
