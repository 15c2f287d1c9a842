"""Agents: their model answers from a file of turns or from a server on loopback, their tools run in the workspace."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, model_server, openai_answer

import xsrun
from xsrun.cli import main

#: where turns are kept
FOLDER = tempfile.TemporaryDirectory(prefix="xsrun-turns-")

CLINIC = """
table pet {
  schema {
    int id
    text name
  }
}
---
table user {
  auth = true
  schema {
    int id
    text name
  }
}
---
tool "pets/count" {
  instructions = "Tells how many pets there are."
  input {
    text name? {
      description = "Only pets of this name"
    }
  }
  stack {
    db.query pet {
      where = $db.pet.name ==? $input.name
      return = {type: "count"}
    } as $count
  }
  response = {pets: $count}
}
---
tool add_pet {
  instructions = "Adds a pet."
  input {
    text name
    enum kind?=dog {
      values = ["dog", "cat"]
    }
  }
  stack {
    precondition ($input.name != "Rex") {
      error_type = "inputerror"
      error = "There is a Rex already."
    }
    db.add pet {
      data = {name: $input.name}
    } as $pet
  }
  response = $pet
}
---
tool whoami {
  instructions = "Tells who asks."
  input {
  }
  stack {
  }
  response = $auth.id
}
---
agent "Receptionist" {
  canonical = "reception"
  llm = {
    type         : "openai"
    api_key      : "{{ $env.KEY }}"
    model        : "m"
    system_prompt: "Help {{ $args.who|upper }}{% if $args.loud %}, loudly{% endif %}."
    max_steps    : 3
    prompt       : "{{ $args.question }}"
  }
  tools = [{name: "pets/count"}, {name: "add_pet"}, "whoami", {name: "gone"}, {name: "add_pet", active: false}]
}
"""
ASK = """
ai.agent.run "Receptionist" {
  args = {question: "How many?", who: "ann"}
} as $answer
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with model_server() as running:
        yield running


def clinic(source: str = ASK, agents: str = CLINIC, turns: Any = None, **options: Any) -> xsrun.Workspace:
    """The workspace and bare statements beside it; `turns` are what the model answers."""
    if turns is not None:
        options["models"] = turns_in_a_file(turns)
    return xsrun.Workspace.from_sources({"clinic.xs": agents, "main.xs": source}, env={"KEY": "sk-9"}, **options)


def turns_in_a_file(turns: Any) -> str:
    """The name of a file with these turns; it is gone when the tests are."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", dir=FOLDER.name, delete=False, encoding="utf-8") as file:
        json.dump(turns, file)
    return file.name


def ran(source: str = ASK, **options: Any) -> Any:
    """The variables that the statements leave; raises their error."""
    auth = options.pop("auth", None)
    with clinic(source, **options) as workspace:
        result = workspace.run(file="main.xs", auth=auth)
    if result.error is not None:
        raise result.error
    return json.loads(json.dumps(result.response))


def call(name: str, /, **arguments: Any) -> dict[str, Any]:
    return {"tool_calls": [{"name": name, "arguments": arguments}]}


def outputs(answer: Any) -> list[Any]:
    """What the tools gave in all steps."""
    parts = [part for step in answer["steps"] for part in step["content"]]
    return [part["output"] for part in parts if part["type"] == "tool-result"]


# A run ---------------------------------------------------------------------------------------------------------------


def test_a_run_with_tools() -> None:
    usage = {"inputTokens": 10, "outputTokens": 2, "totalTokens": 12}
    turns = [
        {**call("add_pet", name="Bo"), "usage": usage},
        {**call("pets_count", name="Bo"), "usage": usage},
        {"text": "One.", "usage": usage},
    ]
    answer = ran(turns=turns)["answer"]
    assert list(answer) == [
        "result",
        "steps",
        "usage",
        "toolCalls",
        "totalUsage",
        "finishReason",
        "providerMetadata",
        "reasoningDetails",
    ]
    assert (answer["result"], answer["finishReason"], answer["toolCalls"]) == ("One.", "stop", [])
    assert answer["usage"] == usage
    assert answer["totalUsage"] == {"inputTokens": 30, "outputTokens": 6, "totalTokens": 36}
    assert [step["finishReason"] for step in answer["steps"]] == ["tool-calls", "tool-calls", "stop"]
    asked, given = answer["steps"][1]["content"]
    assert asked == {
        "type": "tool-call",
        "toolCallId": "call_2_1",
        "toolName": "pets_count",
        "input": {"name": "Bo"},
    }
    assert given == {**asked, "type": "tool-result", "output": {"pets": 1}}
    assert answer["steps"][2]["content"] == [{"type": "text", "text": "One."}]


def test_a_tool_that_is_not_there_is_a_warning() -> None:
    with clinic(turns=[{"text": "x"}]) as workspace:
        (warning,) = workspace.run(file="main.xs").warnings
    assert str(warning) == "agent Receptionist lists a tool that is not there: gone"


def test_what_the_model_is_told(server: ModelServer) -> None:
    server.give(openai_answer(calls=[("c1", "pets_count", {})]), openai_answer("None."))
    answer = ran(models=f"{server.url}/v1")["answer"]
    assert answer["result"] == "None."
    first, second = (body for _, _, body in server.seen)
    assert first["messages"] == [
        {"role": "system", "content": "Help ANN."},
        {"role": "user", "content": "How many?"},
    ]
    functions = {one["function"]["name"]: one["function"] for one in first["tools"]}
    assert list(functions) == [
        "pets_count",
        "add_pet",
        "whoami",
    ]  # as listed; what is gone or switched off is not there
    assert functions["pets_count"]["description"] == "Tells how many pets there are."
    assert functions["pets_count"]["parameters"] == {
        "type": "object",
        "properties": {"name": {"type": "string", "description": "Only pets of this name"}},
    }
    assert functions["add_pet"]["parameters"]["required"] == ["name"]
    assert functions["add_pet"]["parameters"]["properties"]["kind"]["enum"] == ["dog", "cat"]
    assert second["messages"][2:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "pets_count", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": '{"pets":0}'},
    ]
    assert server.seen[0][1]["authorization"] == "Bearer sk-9"


def test_errors_of_tools_are_answers_that_the_model_can_read() -> None:
    turns = [
        call("add_pet", name="Rex"),
        call("add_pet"),
        {"tool_calls": [{"name": "fly"}, {"name": "whoami"}]},
    ]
    first, second, third, fourth = outputs(ran(turns=turns)["answer"])
    assert first == {"code": "ERROR_CODE_INPUT_ERROR", "message": "There is a Rex already.", "payload": ""}
    assert second["message"] == "Missing param: name"
    assert third["message"].startswith("Model tried to call unavailable tool 'fly'. Available tools: pets_count")
    assert fourth == {"code": "ERROR_FATAL", "message": ""}  # no auth table in the entry, no caller


def test_the_steps_are_limited() -> None:
    answer = ran(turns=[call("pets_count")] * 9)["answer"]
    assert len(answer["steps"]) == 3
    assert len(outputs(answer)) == 3
    assert (answer["result"], answer["finishReason"]) == ("", "tool-calls")
    assert [one["toolName"] for one in answer["toolCalls"]] == ["pets_count"]


def test_tools_that_may_not_run() -> None:
    source = ASK.replace("as $answer", "as $answer").replace("args", "allow_tool_execution = false\n  args")
    answer = ran(source, turns=[call("add_pet", name="Bo"), {"text": "never"}])["answer"]
    assert (len(answer["steps"]), outputs(answer)) == (1, [])
    assert answer["toolCalls"][0]["input"] == {"name": "Bo"}


def test_a_limit_of_the_run_is_not_swallowed() -> None:
    endless = CLINIC.replace("response = $auth.id", "response = 1").replace(
        "input {\n  }\n  stack {\n  }", "input {\n  }\n  stack {\n    while (true) {\n      each {\n      }\n    }\n  }"
    )
    with clinic(agents=endless, turns=[call("whoami")], limits=xsrun.Limits(steps=1000)) as workspace:
        error = workspace.run(file="main.xs").error
    assert error is not None
    assert "infinite loop" in error.message


# Who calls -----------------------------------------------------------------------------------------------------------


def test_an_entry_with_an_auth_table_has_the_caller() -> None:
    agents = CLINIC.replace('"whoami"', '{name: "whoami", auth: "user"}')
    auth = {"id": 7, "table": "user"}
    assert outputs(ran(agents=agents, turns=[call("whoami"), {"text": "x"}], auth=auth)["answer"]) == [7]
    refused = outputs(ran(agents=agents, turns=[call("whoami"), {"text": "x"}])["answer"])
    assert refused[0]["code"] == "ERROR_CODE_UNAUTHORIZED"
    other = {"id": 7, "table": "pet"}
    refused = outputs(ran(agents=agents, turns=[call("whoami"), {"text": "x"}], auth=other)["answer"])
    assert refused[0]["code"] == "ERROR_CODE_UNAUTHORIZED"


def test_the_toolset_is_there_while_a_tool_runs() -> None:
    agents = CLINIC.replace("response = $auth.id", "response = $toolset")
    source = (
        ASK + "try_catch {\n try {\n  var $x { value = $toolset.token }\n }\n catch {\n  var $x { value = 9 }\n }\n}"
    )
    found = ran(source, agents=agents, turns=[call("whoami"), {"text": "x"}])
    assert outputs(found["answer"]) == [{"token": "", "params": {}}]
    assert found["x"] == 9
    assert ran("var $toolset { value = 3 }\nvar $y { value = $toolset + 1 }")["y"] == 4  # a variable of this name


# Triggers ------------------------------------------------------------------------------------------------------------

TRIGGER = """
---
agent_trigger gate {
  agent = "Receptionist"
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
    db.add pet {
      data = {name: $input.toolset.name ~ " " ~ ($input.tools|count)}
    }
  }
  response = RESPONSE
}
"""


@pytest.mark.parametrize(
    ("response", "names", "told"),
    [
        ("{toolset: $input.toolset, tools: $input.tools}", ["pets_count", "add_pet", "whoami"], None),
        ('$input.tools|filter:$$.name == "add_pet"', ["add_pet"], None),
        ('{tools: [{name: "whoami", instructions: "Ask me."}]}', ["whoami"], "Ask me."),
        ("{tools: []}", [], None),
        ("null", ["pets_count", "add_pet", "whoami"], None),
    ],
)
def test_a_trigger_decides_which_tools_there_are(
    server: ModelServer, response: str, names: list[str], told: str | None
) -> None:
    server.give(openai_answer("x"))
    agents = CLINIC + TRIGGER.replace("RESPONSE", response)
    found = ran(ASK + "db.query pet {} as $pets", agents=agents, models=f"{server.url}/v1")
    tools = server.seen[0][2].get("tools", [])
    assert [one["function"]["name"] for one in tools] == names
    if told is not None:
        assert tools[-1]["function"]["description"] == told
    assert [pet["name"] for pet in found["pets"]] == ["Receptionist 3"]


@pytest.mark.parametrize("off", ["actions = {connection: false}", "actions = {connection: true}\n  active = false"])
def test_a_trigger_that_is_switched_off(off: str) -> None:
    agents = CLINIC + TRIGGER.replace("RESPONSE", "[]").replace("actions = {connection: true}", off)
    assert ran(ASK + "db.query pet {} as $pets", agents=agents, turns=[{"text": "x"}])["pets"] == []


def test_a_trigger_that_refuses_ends_the_run() -> None:
    refusing = (
        TRIGGER.replace("RESPONSE", "null")
        .replace("db.add pet {", 'throw {\n      name = "No"\n      value = 1')
        .replace('      data = {name: $input.toolset.name ~ " " ~ ($input.tools|count)}\n', "")
    )
    with clinic(agents=CLINIC + refusing, turns=[{"text": "x"}]) as workspace:
        error = workspace.run(file="main.xs").error
    assert error is not None
    assert error.payload == 1


# Structured outputs --------------------------------------------------------------------------------------------------

CLASSIFIER = """
agent "Classifier" {
  canonical = "c1"
  llm = {
    type: "openai"
    api_key: "k"
    model: "m"
    prompt: "{{ $args.text }}"
    structured_outputs: true

    output {
      enum mood {
        values = ["good", "bad"]
      }
      decimal confidence filters=min:0|max:1
      text reason?
      int[] numbers?
    }
  }
  tools = [{name: "add_pet"}]
}
"""
CLASSIFY = 'ai.agent.run "Classifier" {\n  args = {text: "fine"}\n} as $answer'


def test_structured_outputs(server: ModelServer) -> None:
    given = '{"mood": "good", "confidence": 0.5, "reason": null, "numbers": null}'
    server.give(openai_answer(given))
    answer = ran(CLASSIFY, agents=CLASSIFIER, models=f"{server.url}/v1")["answer"]
    assert answer["result"] == {"mood": "good", "confidence": 0.5, "reason": "", "numbers": []}
    body = server.seen[0][2]
    assert "tools" not in body
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["required"] == ["mood", "confidence", "reason", "numbers"]
    assert schema["properties"]["reason"] == {"type": ["string", "null"]}
    assert schema["properties"]["numbers"]["type"] == ["array", "null"]


def test_structured_outputs_of_a_member_and_switched_off() -> None:
    beside = (
        CLASSIFIER.replace("structured_outputs: true", "")
        .replace("    output {", "  }\n  output {")
        .replace("    }\n  }\n  tools", "    }\n  tools")
    )
    turns = [{"object": {"mood": "bad", "confidence": 1}}]
    assert ran(CLASSIFY, agents=beside, turns=turns)["answer"]["result"]["mood"] == "bad"
    plain = CLASSIFIER.replace("structured_outputs: true", "structured_outputs: false")
    assert ran(CLASSIFY, agents=plain, turns=[{"text": "fine"}])["answer"]["result"] == "fine"


@pytest.mark.parametrize(
    ("turn", "message"),
    [
        ({"text": "no JSON"}, "could not parse"),
        ({"text": "[1]"}, "did not match schema"),
        ({"object": {"mood": "so so", "confidence": 1}}, "did not match schema"),
        ({"object": {"mood": "bad"}}, "did not match schema"),
        ({"object": {"mood": "bad", "confidence": 3}}, "did not match schema"),
    ],
)
def test_structured_outputs_that_do_not_fit(turn: Any, message: str) -> None:
    caught = (
        f"try_catch {{\n  try {{\n    {CLASSIFY}\n  }}\n  catch {{\n    var $m {{ value = $error.message }}\n  }}\n}}"
    )
    found = ran(caught, agents=CLASSIFIER, turns=[turn])["m"]
    assert found.startswith("No object generated")
    assert message in found


# Prompts -------------------------------------------------------------------------------------------------------------


def test_messages_and_arguments_as_json(server: ModelServer) -> None:
    messages = """
      [{"role": "system", "content": "Also this."},{% for one in $args.turns %}
      {"role": "{{ one.role }}", "content": {{ one.text|json_encode }} },{% endfor %}
      {"role": "user", "content": [{"type": "text", "text": "Last."}]}]
    """
    agents = CLINIC.replace('prompt       : "{{ $args.question }}"', f'messages     : """{messages}"""')
    turns = '[{"role": "user", "text": "Say \\"a\\""}, {"role": "assistant", "text": "a"}]'
    source = f"""ai.agent.run "Receptionist" {{
      args = '{{"who": "bo", "loud": true, "turns": {turns}}}'
    }} as $answer"""
    server.give(openai_answer("x"))
    ran(source, agents=agents, models=f"{server.url}/v1")
    assert server.seen[0][2]["messages"] == [
        {"role": "system", "content": "Help BO, loudly.\n\nAlso this."},
        {"role": "user", "content": 'Say "a"'},
        {"role": "assistant", "content": "a"},
        {"role": "user", "content": "Last."},
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('prompt       : "{{ $args.question }}"', "", "Missing param: prompt"),
        (
            'prompt       : "{{ $args.question }}"',
            'messages: "{{ $args.question }}"',
            "The messages of the agent are not JSON",
        ),
        ('prompt       : "{{ $args.question }}"', 'messages: \'[{"role": "robot"}]\'', "not a list of messages"),
        (
            'prompt       : "{{ $args.question }}"',
            'messages: \'[{"role": "user", "content": [{"type": "image"}]}]\'',
            "not a text",
        ),
        ("max_steps    : 3", 'max_steps: "many"', "The option `max_steps` of the agent is not a number"),
        ("max_steps    : 3", "temperature: [1]", "The option `temperature` of the agent is not a number"),
        ('"Help {{ $args.who', '"Help {{ $args.who|nofilter', "Template error"),
    ],
)
def test_agents_that_make_no_sense(old: str, new: str, message: str) -> None:
    with clinic(agents=CLINIC.replace(old, new), turns=[{"text": "x"}]) as workspace:
        error = workspace.run(file="main.xs").error
    assert error is not None
    assert message in error.message


def test_arguments_that_are_no_object() -> None:
    with clinic(ASK.replace('{question: "How many?", who: "ann"}', '"{"'), turns=[{"text": "x"}]) as workspace:
        error = workspace.run(file="main.xs").error
    assert error is not None
    assert error.message == "Not a valid JSON object."
    assert error.line == 2


# Async, mocks, recordings --------------------------------------------------------------------------------------------


def test_an_agent_that_runs_beside_its_caller() -> None:
    source = ASK.replace("as $answer", "as $job").replace("args", 'runtime_mode = "async-shared"\n  args')
    found = ran(source + "await {\n  ids = [$job]\n  timeout = 5\n} as $all", turns=[{"text": "later"}])
    assert found["all"][found["job"]]["result"] == "later"


TESTED = """
function ask {
  input {
    text question
  }
  stack {
    ai.agent.run "Receptionist" {
      args = {question: $input.question}
      mock = {
        "asks": {result: "Three."}
      }
    } as $answer
  }
  response = $answer.result
  test asks {
    input = {question: "How many?"}
    expect.to_equal ($response) {
      value = "Three."
    }
  }
  test "without a mock" {
    input = {question: "How many?"}
    expect.to_equal ($response) {
      value = "Four."
    }
  }
}
"""


def test_mocks_and_turns_in_unit_tests() -> None:
    sources = {"clinic.xs": CLINIC, "ask.xs": TESTED}
    report = xsrun.Workspace.from_sources(sources).test()
    assert [one.status for one in report.results] == ["pass", "error"]
    assert "no mock for this call: `ai.agent.run`" in (report.results[1].message or "")
    with clinic("", agents=CLINIC + "---" + TESTED, turns=[{"text": "Four."}]) as workspace:
        assert [one.status for one in workspace.test().results] == ["pass", "pass"]


def test_a_recording_repeats_a_conversation_offline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "clinic.xs").write_text(CLINIC, encoding="utf-8")
    (tmp_path / "main.xs").write_text(ASK, encoding="utf-8")
    common = ["run", str(tmp_path / "main.xs"), "-w", str(tmp_path), "--env", "KEY=sk-1234567", "--json"]
    recording = str(tmp_path / "calls.json")
    with model_server() as server:
        server.give(openai_answer(calls=[("c1", "add_pet", {"name": "Bo"})]), openai_answer("Done."))
        assert main([*common, "--model", f"{server.url}/v1#m", "--record", recording]) == 0
        first = json.loads(capsys.readouterr().out)["response"]["answer"]
        address = server.url
    assert main([*common, "--model", f"{address}/v1#m", "--replay", recording]) == 0
    second = json.loads(capsys.readouterr().out)["response"]["answer"]
    for answer in (first, second):
        for step in answer["steps"]:
            del step["response"]["timestamp"]
        for part in answer["steps"][0]["content"]:
            part.get("output", {}).pop("created_at", None)
    assert first == second
    assert first["result"] == "Done."
    assert "sk-1234567" not in Path(recording).read_text(encoding="utf-8")


def test_the_key_is_kept_out_of_logs() -> None:
    source = ASK + "debug.log {\n  value = $env.KEY\n}"
    with clinic(source, models="openai=http://127.0.0.1:9/v1") as workspace:
        run = workspace.run(file="main.xs")
    assert run.error is not None  # nobody is there
    source = f"try_catch {{\n  try {{\n    {ASK}\n  }}\n  catch {{\n  }}\n}}\ndebug.log {{\n  value = $env.KEY\n}}"
    with clinic(source, models="openai=http://127.0.0.1:9/v1") as workspace:
        run = workspace.run(file="main.xs")
    assert [one.value for one in run.logs] == ["***"]
