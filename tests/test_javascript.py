"""The JavaScript service on the real Deno: values, failures kept apart, isolation, refusals, limits, threads."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from javascript_differential_data import DIFFERENTIAL
from waiting import PATIENCE, in_threads, until, wait_for

import xsrun
from xsrun.errors import LimitError, UnavailableError, UsageError, XanoScriptError
from xsrun.services.javascript import (
    Crashed,
    JavaScript,
    Mode,
    Refused,
    Thrown,
    TimedOut,
    TooLarge,
    Value,
    engine,
)

#: Seconds that a body gets which never ends by itself.
SHORT = 0.4


@pytest.fixture(scope="module")
def javascript() -> Iterator[JavaScript]:
    service = JavaScript()
    yield service
    service.close()


def processes(service: JavaScript) -> list[int]:
    return [worker._process.pid for worker in service._pool._idle]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return " Z " not in Path(f"/proc/{pid}/stat").read_text() if sys.platform == "linux" else True


# Values --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("return 1 + 1", 2),
        ("return 2.5", 2.5),
        ("return 4.0", 4),
        ("return -0", 0),
        ("return 'æ \u2028 \"quoted\" \\n'", 'æ \u2028 "quoted" \n'),
        ("return {b: 1, a: [true, null]}", {"b": 1, "a": [True, None]}),
        ("", None),
        ("// no return", None),
        ("return undefined", None),
        ("return () => 1", None),
        ("return Symbol('s')", None),
        ("return [undefined, () => 1, NaN, Infinity]", [None, None, None, None]),
        ("return {kept: 1, gone: undefined}", {"kept": 1}),
        ("return new Date(0)", "1970-01-01T00:00:00.000Z"),
        ("return [new Map([[1, 2]]), new Set([1])]", [{}, {}]),
        ("return {0: 'a', 1: 'b'}", ["a", "b"]),
        ("return {1: 'a'}", {"1": "a"}),
        ("return '\\ud800'", "\ufffd"),
        ("return 2 ** 53 + 2", 2**53 + 2),
        ("const one = await Promise.resolve(1); return one", 1),
        ("return Promise.resolve([1])", [1]),
        ("return await new Promise(done => setTimeout(done, 5, 'slept'))", "slept"),
        ("return await new Promise(done => setImmediate(done, 'turned'))", "turned"),
        ("return await new Promise(done => queueMicrotask(() => done('queued')))", "queued"),
        ("let n = 0; await new Promise(done => { setInterval(() => ++n > 2 && done(), 1) }); return n", 3),
        ("return Object.groupBy([1, 2, 3], n => n % 2 ? 'odd' : 'even')", {"odd": [1, 3], "even": [2]}),
    ],
)  # fmt: skip
def test_what_a_body_returns(javascript: JavaScript, code: str, value: Any) -> None:
    assert javascript.call(code, {}) == value


def test_a_body_sees_its_scope(javascript: JavaScript) -> None:
    scope = {
        "$input": {"n": 1}, "$var": {"list": [1, {"deep": None}]}, "$auth": {"id": 0}, "$env": {"KEY": "k"},
        "$this": "t", "$index": 3, "$parent": [1], "$result": 1.5,
    }  # fmt: skip
    assert javascript.call("return [$input, $var, $auth, $env, $this, $index, $parent, $result]", scope) == [
        *scope.values()
    ]


def test_values_survive_the_way_there(javascript: JavaScript) -> None:
    text = "line\nfeed \x00 \u2028 \U0001f6a2 \ud800"
    assert javascript.call("return [...$this].length", {"$this": text}) == len(text)
    assert javascript.call("return $this", {"$this": b"\xff\x41"}) == "\ufffdA"
    assert javascript.call("return $this.length", {"$this": "x" * 3_000_000}) == 3_000_000
    assert javascript.call("return $this", {"$this": 2**70}) == pytest.approx(2**70)
    assert javascript.call("return $this", {"$this": [float("nan")]}) == [None]


def test_values_nested_too_deep_are_an_error_of_the_program(javascript: JavaScript) -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(XanoScriptError, match="nested too deep"):
        javascript.call("return 1", {"$this": endless})
    with pytest.raises(XanoScriptError, match="nested too deep"):
        javascript.call("let a = 1; for (let i = 0; i < 7500; i++) a = [a]; return a", {})


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("return [typeof fetch, typeof URL, typeof Deno]", ["function", "function", "object"]),
        ("return new URL('http://a/b?c=1').searchParams.get('c')", "1"),
        ("return new TextDecoder().decode(new TextEncoder().encode('é'))", "é"),
        ("return [btoa('a'), Buffer.from('YQ==', 'base64').toString(), atob('YQ==')]", ["YQ==", "a", "a"]),
        ("return structuredClone({a: [new Date(0)]})", {"a": ["1970-01-01T00:00:00.000Z"]}),
        ("return crypto.createHash('sha256').update('').digest('hex').slice(0, 8)", "e3b0c442"),
        ("return (await crypto.subtle.digest('SHA-256', new Uint8Array(2))).byteLength", 32),
        ("return [crypto.randomUUID().length, crypto.getRandomValues(new Uint8Array(3)).length]", [36, 3]),
        ("return (await import('node:path')).basename('/a/b')", "b"),
        ("try { new URL('x') } catch (e) { return [e instanceof TypeError, e instanceof Error] }", [True, True]),
        ("try { new URL('x') } catch (e) { return e instanceof RangeError }", False),
        ("class Own extends Error {}; return [new Error() instanceof Own, new Own() instanceof Own]", [False, True]),
        ("return [Buffer.from('a') instanceof Uint8Array, structuredClone([]) instanceof Array]", [True, True]),
        ("return [new Date(0).getHours(), new Date(0).toLocaleDateString()]", [0, "1/1/1970"]),
        ("return (1234.5).toLocaleString()", "1,234.5"),
        ("return eval('1 + 1') + new Function('return 2')()", 4),
    ],
)  # fmt: skip
def test_web_and_node_interfaces(javascript: JavaScript, code: str, value: Any) -> None:
    assert javascript.call(code, {}) == value


@pytest.mark.parametrize("seed", range(3))
def test_what_a_realm_makes_itself_does_what_nodes_does(javascript: JavaScript, seed: int) -> None:
    code = DIFFERENTIAL.replace("SEED", str(seed * 7919 + 1)).replace("ROUNDS", "150")
    count, found = javascript.call(code, {}, timeout=PATIENCE)
    assert count == 0, found


def test_typescript_is_stripped_of_its_types(javascript: JavaScript) -> None:
    code = """
      interface Ship { tons: number }
      const ships: Ship[] = $var.ships as Ship[];
      return ships.map((ship: Ship): number => ship.tons!)
    """
    assert javascript.call(code, {"$var": {"ships": [{"tons": 3}]}}) == [3]
    assert javascript.call("enum Side { Port = 1, Starboard }\nreturn Side.Starboard", {}) == 2
    outcome = javascript.run("const n: number = 1;\nreturn n.x.y", {})
    assert isinstance(outcome, Thrown) and outcome.line == 2


# Failures, each of its own kind --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "name", "text", "line"),
    [
        ("throw new Error('no tide')", "Error", "Error: no tide", 1),
        ("throw 'plain'", "", "plain", None),
        ("throw {code: 7}", "", '{"code":7}', None),
        ("throw null", "", "null", None),
        ("\n\nreturn $var.a.b", "TypeError", "TypeError: Cannot read properties of undefined (reading 'b')", 3),
        ("await null;\nmissing()", "ReferenceError", "ReferenceError: missing is not defined", 2),
        ("return 10n", "TypeError", "TypeError: Do not know how to serialize a BigInt", None),
        ("const f = () => f(); f()", "RangeError", "RangeError: Maximum call stack size exceeded", 1),
        ("setTimeout(() => { throw new Error('late') }, 1); await new Promise(() => {})", "Error", "Error: late", 1),
        ("Promise.reject(new Error('lost')); await new Promise(() => {})", "Error", "Error: lost", 1),
        ("return 1 +;", "SyntaxError", "SyntaxError: Unexpected token ';' (line 1, column 11)", 1),
        ("let a;\n  a b", "SyntaxError", "SyntaxError: Unexpected identifier 'b' (line 2, column 5)", 2),
        ("if (true) {\nreturn 1", "SyntaxError", "SyntaxError: Unexpected end of input (line 2, column 9)", 2),
        ("throw {get stack() { throw 1 }}", "Error", "an error that cannot be shown", None),
    ],
)  # fmt: skip
def test_a_body_that_throws(javascript: JavaScript, code: str, name: str, text: str, line: int | None) -> None:
    outcome = javascript.run(code, {"$var": {}}, timeout=PATIENCE)
    assert isinstance(outcome, Thrown)
    assert (outcome.name, outcome.text, outcome.line) == (name, text, line)


def test_the_text_of_an_error_is_the_value_and_the_log_tells(javascript: JavaScript) -> None:
    lines: list[str] = []
    assert javascript.call("\nthrow new Error('no tide')", {}, log=lines.append) == "[Line 2:Char 1] no tide"
    assert lines == ["JavaScript error: Error: no tide (line 2 of the code)"]
    cycle = javascript.call("const a = {}; a.a = a; return a", {})
    assert cycle.startswith("TypeError: Converting circular structure to JSON")


@pytest.mark.parametrize(
    "code",
    [
        "while (true) {}",
        "await null; while (true) {}",
        "await new Promise(() => {})",
        "return /^(a+)+$/.test('a'.repeat(60) + 'b')",
        "(async () => { for (;;) await null })(); return 1",  # what goes on for ever is not left to the next call
    ],
)
def test_an_endless_body_is_killed(javascript: JavaScript, code: str) -> None:
    assert javascript.run(code, {}, timeout=SHORT) == TimedOut(SHORT)
    assert javascript.call("return 'next'", {}) == "next"


def test_a_timeout_raises_and_names_itself(javascript: JavaScript) -> None:
    with pytest.raises(XanoScriptError, match=r"within its timeout of 0\.4 s") as caught:
        javascript.call("while (true) {}", {}, timeout=SHORT)
    assert caught.value.catchable
    with pytest.raises(LimitError, match="time limit"):
        javascript.call("while (true) {}", {}, timeout=PATIENCE, remaining=SHORT)
    with pytest.raises(LimitError):
        javascript.call("return 1", {}, remaining=-1)


def test_a_memory_bomb_ends_the_process_and_nothing_else() -> None:
    service = JavaScript(memory=64 << 20)
    outcome = service.run("const a = []; while (true) a.push(new Array(1e6).fill(1))", {}, timeout=PATIENCE)
    assert isinstance(outcome, Crashed) and outcome.out_of_memory
    with pytest.raises(XanoScriptError, match="out of memory: it may use 64 MB"):
        raise outcome.error()
    assert service.call("return 'next'", {}) == "next"
    service.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds memory outside the JavaScript heap")
def test_memory_outside_the_heap_is_bounded_too() -> None:
    service = JavaScript(memory=64 << 20)
    outcome = service.run("const a = []; for (;;) a.push(new Uint8Array(32e6).fill(1))", {}, timeout=PATIENCE)
    assert isinstance(outcome, Thrown) and outcome.name == "RangeError"
    service.close()


@pytest.mark.parametrize(
    "code",
    [
        "let a = [1]; for (let i = 0; i < 40; i++) a = [a, a]; return a",
        "let a = {}; for (let i = 0; i < 1e5; i++) a = {a}; console.log(a); return a",
        "for (;;) setTimeout(() => 1, 1e9)",
        "for (;;) console.log('x'.repeat(1e6))",
        "return new Proxy({}, {ownKeys() { for (;;); }})",
        "return 'x'.repeat(9e7)",
        "const x = 'x'.repeat(5e8); console.log(x); throw new Error(x)",
        "Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0)",
        "return {then() {}}",
        "return new Array(2 ** 32 - 1)",
        "(await import('node:util')).inspect.constructor.prototype.toJSON = 1; return require('zlib').constants.x.y",
        "const O = Object.getPrototypeOf(Object.getPrototypeOf(Headers)); O.toString = 5; throw new Headers()",
    ],
)
def test_what_a_body_does_to_its_process_is_one_error_and_the_next_call_runs(javascript: JavaScript, code: str) -> None:
    try:
        outcome = javascript.run(code, {}, timeout=1.0)
    except XanoScriptError as error:
        assert "nested too deep" in error.message
    else:
        assert isinstance(outcome, (Value, Thrown)) or outcome.error().message
    assert javascript.call("return 'next'", {}) == "next"


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("return '\ud800'.length", 1),
        ("return 1 // \udc00", 1),
        ("console.log('\ud800'); return 2", 2),
        ("\ud800", "[Line 1:Char 0] Invalid or unexpected token"),
        ("throw new Error('\ud800')", "[Line 1:Char 1] \ufffd"),
    ],
)
def test_halves_of_characters_in_code(javascript: JavaScript, code: str, value: Any) -> None:
    lines: list[str] = []
    assert javascript.call(code, {}, log=lines.append) == value


def test_a_shared_value_is_refused_before_it_is_written_out() -> None:
    doubled = "var $a { value = [1] }\nfor (40) {\n  each as $i {\n    var.update $a { value = [$a, $a] }\n  }\n}\n"
    for use in ('api.lambda {\n  code = "return 1"\n} as $x', 'var $x { value = $a|lambda:"return 1" }'):
        with xsrun.Workspace.from_sources({"a.xs": doubled + use}) as workspace:
            error = workspace.run("a", kind="stack").error
        assert isinstance(error, LimitError) and "characters or members" in error.message


def test_a_large_result_and_a_flood_of_logs_are_cut_off(javascript: JavaScript) -> None:
    service = JavaScript(result_limit=1000)
    assert service.run("return 'x'.repeat(999)", {}) == TooLarge(1001, 1000)
    with pytest.raises(LimitError, match="1,001 characters"):
        service.call("return 'x'.repeat(999)", {})
    service.close()
    lines: list[str] = []
    javascript.call("for (let i = 0; i < 1e5; i++) console.log('x'.repeat(100))", {}, log=lines.append)
    assert sum(map(len, lines)) < 2_000_000 and "no more console output" in lines[-1]


def test_console_goes_to_the_log(javascript: JavaScript) -> None:
    lines: list[str] = []
    code = """
      console.log('tide %d', 3, {deep: {er: [1, 2]}});
      console.error(new Error('shown').message);
      console.group('a'); console.warn('in'); console.groupEnd();
      console.log(typeof console.table);
      console.assert(true, 'never');
      await null;
      process.stdout.write('raw');
    """
    assert javascript.call(code, {}, log=lines.append) is None
    assert lines == ["tide 3 { deep: { er: [ 1, 2 ] } }", "shown", "a", "  in", "undefined", "raw"]


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("return $nope + 1", "[Line 1:Char 1] $nope is not defined"),
        ("const a = 1;\n  if (a) { throw new TypeError('no tide') }", "[Line 2:Char 12] no tide"),
        ("throw new Error('')", "[Line 1:Char 1] Error"),
        ("throw 'reef'", "reef"),
        ("export const a = 1", '[Line 1:Char 0] Unexpected "export"'),
        ("import { x } from 'y'", '[Line 1:Char 7] Unexpected "{"'),
        ("\nimport * as x from 'y'", '[Line 2:Char 7] Unexpected "*"'),
        ("import y from 'y'", '[Line 1:Char 7] Unexpected "y"'),
        ("return 1 +;", '[Line 1:Char 10] Unexpected ";"'),
        ("if (true) {\nreturn 1", "[Line 2:Char 8] Unexpected end of file"),
    ],
)
def test_an_exception_is_the_value_with_its_place(javascript: JavaScript, code: str, value: str) -> None:
    assert javascript.call(code, {}) == value


def test_without_code_there_is_nothing_to_run() -> None:
    assert xsrun.evaluate('5|lambda:""') is None
    assert xsrun.evaluate('[5]|lambda_map:""') is None
    workspace = xsrun.Workspace.from_sources({"a.xs": 'api.lambda { code = "" } as $r'})
    result = workspace.run("a", kind="stack")
    assert result.error is not None and result.error.message == "Param: code - Missing param: code"


@pytest.mark.parametrize("name", ["_", "axios", "moment", "luxon", "DateTime", "uuid", "jose", "math", "cryptojs"])
def test_libraries_are_there_to_be_found(javascript: JavaScript, name: str) -> None:
    assert javascript.call(f"return [typeof {name} === 'undefined', typeof require({name!r})]", {})[0] is False


def test_modules_of_node_can_be_required(javascript: JavaScript) -> None:
    assert javascript.call("return require('node:path').join('a', 'b') + typeof require('util').inspect", {}) == (
        "a/bfunction"
    )


# Isolation -----------------------------------------------------------------------------------------------------------


def test_nothing_of_a_call_is_left_for_the_next(javascript: JavaScript) -> None:
    javascript.call(
        """
        globalThis.mark = 1; var mark2 = 1; undeclared = 1;
        Object.prototype.mark = 1; Array.prototype.mark = 1; JSON.stringify = () => '"forged"';
        for (const shared of [URL, fetch, Deno, console, crypto, setTimeout, Buffer, process, Error]) {
          try { shared.mark = 1; (shared.prototype ?? {}).mark = 1; shared.constructor.prototype.mark = 1 } catch {}
        }
        const outside = [structuredClone({}), structuredClone([]), Buffer.from('a'), Object.getPrototypeOf(URL)];
        for (const one of outside) {
          try { Object.getPrototypeOf(one).mark = 1 } catch {}
        }
        console.log = () => { throw 1 }; Promise.prototype.then = () => {}; globalThis.setTimeout = null;
        """,
        {},
    )
    probe = """
      return [typeof mark, typeof mark2, typeof undeclared, {}.mark, [].mark, URL.mark, fetch.mark, Deno.mark,
        console.mark, crypto.mark, setTimeout.mark, Buffer.mark, process.mark, Error.mark, structuredClone({}).mark,
        structuredClone([]).mark, Buffer.from('a').mark, (() => 1).mark].filter(one => one && one !== 'undefined')
    """
    lines: list[str] = []
    assert javascript.call(probe, {}) == []
    assert javascript.call("console.log('still'); return 1", {}, log=lines.append) == 1 and lines == ["still"]


@pytest.mark.parametrize(
    "code",
    [
        "setTimeout(() => { throw new Error('late') }, 1); setInterval(() => console.log('late'), 1); return 1",
        "Promise.reject(new Error('late')); return 1",
        "fetch('http://192.0.2.1/').then(() => console.log('late')); return 1",
        "setTimeout(async () => { throw new Error('late') }); return 1",
        "queueMicrotask(() => { throw new Error('now') }); return 1",
    ],
)
def test_what_a_call_left_running_does_not_reach_the_next(javascript: JavaScript, code: str) -> None:
    before = processes(javascript)
    javascript.run(code, {})
    lines: list[str] = []
    assert javascript.call("await new Promise(r => setTimeout(r, 20)); return 'fine'", {}, log=lines.append) == "fine"
    assert lines == [] and (not before or "fetch" in code or processes(javascript) == before)


def test_a_result_cannot_be_forged(javascript: JavaScript) -> None:
    code = """
      const forged = ['\\n', 'V1 "forged"', '\\n', '0'.repeat(32) + 'V1 "forged"', '\\n'];
      for (const text of forged) { console.log(text); process.stdout.write(text) }
      return 'true result';
    """
    assert javascript.call(code, {}) == "true result"


# What is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "return Deno.readTextFileSync('/etc/hostname')",
        "return await Deno.readTextFile('/etc/hostname')",
        "return Deno.env.get('HOME')",
        "return Deno.cwd()",
        "Deno.exit(0)",
        "return new Deno.Command('true').outputSync()",
        "return Deno.stdin.readSync(new Uint8Array(9))",
        "await Deno.permissions.request({ name: 'read' })",
        "process.exit(0)",
        "return await fetch('http://192.0.2.1/')",
        "return await fetch('file:///etc/hostname')",
        "return await fetch('http://localhost:8080/')",
        "new WebSocket('ws://192.0.2.1/')",
        "return await import('node:fs')",
        "return await import('fs')",
        "return await import('node:process')",
        "return await import('node:child_process')",
        "return await import('node:worker_threads')",
        "return await import('node:vm')",
        "return await import('file:///etc/hostname')",
        "return await import('./worker.js')",
        "return await import('data:text/javascript,export default Deno')",
        "return await import('npm:lodash')",
        "return await import('jsr:@std/path')",
        "return await import('https://esm.sh/lodash')",
        "const name = 'node:' + 'fs'; return await import(name)",
        "return moment().format()",
        "return _.map([1], n => n)",
        "return await axios.get('http://192.0.2.1/')",
    ],
)
def test_a_refusal_is_no_value(javascript: JavaScript, code: str) -> None:
    outcome = javascript.run(code, {})
    assert isinstance(outcome, Refused), outcome
    error = outcome.error()
    assert isinstance(error, UnavailableError) and error.hint and not error.catchable


@pytest.mark.parametrize(
    "code",
    [
        "return setTimeout.constructor('return Deno.readFileSync')()('/etc/hostname')",
        "return URL.constructor('return process')().getBuiltinModule('node:fs')",
        "return Object.getPrototypeOf(URL).constructor('return globalThis')()",
        "return Buffer.from('a').constructor.constructor('return globalThis')()",
        "return structuredClone({}).constructor.constructor('return globalThis')()",
        "try { new URL('x') } catch (e) { return e.constructor.constructor('return globalThis')() }",
        "return (await import('node:util')).inspect.constructor('return globalThis')()",
        "return require('node:fs')",
        "return new Worker('data:text/javascript,1')",
        "localStorage.setItem('a', 'b')",
        "return process.binding('fs')",
        "return this.Deno.core.ops",
    ],
)
def test_there_is_no_way_out_of_the_realm(javascript: JavaScript, code: str) -> None:
    assert isinstance(javascript.run(code, {}), (Thrown, Refused))
    assert javascript.call("return [process.env, typeof require]", {}) == [{}, "function"]


def test_a_refused_fetch_says_so_to_the_program(javascript: JavaScript) -> None:
    code = "try { await fetch('http://192.0.2.1/') } catch (e) { return e.message }"
    assert javascript.call(code, {}).startswith('network access to "192.0.2.1:80" is refused')
    with pytest.raises(UnavailableError) as caught:
        javascript.call("await fetch('http://192.0.2.1/')", {})
    assert "--allow-net 192.0.2.1" in (caught.value.hint or "")
    with pytest.raises(UnavailableError, match="preloaded library moment"):
        javascript.call("return moment()", {})


def test_an_allowed_host_is_reached_and_no_other() -> None:
    import http.server

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"reached": true}')

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_port
        service = JavaScript(allow_net=[f"127.0.0.1:{port}"])
        assert service.call(f"return await (await fetch('http://127.0.0.1:{port}/')).json()", {}) == {"reached": True}
        assert isinstance(service.run(f"return await fetch('http://127.0.0.1:{port + 1}/')", {}), Refused)
        service.close()
        server.shutdown()


@pytest.mark.parametrize("address", ["a b", "a,b", "--allow-all", "http://a", "a:b", ""])
def test_an_address_is_checked_before_it_reaches_a_command_line(address: str) -> None:
    with pytest.raises(UsageError, match="not a host"):
        JavaScript(allow_net=[address]).call("return 1", {})


# Lists ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "code", "value"),
    [
        ("map", "return $this * 10 + $index", [40, 51, 72]),
        ("map", "return await Promise.resolve($parent.length)", [3, 3, 3]),
        ("map", "return undefined", [None, None, None]),
        ("filter", "return $this % 2", [5, 7]),
        ("some", "return $this > 6", True),
        ("some", "return $this > 7", False),
        ("every", "return $this > 3", True),
        ("every", "return $this > 4", False),
        ("find", "return $this > 4", 5),
        ("find", "return $this > 7", None),
        ("findIndex", "return $this > 4", 1),
        ("findIndex", "return $this > 7", -1),
        ("reduce", "return $result + $this", 116),
    ],
)
def test_modes(javascript: JavaScript, mode: Mode, code: str, value: Any) -> None:
    assert javascript.map(code, {}, [4, 5, 7], mode=mode, initial=100) == value


def test_chosen_elements_are_the_ones_given(javascript: JavaScript) -> None:
    big = {"id": 2**62 + 1}
    assert javascript.map("$this.id = 0; return true", {}, [big], mode="filter")[0] is big
    assert javascript.map("return true", {}, [big], mode="find") is big


def test_a_thousand_elements_take_one_request(javascript: JavaScript) -> None:
    elements = list(range(1000))
    javascript.call("return 1", {})
    (worker,) = javascript._pool._idle
    before = worker._count
    assert javascript.map("return $this + $var.n", {"$var": {"n": 1}}, elements) == [n + 1 for n in elements]
    assert javascript._pool._idle == [worker] and worker._count == before + 1


def test_an_element_that_throws_ends_the_list(javascript: JavaScript) -> None:
    lines: list[str] = []
    code = "console.log($index); if ($index === 1) throw new Error('reef'); return true"
    assert javascript.map(code, {}, [1, 2, 3], mode="filter", log=lines.append) == "[Line 1:Char 22] reef"
    assert lines == ["0", "1", "JavaScript error: Error: reef (line 1 of the code)"]


# The process ---------------------------------------------------------------------------------------------------------


def test_nothing_starts_before_the_first_call() -> None:
    service = JavaScript(executable=Path("/nowhere/deno"))
    service.close()
    with pytest.raises(UnavailableError, match="does not start"):
        service.call("return 1", {})


def test_a_deno_that_is_missing_or_wrong_is_told_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(UnavailableError, match="does not start") as caught:
        JavaScript(executable=Path(sys.executable)).call("return 1", {})
    assert "2.9" in (caught.value.hint or "")
    monkeypatch.setitem(sys.modules, "deno", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match="not installed") as caught:
        JavaScript().call("return 1", {})
    assert "pip install deno" in (caught.value.hint or "")
    (tmp_path / "deno").write_text("#!/bin/sh\n")
    (tmp_path / "deno").chmod(0o755)
    assert engine.find_deno() == tmp_path / "deno"


def test_on_musl_the_deno_on_the_path_serves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: "cpython-312-x86_64-linux-musl")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match="not installed") as caught:
        engine.find_deno()
    assert "pip install" not in (caught.value.hint or "")
    (tmp_path / "deno").write_text("#!/bin/sh\n")
    (tmp_path / "deno").chmod(0o755)
    assert engine.find_deno() == tmp_path / "deno"


def test_it_works_without_a_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "file"))
    service = JavaScript()
    assert service.call("return 1", {}) == 1
    service.close()


def test_a_process_that_died_is_replaced(javascript: JavaScript) -> None:
    javascript.call("return 1", {})
    (worker,) = javascript._pool._idle
    worker._process.kill()
    worker._process.wait()
    assert javascript.call("return 2", {}) == 2
    assert javascript._pool._idle != [worker]


def test_close_ends_the_processes_and_a_later_call_starts_anew() -> None:
    service = JavaScript()
    service.call("return 1", {})
    (pid,) = processes(service)
    service.close()
    assert not is_running(pid)
    assert service.call("return 2", {}) == 2
    (pid,) = processes(service)
    del service
    assert not is_running(pid)


@pytest.mark.skipif(sys.platform == "win32", reason="looks for processes as POSIX systems do")
@pytest.mark.parametrize("ending", ["pass", "os._exit(0)", "os.kill(os.getpid(), 9)"])
def test_the_process_ends_with_its_parent(ending: str) -> None:
    code = f"""
import os
from xsrun.services.javascript import JavaScript
service = JavaScript()
service.call("return 1", {{}})
print(service._pool._idle[0]._process.pid, flush=True)
{ending}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE)
    pid = int(done.stdout)
    until(lambda: not is_running(pid), pid)


def test_threads_share_a_service() -> None:
    service = JavaScript(workers=2)
    results: dict[int, list[Any]] = {}

    def work(number: int) -> None:
        code = "await new Promise(r => setTimeout(r, 2)); return [$input.n, globalThis.seen ??= $input.n]"
        results[number] = [service.call(code, {"$input": {"n": n}}) for n in range(number, 400, 4)]

    with in_threads(*(partial(work, number) for number in range(4))):
        pass
    assert sorted(pair for pairs in results.values() for pair in pairs) == [[n, n] for n in range(400)]
    assert len(processes(service)) == 2
    service.close()


def test_a_thread_waits_for_a_free_process_no_longer_than_its_timeout() -> None:
    service = JavaScript(workers=1)
    service.call("return 1", {})
    lent, tried = threading.Event(), threading.Event()

    def hold(_line: str) -> None:
        lent.set()
        wait_for(tried)

    with in_threads(lambda: service.run("console.log('lent'); return 1", {}, timeout=PATIENCE, log=hold)):
        wait_for(lent)
        assert service.run("return 1", {}, timeout=SHORT) == TimedOut(SHORT)
        tried.set()
    assert service.call("return 2", {}) == 2
    service.close()


def test_close_ends_a_call_under_way_in_another_thread() -> None:
    service = JavaScript()
    service.call("return 1", {})
    outcomes: list[Any] = []
    begun = threading.Event()

    def never_end() -> None:
        code = "console.log('begun'); while (true) {}"
        outcomes.append(service.run(code, {}, timeout=10 * PATIENCE, log=lambda _line: begun.set()))

    with in_threads(never_end):
        wait_for(begun)
        service.close()
    assert len(outcomes) == 1 and not isinstance(outcomes[0], Value)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")  # it is what is tested
def test_a_forked_process_has_workers_of_its_own(javascript: JavaScript) -> None:
    javascript.call("return 1", {})
    child = os.fork()
    if child == 0:
        ok = javascript.call("return 'child'", {}) == "child"
        javascript.close()
        os._exit(0 if ok else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert javascript.call("return 'parent'", {}) == "parent"


def test_a_clock_of_its_own(javascript: JavaScript) -> None:
    now = 1_700_000_000_000
    code = "return [Date.now(), new Date().toISOString(), new Date(0).getTime(), new Date() instanceof Date]"
    assert javascript.call(code, {}, now=now) == [now, "2023-11-14T22:13:20.000Z", 0, True]
    goes_on = "const t = Date.now(); while (Date.now() === t) await null; return Date.now() > t"
    assert javascript.call(goes_on, {}, now=now) is True
