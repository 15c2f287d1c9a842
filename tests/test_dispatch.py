"""What runs around constructs: attachments, schedules, the identity test, triggers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import xsrun
from xsrun.dispatch.attachments import attachments
from xsrun.dispatch.middleware import merge
from xsrun.dispatch.schedule import Event, events_of, next_run
from xsrun.errors import LimitError

MIDDLEWARE = """middleware "{name}" {{
  input {{
    json vars
    text type
  }}
  stack {{
  {body}
  }}
  response = {response}
}}
"""


def middleware(name: str, response: str = "null", body: str = "") -> str:
    return MIDDLEWARE.format(name=name, response=response, body=body)


def query(name: str, extra: str = "", group: str = "g") -> str:
    return f"""query "{name}" verb=GET {{
  api_group = "{group}"
  {extra}
  input {{
    int n?
  }}
  stack {{
  }}
  response = $input.n
}}
"""


def attached(**sources: str) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    workspace = xsrun.Workspace.from_sources({f"{name}.xs": text for name, text in sources.items()})
    return {one.name: (found.pre, found.post) for one, found in attachments(workspace.constructs).items()}


# Attachments ---------------------------------------------------------------------------------------------------------


def test_nothing_is_attached_where_nothing_says_so() -> None:
    assert attached(q=query("a")) == {}


def test_a_phase_comes_from_the_nearest_place_that_names_it() -> None:
    found = attached(
        a=query("own", 'middleware = {pre: [{name: "p"}, {name: "off", active: false}]}'),
        b=query("inherits"),
        c=query("clears", "middleware = {pre: [], post: []}"),
        d=query("other group", group="none"),
        g='api_group "g" {\n  canonical = "g1"\n  middleware = {post: ["gp"]}\n}\n',
        branch='branch "v1" {\n  color = "#fff"\n  middleware = {query: {pre: ["bp"], post: ["bq"]}}\n}\n',
    )
    assert found == {
        "own": (("p",), ("gp",)),
        "inherits": (("bp",), ("gp",)),
        "other group": (("bp",), ("bq",)),
    }


def test_middleware_that_is_missing_is_an_error_with_a_suggestion() -> None:
    sources = {"q.xs": query("a", 'middleware = {pre: ["gard"]}'), "m.xs": middleware("guard")}
    result = xsrun.Workspace.from_sources(sources).run("a")
    assert result.error is not None
    assert "gard" in result.error.message
    assert result.error.hint is not None and "guard" in result.error.hint


def test_middleware_does_not_run_around_what_it_calls_itself() -> None:
    sources = {
        "m.xs": middleware("m", "{by: $r}", 'function.run "inner" as $r'),
        "branch.xs": 'branch "v1" {\n  color = "#fff"\n  middleware = {function: {post: ["m"]}}\n}\n',
        "f.xs": 'function "inner" {\n  input {\n  }\n  stack {\n  }\n  response = {a: 1}\n}\n',
    }
    assert xsrun.Workspace.from_sources(sources).run("inner").response == {"a": 1, "by": {"a": 1}}


def test_silent_middleware_leaves_a_warning() -> None:
    silent = middleware("m", body='precondition (false) { error = "jam" }').replace(
        "  input {", '  exception_policy = "silent"\n  input {', 1
    )
    sources = {"m.xs": silent, "q.xs": query("a", 'middleware = {post: ["m"]}')}
    result = xsrun.Workspace.from_sources(sources).run("a", input={"n": 4})
    assert result.response == 4
    assert [warning.message for warning in result.warnings] == ["jam"]


def test_a_limit_goes_through_silent_middleware() -> None:
    endless = "while (true) {\n each {\n var $x { value = 1 }\n }\n }"
    silent = middleware("m", body=endless).replace("  input {", '  exception_policy = "silent"\n  input {', 1)
    sources = {"m.xs": silent, "q.xs": query("a", 'middleware = {post: ["m"]}')}
    workspace = xsrun.Workspace.from_sources(sources, limits=xsrun.Limits(steps=10_000))
    assert isinstance(workspace.run("a").error, LimitError)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers()),
    st.dictionaries(st.sampled_from("abcd"), st.integers()),
)
def test_merging_objects_lets_the_response_win(original: dict[str, Any], response: dict[str, Any]) -> None:
    assert merge(original, response) == {**original, **response}


def test_merging_follows_php() -> None:
    assert merge([1, 2], [3]) == [1, 2, 3]
    assert merge([1], {"a": 2}) == {"0": 1, "a": 2}
    assert merge(None, {"a": 2}) == {"a": 2}
    assert merge(7, {"a": 2}) == {"0": 7, "a": 2}


# The identity test ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "status", "message"),
    [
        (None, 401, "Unauthorized - Authentication Required"),
        ({"id": 1, "table": "admin"}, 401, "Invalid token."),
        ({"id": 1, "table": "user"}, 200, None),
        ({"id": 1}, 200, None),
    ],
)
def test_a_query_asks_for_its_table(auth: dict[str, Any] | None, status: int, message: str | None) -> None:
    result = xsrun.Workspace.from_sources({"q.xs": query("a", 'auth = "user"')}).run("a", auth=auth)
    assert (result.status, result.error.message if result.error else None) == (status, message)


# Schedules -----------------------------------------------------------------------------------------------------------

HOUR = 3_600_000


def task(schedule: str) -> Any:
    text = f'task "t" {{\n  stack {{\n  }}\n  {schedule}\n}}\n'
    return xsrun.Workspace.from_sources({"t.xs": text}).constructs[0]


def test_next_run_of_a_repeated_task() -> None:
    start = 1_767_225_600_000  # 2026-01-01
    one = task("schedule = [{starts_on: 2026-01-01 00:00:00+0000, freq: 3600}]")
    assert next_run(events_of(one), start - 1) == start
    assert next_run(events_of(one), start) == start + HOUR
    assert next_run(events_of(one), start + HOUR + 1) == start + 2 * HOUR


def test_a_task_ends_and_a_task_without_frequency_runs_once() -> None:
    start = 1_767_225_600_000
    ending = task("schedule = [{starts_on: 2026-01-01 00:00:00+0000, freq: 3600, ends_on: 2026-01-01 01:30:00+0000}]")
    assert next_run(events_of(ending), start + 1) == start + HOUR
    assert next_run(events_of(ending), start + HOUR) is None
    assert next_run(events_of(task("schedule = [{starts_on: 2026-01-01 00:00:00+0000}]")), start) is None


def test_the_older_block_and_switched_off_tasks() -> None:
    block = "schedule {\n    events = [{starts_on: 2026-01-01 00:00:00+0000, freq: 60}]\n  }"
    assert [event.every for event in events_of(task(block))] == [60_000]
    assert events_of(task(f"{block}\n  active = false")) == []
    assert next_run(events_of(task("")), 0) is None


@given(st.integers(0, 10**12), st.integers(1, 10**7), st.integers(0, 10**13))
def test_the_next_run_is_the_first_later_one(starts_on: int, every: int, moment: int) -> None:
    following = Event(starts_on, every).next_after(moment)
    assert following is not None and following > moment
    assert (following - starts_on) % every == 0
    assert following == starts_on or following - every <= moment


# Triggers ------------------------------------------------------------------------------------------------------------


def trigger(extra: str = "", actions: str = "{insert: true}", body: str = "") -> str:
    return f"""table_trigger "watch" {{
  table = "berth"
  actions = {actions}
  {extra}
  input {{
    json new
    json old
    text action
    text datasource
  }}
  stack {{
    {body}
  }}
}}
"""


def written(text: str, new: Any, old: Any = None, action: str = "insert") -> Any:
    """The warnings of a run in which one write to `berth` is told."""
    workspace = xsrun.Workspace.from_sources({"t.xs": text})
    context = workspace.context()
    workspace.after_write(context, "berth", action, new, old)
    return [warning.message for warning in context.warnings]


def test_who_is_watched() -> None:
    workspace = xsrun.Workspace.from_sources({"t.xs": trigger()})
    assert workspace.is_watched("berth")
    assert not workspace.is_watched("quay")


def test_a_failing_trigger_leaves_a_warning() -> None:
    body = "precondition (false) { error = $input.action ~ $input.new.n }"
    assert written(trigger(body=body), {"n": 3}) == ["insert3"]
    assert written(trigger(body=body), {"n": 3}, action="update") == []


def test_a_trigger_condition_sees_the_rows() -> None:
    body = 'precondition (false) { error = "ran" }'
    where = trigger("where = $db.NEW.n > $db.OLD.n", "{update: true}", body)
    assert written(where, {"n": 2}, {"n": 1}, "update") == ["ran"]
    assert written(where, {"n": 1}, {"n": 1}, "update") == []
    assert written(trigger("where = $db.berth.n == 2", body=body), {"n": 2}) == ["ran"]


FAILING = """function "fails" {
  input {
  }
  stack {
    throw {
      name = "e"
      value = "no berth"
    }
  }
}
"""
STARTING = """function "main" {
  input {
  }
  stack {
    function.run "fails" {
      runtime_mode = "async-shared"
    } as $job
    THEN
  }
  response = "gone on"
}
"""
SLEEP = "util.sleep { value = 0 }\n"
AWAIT = "try_catch {\ntry {\nawait {\nids = [$job]\ntimeout = 1\n}\n}\ncatch {\n}\n}\n"


@pytest.mark.parametrize(
    ("then", "logged"), [("", True), (SLEEP, True), (AWAIT, False), (SLEEP + AWAIT, False)], ids=range(4)
)
def test_the_error_of_an_asynchronous_call_is_never_lost(then: str, logged: bool) -> None:
    """It is raised where the call is awaited, else logged after the response, whenever the call ran."""
    sources = {"fails.xs": FAILING, "main.xs": STARTING.replace("THEN", then)}
    result = xsrun.Workspace.from_sources(sources).run("main")
    assert (result.response, result.error) == ("gone on", None)
    errors = [str(one) for one in result.warnings if isinstance(one, xsrun.XanoScriptError)]
    assert errors == (["e: no berth"] if logged else [])
