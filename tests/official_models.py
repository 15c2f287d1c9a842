"""What the official clients of OpenAI, Anthropic and Google send for the questions of `tests/test_models.py`.

`tests/official_models.json` holds it; `tests/test_models.py -m slow` asks the clients again where they are installed.
"""

from __future__ import annotations

from typing import Any

from model_server import ModelServer, anthropic_answer, google_answer, openai_answer

#: The JSON Schema of the input of the tool `count_pets`.
COUNT_PETS: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string", "description": "Only pets of this name"}},
}
#: The JSON Schema of the structured output `{mood, score?}`.
MOOD: dict[str, Any] = {
    "type": "object",
    "properties": {"mood": {"type": "string", "enum": ["good", "bad"]}, "score": {"type": "number"}},
    "required": ["mood"],
    "additionalProperties": False,
}
STRICT_MOOD: dict[str, Any] = {
    "type": "object",
    "properties": {"mood": {"type": "string", "enum": ["good", "bad"]}, "score": {"type": ["number", "null"]}},
    "required": ["mood", "score"],
    "additionalProperties": False,
}
CALL = [("call_7", "count_pets", {"name": "Bo"})]
RESULT = '{"pets":2}'
#: Headers that say what a request is, beside those of every HTTP request.
HEADERS = ("authorization", "content-type", "x-api-key", "anthropic-version", "x-goog-api-key", "openai-organization")


def recorded(server: ModelServer) -> list[dict[str, Any]]:
    """The requests that the server has seen."""
    return [
        {"path": path, "headers": {name: headers[name] for name in HEADERS if name in headers}, "body": body}
        for path, headers, body in server.seen
    ]


def openai_client(server: ModelServer) -> list[dict[str, Any]]:
    """A plain question, one with a tool and its result, one for an object."""
    from openai import OpenAI  # type: ignore[import-not-found,unused-ignore]

    client = OpenAI(api_key="k-1", organization="org-1", base_url=f"{server.url}/v1", max_retries=0)
    server.give(openai_answer("Hello"), openai_answer(calls=CALL), openai_answer("Two"), openai_answer("{}"))
    system = {"role": "system", "content": "Be brief."}
    user = {"role": "user", "content": "Hi"}
    client.chat.completions.create(model="m", messages=[system, user], temperature=0.5)
    function = {"name": "count_pets", "description": "Counts pets.", "parameters": COUNT_PETS}
    tools = [{"type": "function", "function": function}]
    first = client.chat.completions.create(model="m", messages=[user], tools=tools).choices[0].message
    own = {"role": "assistant", "content": None, "tool_calls": [call.model_dump() for call in first.tool_calls]}
    outcome = {"role": "tool", "tool_call_id": "call_7", "content": RESULT}
    client.chat.completions.create(model="m", messages=[user, own, outcome], tools=tools)
    schema = {"name": "response", "strict": True, "schema": STRICT_MOOD}
    client.chat.completions.create(
        model="m", messages=[user], response_format={"type": "json_schema", "json_schema": schema}
    )
    return recorded(server)


def anthropic_client(server: ModelServer) -> list[dict[str, Any]]:
    """The same; from its version 2.0 on the client has no temperature."""
    from anthropic import Anthropic  # type: ignore[import-not-found,unused-ignore]

    client = Anthropic(api_key="k-1", base_url=server.url, max_retries=0)
    server.give(
        anthropic_answer("Hello"), anthropic_answer(calls=CALL), anthropic_answer("Two"), anthropic_answer(calls=CALL)
    )
    user = {"role": "user", "content": "Hi"}
    common: dict[str, Any] = {"model": "m", "max_tokens": 4096}
    client.messages.create(**common, system="Be brief.", messages=[user])
    tools = [{"name": "count_pets", "description": "Counts pets.", "input_schema": COUNT_PETS}]
    first = client.messages.create(**common, messages=[user], tools=tools)
    own = {"role": "assistant", "content": [block.model_dump(exclude_unset=True) for block in first.content]}
    outcome = {"type": "tool_result", "tool_use_id": "call_7", "content": RESULT}
    client.messages.create(**common, messages=[user, own, {"role": "user", "content": [outcome]}], tools=tools)
    answer = {"name": "json", "description": "Respond with a JSON object.", "input_schema": MOOD}
    client.messages.create(**common, messages=[user], tools=[answer], tool_choice={"type": "tool", "name": "json"})
    return recorded(server)


def google_client(server: ModelServer) -> list[dict[str, Any]]:
    """The same."""
    from google import genai  # type: ignore[import-not-found,unused-ignore]
    from google.genai import types  # type: ignore[import-not-found,unused-ignore]

    client = genai.Client(api_key="k-1", http_options=types.HttpOptions(base_url=server.url))
    server.give(google_answer("Hello"), google_answer(calls=CALL), google_answer("Two"), google_answer("{}"))
    user = types.Content(role="user", parts=[types.Part(text="Hi")])

    def ask(contents: list[Any], **config: Any) -> Any:
        return client.models.generate_content(
            model="m", contents=contents, config=types.GenerateContentConfig(**config)
        )

    ask([user], system_instruction="Be brief.", temperature=0.5)
    declared = types.FunctionDeclaration(
        name="count_pets", description="Counts pets.", parameters_json_schema=COUNT_PETS
    )
    off = types.AutomaticFunctionCallingConfig(disable=True)
    tools: dict[str, Any] = {
        "tools": [types.Tool(function_declarations=[declared])],
        "automatic_function_calling": off,
    }
    first = ask([user], **tools)
    outcome = types.Part(function_response=types.FunctionResponse(name="count_pets", response={"pets": 2}))
    ask([user, first.candidates[0].content, types.Content(role="user", parts=[outcome])], **tools)
    ask([user], response_mime_type="application/json", response_json_schema=MOOD)
    return recorded(server)


CLIENTS = {"openai": openai_client, "anthropic": anthropic_client, "google-genai": google_client}
