"""Language models over HTTP: what is sent, compared with the official clients, and what the answers become."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, anthropic_answer, google_answer, model_server, openai_answer
from official_models import CALL, CLIENTS, COUNT_PETS, MOOD

import xsrun
from xsrun.errors import UnavailableError, UsageError, XanoScriptError
from xsrun.running.context import Context
from xsrun.services.models import ask
from xsrun.services.models.choice import server_named
from xsrun.services.models.conversation import (
    ModelMessage,
    ModelSettings,
    ModelTool,
    Question,
    ToolExchange,
    ToolOutcome,
    Turn,
)
from xsrun.services.models.strict_schemas import strict

OFFICIAL: dict[str, list[dict[str, Any]]] = json.loads(
    Path(__file__).with_name("official_models.json").read_text(encoding="utf-8")
)
ANSWERS: dict[str, Any] = {"openai": openai_answer, "anthropic": anthropic_answer, "google-genai": google_answer}
#: What stands before the paths of each provider.
PATHS = {"openai": "/v1", "anthropic": "/v1", "google-genai": "/v1beta"}
TOOL = ModelTool("count_pets", "Counts pets.", COUNT_PETS)


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with model_server() as running:
        yield running


@pytest.fixture
def context() -> Iterator[Context]:
    with xsrun.Workspace.from_sources({"x.xs": "var $x { value = 1 }"}) as workspace:
        yield workspace.context()


def settings(server: ModelServer, provider: str, **options: Any) -> ModelSettings:
    temperature = options.pop("temperature", None)
    return ModelSettings(provider, "m", "k-1", server.url + PATHS[provider], temperature, options)


def question(server: ModelServer, provider: str, **options: Any) -> Question:
    return Question("Agent", settings(server, provider, **options), messages=[ModelMessage("user", "Hi")])


# Requests ------------------------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """A body without what two clients may say differently and mean the same."""
    if isinstance(value, dict):
        kept = {name: plain(one) for name, one in value.items() if one not in ({}, [])}
        if "parameters_json_schema" in kept:  # both spellings of protobuf's JSON
            kept["parametersJsonSchema"] = kept.pop("parameters_json_schema")
        if isinstance(kept.get("systemInstruction"), dict):  # it has no role of its own
            kept["systemInstruction"].pop("role", None)
        if isinstance(kept.get("arguments"), str):
            kept["arguments"] = json.loads(kept["arguments"])
        return kept
    return [plain(one) for one in value] if isinstance(value, list) else value


def conversations(server: ModelServer, provider: str) -> Iterator[Question]:
    """The four questions that the official clients were asked."""
    options = {"organization": "org-1"} if provider == "openai" else {}
    temperature = None if provider == "anthropic" else 0.5
    first = question(server, provider, temperature=temperature, **options)
    first.system = "Be brief."
    yield first
    second = question(server, provider, **options)
    second.tools = [TOOL]
    yield second
    yield second
    third = question(server, provider, **options)
    third.output = MOOD
    yield third


@pytest.mark.parametrize("provider", CLIENTS)
def test_requests_are_those_of_the_official_client(server: ModelServer, context: Context, provider: str) -> None:
    answer = ANSWERS[provider]
    server.give(answer("Hello"), answer(calls=CALL), answer("Two"), answer(calls=CALL))
    for number, asked in enumerate(conversations(server, provider)):
        turn = ask(context, asked)
        if number == 1:
            asked.exchanges = [ToolExchange(turn, [ToolOutcome(turn.calls[0], {"pets": 2})])]
    assert len(server.seen) == len(OFFICIAL[provider]) == 4
    for (path, headers, body), official in zip(server.seen, OFFICIAL[provider], strict=True):
        assert path == official["path"]
        assert plain(body) == plain(official["body"])
        for name, value in official["headers"].items():
            if (provider, name) == ("anthropic", "authorization"):  # the interface takes either, as its pages show
                assert headers["x-api-key"] == value.removeprefix("Bearer ")
            else:
                assert headers[name] == value


@pytest.mark.slow
@pytest.mark.parametrize("provider", CLIENTS)
def test_the_official_clients_still_send_what_was_recorded(server: ModelServer, provider: str) -> None:
    package = {"openai": "openai", "anthropic": "anthropic", "google-genai": "google.genai"}[provider]
    pytest.importorskip(package, reason=f"{package} is not installed")
    assert CLIENTS[provider](server) == OFFICIAL[provider]


# Answers -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", CLIENTS)
def test_a_text(server: ModelServer, context: Context, provider: str) -> None:
    server.give(ANSWERS[provider]("Hello"))
    turn = ask(context, question(server, provider))
    assert (turn.text, turn.calls, turn.finish, turn.model) == ("Hello", [], "stop", "m-2026")
    assert turn.usage.as_dict().items() >= {"inputTokens": 11, "outputTokens": 5, "cachedInputTokens": 3}.items()
    assert turn.usage.total == (18 if provider == "google-genai" else 16)
    assert turn.usage.reasoning == (None if provider == "anthropic" else 2)


@pytest.mark.parametrize("provider", CLIENTS)
def test_calls_of_tools(server: ModelServer, context: Context, provider: str) -> None:
    server.give(ANSWERS[provider](calls=CALL))
    asked = question(server, provider)
    asked.tools = [TOOL]
    turn = ask(context, asked)
    assert [(call.name, call.arguments) for call in turn.calls] == [("count_pets", {"name": "Bo"})]
    assert turn.finish == "tool-calls"


@pytest.mark.parametrize("provider", CLIENTS)
@pytest.mark.parametrize("finish", ["length", "content-filter"])
def test_answers_that_end_early(server: ModelServer, context: Context, provider: str, finish: str) -> None:
    words = {
        "openai": {"length": "length", "content-filter": "content_filter"},
        "anthropic": {"length": "max_tokens", "content-filter": "refusal"},
        "google-genai": {"length": "MAX_TOKENS", "content-filter": "SAFETY"},
    }
    server.give(ANSWERS[provider]("Hel", finish=words[provider][finish]))
    assert ask(context, question(server, provider)).finish == finish


def test_a_blocked_prompt_of_google(server: ModelServer, context: Context) -> None:
    server.give({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4}})
    turn = ask(context, question(server, "google-genai"))
    assert (turn.text, turn.finish, turn.usage.input) == ("", "content-filter", 4)


def test_thoughts_are_kept_and_sent_back(server: ModelServer, context: Context) -> None:
    server.give(anthropic_answer(calls=CALL, thinking="Hm."), anthropic_answer("Two"))
    asked = question(server, "anthropic", thinking='{"type": "enabled", "budget_tokens": 2000}', temperature=0.2)
    asked.tools = [TOOL]
    turn = ask(context, asked)
    assert turn.reasoning == [{"type": "text", "text": "Hm.", "signature": "c2ln"}]
    asked.exchanges = [ToolExchange(turn, [ToolOutcome(turn.calls[0], 2)])]
    ask(context, asked)
    first, second = (body for _, _, body in server.seen)
    assert first["thinking"] == {"type": "enabled", "budget_tokens": 2000}
    assert first["max_tokens"] == 4096 + 2000
    assert "temperature" not in first
    assert second["messages"][1]["content"][0] == {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    server.give(google_answer("Two", thinking="Hm."))
    turn = ask(context, question(server, "google-genai", thinking_tokens=100, include_thoughts=True))
    assert (turn.text, turn.reasoning) == ("Two", [{"type": "text", "text": "Hm."}])
    config = server.seen[0][2]["generationConfig"]
    assert config["thinkingConfig"] == {"thinkingBudget": 100, "includeThoughts": True}


def test_a_temperature_asks_for_the_version_of_anthropic_that_takes_one(server: ModelServer, context: Context) -> None:
    server.give(anthropic_answer("a"), anthropic_answer("b"))
    for temperature in (0.2, None):
        ask(context, question(server, "anthropic", temperature=temperature))
    versions = [headers["anthropic-version"] for _, headers, _ in server.seen]
    assert versions == ["2023-06-01", "2026-10-21"]


def test_models_of_openai_that_think_are_given_no_temperature() -> None:
    from xsrun.services.models import openai

    for model, sent in (("gpt-5-mini", False), ("o3", False), ("gpt-4o", True), ("gpt-5-chat-latest", True)):
        asked = Question("Agent", ModelSettings("openai", model, temperature=0.8), messages=[])
        assert ("temperature" in openai.body(asked)) is sent, model
        assert bool(openai.turn(openai_answer("x"), asked).warnings) is not sent
    elsewhere = ModelSettings("openai", "gpt-5-mini", base_url="http://127.0.0.1:9/v1", temperature=0.8)
    assert "temperature" in openai.body(Question("Agent", elsewhere))


def test_options_of_google(server: ModelServer, context: Context) -> None:
    server.give(google_answer("x"))
    safety = '[{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]'
    ask(context, question(server, "google-genai", search_grounding=True, safety_settings=safety))
    body = server.seen[0][2]
    assert body["tools"] == [{"googleSearch": {}}]
    assert body["safetySettings"] == json.loads(safety)


def test_arguments_that_are_not_json_are_none(server: ModelServer, context: Context) -> None:
    answer = openai_answer(calls=CALL)
    answer["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] = '{"name": '
    answer["choices"][0]["finish_reason"] = "stop"  # as some servers have it
    server.give(answer)
    turn = ask(context, question(server, "openai"))
    assert (turn.calls[0].arguments, turn.finish) == ({}, "tool-calls")


@pytest.mark.parametrize("answer", [{}, {"choices": []}, {"content": None}, {"candidates": [None]}, {"usage": 1}])
@pytest.mark.parametrize("provider", CLIENTS)
def test_answers_of_no_use_are_empty(server: ModelServer, context: Context, provider: str, answer: Any) -> None:
    server.give(answer)
    turn = ask(context, question(server, provider))
    assert (turn.text, turn.calls, turn.finish) == ("", [], "other")


def test_an_answer_that_is_no_document_is_shown(server: ModelServer, context: Context) -> None:
    server.give(["<html>"])
    with pytest.raises(XanoScriptError, match="what came is not JSON") as caught:
        ask(context, question(server, "openai"))
    assert caught.value.hint == 'HTTP 200, and it begins: ["<html>"]'


# Refusals ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "Incorrect API key provided", "type": "invalid_request_error"}}, "Incorrect API key"),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "Overloaded"),
        ({"error": "model 'm' not found"}, "model 'm' not found"),
        ({}, "Unauthorized"),
    ],
)
def test_what_a_provider_refuses_is_an_error_in_its_words(
    server: ModelServer, context: Context, body: Any, words: str
) -> None:
    server.give(body, status=401)
    with pytest.raises(XanoScriptError, match=words) as caught:
        ask(context, question(server, "openai"))
    assert caught.value.catchable
    assert "401" in (caught.value.hint or "")


def test_a_server_that_is_not_there(context: Context) -> None:
    nowhere = ModelSettings("openai", "m", "k", "http://127.0.0.1:9/v1")
    with pytest.raises(XanoScriptError, match="The model did not answer: Failed to connect"):
        ask(context, Question("Agent", nowhere, messages=[ModelMessage("user", "Hi")]))


def test_the_network_is_off_and_the_model_of_xano_is_elsewhere(context: Context) -> None:
    with pytest.raises(UnavailableError) as caught:
        ask(context, Question("Agent", ModelSettings("anthropic", "m", "k")))
    assert "--allow-net api.anthropic.com" in (caught.value.hint or "")
    with pytest.raises(UnavailableError, match="Xano's servers only") as caught:
        ask(context, Question("Agent", ModelSettings("xano-free")))
    assert "--model xano-free=" in (caught.value.hint or "")
    with pytest.raises(XanoScriptError, match="Invalid model type: claude") as refused:
        ask(context, Question("Agent", ModelSettings("claude")))
    assert "anthropic" in (refused.value.hint or "")


# Other servers in place of the agent's -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["", "xano-free=", "anthropic=", "google-genai=", "openai="])
def test_another_server_answers(server: ModelServer, kind: str) -> None:
    provider = kind.removesuffix("=") or "google-genai"
    speaks = provider if kind and provider != "xano-free" else "openai"
    server.give(ANSWERS[speaks]("Hello"))
    option = f"{kind}{server.url}{PATHS[speaks]}#llama"
    with xsrun.Workspace.from_sources({"x.xs": "var $x { value = 1 }"}, models=option) as workspace:
        asked = Question("Agent", ModelSettings(provider, "own", "k"), messages=[ModelMessage("user", "Hi")])
        assert ask(workspace.context(), asked).text == "Hello"
    path, _, body = server.seen[0]
    assert "llama" in path or body["model"] == "llama"


def test_what_names_a_server_and_what_a_file() -> None:
    assert server_named("turns.json") == ("", None)
    assert server_named("a=b.json") == ("", None)
    kind, found = server_named("openai=https://x.example/v1/")
    assert kind == "openai"
    assert found is not None
    assert (found.url, found.model) == ("https://x.example/v1", "")
    with pytest.raises(UsageError, match="no type of models `gpt`"):
        server_named("gpt=http://127.0.0.1:1")


# Turns from a file ---------------------------------------------------------------------------------------------------


def turns(tmp_path: Path, text: str) -> xsrun.Workspace:
    file = tmp_path / "turns.jsonl"
    file.write_text(text, encoding="utf-8")
    return xsrun.Workspace.from_sources({"x.xs": "var $x { value = 1 }"}, models=str(file))


def say(context: Context, agent: str = "A") -> Turn:
    return ask(context, Question(agent, ModelSettings("openai", "m")))


def test_each_run_begins_at_the_first_turn_of_its_agent(tmp_path: Path) -> None:
    workspace = turns(tmp_path, '{"text": "b", "agent": "B"}\n\n{"text": "1"}\n{"object": {"x": 2}, "agent": "A"}\n')
    for _ in range(2):
        context = workspace.context()
        assert [say(context).text, say(context).text, say(context, "B").text] == ["1", '{"x":2}', "b"]
        with pytest.raises(UnavailableError, match=r"turns\.jsonl has no further turn for the agent A"):
            say(context)


def test_a_turn_has_all_that_a_model_may_say(tmp_path: Path) -> None:
    call = '{"name": "t", "arguments": {"n": 1}}'
    rest = '"reasoning": "hm", "usage": {"inputTokens": 3}, "finish_reason": "length"'
    workspace = turns(tmp_path, f'[{{"tool_calls": [{call}], {rest}}}, {{"error": "Overloaded"}}]')
    context = workspace.context()
    turn = say(context)
    assert (turn.calls[0].name, turn.calls[0].arguments, turn.finish) == ("t", {"n": 1}, "length")
    assert (turn.reasoning, turn.usage.input) == ([{"type": "text", "text": "hm"}], 3)
    with pytest.raises(XanoScriptError, match="Overloaded"):
        say(context)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ('{"tool_calls": [{"name": "t", "arguments": "n"}]}', "are not a list of calls"),
        ('{"tool_calls": [{"name": 5}]}', "are not a list of calls"),
        ("[1]", "turn 1 of .* says nothing"),
        ('{"text": "a"}\n{}', "turn 2 of .* says nothing"),
        ('{"txt": "a"}', "turn 1 of .* has the member `txt`"),
        ('{"tool_calls": {"name": "t"}}', "are not a list of calls"),
    ],
)
def test_files_that_are_no_turns(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        turns(tmp_path, text)


def test_two_files_of_turns_and_one_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "turns.json"
    file.write_text('[{"text": "a"}]', encoding="utf-8")
    for models, message in (([str(file), str(file)], "two files"), ([str(tmp_path / "no")], "cannot read the turns")):
        with pytest.raises(UsageError, match=message):
            xsrun.Workspace.from_sources({"x.xs": ""}, models=models)
    with pytest.raises(UsageError, match="models must be a text"):
        xsrun.Workspace.from_sources({"x.xs": ""}, models=[1])  # type: ignore[list-item]


# Schemas -------------------------------------------------------------------------------------------------------------


def test_strict_schemas_have_every_member() -> None:
    assert strict(MOOD)["properties"]["score"] == {"type": ["number", "null"]}
    nested = {
        "type": "object",
        "properties": {
            "list": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
            "kind": {"type": "string", "enum": ["x"]},
            "any": {},
        },
    }
    made = strict(nested)
    assert made["required"] == ["list", "kind", "any"]
    item = made["properties"]["list"]["items"]
    assert (item["required"], item["additionalProperties"]) == (["a"], False)
    assert made["properties"]["kind"] == {"anyOf": [{"type": "string", "enum": ["x"]}, {"type": "null"}]}
    assert made["properties"]["any"] == {}
