"""A server on loopback that speaks as the model providers do: it answers with what a test gave it, in their words."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from waiting import join

Answer = dict[str, Any]
#: A call that a model asks for: id, name, arguments.
Call = tuple[str, str, dict[str, Any]]


class ModelServer(ThreadingHTTPServer):
    """`answers` are given out in order; `seen` are the requests: path, headers in small letters, body."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, Answer]] = []
        self.seen: list[tuple[str, dict[str, str], Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def give(self, *answers: Answer, status: int = 200) -> None:
        """What it answers next."""
        self.seen.clear()
        self.answers[:] = [(status, one) for one in answers]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ModelServer

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, json.loads(body)))
        status, answer = self.server.answers.pop(0)
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """Serve until the block ends."""
    server = ModelServer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        join(thread)
        server.server_close()


# Answers as the providers document them ------------------------------------------------------------------------------


def openai_answer(text: str | None = None, calls: list[Call] | None = None, finish: str = "stop") -> Answer:
    message: Answer = {"role": "assistant", "content": text, "refusal": None}
    if calls:
        message["tool_calls"] = [
            {"id": number, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
            for number, name, arguments in calls
        ]
        finish = "tool_calls"
    usage: Answer = {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}
    usage["completion_tokens_details"] = {"reasoning_tokens": 2}
    usage["prompt_tokens_details"] = {"cached_tokens": 3}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1760000000,
        "model": "m-2026",
        "choices": [choice],
        "usage": usage,
    }


def anthropic_answer(
    text: str | None = None, calls: list[Call] | None = None, finish: str = "end_turn", thinking: str | None = None
) -> Answer:
    content: list[Answer] = []
    if thinking is not None:
        content.append({"type": "thinking", "thinking": thinking, "signature": "c2ln"})
    if text is not None:
        content.append({"type": "text", "text": text})
    content.extend(
        {"type": "tool_use", "id": number, "name": name, "input": arguments} for number, name, arguments in calls or ()
    )
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m-2026",
        "content": content,
        "stop_reason": "tool_use" if calls else finish,
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 5, "cache_read_input_tokens": 3},
    }


def google_answer(
    text: str | None = None, calls: list[Call] | None = None, finish: str = "STOP", thinking: str | None = None
) -> Answer:
    parts: list[Answer] = []
    if thinking is not None:
        parts.append({"text": thinking, "thought": True})
    if text is not None:
        parts.append({"text": text})
    parts.extend(
        {"functionCall": {"name": name, "args": arguments}, "thoughtSignature": "c2ln"}
        for _, name, arguments in calls or ()
    )
    usage = {
        "promptTokenCount": 11,
        "candidatesTokenCount": 5,
        "totalTokenCount": 18,
        "thoughtsTokenCount": 2,
        "cachedContentTokenCount": 3,
    }
    return {
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": finish, "index": 0}],
        "usageMetadata": usage,
        "modelVersion": "m-2026",
        "responseId": "r1",
    }
