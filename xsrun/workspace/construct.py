"""A construct of a workspace: what it is called, what it takes, and how it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from xsrun.diagnostics import Diagnostic
from xsrun.errors import XanoScriptSyntaxError
from xsrun.runtime.context import Context
from xsrun.runtime.values import Value
from xsrun.syntax.nodes import Expression, Literal, Name, Statement, Variable

#: Constructs that have a stack and can be run by name.
RUNNABLE = frozenset(
    (
        "query",
        "function",
        "task",
        "tool",
        "addon",
        "middleware",
        "workflow_test",
        "table_trigger",
        "realtime_trigger",
        "workspace_trigger",
        "agent_trigger",
        "mcp_server_trigger",
        "error_trigger",
        "channel_trigger",
        "realtime_server_trigger",
        "message",
        "run.job",
        "run.service",
        "stack",
    )
)
KINDS = RUNNABLE | {
    "table",
    "api_group",
    "workspace",
    "branch",
    "agent",
    "mcp_server",
    "realtime_channel",
    "realtime_server",
    "channel",
    "microservice",
    "market_item",
}


def text_of(node: Expression | None) -> str | None:
    """The text of a literal attribute."""
    return node.value if isinstance(node, Literal) and isinstance(node.value, str) else None


@dataclass(eq=False)
class Construct:
    """One construct. `items` are its statements (for a bare list of statements, kind "stack", those of the file)."""

    kind: str
    name: str
    verb: str | None
    api_group: str | None
    file: str
    line: int
    node: Statement | None
    items: list[Any] = field(default_factory=list)
    response: Expression | None = None
    text: str = ""
    problems: list[Diagnostic] = field(default_factory=list)
    columns_of: Callable[[str], list[Any]] | None = None
    #: tells the declared inputs of constructs that may be called directly (`evaluator.compiler.compile_stack`)
    signature: Callable[[str, str], list[Any] | None] | None = None
    #: variables that a caller sets before a bare list of statements
    variables: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._compiled: dict[bool, Any] = {}
        self._declared: list[Any] | None = None

    @property
    def key(self) -> tuple[str, str, str | None, str | None]:
        """What makes it the same construct when found again."""
        return (self.kind, self.name, self.verb, self.api_group)

    @property
    def label(self) -> str:
        """How messages call it: `function math/add`, `query GET items`."""
        return " ".join(part for part in (self.kind, self.verb, self.name) if part)

    @property
    def declared(self) -> list[Any]:
        """The compiled input fields."""
        if self._declared is None:
            from xsrun.fields import compile_fields

            nodes = self.node.fields_of("input") if self.node is not None else None
            self._declared = compile_fields(nodes or [], self.file, self.columns_of)
        return self._declared

    @property
    def tests(self) -> list[Statement]:
        return self.node.blocks("test") if self.node is not None else []

    def attribute(self, name: str) -> Expression | None:
        return self.node.attribute(name) if self.node is not None else None

    def problems_of_test(self, test: Statement) -> list[Diagnostic]:
        """The errors inside one of its tests; they are that test's alone."""
        errors = [problem for problem in self.problems if problem.severity == "error"]
        return [error for error in errors if test.line <= error.line <= test.end_line]

    def fail_if_broken(self) -> None:
        """Raise the problems found while loading: they are the error of the construct that holds them."""
        if not self.problems:
            return
        tests = [problem for test in self.tests for problem in self.problems_of_test(test)]
        errors = [one for one in self.problems if one.severity == "error" and one not in tests]
        if errors:
            first = errors[0]
            raise XanoScriptSyntaxError(
                first.message, errors, hint=first.hint, file=first.file, line=first.line, column=first.column
            )

    def compiled(self, trace: bool = False) -> Any:
        """The compiled stack (`evaluator.compiler.Compiled`), made once. Raises XanoScriptSyntaxError."""
        found = self._compiled.get(trace)
        if found is None:
            with self._lock:
                found = self._compiled.get(trace)
                if found is None:
                    self.fail_if_broken()
                    found = self._compiled[trace] = self.compile(trace)
        return found

    def function(self, trace: bool = False) -> Callable[..., Value]:
        """The compiled stack as `run(context, inputs)`, for inputs that are bound."""
        run: Callable[..., Value] = self.compiled(trace).run
        return run

    def compile(self, trace: bool) -> Any:
        from xsrun.evaluator.compiler import compile_stack

        return compile_stack(
            self.items,
            self.response,
            self.file,
            declared=self.declared,
            variables=self.variables,
            signature=self.signature,
            trace=trace,
            owner=self.owner,
            returns_variables=self.kind == "stack",
            at=self.node,
        )

    @property
    def owner(self) -> str:
        """What mocks and tests know it by."""
        return "\0".join(part or "" for part in self.key)

    def bind(self, values: dict[str, Any], context: Context) -> dict[str, Value]:
        """Validate and convert the given values into what `$input` holds."""
        from xsrun.fields import bind

        return bind(self.declared, values, context)


def construct_of(node: Statement, file: str, text: str) -> Construct:
    """The construct that a top-level statement declares."""
    target = node.target
    name = ""
    if isinstance(target, Name):
        name = target.text
    elif isinstance(target, Variable):
        name = f"${target.name}"
    if node.name == "query":
        name = name.removeprefix("/")
    stack = node.block("stack")
    items = list(stack.body.items) if stack is not None and stack.body is not None else []
    return Construct(
        node.name,
        name,
        node.verb.upper() if node.verb else None,
        text_of(node.attribute("api_group")),
        file,
        node.line,
        node,
        items,
        node.attribute("response"),
        text,
    )
