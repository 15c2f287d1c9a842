"""`mcp_server` constructs, served at Xano's addresses and used by the official client; `ai.external.mcp.*` too."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from http_server import Client, running
from mcp import ClientSession, MCPError
from mcp.client.client import Client as McpClient
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent, TextResourceContents
from model_server import model_server, openai_answer
from recording_server import recording
from waiting import until

import xsrun
from xsrun.cli import main
from xsrun.server.application import Application
from xsrun.server.mcp_connection import McpAddress, address_of
from xsrun.server.snapshot import Live

LEADS = """
table user {
  auth = true
  schema {
    int id
    text name
  }
}
---
table lead {
  schema {
    int id
    text name
    enum stage?=New {
      values = ["New", "Won"]
    }
  }
}
---
tool add_lead {
  instructions = "Add a lead. It is saved once this returns saved=true."
  input {
    text name filters=trim {
      description = "Contact name"
    }
    enum stage?=New {
      values = ["New", "Won"]
    }
  }
  stack {
    db.add lead {
      data = {name: $input.name, stage: $input.stage}
    } as $lead
  }
  response = {saved: true, lead: $lead.name}
}
---
tool list_leads {
  instructions = "List all leads."
  input {
  }
  stack {
    db.query lead {
    } as $leads
  }
  response = $leads|map:$$.name
}
---
tool whoami {
  input {
  }
  stack {
    debug.log {
      value = "asked with " ~ $toolset.token
    }
  }
  response = {id: $auth.id, token: $toolset.token, params: $toolset.params}
}
---
tool panel {
  instructions = "The panel."
  input {
  }
  stack {
  }
  response = {uri: "ui://leads/panel.html", mimeType: "text/html", text: "<b>leads</b>", _meta: {wide: true}}
}
---
mcp_server "Lead Tracker" {
  canonical = "lead-tracker"
  instructions = "A small CRM."
  tools = [
    {name: "add_lead", tool_meta: "{\\"openai/widgetAccessible\\":true}"}
    {name: "list_leads"}
    {name: "whoami"}
    {name: "panel", type: "resource", resource_uri: "ui://leads/panel.html"}
    {name: "gone"}
  ]
}
---
mcp_server "For users" {
  canonical = "users"
  tools = [{name: "whoami", auth: "user"}]
}
---
mcp_server "Guarded" {
  canonical = "guarded"
  tools = [{name: "add_lead"}, {name: "list_leads"}]
}
---
mcp_server_trigger "Auth Gate" {
  mcp_server = "Guarded"
  actions = {connection: true}
  input {
    object toolset {
      schema {
        int id
        text name
        text instructions
      }
    }
    object[] tools {
      schema {
        int id
        text name
        text instructions
      }
    }
  }
  stack {
    precondition ($toolset.token == "open") {
      error_type = "accessdenied"
      error = "Unauthorized"
    }
    db.add lead {
      data = {name: "connection of " ~ $input.toolset.name}
    }
  }
  response = {toolset: {instructions: "Look, do not touch."}, tools: $input.tools|filter:$$.name == "list_leads"}
}
---
mcp_server "Closed" {
  canonical = "closed"
  active = false
  tools = [{name: "add_lead"}]
}
---
mcp_server Empty {
  canonical = "empty"
  tools = []
}
---
query login verb=POST {
  api_group = "main"
  input {
    int id
  }
  stack {
    security.create_auth_token {
      table = "user"
      id = $input.id
      extras = {}
      expiration = 3600
    } as $token
  }
  response = $token
}
"""
TRANSPORTS = ["stream", "sse"]


class Site:
    """A workspace that is served; `lines` is what the server printed."""

    def __init__(self, client: Client, lines: list[str], live: Live) -> None:
        self.client = client
        self.lines = lines
        self.live = live

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.client.port}"

    def address(self, server: str, kind: str, token: str = "mcp") -> str:
        return f"{self.url}/x2/mcp/{server}/{token}/{kind}"


@pytest.fixture
def site() -> Iterator[Site]:
    from xsrun.server.log import Log

    lines: list[str] = []
    with xsrun.Workspace.from_sources({"leads.xs": LEADS}) as workspace:
        live = Live(workspace)
        with running(Application(live, log=Log(lines.append))) as client:
            yield Site(client, lines, live)


@asynccontextmanager
async def session(url: str, token: str = "") -> AsyncIterator[ClientSession]:
    """The official client, connected."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if url.partition("?")[0].endswith("/sse"):
        async with sse_client(url, headers) as streams, ClientSession(*streams) as made:
            await made.initialize()
            yield made
    else:
        async with (
            httpx2.AsyncClient(headers=headers, trust_env=False) as client,
            streamable_http_client(url, http_client=client) as streams,
            ClientSession(*streams) as made,
        ):
            await made.initialize()
            yield made


def talk(url: str, ask: Callable[[ClientSession], Awaitable[Any]], token: str = "") -> Any:
    """What a client gets that connects, asks and leaves."""

    async def conversation() -> Any:
        async with session(url, token) as made:
            return await ask(made)

    return asyncio.run(conversation())


def called(name: str, /, **arguments: Any) -> Callable[[ClientSession], Awaitable[Any]]:
    async def ask(made: ClientSession) -> Any:
        result = await made.call_tool(name, arguments)
        (content,) = result.content
        assert isinstance(content, TextContent)
        assert not result.is_error
        return json.loads(content.text)

    return ask


async def names(made: ClientSession) -> list[str]:
    return [tool.name for tool in (await made.list_tools()).tools]


# The official client -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_a_client_lists_and_calls_tools(site: Site, kind: str) -> None:
    async def ask(made: ClientSession) -> Any:
        tools = (await made.list_tools()).tools
        added = await called("add_lead", name=" Maya ", stage="Won")(made)
        return tools, added, await called("list_leads")(made)

    tools, added, leads = talk(site.address("lead-tracker", kind), ask)
    assert [tool.name for tool in tools] == ["add_lead", "list_leads", "whoami"]
    shown = tools[0].model_dump(mode="json", by_alias=True, exclude_none=True)
    assert shown == {
        "name": "add_lead",
        "description": "Add a lead. It is saved once this returns saved=true.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "minLength": 1, "description": "Contact name"},
                "stage": {"type": "string", "enum": ["New", "Won"], "default": "New"},
            },
            "required": ["name"],
        },
        "_meta": {"openai/widgetAccessible": True},
    }
    assert (added, leads) == ({"saved": True, "lead": "Maya"}, ["Maya"])


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_clients_of_the_older_and_the_newest_protocol(site: Site, mode: str) -> None:
    async def conversation() -> Any:
        async with McpClient(site.address("lead-tracker", "stream"), mode=mode) as client:
            told = client.instructions
            tools = [tool.name for tool in (await client.list_tools()).tools]
            result = await client.call_tool("add_lead", {"name": "Bo"})
            return told, tools, result.content

    told, tools, content = asyncio.run(conversation())
    assert told == "A small CRM."
    assert tools == ["add_lead", "list_leads", "whoami"]
    assert json.loads(content[0].text) == {"saved": True, "lead": "Bo"}


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_resources(site: Site, kind: str) -> None:
    async def ask(made: ClientSession) -> Any:
        found = (await made.list_resources()).resources
        return found, (await made.read_resource("ui://leads/panel.html")).contents

    (listed,), (contents,) = talk(site.address("lead-tracker", kind), ask)
    assert (listed.name, str(listed.uri)) == ("panel", "ui://leads/panel.html")
    assert isinstance(contents, TextResourceContents)
    assert (contents.text, contents.mime_type, contents.meta) == ("<b>leads</b>", "text/html", {"wide": True})


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_errors_of_tools_are_results_and_unknown_names_are_errors(site: Site, kind: str) -> None:
    async def ask(made: ClientSession) -> Any:
        missing = await called("add_lead")(made)
        nobody = await called("whoami")(made)
        with pytest.raises(MCPError, match="Unknown tool: gone"):
            await made.call_tool("gone", {})
        with pytest.raises(MCPError, match="Unknown tool: panel"):
            await made.call_tool("panel", {})
        with pytest.raises(MCPError, match="Unknown resource"):
            await made.read_resource("ui://no")
        return missing, nobody

    missing, nobody = talk(site.address("lead-tracker", kind), ask)
    assert missing["code"] == "ERROR_CODE_INPUT_ERROR"
    assert missing["message"] == "Missing param: name"
    assert nobody == {"code": "ERROR_FATAL", "message": ""}
    # the line is written when the answer is on its way
    until(lambda: any("TOOL   /x2/mcp/lead-tracker add_lead  400" in line for line in site.lines), site.lines)


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_a_server_without_tools(site: Site, kind: str) -> None:
    assert talk(site.address("empty", kind), names) == []


# Who connects --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TRANSPORTS)
@pytest.mark.parametrize("place", ["header", "address", "nowhere", "elsewhere"])
def test_an_entry_with_an_auth_table_asks_for_a_user(site: Site, kind: str, place: str) -> None:
    token = site.client.post("/api:main/login", {"id": 7}).json
    url = site.address("users", kind, {"address": token, "elsewhere": "abc"}.get(place, "mcp")) + "?beta=true&n[]=1"
    answer = talk(url, called("whoami"), token if place == "header" else "")
    if place in ("header", "address"):
        expected = {"id": 7, "token": token if place == "address" else "", "params": {"beta": "true", "n": ["1"]}}
        assert answer == expected
    else:
        assert answer["code"] == "ERROR_CODE_UNAUTHORIZED"
    assert not any(token in line for line in site.lines)


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_a_trigger_runs_once_and_decides_what_a_connection_sees(site: Site, kind: str) -> None:
    async def ask(made: ClientSession) -> Any:
        seen = [await names(made), await names(made), await called("list_leads")(made)]
        with pytest.raises(MCPError, match="Unknown tool: add_lead"):
            await made.call_tool("add_lead", {"name": "x"})
        return seen

    seen = talk(site.address("guarded", kind, "open"), ask)
    assert seen == [["list_leads"], ["list_leads"], ["connection of Guarded"]]


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_a_trigger_that_refuses_a_client(site: Site, kind: str) -> None:
    with pytest.raises(BaseException) as caught:
        talk(site.address("guarded", kind, "wrong"), names)
    assert "403" in repr(caught.value) or "MCPError" in repr(caught.value) or caught.group_contains(Exception)
    until(lambda: any("403" in line for line in site.lines), site.lines)
    assert not any("wrong" in line for line in site.lines)


# Plain requests ------------------------------------------------------------------------------------------------------

GREETING = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    },
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


def test_a_session_ends_when_its_client_says_so(site: Site) -> None:
    path = "/x2/mcp/lead-tracker/mcp/stream"
    began = site.client.post(path, GREETING, headers=ACCEPT)
    assert began.status == 200
    told = json.loads(began.body.decode().partition("data: ")[2])
    assert told["result"]["serverInfo"] == {"name": "Lead Tracker", "version": xsrun.__version__}
    assert told["result"]["instructions"] == "A small CRM."
    assert set(told["result"]["capabilities"]) >= {"tools", "resources"}
    headers = {**ACCEPT, "Mcp-Session-Id": began.headers["mcp-session-id"], "Mcp-Protocol-Version": "2025-06-18"}
    asked = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
    assert site.client.post(path, asked, headers=headers).status == 200
    assert site.client.post("/x2/mcp/users/mcp/stream", asked, headers=headers).status == 404  # of another server
    assert site.client.send("DELETE", path, headers=headers).status == 200
    assert site.client.post(path, asked, headers=headers).status == 404


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/x2/mcp/nobody/mcp/sse", 404),
        ("POST", "/x2/mcp/nobody/mcp/stream", 404),
        ("POST", "/x2/mcp/closed/mcp/stream", 404),
        ("POST", "/x2/mcp/lead-tracker:v9/mcp/stream", 404),
        ("POST", "/x2/mcp/lead-tracker/mcp/other", 404),
        ("POST", "/x2/mcp/messages/none?session_id=1", 404),
        ("GET", "/x2/mcp/lead-tracker/mcp/stream", 405),
        ("POST", "/x2/mcp/lead-tracker/mcp/sse", 405),
        ("POST", "/x2/mcp/lead-tracker:v1/mcp/stream", 200),
        ("POST", "/x2/mcp/lead-tracker/stream", 200),
    ],
)
def test_addresses(site: Site, verb: str, path: str, status: int) -> None:
    reply = site.client.send(verb, path, GREETING if verb == "POST" else None, ACCEPT)
    assert reply.status == status
    if status >= 400:
        assert set(reply.json) == {"code", "message"}


def test_what_is_not_json_and_pages_of_other_sites(site: Site) -> None:
    path = "/x2/mcp/lead-tracker/mcp/stream"
    broken = site.client.send("POST", path, "{", {**ACCEPT, "Content-Type": "application/json"})
    assert broken.status == 400
    other = site.client.post(path, GREETING, headers={**ACCEPT, "Origin": "https://evil.example"})
    assert other.status == 403
    near = site.client.post(path, GREETING, headers={**ACCEPT, "Origin": "http://localhost:6274"})
    assert near.status == 200


def test_paths() -> None:
    assert address_of("/x2/mcp/a/mcp/stream") == McpAddress("a", "", "", "stream")
    assert address_of("/x2/mcp/a%20b:dev/t%2Fk/sse") == McpAddress("a b", "dev", "t/k", "sse")
    assert address_of("/x2/mcp/a/b/c/stream") is None
    assert address_of("/x2/mcp/stream") is None


def test_a_changed_workspace_serves_the_connections_that_are_there(site: Site) -> None:
    changed = LEADS.replace("List all leads.", "List every lead.").replace('{name: "whoami"}\n', "")

    async def ask(made: ClientSession) -> Any:
        before = await names(made)
        with xsrun.Workspace.from_sources({"leads.xs": changed}) as workspace:
            site.live.replace(workspace)
            tools = (await made.list_tools()).tools
        return before, {tool.name: tool.description for tool in tools}

    before, after = talk(site.address("lead-tracker", "stream"), ask)
    assert before == ["add_lead", "list_leads", "whoami"]
    assert after["list_leads"] == "List every lead."
    assert "whoami" not in after


# Programs as clients -------------------------------------------------------------------------------------------------


def ran(source: str, **options: Any) -> Any:
    with xsrun.Workspace.from_sources({"x.xs": source}, **options) as workspace:
        result = workspace.run()
    if result.error is not None:
        raise result.error
    return json.loads(json.dumps(result.response))


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_statements_that_reach_a_server(site: Site, kind: str) -> None:
    token = site.client.post("/api:main/login", {"id": 7}).json
    common = f'connection_type = "{kind}"\nbearer_token = "{token}"'
    found = ran(f"""
    ai.external.mcp.server_details {{
      url = "{site.address("lead-tracker", kind)}"
      {common}
    }} as $details
    ai.external.mcp.tool.list {{
      url = "{site.address("lead-tracker", kind)}"
      {common}
    }} as $tools
    ai.external.mcp.tool.run {{
      url = "{site.address("lead-tracker", kind)}"
      {common}
      tool = "add_lead"
      args = {{name: "Ann"}}
    }} as $added
    ai.external.mcp.tool.run {{
      url = "{site.address("users", kind)}"
      {common}
      tool = "whoami"
      args = "{{}}"
    }} as $answer|get:"content"|get:"0"|get:"text"|json_decode
    """)
    details = found["details"]
    assert (details["name"], details["instructions"]) == ("Lead Tracker", "A small CRM.")
    assert set(details["capabilities"]) >= {"tools", "resources"}
    assert details["tools"] == found["tools"]
    assert [tool["name"] for tool in found["tools"]] == ["add_lead", "list_leads", "whoami"]
    assert json.loads(found["added"]["content"][0]["text"]) == {"saved": True, "lead": "Ann"}
    assert found["answer"]["id"] == 7


def test_documentations_spellings(site: Site) -> None:
    found = ran(f"""
    ai.external.mcp.tool.run {{
      server_url = "{site.address("lead-tracker", "sse")}"
      api_key = "k"
      tool_name = "add_lead"
      arguments = {{name: "Cy"}}
    }} as $added
    """)
    assert json.loads(found["added"]["content"][0]["text"])["lead"] == "Cy"


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ('url = "http://127.0.0.1:9/x"\nconnection_type = "stream"', "The MCP server did not answer"),
        ('url = "http://127.0.0.1:9/x"\nconnection_type = "sse"', "The MCP server did not answer"),
        ('url = "https://mcp.example.com/x"\nconnection_type = "sse"', "the network is off"),
        ('url = "URL/x2/mcp/nobody/mcp/stream"\nconnection_type = "stream"', ""),
        ('url = "URL/x2/mcp/lead-tracker/mcp/stream"\nconnection_type = "stream"', "Unknown tool: fly"),
    ],
)
def test_servers_that_do_not_answer_or_refuse(site: Site, attributes: str, message: str) -> None:
    given = attributes.replace("URL", site.url)
    source = f'ai.external.mcp.tool.run {{\n{given}\ntool = "fly"\n}} as $x'
    with xsrun.Workspace.from_sources({"x.xs": source}) as workspace:
        error = workspace.run().error
    assert error is not None
    assert not isinstance(error, AssertionError)
    assert message in error.message
    assert "internal error" not in error.message


def test_a_recording_needs_no_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "main.xs"
    recording = str(tmp_path / "calls.json")
    with (
        xsrun.Workspace.from_sources({"leads.xs": LEADS}) as workspace,
        running(Application(Live(workspace))) as client,
    ):
        url = f"http://127.0.0.1:{client.port}/x2/mcp/lead-tracker/mcp/stream"
        program.write_text(
            f"""ai.external.mcp.tool.run {{
              url = "{url}"
              bearer_token = "secret-token"
              connection_type = "stream"
              tool = "add_lead"
              args = {{name: "Bo"}}
            }} as $added
            try_catch {{
              try {{
                ai.external.mcp.tool.run {{
                  url = "{url}"
                  connection_type = "stream"
                  tool = "fly"
                }} as $no
              }}
              catch {{
                var $no {{ value = $error.message }}
              }}
            }}""",
            encoding="utf-8",
        )
        assert main(["run", str(program), "-w", str(tmp_path), "--record", recording, "--json"]) == 0
        first = json.loads(capsys.readouterr().out)["response"]
    assert main(["run", str(program), "-w", str(tmp_path), "--replay", recording, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["response"] == first
    assert first["no"] == "Unknown tool: fly"
    assert "secret-token" not in Path(recording).read_text(encoding="utf-8")


AGENT = """
agent "Seller" {
  canonical = "s"
  llm = {
    type: "openai"
    model: "m"
    prompt: "{{ $args.q }}"
  }
  tools = []
  external_mcp_servers = [
    {url: "{{ $env.URL }}", api_key: "{{ $env.KEY }}"}
  ]
}
---
function sell {
  input {
  }
  stack {
    ai.agent.run "Seller" {
      args = {q: "Add Bo"}
    } as $answer
  }
  response = $answer
}
"""


def test_an_agent_with_the_tools_of_another_server(site: Site) -> None:
    env = {"URL": site.address("lead-tracker", "stream"), "KEY": "k"}
    with model_server() as model:
        model.give(openai_answer(calls=[("c1", "add_lead", {"name": "Bo"})]), openai_answer("Done."))
        options: Any = {"env": env, "models": f"{model.url}/v1"}
        with xsrun.Workspace.from_sources({"a.xs": AGENT}, **options) as workspace:
            result = workspace.run("sell")
        assert result.error is None
        answer: Any = result.response
        told = {one["function"]["name"] for one in model.seen[0][2]["tools"]}
    assert told == {"add_lead", "list_leads", "whoami"}
    given = answer["steps"][0]["content"][1]["output"]
    assert json.loads(given["content"][0]["text"]) == {"saved": True, "lead": "Bo"}
    assert answer["result"] == "Done."


@pytest.mark.slow
@pytest.mark.parametrize("kind", TRANSPORTS)
def test_the_server_of_a_public_workspace(kind: str) -> None:
    """chrisatxano/xanobnb, whose `mcp_server Demo` lists no tools; its folder is named in the environment."""
    folder = os.environ.get("XSRUN_XANOBNB")
    if folder is None:
        pytest.skip("XSRUN_XANOBNB does not name a copy of chrisatxano/xanobnb")
    with xsrun.Workspace.load(folder) as workspace, running(Application(Live(workspace))) as client:
        url = f"http://127.0.0.1:{client.port}/x2/mcp/GEbvipvQ/mcp/{kind}"
        assert talk(url, names) == []


def test_many_clients_at_once(site: Site) -> None:
    found: list[Any] = []
    threads = [
        threading.Thread(
            target=lambda number=number: found.append(
                talk(site.address("lead-tracker", TRANSPORTS[number % 2]), called("add_lead", name=f"n{number}"))
            )
        )
        for number in range(6)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(one["lead"] for one in found) == [f"n{number}" for number in range(6)]


def test_a_server_that_speaks_no_mcp_leaves_no_traceback(tmp_path: Path) -> None:
    with recording(lambda *_: (200, [1])) as odd:
        (tmp_path / "main.xs").write_text(
            f'ai.external.mcp.tool.list {{\n  url = "{odd.url}/mcp"\n  connection_type = "sse"\n}} as $x\n'
        )
        command = [sys.executable, "-m", "xsrun", "run", str(tmp_path / "main.xs")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "The MCP server did not answer" in done.stderr
    assert "Traceback" not in done.stderr
