"""`cloud.job*`, `action.*` and `datadog.*`: processes in place of containers, packages in a folder, a log of lines."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from recording_server import recording

import xsrun
from xsrun.cli import main
from xsrun.errors import InputError, MissingConstructError, NotFoundError, UnavailableError, UsageError, XanoScriptError
from xsrun.services.jobs import Jobs
from xsrun.services.network import NetworkPolicy

PYTHON = json.dumps(sys.executable)


def loaded(folder: Path, stack: str, response: str = "$x", **options: Any) -> xsrun.Workspace:
    """A workspace with a function of these statements."""
    (folder / "function").mkdir(exist_ok=True)
    text = "function a {\n  input {\n  }\n  stack {\n" + stack + f"  }}\n  response = {response}\n}}\n"
    (folder / "function" / "a.xs").write_text(text)
    return xsrun.Workspace.load(folder, **{"allow_run": True, **options})


def run(folder: Path, stack: str, response: str = "$x", **options: Any) -> Any:
    with loaded(folder, stack, response, **options) as workspace:
        result = workspace.run("a")
    if result.error is not None:
        raise result.error
    return result.response


# Jobs ----------------------------------------------------------------------------------------------------------------


#: A job that waits opens a pipe which nobody has opened.
needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")


def job(attributes: str, result: str = "x") -> str:
    return f"cloud.job {{\n{attributes}\n}} as ${result}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in which Python stands for an image, and any command for the others."""
    (tmp_path / "xsrun.toml").write_text(
        f'[jobs]\n"acme/report" = [{PYTHON}]\n"*" = ""\n"acme/none:1" = "/no/such/program"\n'
    )
    (tmp_path / "report.py").write_text(
        "import os, sys\nprint('args', sys.argv[1:], os.environ.get('TOKEN'), os.environ.get('XSRUN_TEST_LEAK'))\n"
        "sys.exit(int(sys.argv[1]))\n"
    )
    return tmp_path


def test_a_process_stands_for_a_container(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XSRUN_TEST_LEAK", "1")
    attributes = 'image = "acme/report:7"\ncommand = "report.py 0"\nargs = ["a b"]\nsecret = {TOKEN: "t0ken"}'
    found = run(project, job(attributes))
    assert found == {
        "id": found["id"],
        "image": "acme/report:7",
        "status": "completed",
        "exit_code": 0,
        "output": "args ['0', 'a b'] t0ken None\n",
    }
    failed = run(project, job('image = "acme/report:7"\ncommand = ["report.py", "3"]'))
    assert (failed["status"], failed["exit_code"]) == ("failed", 3)
    other = run(project, job(f'image = "busybox"\ncommand = [{PYTHON}, "-c", "print(7)"]'))
    assert other["output"] == "7\n"


@needs_pipes
def test_a_job_is_awaited_and_asked(project: Path) -> None:
    gate = project / "gate"
    os.mkfifo(gate)
    waiting = "print(open('gate').read())"
    start = job(f'image = "acme/report"\ncommand = ["-c", "{waiting}"]\nawait = 0', "job")
    with loaded(project, start, "$job") as workspace:
        begun = workspace.run("a").response
        assert begun["status"] == "running"

        def asked(text: str) -> Any:
            return xsrun.Workspace.from_sources({"m.xs": text})

        service = workspace.service("jobs")
        status = asked('cloud.job.status {\n  id = "' + begun["id"] + '"\n} as $x\n')
        status._services.exchange("jobs", service)
        assert status.run().response["x"]["status"] == "running"
        wait = 'cloud.job.await {\n  ids = ["' + begun["id"] + '"]\n  timeout = %s\n} as $x\n'
        late = asked(wait % "0")
        late._services.exchange("jobs", service)
        error = late.run().error
        assert error is not None and error.message == "Async timeout"
        gate.write_text("through")
        done = asked(wait % "100")
        done._services.exchange("jobs", service)
        assert done.run().response["x"][begun["id"]]["output"] == "through\n"


@needs_pipes
def test_jobs_end_with_the_workspace(project: Path) -> None:
    os.mkfifo(project / "gate")
    forever = job('image = "acme/report"\ncommand = ["-c", "open(\'gate\')"]\nawait = 0', "job")
    with loaded(project, forever, "$job") as workspace:
        begun = workspace.run("a").response
        made = workspace.service("jobs").find(begun["id"])
        assert made.record()["status"] == "running"
    assert made.record()["status"] == "failed"


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        ('image = "a"', "Missing param: command"),
        ('command = "a"', "Missing param: image"),
        ('image = "a"\ncommand = "b"\ntemplate = "huge"', "'huge'"),
        ('image = "a"\ncommand = "b \'c"', "quote that is not closed"),
        ('image = "--privileged"\ncommand = "b"', "'--privileged'"),
        ('image = "a"\ncommand = "b"\nsecret = {"A=B": "c"}', "not the name of a variable"),
    ],
)
def test_jobs_that_make_no_sense(project: Path, attributes: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        run(project, job(attributes))


def test_nothing_runs_unless_the_user_allows_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hello = job('image = "acme/report"\ncommand = ["-c", "print(7)"]')
    with pytest.raises(UnavailableError, match="may not start acme/report") as caught:
        run(project, hello, allow_run=False)
    assert "--allow-run" in (caught.value.hint or "")
    words = ["run", "function:a", "-w", str(project)]
    assert main(words) == 1
    assert main([*words, "--allow-run"]) == 0
    assert json.loads(capsys.readouterr().out)["output"] == "7\n"


def test_what_a_job_leaves_behind_neither_holds_nor_outlives_it(tmp_path: Path) -> None:
    """A process in the background keeps the output of its job open."""
    script = tmp_path / "job.py"
    script.write_text(
        "import subprocess, sys\n"
        "left = subprocess.Popen([sys.executable, '-c', 'import threading; threading.Event().wait()'])\n"
        "print(left.pid)\n",
        encoding="utf-8",
    )
    (tmp_path / "xsrun.toml").write_text('[jobs]\n"*" = ""\n"open" = "echo \'"\n', encoding="utf-8")
    jobs = Jobs(tmp_path, allowed=True)
    job = jobs.start(NetworkPolicy(), "a", [sys.executable, str(script)], {})
    assert job.wait(60)
    left = int(job.record()["output"])
    jobs.close()
    job._reader.join(60)
    assert not job._reader.is_alive(), f"{left} still holds the output"
    with pytest.raises(UsageError, match="a quote that is not closed"):
        jobs.start(NetworkPolicy(), "open", ["x"], {})


def test_a_program_that_is_not_there(project: Path) -> None:
    with pytest.raises(UnavailableError, match=r"the job acme/none:1 cannot be started: /no/such/program"):
        run(project, job('image = "acme/none:1"\ncommand = "a"'))
    with pytest.raises(NotFoundError):
        run(project, 'cloud.job.status {\n  id = "none"\n} as $x\n')


def test_jobs_without_docker_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match=r"cannot run acme/report:1 here: Docker is not installed") as caught:
        run(tmp_path, job('image = "acme/report:1"\ncommand = "a"'))
    assert '[jobs] "acme/report:1" = ' in (caught.value.hint or "")
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\nexit 1\n")
    docker.chmod(docker.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(UnavailableError, match="no Docker daemon answers"):
        run(tmp_path, job('image = "acme/report:1"\ncommand = "a"'))


@pytest.mark.skipif(os.name == "nt", reason="the program that stands for Docker is a shell script")
def test_docker_is_asked_for_a_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that tells its arguments stands for Docker, whose daemon no test can have."""
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text('#!/bin/sh\n[ "$1" = version ] || { printf "%s\\n" "$@"; echo "$TOKEN"; }\n')
    docker.chmod(docker.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{docker.parent}{os.pathsep}{os.environ['PATH']}")
    attributes = 'image = "acme/report:1"\ncommand = "report"\nargs = ["--daily"]\nsecret = {TOKEN: "t0ken"}'
    words = run(tmp_path, job(attributes))["output"].splitlines()
    assert words == [
        "run",
        "--rm",
        "--pull=never",
        "--network=none",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--env=TOKEN",
        "--",
        "acme/report:1",
        "report",
        "--daily",
        "t0ken",
    ]
    hub = run(tmp_path, job(attributes), network="registry-1.docker.io")["output"]
    assert "--pull=missing\n--network=none\n" in hub
    other = attributes.replace("acme/", "ghcr.io/acme/")
    assert "--pull=never" in run(tmp_path, job(other), network="registry-1.docker.io")["output"]
    assert "--pull=missing\n--network=bridge" in run(tmp_path, job(other), network=True)["output"]


def test_the_project_file_is_read_by_check_and_jobs_alike(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "b.xs").write_text("function b {\n  input {\n  }\n  stack {\n  }\n  response = 1\n}\n")
    assert main(["check", str(project)]) == 0
    (project / "xsrun.toml").write_text('[job]\n"a" = "b"\n')
    assert main(["check", str(project)]) == 2
    assert "[jobs] of cloud.job" in capsys.readouterr().err
    (project / "xsrun.toml").write_text('[jobs]\n"a" = 1\n')
    with pytest.raises(UsageError, match="the job `a` is not a command"):
        run(project, job('image = "a"\ncommand = "b"'))


# Actions -------------------------------------------------------------------------------------------------------------

MAIL = """run.job "Acme -> Send mail" {
  main = {name: "send", input: {to: "nobody"}}
  env = ["mail_key"]
}
---
function send {
  input {
    text to
  }
  stack {
    function.run prefix {
      input = {text: $input.to}
    } as $text
    db.add sent {
      data = {to: $input.to}
    } as $row
  }
  response = {to: $text, key: $env.mail_key, row: $row.id, own: $env.OWN}
}
---
function prefix {
  input {
    text text
  }
  stack {
  }
  response = "package " ~ $input.text
}
"""
OWN = """function prefix {
  input {
    text text?
  }
  stack {
  }
  response = "workspace"
}
"""


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A workspace with a package; both have a function of the same name."""
    place = tmp_path / "xsrun_packages" / "acme" / "send_mail"
    place.mkdir(parents=True)
    (place / "index.xs").write_text(MAIL)
    other = tmp_path / "xsrun_packages" / "sums" / "double"
    other.mkdir(parents=True)
    (other / "index.xs").write_text(
        'function "$main" {\n  input {\n    int n\n  }\n  stack {\n  }\n  response = $input.n * 2\n}\n'
    )
    (other.parent / "both").mkdir()
    (other.parent / "both" / "index.xs").write_text(
        "function mail_and_double {\n  input {\n    int n\n  }\n  stack {\n"
        '    action.call "send_mail" {\n      input = {to: "bob"}\n      registry = {mail_key: "k2"}\n    } as $mail\n'
        "  }\n  response = {mail: $mail, twice: $input.n * 2}\n}\n"
    )
    (tmp_path / "function").mkdir()
    (tmp_path / "function" / "prefix.xs").write_text(OWN)
    return tmp_path


def action(name: str, attributes: str = "", statement: str = "action.call") -> str:
    return f'{statement} "{name}" {{\n{attributes}\n}} as $x\n'


@pytest.mark.parametrize("statement", ["action.call", "action.package.call"])
@pytest.mark.parametrize("name", ["Acme -> Send mail", "send", "send_mail"])
def test_an_action_runs_with_its_settings(packed: Path, name: str, statement: str) -> None:
    attributes = 'package = "acme"\ninput = {to: "ann"}\nregistry = {mail_key: "k1"}'
    after = 'function.run prefix as $own\ndb.query sent {\n  return = {type: "count"}\n} as $rows\n'
    found = run(
        packed,
        action(name, attributes, statement) + after,
        "{x: $x, own: $own, rows: $rows, key: $env.mail_key}",
        env={"OWN": "e"},
    )
    assert found["x"] == {"to": "package ann", "key": "k1", "row": 1, "own": "e"}
    # the caller has its own functions and settings, and the rows are one
    assert (found["own"], found["rows"], found["key"]) == ("workspace", 1, None)


def test_an_action_calls_another_one(packed: Path) -> None:
    found = run(packed, action("mail_and_double", "input = {n: 4}"))
    assert found == {"mail": {"to": "package bob", "key": "k2", "row": 1, "own": None}, "twice": 8}
    assert run(packed, action("double", 'package = "sums"\ninput = {n: 4}')) == 8


def test_packages_are_no_part_of_the_workspace(packed: Path) -> None:
    with loaded(packed, "", "1") as workspace:
        assert {one.name for one in workspace.constructs} == {"a", "prefix"}


def test_a_package_that_has_changed_is_read_anew(packed: Path) -> None:
    file = packed / "xsrun_packages" / "sums" / "double" / "index.xs"
    with loaded(packed, action("double", "input = {n: 4}")) as workspace:
        assert workspace.run("a").response == 8
        file.write_text(file.read_text().replace("* 2", "* 30"))
        os.utime(file, ns=(1, 1))
        assert workspace.run("a").response == 120


@pytest.mark.parametrize(
    ("call", "error", "problem"),
    [
        (action("none"), MissingConstructError, "Action does not exist: action:none"),
        (action("send_mail", 'package = "other"'), MissingConstructError, "action:send_mail"),
        (action(""), XanoScriptError, "The action has no name"),
        (action("double", "input = {}"), InputError, "Missing param: n"),
    ],
)
def test_actions_that_cannot_run(packed: Path, call: str, error: type[XanoScriptError], problem: str) -> None:
    with pytest.raises(error, match=problem) as caught:
        run(packed, call)
    assert caught.value.catchable
    if error is MissingConstructError:
        assert "xsrun_packages" in (caught.value.hint or "")


def test_actions_run_in_tests(packed: Path) -> None:
    (packed / "function" / "t.xs").write_text(
        "function t {\n  input {\n  }\n  stack {\n"
        + action("double", "input = {n: 4}")
        + '  }\n  response = $x\n  test "it doubles" {\n'
        + "    expect.to_equal ($response) {\n      value = 8\n    }\n  }\n}\n"
    )
    with xsrun.Workspace.load(packed) as workspace:
        report = workspace.test()
    assert (report.passed, report.failed) == (1, 0), [one.message for one in report.results]


# Datadog -------------------------------------------------------------------------------------------------------------

LOG = (
    'datadog.log {\n  message = "claim.escalated"\n  service = "claims"\n  source = "xano"\n  env = "prod"\n'
    '  hostname = "h1"\n  status = "warn"\n  tags = ["route:fast"]\n  attributes = {claim: 7}\n'
    '  timestamp = "2026-03-01T12:30:00Z"\n}\n'
)
METRIC = (
    'datadog.metric {\n  metric = "claims.routed"\n  value = 2\n  type = "count"\n  tags = {route: "fast"}\n'
    '  service = "claims"\n  hostname = "h1"\n  timestamp = "2026-03-01T12:30:00Z"\n}\n'
)
LATENCY = (
    'datadog.metric_bulk {\n  entries = [{metric: "claims.ms", value: 1.5, type: "distribution", '
    'timestamp: "2026-03-01T12:30:00Z"}, {metric: "claims.open", value: 9, timestamp: "2026-03-01T12:30:00Z"}]\n}\n'
)


def test_a_file_stands_for_datadog(tmp_path: Path) -> None:
    bulk = 'datadog.log_bulk {\n  entries = [{message: "one"}, {message: "s3cret-key"}]\n}\n'
    with loaded(tmp_path, LOG + METRIC + bulk, "1", clock=1_800_000_000_000, env={"DD_API_KEY": "s3cret-key"}) as made:
        result = made.run("a")
    assert result.error is None, result.error
    (told,) = result.warnings
    assert "--allow-net http-intake.logs.datadoghq.com" in told.message
    lines = (tmp_path / ".xsrun" / "cloud" / "datadog.jsonl").read_text().splitlines()
    assert json.loads(lines[0]) == {
        "kind": "log",
        "claim": 7,
        "message": "claim.escalated",
        "status": "warn",
        "ddsource": "xano",
        "service": "claims",
        "hostname": "h1",
        "ddtags": "route:fast,env:prod",
        "timestamp": "2026-03-01T12:30:00.000Z",
    }
    assert json.loads(lines[1]) == {
        "kind": "metric",
        "metric": "claims.routed",
        "tags": ["route:fast", "service:claims"],
        "type": 1,
        "points": [{"timestamp": 1772368200, "value": 2}],
        "resources": [{"name": "h1", "type": "host"}],
    }
    assert [json.loads(line)["message"] for line in lines[2:]] == ["one", "***"]
    assert json.loads(lines[2])["timestamp"] == "2027-01-15T08:00:00.000Z"


def test_datadog_is_asked_with_a_key(tmp_path: Path) -> None:
    with recording(lambda *_: (202, {})) as server:
        options = {"cloud": {"datadog": server.url}, "env": {"DD_API_KEY": "s3cret-key"}}
        with loaded(tmp_path, LOG + METRIC + LATENCY, "1", **options) as made:
            assert made.run("a").warnings == []
    assert [one.path for one in server.seen] == [
        "/api/v2/logs",
        "/api/v2/series",
        "/api/v2/series",
        "/api/v1/distribution_points",
    ]
    assert {one.headers["dd-api-key"] for one in server.seen} == {"s3cret-key"}
    assert server.seen[3].body == {
        "series": [{"metric": "claims.ms", "tags": [], "type": "distribution", "points": [[1772368200, [1.5]]]}]
    }
    assert not (tmp_path / ".xsrun" / "cloud" / "datadog.jsonl").exists()


def test_what_datadog_refuses_is_a_warning(tmp_path: Path) -> None:
    with recording(lambda *_: (403, {"errors": ["Forbidden"]})) as server:
        options = {"cloud": {"datadog": server.url}}
        given = LOG[:-2] + '  connection = {api_key: "s3cret-key"}\n}\n'
        with loaded(tmp_path, given, "1", **options) as made:
            result = made.run("a")
    assert result.response == 1
    assert [one.message for one in result.warnings] == [
        '`datadog.log` was not taken by Datadog: HTTP 403 {"errors": ["Forbidden"]}'
    ]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ('datadog.log {\n  message = "a"\n  status = "bad"\n}\n', "'bad'"),
        ('datadog.log {\n  message = "a"\n  attributes = 5\n}\n', "not an object"),
        ('datadog.log {\n  message = "a"\n  connection = {api_key: "k", site: "a@other.example"}\n}\n', "@other"),
        ("datadog.metric {\n  value = 1\n}\n", "Missing param: metric"),
        ('datadog.metric {\n  metric = "a"\n  value = "b"\n}\n', "not a number"),
        ('datadog.metric {\n  metric = "a"\n  value = 1\n  type = "sum"\n}\n', "'sum'"),
        ("datadog.log_bulk {\n  entries = [1]\n}\n", "not an object"),
    ],
)
def test_entries_that_make_no_sense(tmp_path: Path, source: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        run(tmp_path, source, "1")


def test_odd_times_and_names_of_entries(tmp_path: Path) -> None:
    with pytest.raises(XanoScriptError, match="The time is out of range"):
        run(tmp_path, 'datadog.log {\n  message = "a"\n  timestamp = 253402300800000\n}\n', "1")
    run(tmp_path, 'datadog.log {\n  message = "a"\n  attributes = {kind: "b"}\n}\n', "1")
    assert json.loads((tmp_path / ".xsrun" / "cloud" / "datadog.jsonl").read_text())["kind"] == "log"


def test_datadogs_client_sends_the_same(tmp_path: Path) -> None:
    package = pytest.importorskip("datadog_api_client", reason="it is not installed: pip install --group clients")
    from datadog_api_client.v1.api.metrics_api import MetricsApi as OldMetricsApi
    from datadog_api_client.v1.model.distribution_points_payload import DistributionPointsPayload
    from datadog_api_client.v1.model.distribution_points_series import DistributionPointsSeries
    from datadog_api_client.v2.api.logs_api import LogsApi
    from datadog_api_client.v2.api.metrics_api import MetricsApi
    from datadog_api_client.v2.model.http_log import HTTPLog
    from datadog_api_client.v2.model.http_log_item import HTTPLogItem
    from datadog_api_client.v2.model.metric_intake_type import MetricIntakeType
    from datadog_api_client.v2.model.metric_payload import MetricPayload
    from datadog_api_client.v2.model.metric_point import MetricPoint
    from datadog_api_client.v2.model.metric_resource import MetricResource
    from datadog_api_client.v2.model.metric_series import MetricSeries

    with recording(lambda *_: (202, {"errors": []})) as server:
        settings = package.Configuration()
        settings.api_key["apiKeyAuth"] = "s3cret-key"
        place = {"name": server.url.removeprefix("http://"), "protocol": "http"}
        settings.server_index, settings.server_variables = 1, place
        settings.server_operation_index = {"submit_log": 1}
        settings.server_operation_variables = {"submit_log": place}
        log = HTTPLogItem(
            message="claim.escalated",
            ddsource="xano",
            ddtags="route:fast,env:prod",
            hostname="h1",
            service="claims",
            status="warn",
            claim=7,
            timestamp="2026-03-01T12:30:00.000Z",
        )
        series = MetricSeries(
            metric="claims.routed",
            type=MetricIntakeType.COUNT,
            points=[MetricPoint(timestamp=1772368200, value=2.0)],
            tags=["route:fast", "service:claims"],
            resources=[MetricResource(name="h1", type="host")],
        )
        with package.ApiClient(settings) as client:
            LogsApi(client).submit_log(HTTPLog([log]))
            MetricsApi(client).submit_metrics(MetricPayload([series]))
            spread = DistributionPointsSeries(metric="claims.ms", points=[[1772368200.0, [1.5]]], tags=[])
            OldMetricsApi(client).submit_distribution_points(DistributionPointsPayload([spread]))
        theirs = [(one.method, one.path, one.body, one.headers["dd-api-key"]) for one in server.seen]
        options = {"cloud": {"datadog": server.url}, "env": {"DD_API_KEY": "s3cret-key"}}
        one = LATENCY.replace(', {metric: "claims.open", value: 9, timestamp: "2026-03-01T12:30:00Z"}', "")
        run(tmp_path, LOG + METRIC + one, "1", **options)
        ours = [(one.method, one.path, one.body, one.headers["dd-api-key"]) for one in server.seen[len(theirs) :]]
    ours[2][2]["series"][0].pop("type")  # which the client leaves out, and the interface fills in
    assert ours == theirs
