"""No call of JavaScript leaves anything for the next one: each has a realm that shares no object with Deno or with
another call, or a process of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from http_server import running
from javascript_attacks_data import ATTACKS, FINGERPRINT, HOOKED, LENT, ROOTS, VANDAL, WALK

import xsrun
from xsrun.server import create_application
from xsrun.services.javascript import Crashed, JavaScript, Thrown, Value

PATIENT = 60.0


@pytest.fixture(scope="module")
def javascript() -> Iterator[JavaScript]:
    service = JavaScript(timeout=PATIENT)
    yield service
    service.close()


def process_of(service: JavaScript) -> int:
    """The process that the next call runs in; 0 when the last one ended its own."""
    return service._pool._idle[-1]._process.pid if service._pool._idle else 0


def written(code: str, root: str = "1", borrowed: bool = False) -> str:
    return f"const LENT = {json.dumps(LENT)}, BORROWED = {json.dumps(borrowed)};" + code.replace("ROOT]", f"{root}]")


# What is reachable ---------------------------------------------------------------------------------------------------

FOREIGN = (
    WALK
    + """
const foreign = [];
const size = walk(ROOT, (value, path) => { if (isForeign(value)) foreign.push(path) }, OPTIONS);
return [size, foreign.length, foreign.slice(0, 9)];
"""
)


def foreign(root: str, options: str) -> str:
    return written(FOREIGN.replace("ROOT", root).replace("OPTIONS", options))


def test_what_a_realm_consists_of_is_its_own(javascript: JavaScript) -> None:
    javascript.call("return 1", {})
    before = process_of(javascript)
    size, count, found = javascript.call(foreign("globalThis", "{}"), {"$input": {"a": [1]}})
    assert count == 0, found
    assert size > 1200
    assert process_of(javascript) == before, "walking over the globals alone borrows nothing"


@pytest.mark.parametrize("root", ["globalThis", *ROOTS])
def test_an_object_of_deno_is_handed_out_only_in_a_process_of_its_own(javascript: JavaScript, root: str) -> None:
    javascript.call("return 1", {})
    before = process_of(javascript)
    outcome = javascript.run(
        foreign(root, "{called: true, borrowed: true, most: 4000}"), {"$input": {"a": [1]}}, timeout=PATIENT
    )
    assert isinstance(outcome, (Value, Thrown, Crashed))  # calling whatever there is may end the process, too
    count = outcome.value[1] if isinstance(outcome, Value) else 1
    assert count == 0 or process_of(javascript) != before, outcome


@pytest.mark.parametrize("name", [name for name in LENT if name != "waitAsync"])
def test_what_is_lent_spends_the_process(javascript: JavaScript, name: str) -> None:
    javascript.call("return 1", {})
    before = process_of(javascript)
    assert javascript.call(f"return typeof {name}", {}) in ("function", "object")
    assert process_of(javascript) != before


@pytest.mark.parametrize("early", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("now", [None, 1_700_000_000_000], ids=["real time", "fixed time"])
def test_what_a_realm_asks_shows_no_object_of_deno(javascript: JavaScript, early: bool, now: int | None) -> None:
    code = written(HOOKED).replace("EARLY", json.dumps(early))
    outcome = javascript.run(code, {"$input": {}}, timeout=PATIENT, now=now)
    assert isinstance(outcome, Value), outcome
    count, found, actions = outcome.value
    assert count == 0, found
    assert actions > 50


# Changing all of it --------------------------------------------------------------------------------------------------

#: Gives what a call returns to a program, to a caller of the server, and to a filter.
Way = Callable[[str], Any]
QUERY = """query "run" verb=POST {{
  api_group = "Apis"
  input {{
    text code
  }}
  stack {{
{stack}
  }}
  response = $answer
}}
"""
STATEMENT = "    api.lambda {\n      code = $input.code\n      timeout = 60\n    } as $answer"
FILTER = "    var $answer {\n      value = [1]|lambda_map:$input.code:60|first\n    }"


def sources(stack: str) -> dict[str, str]:
    return {"api/a.xs": 'api_group "Apis" {\n  canonical = "a"\n}\n', "api/b.xs": QUERY.format(stack=stack)}


@pytest.fixture(scope="module", params=["run", "serve", "filter"])
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    stack = FILTER if request.param == "filter" else STATEMENT
    with xsrun.Workspace.from_sources(sources(stack)) as workspace:
        if request.param == "serve":
            with running(create_application(workspace)) as client:
                yield lambda code: client.post("/api:a/run", {"code": code}).json
        else:

            def run(code: str) -> Any:
                result = workspace.run("run", input={"code": code})
                return result.response if result.error is None else str(result.error)

            yield run


@pytest.fixture(scope="module")
def untouched() -> dict[bool, Any]:
    """What a call finds that is the first in its process."""
    with_each = {}
    for borrowed in (False, True):
        service = JavaScript(timeout=PATIENT)
        with_each[borrowed] = service.call(written(FINGERPRINT, borrowed=borrowed), {})
        service.close()
    return with_each


@pytest.mark.parametrize(
    ("root", "borrowed"),
    [("1", False), ("1", True), *((root, False) for root in ROOTS if root.startswith(("require", "crypto.s")))],
)
def test_a_call_that_changes_all_it_can_reach_leaves_the_next_untouched(
    way: Way, untouched: dict[bool, Any], root: str, borrowed: bool
) -> None:
    way(written(VANDAL, root, borrowed))
    assert way(written(FINGERPRINT)) == untouched[False]
    assert way(written(FINGERPRINT, borrowed=True)) == untouched[True]


@pytest.mark.parametrize(("name", "attack", "probe", "found"), ATTACKS, ids=[attack[0] for attack in ATTACKS])
def test_an_attack_reaches_nothing(javascript: JavaScript, name: str, attack: str, probe: str, found: Any) -> None:
    assert javascript.call(probe, {}) == found, "what the next call must find, without the attack"
    javascript.run(attack, {"$input": {}}, timeout=2.0)
    assert javascript.call(probe, {}) == found


# Where xsrun is ------------------------------------------------------------------------------------------------------

#: Ways to the text or the calls of a stack, each in a function that may wait.
STACKS = {
    "error": "return new Error('x').stack",
    "thrown by the engine": "try { null.x } catch (error) { return error.stack }",
    "captured": "const made = {}; Error.captureStackTrace(made); return made.stack",
    "timer": "return await new Promise((done) => setTimeout(() => done(new Error('x').stack), 1))",
    "interval": "return await new Promise((done) => { const timer = setInterval(() => {"
    " clearInterval(timer); done(new Error('x').stack) }, 1) })",
    "immediate": "return await new Promise((done) => setImmediate(() => done(new Error('x').stack)))",
    "microtask": "return await new Promise((done) => queueMicrotask(() => done(new Error('x').stack)))",
    "Deno's own error": "try { new Response(5, { status: 1 }) } catch (error) { return error.stack }",
    "refused module": "try { await import('fs') } catch (error) { return error.stack }",
    "refused library": "try { require('fs') } catch (error) { return error.stack }",
    "refused host": "try { await fetch('http://example.com') } catch (error) { return error.stack }",
    "listener": "return await new Promise((done) => { const c = new AbortController();"
    " c.signal.addEventListener('abort', () => done(new Error('x').stack)); c.abort() })",
    "calls": "Error.prepareStackTrace = (_, calls) => calls.map((one) => `${one} ${one.getFileName()} "
    "${one.getScriptNameOrSourceURL()} ${one.getEvalOrigin()}`); return new Error('x').stack.concat('x')",
    "required util": "return require('util').getCallSites()",
    "imported util": "return (await import('node:util')).getCallSites()",
    "console": "console.trace('x'); return 'x'",
}


@pytest.mark.parametrize("code", STACKS.values(), ids=STACKS.keys())
@pytest.mark.parametrize("place", ["at once", "later", "outside"])
def test_a_stack_does_not_tell_where_xsrun_is(javascript: JavaScript, code: str, place: str) -> None:
    asked = f"(async () => {{ {code} }})()"
    source = {
        "at once": f"return await {asked}",
        "later": f"await new Promise((done) => setTimeout(done, 1)); return await {asked}",
        "outside": f"return found }}); const found = {asked}; (async function () {{ return found",
    }[place]
    printed: list[str] = []
    outcome = javascript.run(source, {}, log=printed.append)
    assert isinstance(outcome, Value)
    told = json.dumps([outcome.value, printed])
    assert "lambda.js" in told or outcome.value == "x" or "refused" in told
    assert "worker.js" not in told
    assert str(Path(xsrun.__file__).parent.parent) not in told


# What is left in memory ----------------------------------------------------------------------------------------------

#: Two fifths of the memory that a call may have here; in a process of its own it always succeeds.
LARGE = "const a = []; for (let i = 0; i < 40; i++) a.push(new Array(1 << 17).fill(i + 0.5)); return a.length"
#: What V8 or Deno keeps for good, 5 MB a call.
LASTING = {
    "registered symbols": "for (let i = 0; i < 5; i++) Symbol.for('x'.repeat(1 << 20) + Math.random()); return 1",
    "names of libraries": "Array.prototype.some = () => true; for (let i = 0; i < 5; i++) "
    "try { require('x'.repeat(1 << 20) + Math.random()) } catch {} return 1",
    "scripts with import": f"/* import {'y' * (5 << 20)} */ return 1",
}


@pytest.mark.parametrize("attack", LASTING.values(), ids=LASTING.keys())
def test_memory_does_not_outlive_its_call(attack: str) -> None:
    service = JavaScript(timeout=PATIENT, memory=96 << 20)
    try:
        for number in range(15):
            assert service.run(f"{attack} + {number}", {}) == Value(1 + number)
        assert service.run(LARGE, {}) == Value(40)
    finally:
        service.close()
