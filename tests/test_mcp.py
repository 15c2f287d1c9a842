"""`xsrun mcp`: a client of the official SDK carries a task out, and hostile arguments get nowhere."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="the SDK of the protocol is not installed on this Python")

import anyio
from jsonschema import Draft202012Validator
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from xsrun.cli import main
from xsrun.editor.mcp.agent_folder import AgentFolder
from xsrun.editor.mcp.agent_tool import LARGEST_CALL, LONGEST_TEXT
from xsrun.editor.mcp.mcp_server import make_server
from xsrun.editor.mcp.opening import Opening, ReplayedInput
from xsrun.editor.mcp.toolbox import ToolAnswer, Toolbox

SHOP = Path(__file__).parents[1] / "samples" / "shop"
#: What is wrong: a filter without parentheses, a misspelt statement, and that it counts from two on.
BROKEN = """query "many" verb=GET {
  api_group = "shop"

  input {
    int[] numbers
  }

  stack {
    var $many {
      value = $input.numbers|count > 2
    }
  }

  response = {many: $many}

  test "three are many" {
    input = {numbers: [1, 2, 3]}
    expect.to_be_true ($response.many)
  }
}
"""
PAGE = """# Adding

```xs
var $sum { value = 1 + 2 }
```

It gives `{"sum": 4}`.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace with a broken query, a secret, a page, and links that lead out of it."""
    made = tmp_path / "backend"
    (made / "api").mkdir(parents=True)
    (made / "table").mkdir()
    (made / "api" / "many.xs").write_text(BROKEN, encoding="utf-8")
    (made / "table" / "item.xs").write_text((SHOP / "table" / "item.xs").read_text(encoding="utf-8"), encoding="utf-8")
    (made / "adding.md").write_text(PAGE, encoding="utf-8")
    (made / ".env").write_text("KEY=hunter2\n", encoding="utf-8")
    (tmp_path / "outside.xs").write_text('var $x { value = "outside" }\n', encoding="utf-8")
    (made / "link.xs").symlink_to(tmp_path / "outside.xs")
    (made / "linked").symlink_to(tmp_path)
    return made


@pytest.fixture
def box(folder: Path) -> Toolbox:
    return Toolbox(AgentFolder(folder), {})


def answer(box: Toolbox, tool: str, /, **given: Any) -> str:
    """What a call gives that is carried out."""
    found = box.call(tool, given)
    assert not found.failed, found.text
    return found.text


def refusal(box: Toolbox, tool: str, /, **given: Any) -> str:
    """Why a call is not carried out."""
    found = box.call(tool, given)
    assert found.failed, found.text
    assert "Traceback" not in found.text and "internal error" not in found.text
    return found.text


def talk(transport: Any, conversation: Callable[[Client], Awaitable[None]]) -> None:
    """Connect a client, let it talk, and leave."""

    async def run() -> None:
        async with Client(transport) as client:
            await conversation(client)

    anyio.run(run)


def over_stdio(folder: Path, *options: str) -> AbstractAsyncContextManager[Any]:
    """A transport to `xsrun mcp` as an agent starts it."""
    words = ["-m", "xsrun", "mcp", "--workspace", str(folder), *options]
    kept = {name: value for name, value in os.environ.items() if name in ("XSRUN_CACHE", "HOME")}
    return stdio_client(StdioServerParameters(command=sys.executable, args=words, env=kept))


async def call(client: Client, name: str, **given: Any) -> str:
    result = await client.call_tool(name, given)
    (content,) = result.content
    assert not result.is_error, content
    return str(content.text)  # type: ignore[union-attr]


async def every_resource(client: Client) -> list[Any]:
    """All resources, page after page."""
    found: list[Any] = []
    cursor: str | None = None
    while True:
        page = await client.list_resources(cursor=cursor)
        found += page.resources
        cursor = page.next_cursor
        if cursor is None:
            return found


# A whole task --------------------------------------------------------------------------------------------------------


def test_an_agent_mends_a_query(folder: Path) -> None:
    async def task(client: Client) -> None:
        said = await call(client, "check")
        assert "api/many.xs:10:" in said and "error[XS130]" in said and "next: the tool fix" in said
        assert "next: the same with write = true" in await call(client, "fix", path="api/many.xs")
        assert (folder / "api" / "many.xs").read_text(encoding="utf-8") == BROKEN, "nothing was written unasked"
        assert "wrote api/many.xs" in await call(client, "fix", path="api/many.xs", write=True)
        assert "no problems" in await call(client, "check")
        said = await call(client, "run", construct="query:GET many", input={"numbers": [1, 2, 3]})
        assert said.startswith("ok: status 200") and '"many": true' in said
        assert await call(client, "test") == "1 passed, 0 failed\nall green"

    talk(over_stdio(folder), task)


def test_tools_resources_and_prompts_are_listed_with_valid_schemas(box: Toolbox) -> None:
    async def look(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) >= {
            *("check", "fix", "format", "run", "evaluate", "test", "trace", "doctest"),
            *("docs", "search_docs"),
            *("list_constructs", "describe_table", "query_database", "explain"),
        }
        for tool in tools.values():
            Draft202012Validator.check_schema(tool.input_schema)
            assert tool.description and tool.input_schema["additionalProperties"] is False
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint is (tool.name not in ("fix", "format", "query_database"))
        found = {one.name: one.uri for one in (await client.list_resources()).resources}
        assert set(found) >= {"api/many.xs", "table/item.xs", "adding.md"}
        assert not {"link.xs", ".env"} & set(found)
        (content,) = (await client.read_resource(found["api/many.xs"])).contents
        assert content.text == BROKEN  # type: ignore[union-attr]
        (content,) = (await client.read_resource("xsrun://docs/db.query")).contents
        assert content.text.startswith("db.query (statement)")  # type: ignore[union-attr]
        assert "xsrun://docs/trim" in {one.uri for one in await every_resource(client)}
        prompts = {one.name: one for one in (await client.list_prompts()).prompts}
        assert set(prompts) == {"write_query", "mend_test", "port_from_javascript"}
        for prompt in prompts.values():
            given = {one.name: "THIS" for one in prompt.arguments or []}
            (message,) = (await client.get_prompt(prompt.name, given)).messages
            assert "THIS" in message.content.text and "<" not in message.content.text.replace("</", "")  # type: ignore[union-attr]

    talk(make_server(box), look)


def test_the_protocol_says_what_is_wrong_with_a_request(box: Toolbox) -> None:
    async def ask(client: Client) -> None:
        for uri in ("xsrun://workspace/../outside.xs", "xsrun://workspace/linked/outside.xs", "file:///etc/passwd"):
            with pytest.raises(MCPError):
                await client.read_resource(uri)
        with pytest.raises(MCPError, match="outside the folder"):
            await client.read_resource("xsrun://workspace/%2e%2e/outside.xs")
        with pytest.raises(MCPError, match="is not a file of the workspace"):
            await client.read_resource("xsrun://workspace/.env")
        with pytest.raises(MCPError, match="needs `route`"):
            await client.get_prompt("write_query", {"task": "x"})
        with pytest.raises(MCPError, match="there are: write_query"):
            await client.get_prompt("nothing", {})
        with pytest.raises(MCPError, match="not a cursor"):
            await client.list_resources(cursor="x")

    talk(make_server(box), ask)


def test_half_a_pair_of_escapes_is_answered_too() -> None:
    line = '{"id": 1, "method": "tools/call", "params": {"path": "a\\ud800b", "code": "\\ud83d\\ude00 \\\\ud800"}}\n'
    first = b'{"id": 0}\n'
    stream = ReplayedInput(io.BytesIO(line.encode() + b"{\\ud800\n"), Opening.read(io.BytesIO(first), ""))
    assert stream.readline() == first.decode()
    assert json.loads(stream.readline())["params"] == {"path": "a?b", "code": "\U0001f600 \\ud800"}
    assert stream.readline() == "{\\ud800\n"


def test_over_http_on_loopback(folder: Path) -> None:
    words = [sys.executable, "-m", "xsrun", "mcp", "--http", "--port", "0", "--workspace", str(folder)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        address = server.stderr.readline().split()[-1]
        assert address.startswith("http://127.0.0.1:")

        async def look(client: Client) -> None:
            assert "table item" in await call(client, "describe_table", table="item")

        talk(streamable_http_client(address), look)
        server.send_signal(signal.SIGINT)


def test_the_first_answer_is_given_before_the_packages_of_the_protocol_are_loaded(folder: Path, tmp_path: Path) -> None:
    """A client waits for the start of Python and little more: the answer is that of the start before."""
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18"}}
    request["params"] |= {"capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}  # type: ignore[operator]
    environment = {**os.environ, "XSRUN_CACHE": str(tmp_path / "cache")}
    answers = []
    for number in (7, 8):
        given = (
            json.dumps({**request, "id": number}) + "\n" + '{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
        )
        given += '{"jsonrpc":"2.0","id":"tools","method":"tools/list"}\n'
        words = [sys.executable, "-m", "xsrun", "mcp", "-w", str(folder)]
        with subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        ) as server:
            assert server.stdin is not None and server.stdout is not None
            server.stdin.write(given)
            server.stdin.flush()
            first, second = json.loads(server.stdout.readline()), json.loads(server.stdout.readline())
            server.stdin.close()
        assert (first["id"], second["id"]) == (number, "tools") and second["result"]["tools"]
        answers.append(first["result"])
    assert answers[0] == answers[1]
    assert answers[0]["serverInfo"]["name"] == "xsrun"
    program = (
        "import io, sys; from xsrun.editor.mcp.opening import *\n"
        f"found = Opening.read(io.BytesIO({(json.dumps(request) + chr(10)).encode()!r}), package_stamp()).answer()\n"
        "import json; print(json.loads(found)['result']['protocolVersion'], 'mcp' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2025-06-18", "False"]


@pytest.mark.slow
def test_a_start_takes_less_than_four_tenths_of_a_second(folder: Path) -> None:
    import time

    request = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",'
    request += '"capabilities":{},"clientInfo":{"name":"c","version":"1"}}}\n'
    times = []
    for _ in range(6):
        begun = time.perf_counter()
        words = [sys.executable, "-m", "xsrun", "mcp", "-w", str(folder)]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdin is not None and server.stdout is not None
            server.stdin.write(request)
            server.stdin.flush()
            server.stdout.readline()
            times.append(time.perf_counter() - begun)
            server.stdin.close()
    assert min(times[1:]) < 0.4


# The tools -----------------------------------------------------------------------------------------------------------


def test_programs_are_checked_fixed_and_laid_out(box: Toolbox, folder: Path) -> None:
    said = answer(box, "check", code="var $x { valu = 1 }")
    assert said.startswith("1 error") and "did you mean `value`?" in said
    assert "no problems" in answer(box, "check", path="table")
    assert "no problems" in answer(box, "check", path="api/many.xs", code=BROKEN.replace("$input.numbers|count", "3"))
    assert "($a|count) > 3" in answer(box, "fix", code="var $x { value = $a|count > 3 }")
    assert "var $x {\n  value = 1\n}" in answer(box, "format", code="var $x {value=1}")
    before = (folder / "table" / "item.xs").read_text(encoding="utf-8")
    (folder / "table" / "item.xs").write_text(before.replace("  ", "\t"), encoding="utf-8")
    assert "+++ table/item.xs" in answer(box, "format", path="table")
    assert "wrote table/item.xs" in answer(box, "format", path="table", write=True)
    assert (folder / "table" / "item.xs").read_text(encoding="utf-8") == before


def test_programs_are_run_and_traced(box: Toolbox) -> None:
    assert '"x": 3' in answer(box, "run", code="var $x { value = $y + 1 }", variables={"y": 2})
    rows = {"item": [{"name": "pen", "price": 2}]}
    assert '"n": 1' in answer(box, "run", code='db.query "item" { return = {type: "count"} } as $n', rows=rows)
    said = answer(box, "run", code="var $x { value = 1 }\nvar $y { value = $x.a.b }")
    assert said.startswith("error: status") and "code.xs:2:" in said and "next: the tool trace" in said
    said = answer(box, "trace", code='for (100) { each as $i { debug.log { value = "pass" } } }', limit=20_000)
    assert "the last 60 of 201 statements" in said and "code.xs:1  debug.log" in said
    assert said.count("\nlog: code.xs:1: pass") == 100
    assert "trace (201 statements)" in answer(
        box, "trace", code="for (100) { each as $i { var $x { value = $i } } }", all=True
    )
    assert answer(box, "evaluate", expression="[3, 1]|sort").split() == ["[", "1,", "3", "]"]
    assert "did you mean" in answer(box, "evaluate", expression="[3, 1]|srt")


def test_secrets_of_a_run_are_masked(box: Toolbox) -> None:
    code = """function login {
  input { text secret { sensitive = true } }
  stack {
    var $copy { value = $input.secret }
    precondition (false) { error = "no " ~ $input.secret }
  }
  response = null
}"""
    said = answer(box, "trace", code=code, input={"secret": "hunter2"})
    assert "hunter2" not in said and "var $copy" in said


def test_tests_tell_what_fails_where(box: Toolbox) -> None:
    mended = BROKEN.replace("$input.numbers|count", "($input.numbers|count)")
    assert "all green" in answer(box, "test", path="api/many.xs", code=mended)
    said = answer(box, "test", path="api/many.xs", code=mended.replace("> 2", "> 3"))
    assert "1 failed" in said and "api/many.xs:18:" in said and "var $many = false" in said


def test_what_is_not_there_is_answered_with_what_may_be_meant(box: Toolbox) -> None:
    assert "did you mean `api/many.xs`?" in refusal(box, "run", path="many.xs")
    assert "test its name as `pattern`" in refusal(box, "test", path="query:many")
    missing = refusal(box, "run", path="none.xs")
    tool = missing.partition("the tool ")[2].partition(" ")[0]
    assert not box.call(tool, {}).failed, "the tool that is named is one"
    assert "no test fits `zzz`" in refusal(box, "test", pattern="zzz")
    assert "did you mean `item`?" in refusal(box, "run", code="var $x { value = 1 }", rows={"itm": [{"name": "a"}]})
    assert '`variables`: {"n": VALUE}' in answer(box, "run", code="var $x { value = $n }")
    assert "next: give a page" in answer(box, "doctest", page="hello")


def test_a_page_is_tested(box: Toolbox) -> None:
    said = answer(box, "doctest", path="adding.md")
    assert "adding.md:4  differs" in said
    assert "passed" in answer(box, "doctest", page=PAGE.replace("4", "3"))
    assert "give a page" in refusal(box, "doctest")


def test_what_there_is(box: Toolbox, folder: Path) -> None:
    said = answer(box, "list_constructs")
    assert "query GET many  api/many.xs:1, 1 test, broken:" in said and "table item  table/item.xs:1" in said
    assert answer(box, "list_constructs", kind="table").startswith("1 construct\n")
    assert "the workspace has: query, table" in refusal(box, "list_constructs", kind="task")
    assert "price: decimal" in answer(box, "describe_table", table="item")
    assert "did you mean `item`?" in refusal(box, "describe_table", table="itm")
    assert "XS130 (error)" in answer(box, "explain", code="XS130")
    assert "ERROR_CODE_INPUT_ERROR" in answer(box, "explain", code="ERROR_CODE_INPUT_ERROR")
    assert "no code is called" in refusal(box, "explain", code="XS1300")


def test_the_manual_is_looked_into(box: Toolbox) -> None:
    assert answer(box, "docs", name="substr").startswith("substr (filter)")
    assert "jwe_encode" in answer(box, "docs", name="jwe")
    assert "did you mean `substr`?" in refusal(box, "docs", name="subtsr")
    assert "security.jwe_encode" in answer(box, "search_docs", words="jwe encode claims")
    assert "no page has the words" in refusal(box, "search_docs", words="xyzzyx")


def test_rows_are_read_and_only_changed_where_it_is_allowed_and_asked(folder: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'rows.db'}"
    careful = Toolbox(AgentFolder(folder), {}, rows=url)
    assert "there is no database" in refusal(careful, "query_database", sql="select 1")
    assert main(["db", "migrate", "-w", str(folder), "--database", url]) == 0
    allowed = Toolbox(AgentFolder(folder), {}, rows=url, writes_rows=True)
    insert = "insert into item (name, price) values ('pen', 2) returning name"
    assert "only SELECT is allowed" in refusal(careful, "query_database", sql=insert)
    assert "--allow-writes" in refusal(careful, "query_database", sql=insert, write=True)
    assert "write = true" in refusal(allowed, "query_database", sql=insert)
    assert '{"name":"pen"}' in answer(allowed, "query_database", sql=insert, write=True)
    assert answer(careful, "query_database", sql="select name, price from item") == '1 row\n{"name":"pen","price":2}'
    for sql in ("drop table item", "with gone as (delete from item returning *) select * from gone", "vacuum"):
        refusal(careful, "query_database", sql=sql)
    assert 'relation "none" does not exist' in refusal(careful, "query_database", sql="select * from none")
    assert answer(careful, "query_database", sql="select count(*) as n from item").endswith('{"n":1}')
    assert "there is no database to look at" in refusal(
        Toolbox(AgentFolder(folder), {}), "query_database", sql="select 1"
    )


# Hostile arguments ---------------------------------------------------------------------------------------------------

OUTSIDE = ["../outside.xs", "api/../../outside.xs", "/etc/passwd", "link.xs", "linked/outside.xs", "linked", "..", "/"]


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("tool", ["check", "fix", "format", "run", "trace", "test", "doctest"])
def test_nothing_outside_the_folder_is_reached(box: Toolbox, tool: str, path: str) -> None:
    assert "is outside the folder" in refusal(box, tool, path=path)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (".env", "kept out of it"),
        (".", "is not a program"),
        ("none.xs", "no such file"),
        ("a\0b", "not a path"),
        ("", "not a path"),
        ("x" * 1_900, "no such file"),
        ("x/" * 999, "no such file"),
    ],
)
def test_other_paths_that_lead_nowhere(box: Toolbox, path: str, told: str) -> None:
    assert told in refusal(box, "doctest", path=path)


def test_a_file_that_a_link_puts_outside_is_no_part_of_the_workspace(box: Toolbox) -> None:
    assert "link.xs" not in answer(box, "list_constructs") and "2 files" in answer(box, "check")


@pytest.mark.parametrize(
    ("tool", "given", "told"),
    [
        ("check", {"code": "x" * (LONGEST_TEXT + 1)}, "are taken"),
        ("run", {"code": "a", "input": {"x": "y" * LARGEST_CALL}}, "the arguments have"),
        ("check", {"path": "x" * 5_000}, "are taken"),
        ("check", {"path": 1}, "is not a text"),
        ("check", {"limit": 10**9}, "a number from 200"),
        ("check", {"limit": True}, "is not a whole number"),
        ("check", {"pth": "a"}, "it has: path, code, limit"),
        ("evaluate", {}, "needs the argument `expression`"),
        ("test", {"kind": "all"}, "is not one of: unit, workflow"),
        ("run", {"code": "var $x { value = 1 }", "input": []}, "is not an object"),
        ("run", {"code": "var $x { value = 1 }", "auth": {"a": 1}}, "auth"),
        ("run", {"code": "var $x { value = 1 }", "rows": {"t": 1}}, "rows"),
        ("run", {}, "say what to run"),
        ("run", {"construct": "function:none"}, "there is no function none"),
        ("fix", {"code": "var $x { value = 1 }", "write": True}, "leave out one of the two"),
        ("none", {}, "there are: check, fix"),
    ],
)
def test_arguments_that_do_not_fit(box: Toolbox, tool: str, given: dict[str, Any], told: str) -> None:
    assert told in refusal(box, tool, **given)


def test_a_program_without_end_is_stopped_and_a_long_answer_cut(folder: Path) -> None:
    from xsrun import Limits

    box = Toolbox(AgentFolder(folder), {"limits": Limits(steps=1_000)})
    said = answer(box, "run", code="while (true) { each { var $x { value = 1 } } }")
    assert "Potential infinite loop" in said
    long = answer(box, "evaluate", expression="$x", variables={"x": "y" * 9_000}, limit=300)
    assert len(long) <= 300 and "cut: 9,002 characters in all" in long


def test_the_network_is_shut_unless_it_is_opened(box: Toolbox) -> None:
    said = answer(box, "run", code='api.request { url = "https://example.com/" method = "GET" } as $r')
    assert said.startswith("error") and "example.com" in said and "--allow-net" in said


def test_a_fault_is_an_answer(box: Toolbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AgentFolder, "sources", lambda self: {}["gone"])
    assert box.call("check", {}) == ToolAnswer(box.call("check", {}).text, failed=True)
    assert "internal error in xsrun" in box.call("check", {}).text


def test_a_folder_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["mcp", "--workspace", str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err
