"""The tools of an agent or an MCP server: which there are, what a model is told of them, and how one runs.

A tool runs as part of the run that calls it. An entry of the list that names an auth table gives the tool its caller;
without one there is no `$auth`, and a tool that reads it answers `{"code": "ERROR_FATAL", "message": ""}`. Whatever a
tool raises is its answer in the same way, so that the model can read it and try again (semantics 7.6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from xsrun.database.tables import literal
from xsrun.errors import AccessDeniedError, UnauthorizedError, XanoScriptError
from xsrun.evaluator.generated.tracebacks import translate
from xsrun.fields.declared import of_call
from xsrun.fields.json_schemas import object_schema
from xsrun.hints import TYPE_CHECKING
from xsrun.records import made, record
from xsrun.running.context import TOOLSET, Context, Identity
from xsrun.values.conversion import Value, from_json
from xsrun.workspace.construct import Construct, text_of
from xsrun.workspace.workspace import LoadedWorkspace, workspace_of

if TYPE_CHECKING:
    from xsrun.language.types import Schema

#: The kinds of construct that have tools, and those of their triggers.
TRIGGER_OF = {"agent": "agent_trigger", "mcp_server": "mcp_server_trigger"}


@record
class ToolEntry:
    """A tool in a list: `number` is its id there, `auth` the table whose rows may call it.

    `uri` is that of a resource (`type: "resource"`), `meta` what clients are told besides (`tool_meta`).
    """

    tool: Construct
    number: int
    instructions: str
    auth: str = ""
    uri: str = ""
    meta: dict[str, Value] = made(factory=dict)

    @property
    def name(self) -> str:
        return self.tool.name

    @property
    def schema(self) -> Schema:
        """The JSON Schema of its input."""
        return object_schema(self.tool.declared)


@record
class Toolset:
    """The tools of a construct as one connection sees them, and its instructions."""

    owner: Construct
    instructions: str
    entries: list[ToolEntry]

    def find(self, name: str) -> ToolEntry | None:
        """The tool of a name."""
        return next((one for one in self.entries if one.name == name and not one.uri), None)

    def resource(self, uri: str) -> ToolEntry | None:
        """The resource at an address."""
        return next((one for one in self.entries if one.uri == uri), None)


def toolset_of(workspace: LoadedWorkspace, owner: Construct) -> Toolset:
    """The tools that an agent or MCP server lists, those left out that are switched off."""
    entries = []
    for number, listed in enumerate(_listed(owner), 1):
        name = listed.get("name")
        tool = workspace.lookup("tool", name) if isinstance(name, str) else None
        if tool is None or listed.get("active") is False or literal(tool.attribute("active")) is False:
            continue
        uri = listed.get("resource_uri") if listed.get("type") == "resource" else ""
        auth = listed.get("auth") or text_of(tool.attribute("auth")) or ""
        told = text_of(tool.attribute("instructions")) or ""
        entries.append(ToolEntry(tool, number, told, str(auth), str(uri or ""), _meta(listed.get("tool_meta"))))
    return Toolset(owner, text_of(owner.attribute("instructions")) or "", entries)


def missing_tools(workspace: LoadedWorkspace, owner: Construct) -> list[str]:
    """The names in the list that no tool has."""
    names = [one.get("name") for one in _listed(owner)]
    return [name for name in names if isinstance(name, str) and workspace.lookup("tool", name) is None]


def _listed(owner: Construct) -> list[dict[str, Value]]:
    """The entries of `tools`: objects, or names alone, as older files have them."""
    found = literal(owner.attribute("tools"))
    entries = [{"name": one} if isinstance(one, str) else one for one in found] if isinstance(found, list) else []
    return [one for one in entries if isinstance(one, dict)]


def _meta(given: Value) -> dict[str, Value]:
    if isinstance(given, str) and given:
        try:
            given = from_json(given)
        except ValueError:
            return {}
    return given if isinstance(given, dict) else {}


# Connecting ----------------------------------------------------------------------------------------------------------


def connected(context: Context, toolset: Toolset) -> Toolset:
    """The tools as the triggers of a connection leave them (semantics 7.4).

    A trigger is given the toolset and the tools, and may answer with both, or with the tools alone: those that it
    leaves out are not there, and the instructions that it gives are those of this connection.
    """
    workspace = workspace_of(context)
    owner = toolset.owner
    for name in missing_tools(workspace, owner):
        text = f"{owner.label} lists a tool that is not there: {name}"
        context.warnings.append(XanoScriptError(text, file=owner.file, line=owner.line))
    for trigger in _triggers(workspace, owner):
        trigger.fail_if_broken()
        told = _told(workspace, toolset)
        # not bound as a client's input would be: instructions may be empty, though the inputs are required texts
        answer = workspace.invoke(trigger, context, {one.name: told.get(one.name) for one in trigger.declared})
        toolset = _as_answered(toolset, answer)
    return toolset


def _triggers(workspace: LoadedWorkspace, owner: Construct) -> Iterable[Construct]:
    kind = TRIGGER_OF[owner.kind]
    for one in workspace.constructs:
        if one.kind != kind or text_of(one.attribute(owner.kind)) != owner.name:
            continue
        actions = literal(one.attribute("actions"))
        switched_off = isinstance(actions, dict) and actions.get("connection") is not True
        if not switched_off and literal(one.attribute("active")) is not False:
            yield one


def _told(workspace: LoadedWorkspace, toolset: Toolset) -> dict[str, Value]:
    same_kind = [one for one in workspace.constructs if one.kind == toolset.owner.kind]
    number = same_kind.index(toolset.owner) + 1
    return {
        "toolset": {"id": number, "name": toolset.owner.name, "instructions": toolset.instructions},
        "tools": [
            {"id": one.number, "name": one.name, "instructions": one.instructions}
            for one in toolset.entries
            if not one.uri
        ],
    }


def _as_answered(toolset: Toolset, answer: Value) -> Toolset:
    """What a trigger's response makes of the tools; a response that names neither changes nothing."""
    tools = answer if isinstance(answer, list) else answer.get("tools") if isinstance(answer, dict) else None
    own = answer.get("toolset") if isinstance(answer, dict) else None
    instructions = own.get("instructions") if isinstance(own, dict) else None
    entries = toolset.entries
    if isinstance(tools, list):
        chosen = {one.get("name"): one for one in tools if isinstance(one, dict)}
        kept = [one for one in entries if one.uri or one.name in chosen]
        entries = [_renewed(one, chosen.get(one.name)) for one in kept]
    return Toolset(toolset.owner, instructions if isinstance(instructions, str) else toolset.instructions, entries)


def _renewed(entry: ToolEntry, answered: Value) -> ToolEntry:
    told = answered.get("instructions") if isinstance(answered, dict) else None
    instructions = told if isinstance(told, str) else entry.instructions
    return ToolEntry(entry.tool, entry.number, instructions, entry.auth, entry.uri, entry.meta)


# Running -------------------------------------------------------------------------------------------------------------


def run_tool(
    context: Context, entry: ToolEntry, arguments: dict[str, Value], token: str = "", params: Value = None
) -> Value:
    """What a tool answers: its response, or its error as an object. Raises only what no program may catch.

    `token` and `params` are those of the address of an MCP connection: `$toolset` in the tool.
    """
    workspace = workspace_of(context)
    identity, before = context.auth, context.scratch.get(TOOLSET)
    context.scratch[TOOLSET] = {"token": token, "params": {} if params is None else params}
    try:
        context.auth = caller_of(entry, identity)
        return workspace.enter(entry.tool, context, of_call(entry.tool.declared, arguments))
    except Exception as raised:
        error = translate(raised)
        if not error.catchable:
            raise error from raised
        return error_answer(error)
    finally:
        context.auth = identity
        context.scratch[TOOLSET] = before


def caller_of(entry: ToolEntry, identity: Identity | None) -> Identity | None:
    """Who calls a tool. Raises UnauthorizedError where the entry asks for a user and there is none of its table."""
    if not entry.auth:
        return None
    if identity is None:
        hint = f"the entry of this tool asks for a user of `{entry.auth}`"
        raise UnauthorizedError(hint=hint)
    if identity.table not in ("", entry.auth):
        raise UnauthorizedError("Invalid token.", hint=f"the tool asks for a user of `{entry.auth}`")
    return identity


def error_answer(error: XanoScriptError) -> dict[str, Value]:
    """An error as a tool answers it."""
    if isinstance(error, AccessDeniedError) and not error.message:
        return {"code": "ERROR_FATAL", "message": ""}
    return {**error.as_dict()}


def names_for_models(names: Iterable[str], allowed: Callable[[str], str]) -> dict[str, str]:
    """What models call tools: `allowed` gives the name that providers take, a number tells equal ones apart."""
    found: dict[str, str] = {}
    for name in names:
        plain = candidate = allowed(name)
        number = 2
        while candidate in found:
            candidate = f"{plain[:60]}_{number}"
            number += 1
        found[candidate] = name
    return found
