"""Realtime channels: the official JavaScript client, and a plain WebSocket client for what that one cannot send."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from http_server import Client, running
from waiting import Gate
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, RejectConnection, Request, TextMessage

import xsrun
from xsrun.server import create_application

SOURCES = {
    "workspace.xs": 'workspace "harbour" {\n  realtime = {canonical: "berth"}\n}\n',
    "table/user.xs": 'table "user" {\n  auth = true\n  schema {\n    int id\n    text name\n  }\n}\n',
    "realtime/channel/room.xs": """realtime_channel "room:*" {
  active = true
  public_messaging = {active: true, auth: true}
  private_messaging = {active: true, auth: false}
  settings = {
    anonymous_clients: true
    nested_channels: false
    message_history: 25
    auth_channel: false
    presence: true
  }
}
""",
    "realtime/channel/crew.xs": """realtime_channel "crew" {
  active = true
  public_messaging = {active: true, auth: true}
  private_messaging = {active: false, auth: false}
  settings = {
    anonymous_clients: false
    nested_channels: true
    message_history: 0
    auth_channel: true
    presence: false
  }
}
""",
    "realtime/channel/closed.xs": """realtime_channel "closed" {
  active = false
  public_messaging = {active: true, auth: false}
  private_messaging = {active: true, auth: false}
  settings = {
    anonymous_clients: true
    nested_channels: false
    message_history: 0
    auth_channel: false
    presence: false
  }
}
""",
    "realtime/trigger/checked.xs": """realtime_trigger "checked" {
  channel = "room:*"
  actions = {message: true, join: false}
  input {
    enum action {
      values = ["message", "join"]
    }
    text channel
    object client {
      schema {
        json extras
        object permissions {
          schema {
            int dbo_id
            text row_id
          }
        }
      }
    }
    object options {
      schema {
        bool authenticated
        text channel
      }
    }
    json payload
  }
  stack {
    precondition ($input.payload.text != "swear") {
      error = "Mind your words."
    }
    realtime.get_session as $session
  }
  response = $input.payload|set:"from":$input.client.permissions.row_id|set:"same":($session.socketId != null)
}
""",
    "api/harbour/group.xs": 'api_group "harbour" {\n  canonical = "harbour"\n}\n',
    "api/harbour/login_GET.xs": """query "login" verb=GET {
  api_group = "harbour"
  input {
    int id
  }
  stack {
    security.create_auth_token {
      table = "user"
      extras = {deck: "upper"}
      expiration = 3600
      id = $input.id
    } as $token
  }
  response = $token
}
""",
    "api/harbour/tell_GET.xs": """query "tell" verb=GET {
  api_group = "harbour"
  input {
    int? to?
    text channel
    text text
  }
  stack {
    api.realtime_event {
      channel = $input.channel
      data = {text: $input.text}
      auth_table = "user"
      auth_id = $input.to
    }
  }
  response = true
}
""",
}

#: Two people in a room, in the words of the official client; prints `done` at the end.
SCRIPT = """
const assert = require("node:assert");
const WS = require("ws");
const [base, rt] = process.argv.slice(2);
// the way round the port that the client leaves out
globalThis.WebSocket = class extends WS {
  constructor(url, protocols) { super(rt + new URL(url).pathname, protocols); }
};
const { XanoClient, XanoObjectStorage } = require("@xano/js-sdk");

const seen = [];
const waiting = [];
function note(action) {
  seen.push(action);
  for (const one of [...waiting]) {
    if (!one.test(action)) continue;
    waiting.splice(waiting.indexOf(one), 1);
    one.resolve(action);
  }
}
function next(test) { return new Promise((resolve) => waiting.push({ test, resolve })); }

async function main() {
  const api = new XanoClient({ apiGroupBaseUrl: base + "/api:harbour", storage: new XanoObjectStorage() });
  const token = (await api.get("/login", { id: 7 })).getBody();
  const xano = new XanoClient({
    instanceBaseUrl: base,
    realtimeConnectionCanonical: "berth",
    realtimeAuthToken: token,
    storage: new XanoObjectStorage(),
  });
  const joined = next((a) => a.action === "presence_full");
  const room = xano.channel("room:1", { presence: true, history: true });
  room.on(note, note);
  await joined;
  assert.deepEqual(room.getPresence(), []);

  const said = next((a) => a.action === "message");
  room.message({ text: "ahoy" });
  const message = await said;
  assert.deepEqual(message.payload, { text: "ahoy", from: 7, same: true });
  assert.deepEqual(message.client.permissions, { dbo_id: 1, row_id: 7 });
  assert.deepEqual(message.client.extras, { deck: "upper" });
  assert.equal(message.options.channel, "room:1");

  const refused = next((a) => a.action === "error");
  room.message({ text: "swear" });
  assert.equal((await refused).payload.message, "Mind your words.");

  const event = next((a) => a.action === "event");
  await api.get("/tell", { channel: "room:1", text: "storm" });
  assert.deepEqual((await event).payload, { text: "storm" });

  const own = next((a) => a.action === "event");
  await api.get("/tell", { channel: "room:1", text: "not for you", to: 8 });
  await api.get("/tell", { channel: "room:1", text: "for you", to: 7 });
  assert.deepEqual((await own).payload, { text: "for you" });

  const history = next((a) => a.action === "history");
  room.history();
  const kept = (await history).payload.map((a) => [a.action, a.payload.text]);
  assert.deepEqual(kept, [["message", "ahoy"], ["event", "storm"]]);

  const again = next((a) => a.action === "presence_full");
  const back = next((a) => a.action === "connection_status" && a.payload.status === "connected");
  xano.realtimeReconnect();
  await back;
  await again;
  assert.ok(seen.some((a) => a.action === "connection_status" && a.payload.status === "disconnected"));
  console.log("done");
  room.destroy();
}

main().catch((error) => { console.error(error); process.exit(1); });
"""


@pytest.fixture
def server() -> Iterator[Client]:
    with xsrun.Workspace.from_sources(SOURCES) as workspace, running(create_application(workspace)) as client:
        yield client


class Talk:
    """A WebSocket connection that sends and reads actions."""

    def __init__(self, port: int, path: str = "/rt/berth", token: str | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.protocol = WSConnection(ConnectionType.CLIENT)
        self.events: list[Any] = []
        offered = [token] if token else []
        self.socket.sendall(self.protocol.send(Request(host="localhost", target=path, subprotocols=offered)))

    def event(self) -> Any:
        while not self.events:
            self.protocol.receive_data(self.socket.recv(65536) or None)
            self.events.extend(self.protocol.events())
        return self.events.pop(0)

    def send(self, action: str, channel: str = "room:1", payload: Any = None, **options: Any) -> None:
        self.text(json.dumps({"action": action, "options": {"channel": channel, **options}, "payload": payload}))

    def text(self, text: str) -> None:
        self.socket.sendall(self.protocol.send(TextMessage(data=text)))

    def read(self) -> dict[str, Any]:
        text = ""
        while True:
            event = self.event()
            assert isinstance(event, TextMessage), event
            text += event.data
            if event.message_finished:
                return dict(json.loads(text))

    def refusal(self) -> str:
        found = self.read()
        assert found["action"] == "error"
        return str(found["payload"]["message"])


@contextmanager
def talking(server: Client, token: str | None = None) -> Iterator[Talk]:
    talk = Talk(server.port, token=token)
    assert isinstance(talk.event(), AcceptConnection)
    try:
        yield talk
    finally:
        talk.socket.close()


def token_of(server: Client, identity: int) -> str:
    return str(server.get(f"/api:harbour/login?id={identity}").json)


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the official client and a WebSocket for it."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("realtime-client")
    words = [npm, "install", "--silent", "--no-audit", "--no-fund", "@xano/js-sdk@3", "ws@8"]
    subprocess.run(words, cwd=folder, check=True)
    return folder


def test_the_official_client(server: Client, packages: Path) -> None:
    (packages / "talk.cjs").write_text(SCRIPT, encoding="utf-8")
    base = f"http://127.0.0.1:{server.port}"
    words = ["node", "talk.cjs", base, f"ws://127.0.0.1:{server.port}"]
    done = subprocess.run(words, cwd=packages, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def test_presence(server: Client) -> None:
    with talking(server) as one:
        one.send("join", payload={"presence": True})
        assert one.read()["action"] == "join"
        assert one.read()["payload"] == {"presence": []}
        with talking(server, token_of(server, 3)) as two:
            two.send("join", payload={"presence": True})
            assert two.read()["client"]["permissions"] == {"dbo_id": 1, "row_id": 3}
            (there,) = two.read()["payload"]["presence"]
            assert there["permissions"] == {"dbo_id": 0, "row_id": 0}
            update = one.read()
            assert (update["action"], update["payload"]["action"]) == ("presence_update", "join")
            assert update["payload"]["presence"]["permissions"]["row_id"] == 3
        update = one.read()
        assert (update["action"], update["payload"]["action"]) == ("presence_update", "leave")


def test_private_messages_reach_one_client(server: Client) -> None:
    with talking(server) as one, talking(server) as two, talking(server) as three:
        ids = []
        for talk in (one, two, three):
            talk.send("join")
            ids.append(talk.read()["client"]["socketId"])
        assert len(set(ids)) == 3
        one.send("message", payload={"text": "psst"}, socketId=ids[1])
        heard = two.read()
        assert (heard["payload"]["text"], heard["options"]["socketId"]) == ("psst", ids[0])
        one.send("message", payload={"text": "psst"}, socketId="nobody")
        assert one.refusal() == "That client is not in the channel."
        three.send("history")
        assert three.read()["payload"] == []


def test_what_a_channel_does_not_allow(server: Client) -> None:
    with talking(server) as anonymous:
        anonymous.send("message", payload={})
        assert anonymous.refusal() == "Join the channel first."
        anonymous.send("join")
        assert anonymous.read()["action"] == "join"
        anonymous.send("message", payload={"text": "a"})
        assert anonymous.refusal() == "Only authenticated clients may send public messages in this channel."
        for channel in ("crew", "crew/night"):
            anonymous.send("join", channel)
            assert anonymous.refusal() == "The channel is for authenticated clients."
        for channel in ("closed", "lobby", "room"):
            anonymous.send("join", channel)
            assert anonymous.refusal() == "There is no such channel."
    with talking(server, token_of(server, 4)) as sailor:
        sailor.send("join", "crew/night", payload={"presence": True, "history": True})
        assert sailor.read()["action"] == "join"
        sailor.send("message", "crew/night", payload=1, socketId="x")
        assert sailor.refusal() == "Clients may not send private messages in this channel."
        sailor.send("message", "crew/night", payload=[1])
        assert sailor.read()["payload"] == [1]
        sailor.send("leave", "crew/night")
        sailor.send("message", "crew/night", payload=[1])
        assert sailor.refusal() == "Join the channel first."


def test_messages_for_authenticated_clients_alone(server: Client) -> None:
    with talking(server) as anonymous, talking(server, token_of(server, 5)) as sailor:
        for talk in (anonymous, sailor):
            talk.send("join")
            assert talk.read()["action"] == "join"
        sailor.send("message", payload={"text": "a"}, authenticated=True)
        sailor.send("message", payload={"text": "b"})
        assert [sailor.read()["payload"]["text"] for _ in range(2)] == ["a", "b"]
        assert anonymous.read()["payload"]["text"] == "b"
        anonymous.send("history")
        assert [one["payload"]["text"] for one in anonymous.read()["payload"]] == ["b"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "An action is a JSON object."),
        ("[]", "An action needs its channel: options.channel."),
        ('{"action": "join", "options": {"channel": ""}}', "An action needs its channel: options.channel."),
        (
            '{"action": "dance", "options": {"channel": "room:1"}}',
            'There is no action "dance": join, leave, message, history.',
        ),
        ('{"action": {}, "options": {"channel": "room:1"}}', "There is no action {}: join, leave, message, history."),
    ],
)
def test_what_is_not_an_action(server: Client, text: str, told: str) -> None:
    with talking(server) as talk:
        talk.text(text)
        assert talk.refusal() == told
        talk.send("join")
        assert talk.read()["action"] == "join"


def test_a_token_that_is_not_valid(server: Client) -> None:
    with talking(server, "nonsense") as talk:
        assert talk.refusal() == "Invalid token."
        event = talk.event()
        assert isinstance(event, CloseConnection)
        assert event.code == 1008


@pytest.mark.parametrize("path", ["/rt/other", "/rt/", "/", "/api:harbour/login"])
def test_other_addresses(server: Client, path: str) -> None:
    assert isinstance(Talk(server.port, path).event(), RejectConnection)


def test_without_declarations_every_channel_is_there() -> None:
    with xsrun.Workspace.from_sources({}) as workspace, running(create_application(workspace)) as server:
        talk = Talk(server.port, "/rt/anything")
        assert isinstance(talk.event(), AcceptConnection)
        talk.send("join", "tides", payload={"history": True})
        assert talk.read()["action"] == "join"
        assert talk.read()["payload"] == []
        workspace.context().service("realtime").publish("tides", {"metres": 3}, now=0)
        assert talk.read()["payload"] == {"metres": 3}
        talk.socket.close()


def test_a_connection_stays_longer_than_a_request_may_take_to_arrive() -> None:
    with xsrun.Workspace.from_sources({}) as workspace, running(create_application(workspace, head_seconds=0.2)) as one:
        talk = Talk(one.port, "/rt/anything")
        assert isinstance(talk.event(), AcceptConnection)
        with socket.create_connection(("127.0.0.1", one.port)) as half:
            half.sendall(b"GET / HT")
            assert half.recv(1_000).startswith(b"HTTP/1.1 408 ")  # the time is over
        talk.send("join", "tides")
        assert talk.read()["action"] == "join"
        talk.socket.close()


SLEEPING = """realtime_trigger "sleeping" {
  channel = "room:*"
  actions = {message: true, join: false}
  input {
    json payload
  }
  stack {
    util.sleep {
      value = 1
    }
  }
  response = $input.payload
}
"""


def test_a_trigger_that_runs_when_the_server_stops_is_no_fault() -> None:
    open_to_all = SOURCES["realtime/channel/room.xs"].replace("auth: true", "auth: false")
    sources = {**SOURCES, "realtime/trigger/checked.xs": SLEEPING, "realtime/channel/room.xs": open_to_all}
    with xsrun.Workspace.from_sources(sources) as workspace:
        gate = workspace.sleep = Gate()
        application = create_application(workspace)

        async def stop_in_trigger() -> None:
            asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
            asked.put_nowait({"type": "websocket.connect"})
            for action in ("join", "message"):
                text = json.dumps({"action": action, "options": {"channel": "room:1"}, "payload": {"a": 1}})
                asked.put_nowait({"type": "websocket.receive", "text": text})

            async def send(message: Any) -> None:
                pass

            scope = {"type": "websocket", "path": "/rt/berth", "subprotocols": []}
            talk = asyncio.create_task(application(scope, asked.get, send))
            await asyncio.to_thread(gate.wait_until_asleep, 1)
            talk.cancel()  # as uvicorn does when the grace period is over
            await talk
            gate.open()

        asyncio.run(stop_in_trigger())
