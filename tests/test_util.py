"""`util.*` where a case of the language cannot look: headers, the outbox, what runs after the response, waiting."""

from __future__ import annotations

import email
import time
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

import xsrun
from xsrun.services.locations import Locations
from xsrun.services.mail import Outbox


def run(source: str, **options: Any) -> xsrun.Result:
    return xsrun.Workspace.from_sources({"x.xs": source}, **options).run()


def test_headers_replace_or_follow_each_other() -> None:
    result = run(
        'util.set_header { value = "X-A: 1" }\nutil.set_header { value = "x-a: 2" }\n'
        'util.set_header { value = "Set-Cookie: a=1" }\n'
        'util.set_header { value = "Set-Cookie: b=2", duplicates = "append" }\n'
        'util.set_header { value = "HTTP/1.1 201 Created" }'
    )
    assert result.headers == [("x-a", "2"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    assert result.status == 201


@pytest.mark.parametrize("value", ["no colon", "Bad Name: 1", ": 1", "X: a\\nY: b", "X: a\\rb"])
def test_a_header_cannot_smuggle_another(value: str) -> None:
    assert run(f'util.set_header {{ value = "{value}" }}').error is not None


def test_a_stack_after_the_response_sees_it_and_the_values_of_its_place() -> None:
    result = run("""
    var $x { value = [1] }
    util.set_header { value = "HTTP/1.1 202 Accepted" }
    util.set_header { value = "X-A: 1" }
    util.post_process {
      stack {
        array.push $x { value = 2 }
        debug.log { value = {x: $x, body: $body, headers: $headers, status: $status_code} }
        var $y { value = $later }
      }
    }
    var $x { value = "changed" }
    var $later { value = 1 }
    """)
    assert result.response == {"x": "changed", "later": 1}
    (entry,) = result.logs
    assert entry.value["x"] == [1, 2]
    assert entry.value["body"] == {"x": "changed", "later": 1}
    assert entry.value["headers"] == {"X-A": "1"}
    assert entry.value["status"] == 202
    assert [str(warning) for warning in result.warnings] == ["Missing var entry: later"]


def test_each_pass_of_a_loop_leaves_its_own_stack() -> None:
    result = run("for (3) {\neach as $i {\nutil.post_process {\nstack {\ndebug.log { value = $i }\n}\n}\n}\n}")
    assert [entry.value for entry in result.logs] == [0, 1, 2]


def test_logs_tell_where_they_were_written() -> None:
    result = run(
        "var $x { value = 1 }\n\ndebug.log { value = $x }\n"
        'foreach ([1]) {\neach as $y {\ndebug.log { value = "in" }\n}\n}'
    )
    assert [(entry.value, entry.file, entry.line) for entry in result.logs] == [(1, "x.xs", 3), ("in", "x.xs", 6)]


def test_sleeping_waits_but_not_in_a_unit_test() -> None:
    naps: list[float] = []
    workspace = xsrun.Workspace.from_sources({"x.xs": "util.sleep { value = 0.05 }\nutil.sleep { value = -1 }"})
    workspace.sleep = naps.append
    assert workspace.run().error is None
    assert naps == [0.05, 0]
    source = (
        'function nap {\n  input {\n  }\n  stack {\n    util.sleep { value = 30 }\n  }\n  response = "up"\n\n'
        '  test "wakes" {\n    expect.to_equal ($response) { value = "up" }\n  }\n}\n'
    )
    workspace = xsrun.Workspace.from_sources({"nap.xs": source})
    workspace.sleep = naps.append
    assert workspace.test().passed == 1
    assert len(naps) == 2
    assert workspace.run("nap").response == "up"
    assert naps[2:] == [30]


def test_sleeping_takes_time_when_nothing_else_is_said() -> None:
    assert xsrun.Workspace.from_sources({}).sleep is time.sleep


def test_sleeping_past_the_time_limit_stops_at_once() -> None:
    naps: list[float] = []
    workspace = xsrun.Workspace.from_sources({"x.xs": "util.sleep { value = 100 }"}, limits=xsrun.Limits(seconds=50))
    workspace.sleep = naps.append
    result = workspace.run()
    assert result.error is not None
    assert "time limit of 50 s" in str(result.error)
    assert not naps


# Mail ----------------------------------------------------------------------------------------------------------------

SEND = """
util.send_email {
  service_provider = "resend"
  api_key = "k"
  to = ["Ann Lee <ann@example.com>", "bo@example.com"]
  cc = "cy@example.com, dee@example.com"
  from = "Ås <noreply@example.com>"
  subject = "Høy\\ntide"
  message = "<b>høy</b>"
} as $sent
"""


def test_messages_are_kept_beside_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "send.xs").write_text(SEND)
    with xsrun.Workspace.load(tmp_path, clock=1_700_000_000_000) as workspace:
        result = workspace.run()
    assert result.error is None
    (file,) = (tmp_path / ".xsrun" / "outbox").iterdir()
    message = email.message_from_bytes(file.read_bytes(), policy=default)
    assert message["To"] == "Ann Lee <ann@example.com>, bo@example.com"
    assert message["Cc"] == "cy@example.com, dee@example.com"
    assert message["From"] == "Ås <noreply@example.com>"
    assert message["Subject"] == "Høy tide"
    assert message["Date"].datetime.timestamp() == 1_700_000_000
    assert message.get_content().strip() == "<b>høy</b>"  # type: ignore[attr-defined]
    assert result.variables["sent"]["id"] in message["Message-ID"]


def test_without_a_folder_messages_are_kept_in_memory() -> None:
    with xsrun.Workspace.from_sources({"x.xs": SEND}) as workspace:
        workspace.run()
        outbox = workspace.service("mail")
        assert isinstance(outbox, Outbox)
        assert [message.subject for message in outbox.messages] == ["Høy\ntide"]


@pytest.mark.parametrize("address", ["nobody", "a@b@c", "Ann <>", "x@y\\nBcc: z@example.com"])
def test_bad_addresses_are_refused(address: str) -> None:
    result = run(
        f'util.send_email {{ service_provider = "xano", to = "{address}", subject = "s", message = "m" }} as $r'
    )
    assert result.error is not None
    assert result.error.catchable


# Places of addresses -------------------------------------------------------------------------------------------------

RECORD = {
    "city": {"names": {"en": "Oslo"}},
    "continent": {"code": "EU", "names": {"en": "Europe"}},
    "country": {"iso_code": "NO", "names": {"en": "Norway"}},
    "subdivisions": [{"iso_code": "03", "names": {"en": "Oslo"}}],
    "postal": {"code": "0150"},
    "location": {"latitude": 59.9, "longitude": 10.7, "time_zone": "Europe/Oslo", "accuracy_radius": 20},
}


def test_a_record_is_given_in_the_shape_of_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maxminddb = pytest.importorskip("maxminddb")

    class Reader:
        def get(self, address: Any) -> Any:
            return RECORD if str(address) == "8.8.8.8" else None

        def close(self) -> None: ...

    monkeypatch.setattr(maxminddb, "open_database", lambda path: Reader())
    file = tmp_path / "geoip.mmdb"
    file.write_bytes(b"")
    locations = Locations(file)
    assert locations.find("8.8.8.8") == {
        "continent": {"code": "EU", "name": "Europe"},
        "country": {"code": "NO", "name": "Norway"},
        "region": {"code": "03", "name": "Oslo"},
        "city": {"name": "Oslo"},
        "postal": {"code": "0150"},
        "location": {"latitude": 59.9, "longitude": 10.7, "tz": "Europe/Oslo", "radius": 20},
    }
    assert locations.find("8.8.4.4") is None
    assert locations.find("10.0.0.1") is None
    assert locations.find("not an address") is None


def test_without_a_database_the_run_says_so() -> None:
    result = run('util.ip_lookup { value = "8.8.8.8" } as $place\nutil.ip_lookup { value = "10.0.0.1" } as $local')
    assert result.response == {"place": None, "local": None}
    (warning,) = result.warnings
    assert "no database" in str(warning)
    assert "XSRUN_GEOIP_DATABASE" in warning.hint


def test_a_file_that_is_no_database_is_not_taken_for_one(tmp_path: Path) -> None:
    pytest.importorskip("maxminddb")
    (tmp_path / "x.xs").write_text('util.ip_lookup { value = "8.8.8.8" } as $place')
    (tmp_path / ".xsrun").mkdir()
    (tmp_path / ".xsrun" / "geoip.mmdb").write_bytes(b"nothing")
    with xsrun.Workspace.load(tmp_path) as workspace:
        error = workspace.run().error
    assert error is not None
    assert "cannot be read" in str(error)
