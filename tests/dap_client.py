"""A client of the debug adapter, for tests: it sends requests and waits for messages, never for time."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path
from queue import Queue
from typing import Any, BinaryIO

from xsrun.editor.dap.dap_session import DapSession
from xsrun.editor.dap.dap_wire import DapWire, wire_over
from xsrun.workspace.deep_calls import with_room

#: Seconds after which a hang is ended.
_PATIENCE = 60

Message = dict[str, Any]


class DapFailure(AssertionError):
    """A request that was refused; the text is the reason."""


class DapClient:
    """A conversation over a pair of streams. Events are kept until somebody waits for them."""

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        self.wire = DapWire(source, target)
        self._number = 0
        self._responses: Queue[Message | None] = Queue()
        self.events: Queue[Message | None] = Queue()
        self.output: list[Message] = []
        self.capabilities: Message = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while (message := self._read()) is not None:
            if message["type"] == "response":
                self._responses.put(message)
            elif message["event"] == "output":
                self.output.append(message["body"])
            elif message["event"] != "thread":
                self.events.put(message)
        self.events.put(None)
        self._responses.put(None)

    def _read(self) -> Message | None:
        """The next message; None when there is none to come, also because the test has closed the streams."""
        try:
            return self.wire.read()
        except (OSError, ValueError):
            return None

    def ask(self, command: str, **arguments: Any) -> Any:
        """Send a request and give the body of its answer. Raises DapFailure."""
        self._number += 1
        self.wire.write({"seq": self._number, "type": "request", "command": command, "arguments": arguments})
        answer = self._responses.get(timeout=_PATIENCE)
        assert answer is not None and answer["request_seq"] == self._number, answer
        if not answer["success"]:
            raise DapFailure(answer["message"])
        return answer.get("body")

    def wait(self, event: str) -> Message:
        """The next event, which has to be of this kind."""
        found = self.events.get(timeout=_PATIENCE)
        assert found is not None and found["event"] == event, (found, self.output)
        body: Message = found.get("body", {})
        return body

    def open(self, how: str = "launch", **settings: Any) -> None:
        """Begin a conversation up to where breakpoints may be set."""
        self.capabilities = self.ask("initialize", adapterID="xsrun")
        self.ask(how, **settings)
        if settings.get("record"):
            self.capabilities |= self.wait("capabilities")["capabilities"]
        self.wait("initialized")

    def points(self, file: Path, *points: int | Message) -> list[Message]:
        """Set the breakpoints of a file."""
        asked = [{"line": one} if isinstance(one, int) else one for one in points]
        found: list[Message] = self.ask("setBreakpoints", source={"path": str(file)}, breakpoints=asked)["breakpoints"]
        return found

    def begin(self) -> None:
        self.ask("configurationDone")

    def stopped(self, reason: str | None = None) -> int:
        """Wait until the program stands still; gives the line."""
        body = self.wait("stopped")
        assert reason in (None, body["reason"]), body
        self.thread = body["threadId"]
        self.text = body.get("text", "")
        return int(self.stack()[0]["line"])

    def go(self, how: str, reason: str | None = None) -> int:
        """Go on in some way and wait until the program stands still again; gives the line."""
        self.ask(how, threadId=self.thread)
        return self.stopped(reason)

    def resume(self, how: str = "continue") -> None:
        """Go on without waiting."""
        self.ask(how, threadId=self.thread)

    def stack(self) -> list[Message]:
        """The calls, the innermost first."""
        self.frames: list[Message] = self.ask("stackTrace", threadId=self.thread)["stackFrames"]
        return self.frames

    def names(self) -> list[str]:
        """The calls by what they are called and their lines."""
        return [f"{one['name']}:{one['line']}" for one in self.stack()]

    def scope(self, title: str, frame: int = 0) -> int:
        """The number of a scope."""
        found = self.ask("scopes", frameId=self.frames[frame]["id"])["scopes"]
        return int(next(one["variablesReference"] for one in found if one["name"] == title))

    def values(self, number: int, **how: Any) -> dict[str, str]:
        """The members of a scope or value by name, as texts."""
        found = self.ask("variables", variablesReference=number, **how)["variables"]
        return {one["name"]: one["value"] for one in found}

    def below(self, number: int, name: str) -> int:
        """The number under which a member can be unfolded."""
        found = self.ask("variables", variablesReference=number)["variables"]
        return int(next(one["variablesReference"] for one in found if one["name"] == name))

    def variables(self, frame: int = 0) -> dict[str, str]:
        """The variables of a call as texts."""
        self.stack()
        return self.values(self.scope("$var", frame))

    def evaluate(self, expression: str, frame: int = 0, context: str = "watch") -> str:
        body = self.ask("evaluate", expression=expression, frameId=self.frames[frame]["id"], context=context)
        return str(body["result"])

    def finish(self) -> int:
        """Wait for the end of the program; gives its exit status."""
        status = int(self.wait("exited")["exitCode"])
        self.wait("terminated")
        return status

    def leave(self) -> None:
        self.ask("disconnect")

    def printed(self, category: str) -> str:
        """What the program and the debugger have shown."""
        return "".join(one["output"] for one in self.output if one["category"] == category)


class InProcess(DapClient):
    """A client of a session in this process, which coverage sees and no start of Python slows down."""

    def __init__(self, *, records: bool = False) -> None:
        with_room(0, lambda: None)  # here, so that no thread does it while this one parses
        self._ends = socket.socketpair()
        ours, theirs = self._ends
        self.served = threading.Thread(target=self._serve, args=(theirs, records), daemon=True)
        self.served.start()
        super().__init__(ours.makefile("rb"), ours.makefile("wb"))

    def _serve(self, connection: socket.socket, records: bool) -> None:
        with wire_over(connection) as wire:
            DapSession(wire, records=records).serve()

    def __enter__(self) -> InProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self._ends[0].shutdown(socket.SHUT_RDWR)
        self.served.join(_PATIENCE)
        for end in self._ends:
            end.close()


def over_streams(*options: str) -> tuple[DapClient, subprocess.Popen[bytes]]:
    """A client of `xsrun dap` as an editor starts it."""
    words = [sys.executable, "-m", "xsrun", "dap", *options]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    return DapClient(process.stdout, process.stdin), process  # type: ignore[arg-type]


def over_port(port: int) -> DapClient:
    """A client of an adapter that listens."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
    connection.settimeout(None)
    return DapClient(connection.makefile("rb"), connection.makefile("wb"))
