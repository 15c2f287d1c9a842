"""Models of Google, by the Gemini interface."""

from __future__ import annotations

from urllib.parse import quote

from xsrun.errors import XanoScriptError
from xsrun.services.http_messages import Headers
from xsrun.services.models.conversation import Question, ToolOutcome, ToolRequest, Turn, Usage, listed, members, whole
from xsrun.values.conversion import Value, from_json

DEFAULT_URL = "https://generativelanguage.googleapis.com/v1beta"
_FINISH = {"STOP": "stop", "MAX_TOKENS": "length"}
_FILTERED = frozenset(("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"))


def address(question: Question) -> str:
    settings = question.settings
    name = settings.model if "/" in settings.model else f"models/{settings.model}"
    return f"{(settings.base_url or DEFAULT_URL).rstrip('/')}/{quote(name)}:generateContent"


def headers(question: Question) -> Headers:
    return [("x-goog-api-key", question.settings.api_key)] if question.settings.api_key else []


def body(question: Question) -> dict[str, Value]:
    settings = question.settings
    made: dict[str, Value] = {"contents": _contents(question)}
    if question.system:
        made["systemInstruction"] = {"parts": [{"text": question.system}]}
    generation = _generation(question)
    if generation:
        made["generationConfig"] = generation
    if safety := settings.text("safety_settings"):
        made["safetySettings"] = _decoded(safety, "safety_settings")
    if settings.switched_on("search_grounding"):  # tools of the agent are off beside it
        made["tools"] = [{"googleSearch": {}}]
    elif question.tools:
        declared: list[Value] = [
            {"name": tool.name, "description": tool.description, "parametersJsonSchema": tool.schema}
            for tool in question.tools
        ]
        made["tools"] = [{"functionDeclarations": declared}]
    return made


def _generation(question: Question) -> dict[str, Value]:
    settings = question.settings
    made: dict[str, Value] = {}
    if settings.temperature is not None:
        made["temperature"] = settings.temperature
    if question.output is not None:
        made["responseMimeType"] = "application/json"
        made["responseJsonSchema"] = question.output
    thinking: dict[str, Value] = {}
    if (tokens := settings.options.get("thinking_tokens")) not in (None, ""):
        thinking["thinkingBudget"] = tokens
    if settings.switched_on("include_thoughts"):
        thinking["includeThoughts"] = True
    return {**made, "thinkingConfig": thinking} if thinking else made


def _decoded(text: str, option: str) -> Value:
    try:
        return from_json(text)
    except ValueError:
        raise XanoScriptError(f"The option `{option}` of the agent is not JSON.") from None


def _contents(question: Question) -> list[Value]:
    roles = {"assistant": "model"}
    made: list[Value] = [
        {"role": roles.get(one.role, one.role), "parts": [{"text": one.content}]} for one in question.messages
    ]
    for exchange in question.exchanges:
        made.append({"role": "model", "parts": exchange.turn.own})
        made.append({"role": "user", "parts": [_response(one) for one in exchange.outcomes]})
    return made


def _response(one: ToolOutcome) -> Value:
    value = one.value if isinstance(one.value, dict) else {"result": one.value}
    return {"functionResponse": {"name": one.request.name, "response": value}}


def turn(answer: dict[str, Value], question: Question) -> Turn:
    candidates = listed(answer, "candidates")
    candidate = candidates[0] if candidates else {}
    parts = listed(members(candidate, "content"), "parts")
    texts = [part for part in parts if isinstance(part.get("text"), str)]
    calls = [_call(part["functionCall"], number) for number, part in enumerate(parts) if "functionCall" in part]
    reason = str(candidate.get("finishReason") or members(answer, "promptFeedback").get("blockReason") or "")
    finish = "content-filter" if reason in _FILTERED else _FINISH.get(reason, "other")
    metadata = {name: candidate[name] for name in ("groundingMetadata", "safetyRatings") if name in candidate}
    return Turn(
        "".join(part["text"] for part in texts if not part.get("thought")),
        calls,
        "tool-calls" if calls and finish == "stop" else finish,
        _usage(members(answer, "usageMetadata")),
        [{"type": "text", "text": part["text"]} for part in texts if part.get("thought")],
        str(answer.get("responseId") or ""),
        str(answer.get("modelVersion") or question.settings.model),
        {"google": metadata},
        [],
        parts,
    )


def _call(found: Value, number: int) -> ToolRequest:
    identity = found.get("id") if isinstance(found, dict) else None
    name = found.get("name") if isinstance(found, dict) else None
    return ToolRequest(str(identity or f"call_{number}"), str(name or ""), members(found, "args"))


def _usage(found: dict[str, Value]) -> Usage:
    return Usage(
        whole(found.get("promptTokenCount")),
        whole(found.get("candidatesTokenCount")),
        whole(found.get("totalTokenCount")),
        whole(found.get("thoughtsTokenCount")),
        whole(found.get("cachedContentTokenCount")),
    )
