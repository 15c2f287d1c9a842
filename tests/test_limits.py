"""Limits hold inside a statement: the watchdog interrupts a program wherever it is, and nothing else."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

import pytest

import xsrun
from xsrun.errors import LimitError
from xsrun.running import watchdog
from xsrun.running.context import Context, Limits
from xsrun.running.watchdog import Interruption, LimitWatchdog

END = float("inf")


class Bench:
    """A watchdog whose clock, memory and looks are the test's; the program's clock (`now`) counts how far it came."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, look_at: int = 5) -> None:
        self.moment, self.held = END, 0
        self.calls = 0
        self.look_at = look_at
        self.watchdog = LimitWatchdog(lambda: self.moment, lambda: self.held)
        self.watchdog.sleeps = False  # no thread: the program itself calls `look`, at a point that is known
        monkeypatch.setattr(watchdog, "_watchdog", self.watchdog)

    def clock(self) -> int:
        self.calls += 1
        if self.calls == self.look_at:
            self.watchdog.look()
        return self.calls

    def run(self, *sources: str, limits: Limits | None = None) -> xsrun.Result:
        files = {f"f{number}.xs": source for number, source in enumerate(sources)}
        workspace = xsrun.Workspace.from_sources(files, clock=self.clock, limits=limits or Limits())
        return workspace.run(file="f0.xs")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


LOOPS = [
    "$list|filter:(now|to_int) > 0",
    "$list|map:(now|to_int)",
    "$list|some:(now|to_int) < 0",
    "$list|every:(now|to_int) > 0",
    "$list|find:(now|to_int) < 0",
    "$list|findIndex:(now|to_int) < 0",
    "$list|reduce:(now|to_int):0",
    "[$list, $list]|map:($this|map:(now|to_int))",
]


@pytest.mark.parametrize("use", LOOPS)
def test_a_filter_is_interrupted_where_it_is(bench: Bench, use: str) -> None:
    error = bench.run(f"var $list {{ value = 1..1000 }}\nvar $x {{\n  value = {use}\n}}\n").error
    assert isinstance(error, LimitError)
    assert str(error) == "The run took longer than its time limit of 60 s."
    assert (error.file, error.line) in (("f0.xs", 2), ("f0.xs", 3))
    assert bench.calls == 5


def test_memory_is_a_limit_too(bench: Bench) -> None:
    bench.moment, bench.held = 0.0, 1 << 60
    error = bench.run("var $x { value = (1..1000)|map:(now|to_int) }", limits=Limits(memory=1 << 20)).error
    assert str(error) == "The run uses more memory than its limit of 1 MB."
    assert (error.line, bench.calls) == (1, 5)  # type: ignore[union-attr]


def test_a_long_text_grows_without_a_look_at_the_memory_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    monkeypatch.setattr("xsrun.running.context.resident_memory", lambda: looks.append(1) or 0)
    monkeypatch.setattr("xsrun.running.context._READING_SECONDS", float("inf"))
    source = """var $text { value = $long }
for (1000) {
  each as $index {
    text.append $text { value = "x" }
  }
}
var $size { value = $text|strlen }
"""
    with xsrun.Workspace.from_sources({"a.xs": source}) as workspace:
        result = workspace.run("a", variables={"long": "x" * 2_000_000})
    assert result.error is None
    assert result.variables["size"] == 2_001_000
    assert len(looks) <= 1


def test_nothing_happens_within_the_limits(bench: Bench) -> None:
    bench.moment = 0.0
    result = bench.run("var $x { value = (1..100)|map:(now|to_int)|count }")
    assert (result.error, result.response, bench.calls) == (None, {"x": 100}, 100)


def test_a_run_without_limits_is_left_alone(bench: Bench) -> None:
    bench.held = 1 << 60
    result = bench.run("var $x { value = (1..100)|map:(now|to_int)|count }", limits=Limits(seconds=None, memory=None))
    assert (result.error, bench.calls) == (None, 100)


CATCHERS = {
    "try_catch": """try_catch {
  try {
    var $x { value = (1..1000)|map:(now|to_int) }
  }
  catch {
    var $caught { value = 1 }
  }
  finally {
    var $last { value = 1 }
  }
}
""",
    "post_process": """util.post_process {
  stack {
    var $x { value = (1..1000)|map:(now|to_int) }
  }
}
""",
    "transaction": """db.transaction {
  stack {
    db.add things {
      data = {n: 1}
    } as $row
    var $x { value = (1..1000)|map:(now|to_int) }
  }
}
""",
    "await": """function.run later {
  input = {}
  runtime_mode = "async-shared"
} as $job
await {
  ids = [$job]
  timeout = 10
} as $found
""",
}
LATER = """function later {
  input {
  }
  stack {
    var $x { value = (1..1000)|map:(now|to_int) }
  }
  response = $x
}
"""


@pytest.mark.parametrize("kind", CATCHERS)
def test_nothing_of_a_program_catches_it(bench: Bench, kind: str) -> None:
    result = bench.run(CATCHERS[kind], LATER)
    found = [result.error, *result.warnings]
    assert [str(one) for one in found if one is not None] == ["The run took longer than its time limit of 60 s."]
    assert bench.calls == 5


def test_what_was_written_is_undone_and_the_database_goes_on(bench: Bench) -> None:
    workspace = xsrun.Workspace.from_sources(
        {"a.xs": CATCHERS["transaction"], "b.xs": 'db.query things {\n  return = {type: "count"}\n} as $n\n'},
        clock=bench.clock,
    )
    assert isinstance(workspace.run(file="a.xs").error, LimitError)
    after = workspace.run(file="b.xs")
    assert (after.error, after.response) == (None, {"n": 0})


# The end of a run ----------------------------------------------------------------------------------------------------


def test_one_that_comes_late_is_taken_back() -> None:
    sent: list[tuple[int, type[BaseException]] | str] = []
    dog = LimitWatchdog(
        lambda: END, lambda: 0, lambda thread, kind: sent.append((thread, kind)), lambda: sent.append("taken back")
    )
    dog.sleeps = False
    context = Context(limits=Limits())
    context.start()
    assert dog.watched(context, lambda: "done") == "done"
    assert sent == []
    dog.watched(context, dog.look)
    here = threading.get_ident()
    assert sent == [(here, Interruption), "taken back"]
    assert dog.watches == {}


def test_a_run_inside_another_leaves_it_to_the_outer_one() -> None:
    dog = LimitWatchdog(lambda: END, lambda: 0)
    dog.sleeps = False
    outer, inner = Context(limits=Limits()), Context(limits=Limits(seconds=None, memory=None))
    outer.start()
    inner.start()
    after: list[str] = []

    def inside() -> None:
        dog.look()
        after.append("not reached")

    with pytest.raises(LimitError):
        dog.watched(outer, lambda: dog.watched(inner, inside))
    assert after == []
    assert dog.watches == {}


def test_however_they_meet_a_run_ends_with_its_result_or_the_limit() -> None:
    dog = LimitWatchdog(lambda: 1e12, lambda: 0)  # each run is interrupted once
    dog.sleeps = False
    ends: list[str] = []
    done = threading.Event()

    def run() -> None:
        try:
            for _ in range(2_000):
                context = Context(limits=Limits())
                context.start()
                try:
                    dog.watched(context, sum, range(100))
                    ends.append("result")
                except LimitError:
                    ends.append("limit")
        finally:
            done.set()

    thread = threading.Thread(target=run)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        thread.start()
        while not done.is_set():
            dog.look()
        thread.join()
    finally:
        sys.setswitchinterval(before)
    assert len(ends) == 2_000
    assert dog.watches == {}


def test_it_is_told_again_when_it_got_lost() -> None:
    moment = 1e12
    dog = LimitWatchdog(lambda: moment, lambda: 0)
    dog.sleeps = False
    context = Context(limits=Limits())
    context.start()
    lost = 0

    def program() -> None:
        nonlocal lost, moment
        for _ in range(3):
            try:
                dog.look()
            except Interruption:
                lost += 1
            moment += 0.1
        moment += 60
        dog.look()

    with pytest.raises(LimitError):
        dog.watched(context, program)
    assert lost == 1


def test_one_that_gets_lost_where_nobody_can_catch_it_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Freed:
        def __init__(self, error: BaseException) -> None:
            self.error = error

        def __del__(self) -> None:
            raise self.error

    told: list[BaseException | None] = []
    monkeypatch.setattr(sys, "unraisablehook", watchdog.without_interruptions(lambda lost: told.append(lost.exc_value)))
    for error in (Interruption(), other := ValueError("told")):
        Freed(error)
    assert told == [other]


# Locks and connections -----------------------------------------------------------------------------------------------


def call_from(module: str | None, function: Callable[[], bool]) -> bool:
    """What a function gives that is called from a module with that name; None: from generated code."""
    namespace: dict[str, Callable[[Callable[[], bool]], bool]] = {}
    exec("def call(function):\n    return function()\n", {} if module is None else {"__name__": module}, namespace)
    return namespace["call"](function)


def held_now() -> bool:
    return watchdog.holds_something(sys._getframe())


def test_code_that_may_hold_something() -> None:
    for module in (
        "sqlalchemy.pool",
        "threading",
        "importlib._bootstrap",
        "_frozen_importlib",
        "xsrun.database.session",
    ):
        assert call_from(module, held_now)
        assert call_from(module, lambda: call_from("xsrun.filters.text", held_now))
        assert not call_from(module, lambda: call_from(None, lambda: call_from("xsrun.filters.text", held_now)))


def test_it_is_spared_for_a_while_only() -> None:
    moment = 1e12
    dog = LimitWatchdog(lambda: moment, lambda: 0)
    dog.sleeps = False
    context = Context(limits=Limits())
    context.start()
    reached: list[str] = []

    def held() -> None:
        nonlocal moment
        for _ in range(3):
            looking = threading.Thread(target=dog.look)
            looking.start()
            looking.join()  # in which the thread is when it is looked at
            reached.append("spared")
            moment += 0.6

    with pytest.raises(LimitError):
        dog.watched(context, held)
    assert reached == ["spared", "spared"]


# The thread ----------------------------------------------------------------------------------------------------------


class Stop(Exception):
    """Ends a patrol, which has no end."""


def test_the_thread_sleeps_while_nothing_runs() -> None:
    pauses: list[float | None] = []

    def pause(seconds: float | None) -> None:
        pauses.append(seconds)
        if seconds is None:
            raise Stop

    dog = LimitWatchdog(pause=pause)
    with pytest.raises(Stop):
        dog.patrol()
    assert dog.sleeps
    assert 10 < len(pauses) < 1_000
    assert set(pauses[:-1]) == {0.01}


def test_the_thread_looks_while_something_runs() -> None:
    left = 500

    def pause(_seconds: float | None) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Stop

    looks: list[float] = []
    dog = LimitWatchdog(clock=lambda: looks.append(0.0) or 0.0, memory=lambda: 0, pause=pause)  # type: ignore[func-returns-value]
    dog.sleeps = False
    context = Context(limits=Limits())
    context.start()
    with pytest.raises(Stop):
        dog.watched(context, dog.patrol)
    assert len(looks) == 499


def test_a_thread_of_its_own_interrupts_any_other() -> None:
    """The whole of it, with the real clock: a program that would never end, on a thread that is not the main one."""
    source = "var $l { value = 1..3000 }\nvar $x { value = $l|map:($l|map:($l|contains:-1)) }\n"
    workspace = xsrun.Workspace.from_sources({"a.xs": source}, limits=Limits(seconds=0.5))
    results: list[xsrun.Result] = []
    thread = threading.Thread(target=lambda: results.append(workspace.run("a")), daemon=True)
    thread.start()
    thread.join(60)
    ((error),) = [one.error for one in results]
    assert isinstance(error, LimitError)
    assert error.file == "a.xs"


def test_what_was_taken_back_is_gone_and_tracers_work_afterwards() -> None:
    """On 3.11 a traced function never got beyond its first instruction, after any run that was interrupted late."""
    watchdog.take_back()
    called: list[str] = []
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, _argument: called.append(frame.f_code.co_name) if event == "call" else None)
    try:
        holds_something_here = watchdog.holds_something(None)
    finally:
        sys.setprofile(before)
    assert not holds_something_here
    assert "holds_something" in called


def test_a_limit_that_is_passed_before_any_statement_names_the_construct() -> None:
    source = "// one\nfunction f {\n  input {\n  }\n  stack {\n  }\n  response = 1\n}\n"
    with xsrun.Workspace.from_sources({"a.xs": source}, limits=Limits(depth=0)) as workspace:
        error = workspace.run("f").error
    assert isinstance(error, LimitError)
    assert (error.file, error.line) == ("a.xs", 2)
