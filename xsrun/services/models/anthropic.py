"""Models of Anthropic, by its messages interface."""

from __future__ import annotations

from xsrun.errors import XanoScriptError
from xsrun.services.http_messages import Headers
from xsrun.services.models.conversation import Question, ToolRequest, Turn, Usage, listed, members, whole
from xsrun.values.conversion import Value, from_json, to_json

DEFAULT_URL = "https://api.anthropic.com/v1"
VERSION = "2026-10-21"
#: The version before, the last one that takes a temperature.
VERSION_WITH_TEMPERATURE = "2023-06-01"
#: The interface asks for a limit; thoughts count as well.
MAX_TOKENS = 4096
#: A structured answer is the call of this tool.
_ANSWER = "json"
_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "tool_use": "tool-calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content-filter",
}


def address(question: Question) -> str:
    return f"{(question.settings.base_url or DEFAULT_URL).rstrip('/')}/messages"


def headers(question: Question) -> Headers:
    key = [("x-api-key", question.settings.api_key)] if question.settings.api_key else []
    return [*key, ("anthropic-version", VERSION_WITH_TEMPERATURE if _sends_temperature(question) else VERSION)]


def _sends_temperature(question: Question) -> bool:
    """Is there a temperature to send? Beside thinking it is refused."""
    return question.settings.temperature is not None and _thinking(question) is None


def body(question: Question) -> dict[str, Value]:
    settings = question.settings
    thinking = _thinking(question)
    budget = whole(thinking.get("budget_tokens")) or 0 if thinking is not None else 0
    limit = whole(settings.options.get("max_tokens")) or MAX_TOKENS
    made: dict[str, Value] = {"model": settings.model, "max_tokens": limit + budget, "messages": _messages(question)}
    if question.system:
        made["system"] = question.system
    if thinking is not None:
        made["thinking"] = thinking
    elif _sends_temperature(question):
        made["temperature"] = settings.temperature
    if question.output is not None:
        answer = {"name": _ANSWER, "description": "Respond with a JSON object.", "input_schema": question.output}
        made["tools"] = [answer]
        made["tool_choice"] = {"type": "auto"} if thinking is not None else {"type": "tool", "name": _ANSWER}
    elif question.tools:
        made["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.schema} for tool in question.tools
        ]
    return made


def _thinking(question: Question) -> dict[str, Value] | None:
    """The option `thinking`: an object, or its JSON; None where the model is not told to think."""
    given = question.settings.options.get("thinking")
    if isinstance(given, str) and given.strip():
        try:
            given = from_json(given)
        except ValueError:
            hint = 'write it as JSON: {"type": "enabled", "budget_tokens": 10000}'
            raise XanoScriptError("The option `thinking` of the agent is not JSON.", hint=hint) from None
    if not isinstance(given, dict) or given.get("type") in (None, "disabled"):
        return None
    return given


def _messages(question: Question) -> list[Value]:
    made: list[Value] = [{"role": one.role, "content": one.content} for one in question.messages]
    for exchange in question.exchanges:
        made.append({"role": "assistant", "content": exchange.turn.own})
        results: list[Value] = [
            {"type": "tool_result", "tool_use_id": one.request.id, "content": to_json(one.value)}
            for one in exchange.outcomes
        ]
        made.append({"role": "user", "content": results})
    return made


def turn(answer: dict[str, Value], question: Question) -> Turn:
    blocks = listed(answer, "content")
    texts = [str(block.get("text") or "") for block in blocks if block.get("type") == "text"]
    used = [block for block in blocks if block.get("type") == "tool_use"]
    structured = question.output is not None and bool(used)
    calls = [
        ToolRequest(str(block.get("id") or ""), str(block.get("name") or ""), members(block, "input")) for block in used
    ]
    finish = _FINISH.get(str(answer.get("stop_reason")), "other")
    return Turn(
        to_json(members(used[0], "input")) if structured else "".join(texts),
        [] if structured else calls,
        "stop" if structured and finish == "tool-calls" else finish,
        _usage(members(answer, "usage")),
        _reasoning(blocks) if question.settings.options.get("send_reasoning") is not False else [],
        str(answer.get("id") or ""),
        str(answer.get("model") or question.settings.model),
        {"anthropic": {"stopReason": answer.get("stop_reason")}},
        [],
        blocks,
    )


def _reasoning(blocks: list[dict[str, Value]]) -> list[dict[str, Value]]:
    found: list[dict[str, Value]] = []
    for block in blocks:
        if block.get("type") == "thinking":
            signed = {"signature": block["signature"]} if block.get("signature") else {}
            found.append({"type": "text", "text": str(block.get("thinking") or ""), **signed})
        elif block.get("type") == "redacted_thinking":
            found.append({"type": "redacted", "data": block.get("data")})
    return found


def _usage(found: dict[str, Value]) -> Usage:
    sent, said = whole(found.get("input_tokens")), whole(found.get("output_tokens"))
    total = None if sent is None or said is None else sent + said
    return Usage(sent, said, total, None, whole(found.get("cache_read_input_tokens")))
