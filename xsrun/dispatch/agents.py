"""Running an agent: the model is asked, the tools that it calls run, until it has an answer (semantics 7.6).

The result has the members that the engine's has: `result`, `steps`, `usage`, `toolCalls`, `totalUsage`, `finishReason`,
`providerMetadata`, `reasoningDetails`. The calls of all steps are in `steps[].content[]`; `toolCalls` are those of the
last step alone.
"""

from __future__ import annotations

from xsrun.dispatch.agent_settings import AgentRun, read_agent
from xsrun.dispatch.middleware import Proceed
from xsrun.dispatch.outside_tools import OutsideTool, outside_tools
from xsrun.dispatch.toolsets import connected, names_for_models, run_tool, toolset_of
from xsrun.errors import XanoScriptError
from xsrun.fields.declared import bind
from xsrun.hints import TYPE_CHECKING
from xsrun.lazy_regex import pattern
from xsrun.records import record
from xsrun.running.context import Context
from xsrun.services.models import ask
from xsrun.services.models.conversation import (
    ModelTool,
    Question,
    ToolExchange,
    ToolOutcome,
    ToolRequest,
    Turn,
    summed,
)
from xsrun.values.conversion import Value, from_json
from xsrun.workspace.construct import Construct
from xsrun.workspace.workspace import workspace_of

if TYPE_CHECKING:
    from xsrun.dispatch.toolsets import ToolEntry

#: What providers do not take in the name of a tool.
_NOT_IN_NAMES = pattern(r"[^A-Za-z0-9_-]")
_LONGEST_NAME = 64
_NO_OBJECT = "No object generated: response did not match schema."


@record
class CallableTool:
    """A tool that a model may call: one of the workspace, or one of an MCP server elsewhere."""

    shown: ModelTool
    entry: ToolEntry | None = None
    outside: OutsideTool | None = None

    def run(self, context: Context, arguments: dict[str, Value]) -> Value:
        """What it answers."""
        if self.outside is not None:
            return self.outside.run(context, arguments)
        assert self.entry is not None
        return run_tool(context, self.entry, arguments)


def run_agent(construct: Construct, context: Context, inputs: dict[str, Value], _proceed: Proceed) -> Value:
    """Run an agent with the `args` and `allow_tool_execution` of a call; its result."""
    agent = read_agent(construct, context, inputs.get("args"))
    allowed = inputs.get("allow_tool_execution")
    tools = {} if agent.without_tools else callable_tools(construct, context, agent)
    steps: list[AgentStep] = []
    question = Question(
        construct.name,
        agent.settings,
        agent.system,
        agent.messages,
        tools=[one.shown for one in tools.values()],
        output=agent.output_schema,
    )
    while True:
        step = AgentStep(ask(context, question), [], context.now())
        steps.append(step)
        if not step.turn.calls or allowed is False:
            break
        step.outcomes = [_answered(context, tools, request) for request in step.turn.calls]
        if len(steps) >= agent.max_steps:
            break
        question.exchanges.append(ToolExchange(step.turn, step.outcomes))
    return envelope(steps, _result(agent, steps[-1].turn, context))


def callable_tools(construct: Construct, context: Context, agent: AgentRun) -> dict[str, CallableTool]:
    """The tools that the model is told of, by the names that it calls them."""
    toolset = connected(context, toolset_of(workspace_of(context), construct))
    own = {entry.name: entry for entry in toolset.entries if not entry.uri}
    remote = {tool.name: tool for tool in outside_tools(context, agent.outside) if tool.name not in own}
    found = {}
    for shown, name in names_for_models([*own, *remote], _name_for_models).items():
        if name in own:
            entry = own[name]
            found[shown] = CallableTool(ModelTool(shown, entry.instructions, entry.schema), entry)
        else:
            outside = remote[name]
            found[shown] = CallableTool(ModelTool(shown, outside.description, outside.schema), None, outside)
    return found


def _name_for_models(name: str) -> str:
    return _NOT_IN_NAMES.sub("_", name)[:_LONGEST_NAME]


def _answered(context: Context, tools: dict[str, CallableTool], request: ToolRequest) -> ToolOutcome:
    """Run a call of the model."""
    tool = tools.get(request.name)
    if tool is None:
        known = ", ".join(tools) or "none"
        text = f"Model tried to call unavailable tool '{request.name}'. Available tools: {known}."
        return ToolOutcome(request, {"code": "ERROR_FATAL", "message": text})
    return ToolOutcome(request, tool.run(context, request.arguments))


def _result(agent: AgentRun, turn: Turn, context: Context) -> Value:
    """The completion: a text, or the object of structured outputs. Raises XanoScriptError for one that does not fit."""
    if agent.output is None or turn.calls:
        return turn.text
    try:
        found = from_json(turn.text)
    except ValueError:
        raise XanoScriptError("No object generated: could not parse the response.") from None
    if not isinstance(found, dict):
        raise XanoScriptError(_NO_OBJECT, hint=f"the model gave: {turn.text[:200]}")
    try:
        return bind(agent.output, _without_nulls(agent, found), context)
    except XanoScriptError as error:
        raise XanoScriptError(_NO_OBJECT, hint=f"{error.message} The model gave: {turn.text[:200]}") from None


def _without_nulls(agent: AgentRun, found: dict[str, Value]) -> dict[str, Value]:
    """Models must give every member: null stands for one that is left out."""
    assert agent.output is not None
    optional = {one.name for one in agent.output if not one.required}
    return {name: value for name, value in found.items() if value is not None or name not in optional}


# The result ----------------------------------------------------------------------------------------------------------


@record
class AgentStep:
    """One question and its answer, and what the tools gave that it called; `at` is in milliseconds."""

    turn: Turn
    outcomes: list[ToolOutcome]
    at: int

    def as_dict(self) -> dict[str, Value]:
        """The step as programs see it."""
        turn = self.turn
        content: list[Value] = [
            {"type": "reasoning", "text": one["text"]} for one in turn.reasoning if one["type"] == "text"
        ]
        if turn.text:
            content.append({"type": "text", "text": turn.text})
        content.extend({"type": "tool-call", **_shown_call(request)} for request in turn.calls)
        content.extend(
            {"type": "tool-result", **_shown_call(one.request), "output": one.value} for one in self.outcomes
        )
        return {
            "content": content,
            "finishReason": turn.finish,
            "usage": turn.usage.as_dict(),
            "warnings": [*turn.warnings],
            "response": {"id": turn.id, "timestamp": self.at, "modelId": turn.model},
            "providerMetadata": turn.metadata,
        }


def _shown_call(request: ToolRequest) -> dict[str, Value]:
    return {"toolCallId": request.id, "toolName": request.name, "input": request.arguments}


def envelope(steps: list[AgentStep], result: Value) -> dict[str, Value]:
    """What `ai.agent.run` binds."""
    last = steps[-1].turn
    return {
        "result": result,
        "steps": [step.as_dict() for step in steps],
        "usage": last.usage.as_dict(),
        "toolCalls": [{"type": "tool-call", **_shown_call(request)} for request in last.calls],
        "totalUsage": summed(step.turn.usage for step in steps).as_dict(),
        "finishReason": last.finish,
        "providerMetadata": last.metadata,
        "reasoningDetails": [*last.reasoning],
    }
