"""What each kind of construct is made of (language 3), and the names that other languages use for them."""

from __future__ import annotations

from xsrun.hints import NamedTuple
from xsrun.records import record

#: Members that every construct may have, except `run.job` and `run.service` (language 9).
COMMON = frozenset({"description", "docs", "tags", "guid", "history", "active", "middleware"})

#: Members written as blocks of fields, as blocks of statements, and as other blocks.
FIELD_BLOCKS = frozenset({"input", "schema", "output"})
VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class ConstructKey(NamedTuple):
    """What makes it the same construct when found again; mocks and tests know it by this."""

    kind: str
    name: str
    verb: str | None = None
    api_group: str | None = None


#: The key of statements that stand in no construct.
NO_CONSTRUCT = ConstructKey("", "")


@record
class ConstructKind:
    """The members of a construct beyond the common ones.

    `attributes` are written `name = value`; `blocks` as `name { ... }`; `required` is the part of both that no
    program of this kind can do without. `named` tells whether a name must follow the kind.
    """

    attributes: frozenset[str]
    blocks: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    common: bool = True
    named: bool = True

    @property
    def members(self) -> set[str]:
        return set(self.attributes) | set(self.blocks) | (set(COMMON) if self.common else set())


def _kind(attributes: str = "", blocks: str = "", required: str = "", common: bool = True) -> ConstructKind:
    return ConstructKind(frozenset(attributes.split()), frozenset(blocks.split()), tuple(required.split()), common)


KINDS: dict[str, ConstructKind] = {
    "query": _kind("api_group auth response response_type cache", "input stack test", "input stack"),
    "function": _kind("response response_type cache", "input stack test", "input stack"),
    "task": _kind("schedule datasource", "stack schedule test", "stack"),
    "table": _kind("auth index view items autocomplete agent security", "schema"),
    "api_group": _kind("canonical swagger cors"),
    "addon": _kind("response", "input stack", "input stack"),
    "middleware": _kind("response exception_policy response_strategy", "input stack test", "input stack"),
    "workflow_test": _kind("datasource", "stack", "stack"),
    "tool": _kind("response instructions auth", "input stack test", "stack"),
    "agent": _kind("canonical llm tools instructions external_mcp_servers", "output", "llm"),
    "mcp_server": _kind("canonical instructions tools"),
    "table_trigger": _kind("table actions datasources where response", "input stack", "input stack"),
    "realtime_trigger": _kind("channel actions response", "input stack", "input stack"),
    "agent_trigger": _kind("agent actions response", "input stack", "input stack"),
    "mcp_server_trigger": _kind("mcp_server actions response", "input stack", "input stack"),
    "workspace_trigger": _kind("actions response", "input stack", "input stack"),
    "error_trigger": _kind("response", "input stack", "input stack"),
    "realtime_channel": _kind("public_messaging private_messaging settings"),
    "realtime_server": _kind("canonical auth settings"),
    "channel": _kind(
        "realtime_server access publish conversation delivery rate_limit auth settings",
        "input access publish conversation delivery rate_limit",
    ),
    "message": _kind(
        "realtime_server channel auth deliver_to response rate_limit", "input stack deliver_to rate_limit"
    ),
    "channel_trigger": _kind("realtime_server channel actions response", "input stack", "stack"),
    "realtime_server_trigger": _kind("realtime_server actions response", "input stack", "stack"),
    "workspace": _kind("acceptance preferences realtime env", "realtime env preferences acceptance"),
    "branch": _kind("color default live"),
    "run.job": _kind("main pre post env", "main pre post", "main", common=False),
    "run.service": _kind("pre env", "pre", common=False),
}
#: Kinds that only newer engines know, and whose members are not pinned down: any member is accepted.
OPEN_KINDS = frozenset({"microservice", "market_item"})
#: Kinds whose members are taken as they come because no two sources agree.
LOOSE_KINDS = frozenset({"realtime_server", "channel", "message", "channel_trigger", "realtime_server_trigger"})

TRIGGER_KINDS = tuple(kind for kind in KINDS if kind.endswith("_trigger"))
_STACKS = frozenset(kind for kind, one in KINDS.items() if "stack" in one.blocks)
#: Constructs that can be run by name: those with a stack, jobs, and a bare list of statements ("stack").
RUNNABLE = _STACKS | {"run.job", "run.service", "stack"}
#: What a top-level statement is called that declares a construct.
DECLARED_KINDS = RUNNABLE | KINDS.keys() | OPEN_KINDS

FOREIGN_KINDS = {
    "func": "function",
    "fn": "function",
    "def": "function",
    "procedure": "function",
    "endpoint": "query",
    "api": "query",
    "route": "query",
    "get": "query",
    "post": "query",
    "class": "table",
    "model": "table",
    "schema": "table",
    "struct": "table",
    "job": "run.job",
    "cron": "task",
    "schedule": "task",
    "background_task": "task",
    "trigger": "table_trigger",
    "test": "workflow_test",
    "mcp": "mcp_server",
    "group": "api_group",
    "apigroup": "api_group",
    "service": "run.service",
}

#: What stands in a construct's braces instead of a member, and what was meant.
FOREIGN_MEMBERS = {
    "inputs": "input",
    "parameters": "input",
    "params": "input",
    "args": "input",
    "arguments": "input",
    "body": "stack",
    "steps": "stack",
    "run": "stack",
    "return": "response",
    "returns": "response",
    "result": "response",
    "output": "response",
    "columns": "schema",
    "fields": "schema",
    "indexes": "index",
    "tests": "test",
    "method": "verb",
}
