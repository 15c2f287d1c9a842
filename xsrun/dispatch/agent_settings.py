"""What an agent's declaration says: its model, its prompt with the arguments filled in, its structured output."""

from __future__ import annotations

from xsrun.errors import InputError, MissingParamError, XanoScriptError
from xsrun.evaluator.generated.operations import lambda_environment
from xsrun.evaluator.stack_functions import compile_expression
from xsrun.fields.compiling import compile_fields
from xsrun.fields.json_schemas import object_schema
from xsrun.hints import TYPE_CHECKING
from xsrun.records import made, record
from xsrun.running.context import Context
from xsrun.services.models.conversation import ModelMessage, ModelSettings
from xsrun.statements.template_filters import render_template
from xsrun.syntax.nodes import DeclaredFields, Entry, Field, ObjectLiteral
from xsrun.values.conversion import Value, as_object, from_json, to_text, truthy
from xsrun.values.json_errors import JsonError
from xsrun.workspace.construct import Construct

if TYPE_CHECKING:
    from xsrun.fields.declared import Declared
    from xsrun.language.types import Schema

#: How often a model is asked unless the agent says so.
MAX_STEPS = 5
_ROLES = ("system", "user", "assistant")


@record
class AgentRun:
    """An agent with the arguments of one call in it. `output` are the fields of structured outputs, where it has some.

    `outside` are the MCP servers whose tools it may call besides its own, `{url, api_key}` each.
    """

    settings: ModelSettings
    system: str
    messages: list[ModelMessage]
    max_steps: int
    output: list[Declared] | None = None
    outside: list[dict[str, Value]] = made(factory=list)

    @property
    def without_tools(self) -> bool:
        """Structured outputs and searches of Google's leave no place for tools."""
        return self.output is not None or self.settings.switched_on("search_grounding")

    @property
    def output_schema(self) -> Schema | None:
        """The JSON Schema of structured outputs."""
        return None if self.output is None else {**object_schema(self.output), "additionalProperties": False}


def read_agent(construct: Construct, context: Context, args: Value) -> AgentRun:
    """The agent for one call. Raises XanoScriptError for a declaration that makes no sense."""
    construct.fail_if_broken()
    templates = AgentTemplates(context, _arguments(args))
    llm = {name: templates.render(value) for name, value in _members(construct, "llm", context).items()}
    settings = ModelSettings(
        to_text(llm.get("type")).strip(),
        to_text(llm.get("model")).strip(),
        to_text(llm.get("api_key")).strip(),
        to_text(llm.get("baseURL")).strip().rstrip("/"),
        _number(llm.get("temperature"), "temperature"),
        llm,
    )
    system, messages = _conversation(llm)
    steps = _number(llm.get("max_steps"), "max_steps")
    outside = templates.render(_list(construct, "external_mcp_servers", context))
    return AgentRun(
        settings,
        system,
        messages,
        MAX_STEPS if steps is None else max(1, int(steps)),
        _output(construct, llm),
        [one for one in outside if isinstance(one, dict)],
    )


class AgentTemplates:
    """The texts of an agent are Twig templates that see `$args` and `$env`."""

    def __init__(self, context: Context, args: dict[str, Value]) -> None:
        self.context = context
        self.roots = {"$args": args, "$env": lambda_environment(context), "$var": {"args": args}, "$input": args}

    def render(self, value: Value) -> Value:
        """A value with every text in it rendered."""
        if isinstance(value, str):
            return render_template(self.context, value, self.roots)
        if isinstance(value, list):
            return [self.render(one) for one in value]
        if isinstance(value, dict):
            return {name: self.render(one) for name, one in value.items()}
        return value


def _arguments(args: Value) -> dict[str, Value]:
    """The arguments of a call: an object, or its JSON."""
    if args is None or args == "":
        return {}
    if isinstance(args, str):
        try:
            args = from_json(args)
        except ValueError:
            hint = "write an object: args = {question: $input.question}"
            raise InputError("Not a valid JSON object.", "args", hint=hint) from None
    return as_object(args)


def _members(construct: Construct, name: str, context: Context) -> dict[str, Value]:
    """The members of an object of the declaration, the block of output fields left out."""
    node = construct.attribute(name)
    if not isinstance(node, ObjectLiteral):
        hint = "an agent says which model it asks: llm = {...}"
        raise XanoScriptError(f"{construct.label} has no `{name}`", hint=hint)
    entries = [one for one in node.entries if isinstance(one, Entry) and one.style != "block" and not one.disabled]
    return {one.key: compile_expression(one.value, construct.file)(context, {}) for one in entries}


def _list(construct: Construct, name: str, context: Context) -> list[Value]:
    node = construct.attribute(name)
    found = None if node is None else compile_expression(node, construct.file)(context, {})
    return found if isinstance(found, list) else []


def _number(value: Value, option: str) -> float | None:
    """An option that is a number, or a text of one; None where it is not given."""
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InputError(f"The option `{option}` of the agent is not a number.", option) from None
    return int(number) if number.is_integer() else number


def _conversation(llm: dict[str, Value]) -> tuple[str, list[ModelMessage]]:
    """The system prompt and the messages: `prompt` is one of the user's, `messages` the JSON of a list of them."""
    system = to_text(llm.get("system_prompt"))
    given = llm.get("messages")
    if given in (None, ""):
        if llm.get("prompt") in (None, ""):
            raise MissingParamError("prompt", hint="`prompt` or `messages` in the llm of the agent is missing or empty")
        return system, [ModelMessage("user", to_text(llm["prompt"]))]
    found: Value = given
    if isinstance(given, str):
        try:
            found = from_json(given)
        except JsonError as error:
            hint = f"with the arguments filled in they read {given[:120]}; write texts as {{{{ $args.x|json_encode }}}}"
            raise InputError(f"The messages of the agent are not JSON: {error}", "messages", hint=hint) from None
    messages = []
    for one in found if isinstance(found, list) else [found]:
        role, content = (one.get("role"), one.get("content")) if isinstance(one, dict) else (None, None)
        if role not in _ROLES:
            hint = 'write [{"role": "user", "content": "..."}]; the roles are system, user and assistant'
            raise InputError("The messages of the agent are not a list of messages.", "messages", hint=hint)
        if role == "system":
            system = "\n\n".join(part for part in (system, _text(content)) if part)
        else:
            messages.append(ModelMessage(role, _text(content)))
    return system, messages


def _text(content: Value) -> str:
    """The text of a message; of one in parts, the texts among them."""
    if not isinstance(content, list):
        return to_text(content)
    others = [one for one in content if not isinstance(one, dict) or one.get("type") != "text"]
    if others:
        hint = "xsrun hands on texts alone; leave images and files out of the messages"
        raise InputError("A message of the agent has a part that is not a text.", "messages", hint=hint)
    return "\n".join(to_text(one.get("text")) for one in content)


def _output(construct: Construct, llm: dict[str, Value]) -> list[Declared] | None:
    """The fields of structured outputs, in the `llm` or beside it; None when they are switched off or not there."""
    fields = _output_fields(construct)
    wanted = llm.get("structured_outputs")
    if fields is None or (wanted is not None and not truthy(wanted)):
        return None
    return compile_fields(fields, construct.file, construct.columns_of)


def _output_fields(construct: Construct) -> list[Field] | None:
    node = construct.attribute("llm")
    for entry in node.entries if isinstance(node, ObjectLiteral) else ():
        if isinstance(entry, Entry) and isinstance(entry.value, DeclaredFields):
            return entry.value.declared
    return construct.node.fields_of("output") if construct.node is not None else None
