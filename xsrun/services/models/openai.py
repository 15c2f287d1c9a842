"""Models of OpenAI, and of every server that has its chat completions: Ollama, Groq, Mistral, OpenRouter, vLLM."""

from __future__ import annotations

import json

from xsrun.lazy_regex import pattern
from xsrun.services.http_messages import Headers
from xsrun.services.models.conversation import Question, ToolRequest, Turn, Usage, listed, members, whole
from xsrun.services.models.strict_schemas import strict
from xsrun.values.conversion import Value, to_json

DEFAULT_URL = "https://api.openai.com/v1"
_FINISH = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool-calls",
    "function_call": "tool-calls",
    "content_filter": "content-filter",
}
#: Models that think first; they take no temperature.
_THINKS = pattern(r"(?:o[134]|gpt-5)(?!.*-chat)")


def address(question: Question) -> str:
    return f"{(question.settings.base_url or DEFAULT_URL).rstrip('/')}/chat/completions"


def headers(question: Question) -> Headers:
    settings = question.settings
    given = [
        ("Authorization", f"Bearer {settings.api_key}" if settings.api_key else ""),
        ("OpenAI-Organization", settings.text("organization")),
        ("OpenAI-Project", settings.text("project")),
    ]
    return [(name, value) for name, value in given if value]


def body(question: Question) -> dict[str, Value]:
    settings = question.settings
    made: dict[str, Value] = {"model": settings.model, "messages": _messages(question)}
    if settings.temperature is not None and not _takes_no_temperature(question):
        made["temperature"] = settings.temperature
    if effort := settings.text("reasoning_effort"):
        made["reasoning_effort"] = effort
    if question.tools:
        made["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.schema},
            }
            for tool in question.tools
        ]
    if question.output is not None:
        schema = {"name": "response", "strict": True, "schema": strict(question.output)}
        made["response_format"] = {"type": "json_schema", "json_schema": schema}
    return made


def _takes_no_temperature(question: Question) -> bool:
    settings = question.settings
    return not settings.base_url and _THINKS.match(settings.model) is not None


def _messages(question: Question) -> list[Value]:
    made: list[Value] = []
    if question.system:
        made.append({"role": "system", "content": question.system})
    made.extend({"role": one.role, "content": one.content} for one in question.messages)
    for exchange in question.exchanges:
        made.append(exchange.turn.own)
        made.extend(
            {"role": "tool", "tool_call_id": one.request.id, "content": to_json(one.value)} for one in exchange.outcomes
        )
    return made


def turn(answer: dict[str, Value], question: Question) -> Turn:
    choices = listed(answer, "choices")
    choice = choices[0] if choices else {}
    message = members(choice, "message")
    calls = [_call(one, number) for number, one in enumerate(listed(message, "tool_calls"))]
    text = message.get("content")
    thought = message.get("reasoning_content") or message.get("reasoning")
    finish = _FINISH.get(str(choice.get("finish_reason")), "other")
    own: dict[str, Value] = {"role": "assistant", "content": text if isinstance(text, str) else None}
    if calls:
        own["tool_calls"] = message["tool_calls"]
    warnings: list[dict[str, Value]] = []
    if question.settings.temperature is not None and _takes_no_temperature(question):
        details = "temperature is not supported for reasoning models"
        warnings.append({"type": "unsupported-setting", "setting": "temperature", "details": details})
    return Turn(
        text if isinstance(text, str) else "",
        calls,
        "tool-calls" if calls and finish == "stop" else finish,  # some servers say "stop" with calls
        _usage(members(answer, "usage")),
        [{"type": "text", "text": thought}] if isinstance(thought, str) and thought else [],
        str(answer.get("id") or ""),
        str(answer.get("model") or question.settings.model),
        {"openai": {}},
        warnings,
        own,
    )


def _call(found: dict[str, Value], number: int) -> ToolRequest:
    function = members(found, "function")
    written = function.get("arguments")
    try:
        arguments = json.loads(written) if isinstance(written, str) and written.strip() else written
    except ValueError:
        arguments = {}  # the tool says what is missing, and the model may try again
    name = str(function.get("name") or "")
    return ToolRequest(str(found.get("id") or f"call_{number}"), name, arguments if isinstance(arguments, dict) else {})


def _usage(found: dict[str, Value]) -> Usage:
    return Usage(
        whole(found.get("prompt_tokens")),
        whole(found.get("completion_tokens")),
        whole(found.get("total_tokens")),
        whole(members(found, "completion_tokens_details").get("reasoning_tokens")),
        whole(members(found, "prompt_tokens_details").get("cached_tokens")),
    )
