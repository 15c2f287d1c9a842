"""A construct of a workspace: what it is called, what it takes, and how it runs."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator

from xsrun import cache
from xsrun.diagnostics import Diagnostic
from xsrun.errors import XanoScriptSyntaxError
from xsrun.hints import TYPE_CHECKING
from xsrun.language import constructs
from xsrun.lazy_regex import pattern
from xsrun.running.context import Context
from xsrun.syntax.nodes import Expression, Item, Literal, Name, Statement, Variable
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.evaluator.generated.linker import Compiled
    from xsrun.fields.declared import Declared

#: A parameter in the path of a query.
_PARAMETER = pattern(r"\{([^{}/]+)\}")


def text_of(node: Expression | None) -> str | None:
    """The text of a literal attribute."""
    return node.value if isinstance(node, Literal) and isinstance(node.value, str) else None


class Construct:
    """One construct: its kind, name, verb and group, and where it stands.

    `node` is its tree, `items` are its statements (for a bare list of statements, kind "stack", those of the file),
    `response` is the expression of its response. The tree of a construct that comes from the cache is read when it is
    asked for. `problems` are those found while loading; `columns_of` and `signature` are the workspace's.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        verb: str | None,
        api_group: str | None,
        file: str,
        line: int,
        node: Statement | None = None,
        items: list[Item] | None = None,
        *,
        text: str = "",
        stored: bytes | None = None,
    ) -> None:
        self.kind = kind
        self.name = name
        self.verb = verb
        self.api_group = api_group
        self.file = file
        self.line = line
        self.text = text
        self.problems: list[Diagnostic] = []
        self.columns_of: Callable[[str], list[Declared]] | None = None
        #: tells the declared inputs of constructs that may be called directly (`evaluator.compiler.compile_stack`)
        self.signature: Callable[[str, str], list[Declared] | None] | None = None
        #: variables that a caller sets before a bare list of statements
        self.variables: tuple[str, ...] = ()
        self._node = node
        self._items = items
        self._stored = stored
        #: whether coverage is measured: each line is to run where it stands
        self.is_measured = False
        #: the compiled stack, without and with a trace (`workspace.code_cache`), and what guards it
        self.compiled: dict[bool, Compiled] = {}
        self.lock = threading.RLock()
        self._declared: list[Declared] | None = None
        self._sensitive: frozenset[str] | None = None

    @property
    def node(self) -> Statement | None:
        if self._stored is not None:
            self._restore()
        return self._node

    @property
    def items(self) -> list[Item]:
        if self._stored is not None:
            self._restore()
        if self._items is None:
            stack = self._node.block("stack") if self._node is not None else None
            self._items = list(stack.body.items) if stack is not None and stack.body is not None else []
        return self._items

    @property
    def response(self) -> Expression | None:
        return self.attribute("response")

    def _restore(self) -> None:
        with self.lock:
            if self._stored is not None:
                self._node, self._items = cache.unpacked(self._stored)
                self._stored = None

    def measure(self) -> None:
        """Run each line where it stands from now on, so that coverage can count it."""
        with self.lock:
            if not self.is_measured:
                self.is_measured = True
                self.compiled.clear()

    def tree(self) -> bytes:
        """The tree as bytes, to be kept in the cache."""
        if self._stored is not None:
            return self._stored
        data = cache.packed((self._node, self._items))
        assert data is not None
        return data

    def with_variables(self, names: Iterable[str], inputs: Iterable[str] = ()) -> Construct:
        """The same bare list with some variables set before it runs, and with inputs: those that it declares, or else
        these, which may be anything."""
        from xsrun.fields.compiling import untyped_fields

        made = Construct.__new__(Construct)
        vars(made).update(vars(self))
        made.variables = tuple(names)
        made._declared = self.declared if self.declares_inputs else untyped_fields(inputs)
        made._sensitive = None
        made.lock, made.compiled = threading.RLock(), {}
        return made

    @property
    def key(self) -> constructs.ConstructKey:
        return constructs.ConstructKey(self.kind, self.name, self.verb, self.api_group)

    @property
    def label(self) -> str:
        """How messages call it: `function math/add`, `query GET items`."""
        return " ".join(part for part in (self.kind, self.verb, self.name) if part)

    @property
    def declared(self) -> list[Declared]:
        """The compiled input fields."""
        if self._declared is None:
            from xsrun.fields.compiling import compile_fields

            nodes = self.node.fields_of("input") if self.node is not None else None
            self._declared = compile_fields(nodes or [], self.file, self.columns_of)
        return self._declared

    @property
    def declares_inputs(self) -> bool:
        """Does it say which inputs it takes?"""
        return self.node is not None and self.node.fields_of("input") is not None

    @property
    def sensitive(self) -> frozenset[str]:
        """The inputs that logs do not show, and members of objects among them: `sensitive = true`, and passwords."""
        if self._sensitive is None:
            self._sensitive = frozenset(_sensitive_names(self.declared))
        return self._sensitive

    @property
    def path_parameters(self) -> frozenset[str]:
        """The inputs that stand in the path of a query: `id` of `boats/{id}`."""
        return frozenset(_PARAMETER.findall(self.name)) if self.kind == "query" else frozenset()

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
        error = self.error()
        if error is not None:
            raise error

    def error(self) -> XanoScriptSyntaxError | None:
        """The problems found while loading, those of its tests left out, as one error; None when there is none."""
        if not self.problems:
            return None
        tests = self.tests
        begin = [test.line for test in tests]

        def in_test(line: int) -> bool:
            at = bisect_right(begin, line) - 1
            return at >= 0 and line <= tests[at].end_line

        errors = [one for one in self.problems if one.severity == "error" and not in_test(one.line)]
        if not errors:
            return None
        first = errors[0]
        return XanoScriptSyntaxError(
            first.message, errors, hint=first.hint, file=first.file, line=first.line, column=first.column
        )

    def bind(self, values: dict[str, Value], context: Context) -> dict[str, Value]:
        """Validate and convert the given values into what `$input` holds."""
        from xsrun.fields.declared import bind

        names = self.sensitive
        if not names:
            return bind(self.declared, values, context)
        from xsrun.running.secrets import named_in

        for secret in named_in(values, names):
            context.keep_secret(secret)
        bound = bind(self.declared, values, context)
        for secret in named_in(bound, names):
            context.keep_secret(secret)
        return bound


def _sensitive_names(fields: list[Declared]) -> Iterator[str]:
    for one in fields:
        if one.sensitive or one.type == "password":
            yield one.name
        yield from _sensitive_names(one.schema)


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
    verb = node.verb.upper() if node.verb else None
    group = text_of(node.attribute("api_group"))
    return Construct(node.name, name, verb, group, file, node.line, node, text=text)
