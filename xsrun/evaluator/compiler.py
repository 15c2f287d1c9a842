"""Statements to Python statements.

Statement forms (`xsrun.statements`) are called with a `StatementCompiler` and the node, and leave code with `emit`.
"""

from __future__ import annotations

import ast
import keyword
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

from xsrun import registry
from xsrun.evaluator.changes import owned_call, owner_name, owners_defined
from xsrun.evaluator.expressions import ExpressionCompiler
from xsrun.evaluator.filter_arguments import lacking_arguments, without_surplus
from xsrun.evaluator.generated.linker import Linker
from xsrun.evaluator.quasiquote import (
    assign,
    call,
    constant,
    expression,
    function,
    is_simple,
    name,
    place,
    statement_position,
    statements,
    tuple_of,
)
from xsrun.evaluator.scope import Scope
from xsrun.evaluator.storing import store_in_line
from xsrun.fields.declared import Declared
from xsrun.language import catalogue
from xsrun.language.roots import READ_ONLY
from xsrun.names.bindings import changeable_variables
from xsrun.names.places import Place, place_of, root_of
from xsrun.registry import Builtin
from xsrun.syntax.nodes import (
    Body,
    Expression,
    FilterCall,
    Literal,
    Located,
    Node,
    ObjectLiteral,
    Path,
    Segment,
    Statement,
    Variable,
)


class StatementCompiler(ExpressionCompiler):
    """Compiles statements into the list of Python statements that is open at the time."""

    def __init__(self, scope: Scope, linker: Linker, filename: str, *, trace: bool = False, owner: str = "") -> None:
        super().__init__(scope, linker, filename)
        self.trace = trace
        #: kind and name of the construct, which mocks belong to
        self.owner = owner
        #: the declared inputs of a construct that may be called directly (see `compile_stack`)
        self.signature: Callable[[str, str], list[Declared] | None] | None = None
        self.code: list[ast.stmt] = []
        #: the context manager around the whole stack, when a statement needs to know of its end
        self.manager: ast.expr | None = None

    # Emitting ------------------------------------------------------------------------------------------------------

    def emit(self, *made: ast.stmt | list[ast.stmt]) -> None:
        """Add statements to the block being compiled."""
        for item in made:
            if isinstance(item, list):
                self.code.extend(item)
            else:
                self.code.append(item)

    @contextmanager
    def collecting(self) -> Iterator[list[ast.stmt]]:
        """Gather what is emitted inside in a list of its own."""
        outer, self.code = self.code, []
        try:
            yield self.code
        finally:
            self.code = outer

    def block(self, body: Body | None, at: Located) -> list[ast.stmt]:
        """The statements of a body as Python statements; never empty."""
        with self.collecting() as code:
            self.stack(body.items if body else [])
            if not code:
                self.emit(place(ast.Pass(), at))
        return code

    def stack(self, items: Iterable[Node]) -> None:
        """Compile statements one after another. Attributes among them (`description`) do nothing here."""
        for item in items:
            if isinstance(item, Statement):
                self.statement(item)

    # One statement -------------------------------------------------------------------------------------------------

    def statement(self, node: Statement) -> None:
        if node.disabled or is_true(node.attribute("disabled")):
            return
        self.scope.restart_temporaries()
        mocks = self.mocks_of(node)
        if mocks:
            self.mocked(node, mocks)
        elif self.trace:
            self.traced(node)
        else:
            self.dispatch(node)

    def dispatch(self, node: Statement) -> None:
        record = registry.find_statement(node.name)
        if record is None:
            self.without_implementation(node)
        elif record.form:
            record.function(self, node)
        else:
            self.value_statement(record, node)

    def without_implementation(self, node: Statement) -> None:
        from xsrun.diagnostics.suggest import nearest

        if catalogue.entry("statement", node.name) is None:
            close = nearest(node.name, catalogue.names("statement"))
            hint = f"did you mean `{close}`?" if close else None
            raise self.refuse("XS305", f"unknown statement `{node.name}`", statement_position(node), hint)
        self.emit(
            statements(
                "raise_unavailable(NAME)", statement_position(node), NAME=constant(node.name, statement_position(node))
            )
        )
        if node.result is not None:
            self.note_assigned(node.result)

    def value_statement(self, record: Builtin, node: Statement) -> None:
        """A statement that is a Python function of its attributes."""
        at = statement_position(node)
        keywords = self.keyword_arguments(record, node)
        if record.updates:
            self.updating_statement(record, node, keywords)
            return
        if any(parameter.name == "target" for parameter in record.parameters):
            keywords["target"] = self.value(self.target(node))
        made = self.builtin_keywords(record, keywords, at)
        self.bind_result(node, made)

    def builtin_keywords(self, record: Builtin, keywords: dict[str, ast.expr], at: Located) -> ast.expr:
        spelled = {f"{key}_" if keyword.iskeyword(key) else key: value for key, value in keywords.items()}
        first = [name("context", at)] if record.wants_context else []
        if record.wants_environment:
            spelled[registry.ENVIRONMENT] = self.program_environment(at)
        return call(self.linker.builtin(record), at, *first, **spelled)

    def updating_statement(self, record: Builtin, node: Statement, keywords: dict[str, ast.expr]) -> None:
        """A statement that gives the variable in its header a new value, made of the one it has."""
        at = statement_position(node)
        target = self.target(node)
        keywords["target"] = self.value(target)
        self.store(target, self.builtin_keywords(record, keywords, at), at)

    def keyword_arguments(self, record: Builtin, node: Statement) -> dict[str, ast.expr]:
        given = {item.name: item for item in node.attributes() if not item.disabled}
        others = record.stood_for(given)
        found = {}
        for parameter in record.attributes:
            item = given.get(parameter.name)
            if item is None:
                if parameter.required and parameter.name not in others:
                    message = f"`{node.name}` needs the attribute `{parameter.name}`"
                    raise self.refuse("XS317", message, statement_position(node))
                continue
            found[parameter.name] = self.convert(self.value(item.value), parameter, item.value)
        return found

    def attribute(self, node: Statement, attribute: str) -> Expression | None:
        """The value node of an attribute."""
        return node.attribute(attribute)

    def needed(self, node: Statement, attribute: str) -> Expression:
        """The value node of an attribute that must be there."""
        value = node.attribute(attribute)
        if value is None:
            raise self.refuse("XS317", f"`{node.name}` needs the attribute `{attribute}`", statement_position(node))
        return value

    def target(self, node: Statement) -> Expression:
        """The header of a statement, which must be an expression."""
        target = node.target
        if not isinstance(target, Expression):
            message = f"`{node.name}` needs a variable or a value in parentheses after its name"
            raise self.refuse("XS307", message, statement_position(node))
        return target

    # Variables -----------------------------------------------------------------------------------------------------

    def changeable(self, node: Expression) -> Place:
        """The variable and the segments that a header or result names."""
        place = place_of(node)
        if place is None:
            raise self.refuse("XS307", "a variable is needed here", node, "write $name")
        root = place.root
        if root in READ_ONLY or not root.isidentifier():
            hint = f"copy it first: var $copy {{ value = ${root} }}" if root == "input" else None
            raise self.refuse("XS311", f"`${root}` is read-only", node, hint)
        return place

    def store(self, target: Expression, value: ast.expr, at: Located) -> None:
        """Emit the assignment of a value to a variable or a path below one."""
        root, segments = self.changeable(target)
        if not segments:
            self.emit(assign(f"v_{root}", value, at))
            if isinstance(value, (ast.List, ast.Dict)) and root in self.scope.owners:  # a new one, in no other hands
                self.emit(place(ast.Expr(owned_call("start", root, at, name(f"v_{root}", at))), at))
        else:
            self.store_below(root, segments, value, at)
        self.scope.assigned.add(root)

    def store_below(self, root: str, segments: list[Segment], value: ast.expr, at: Located) -> None:
        """Emit the assignment of a value to a path below a variable: where it is, or with copies of what is shared."""
        local = name(f"v_{root}", at)
        with self.held(value, at, root) as item, self.held_keys(segments, at, root) as keys:
            self.ensure_set(root, at)
            changed = call("assign", at, self.owned(root, len(segments) > 1, at), local, tuple_of(keys, at), item)
            known = list(zip(keys, map(self.kind_of_key, segments), strict=True))
            child = self.scope.fresh("child_")
            self.emit(store_in_line(root, known, item, child, [assign(f"v_{root}", changed, at)], at))

    def owned(self, root: str, below: bool, at: Located) -> ast.expr:
        """What a variable owns, for code that changes it in place; with `below`, containers below it too."""
        changes = self.scope.changes
        assert root in self.scope.owners and (root in changes.below or not below), (
            f"${root} is changed in place: the statement is to be declared with changes_target"
        )
        return name(owner_name(root), at)

    @contextmanager
    def held(self, value: ast.expr, at: Located, changed: str) -> Iterator[ast.expr]:
        """A value that is computed now and used later, while a variable changes."""
        if isinstance(value, ast.Constant) or (
            isinstance(value, ast.Name) and value.id != f"v_{changed}" and value.id.startswith("v_")
        ):
            yield value
            return
        temporary = self.scope.fresh("held_")
        self.emit(assign(temporary, value, at))
        yield name(temporary, at)

    @contextmanager
    def held_keys(self, segments: list[Segment], at: Located, changed: str) -> Iterator[list[ast.expr]]:
        """The keys of a path, each computed once."""
        with ExitStack() as stack:
            keys = []
            for segment in segments:
                key = self.key(segment)
                keys.append(key if is_simple(key) else stack.enter_context(self.held(key, at, changed)))
            yield keys

    def ensure_set(self, root: str, at: Located) -> None:
        """Give a variable that may be unset the value null, so that a path below it can be made."""
        if root not in self.scope.assigned:
            self.emit(statements("try:\n    V\nexcept NameError:\n    V = None", at, V=f"v_{root}"))

    def bind_result(self, node: Statement, value: ast.expr) -> None:
        """Emit the evaluation of a statement's value, bound to what follows its `as`, if anything does."""
        if node.result is None:
            self.emit(place(ast.Expr(value), statement_position(node)))
        else:
            self.bind(node.result, value, statement_position(node))

    def bind(self, result: Expression, value: ast.expr, at: Located) -> None:
        """Assign to a result place; filters after the variable are applied first (`as $r|first`)."""
        chain: list[FilterCall] = []
        while isinstance(result, FilterCall) and result.operand is not None:
            chain.append(result)
            result = result.operand
        for filter_call in reversed(chain):
            temporary = self.scope.fresh()
            self.emit(assign(temporary, value, at))
            with self.scope.element({"$piped": temporary}, binds_this=False):
                value = self.apply_filter(filter_call, name(temporary, at))
        self.store(result, value, at)

    def apply_filter(self, node: FilterCall, operand: ast.expr) -> ast.expr:
        record = registry.find_filter(node.name)
        if record is None:
            return self.unknown_filter(node)
        lacking = lacking_arguments(record, node)
        if lacking:
            return self.failing(lacking, None, node)
        node = without_surplus(record, node)
        if record.form:
            made: ast.expr = record.function(self, operand, node)
            return made
        return self.builtin_call(record, [operand, *map(self.value, node.arguments)], node)

    def note_assigned(self, result: Expression) -> None:
        root = root_of(result)
        if root is not None:
            self.scope.assigned.add(root)

    # Mocks and traces ----------------------------------------------------------------------------------------------

    def mocks_of(self, node: Statement) -> dict[str, Expression]:
        """Test name -> value of the statement's mocks, from the attribute or the older blocks (language 5.1)."""
        found: dict[str, Expression] = {}
        value = node.attribute("mock")
        if isinstance(value, ObjectLiteral):
            for entry in value.entries:
                key = getattr(entry, "key", None)
                if key is not None and not getattr(entry, "disabled", False):
                    found[key] = entry.value
        for block in node.blocks("mock"):
            mocked = block.attribute("value")
            if block.label is not None and mocked is not None:
                found[block.label] = mocked
        return found

    def mocked(self, node: Statement, mocks: dict[str, Expression]) -> None:
        """The statement, or in a test of that name of the same construct its mock (semantics 1.8)."""
        at = statement_position(node)
        with self.collecting() as plain, self.scope.maybe():
            self.traced(node) if self.trace else self.dispatch(node)
            assigned = set(self.scope.assigned)
        target = node.result or (node.target if isinstance(node.target, (Variable, Path)) else None)
        test = self.scope.fresh()
        self.emit(assign(test, call("mocked_test", at, name("context", at), constant(self.owner, at)), at))
        chain = plain or [place(ast.Pass(), at)]
        for test_name, value in reversed(mocks.items()):
            with self.collecting() as code, self.scope.maybe():
                if target is not None:
                    self.bind(target, self.value(value), value)
                else:
                    self.emit(place(ast.Pass(), at))
            condition = expression("T == N", at, T=test, N=constant(test_name, at))
            chain = [place(ast.If(condition, code, chain), at)]
        self.emit(chain)
        self.scope.assigned |= assigned

    def traced(self, node: Statement) -> None:
        """The statement with its time and value recorded (semantics: --trace)."""
        at = statement_position(node)
        started = self.scope.fresh()
        label, line = constant(describe_statement(node), at), constant(node.line, at)
        self.emit(assign(started, call("trace_start", at, name("context", at), label, line), at))
        self.dispatch(node)
        shown = node.result or (node.target if isinstance(node.target, (Variable, Path)) else None)
        root = root_of(shown) if shown is not None else None
        value: ast.expr = constant(None, at)
        if root is not None and root in self.scope.assigned:
            value = name(f"v_{root}", at)
        record = call("trace_end", at, name("context", at), name(started, at), value)
        if self.code and isinstance(self.code[-1], (ast.Return, ast.Raise, ast.Break, ast.Continue)):
            self.code.insert(-1, place(ast.Expr(record), at))
        else:
            self.emit(place(ast.Expr(record), at))

    # Functions inside functions ------------------------------------------------------------------------------------

    def element_function(self, node: Expression, *, boolean: bool = False, result: bool = False) -> ast.expr:
        """A lambda over `($this, $index, $parent)` (and `$result` first) for a per-element expression."""
        names = {root: self.scope.fresh(root + "_") for root in ("this", "index", "parent")}
        parameters = [names["this"], names["index"], names["parent"]]
        if result:
            names["result"] = self.scope.fresh("result_")
            parameters.insert(0, names["result"])
        with self.scope.element({**names, "$": names["this"]}):
            body = self.boolean(node) if boolean else self.value(node)
        return function(parameters, body, node)

    def nested_function(self, body: Body | None, at: Located, *, isolated: bool) -> str:
        """Emit a function of no arguments that runs a stack; an isolated one has variables of its own."""
        identifier = self.scope.fresh("stack_")
        assigned = changeable_variables([body]) if body is not None else frozenset()
        scope, linker = self.scope, self.linker
        outer = scope.assigned, scope.loops, linker.assigned, scope.owners
        scope.loops = []
        scope.nested += 1
        if isolated:
            scope.assigned, linker.assigned = set(), assigned
            scope.owners = scope.changes.variables & assigned
        code = self.block(body, at)
        if isolated:
            code = [*owners_defined(scope.owners, at), *code]
        scope.nested -= 1
        scope.assigned, scope.loops, linker.assigned, scope.owners = set(outer[0]), *outer[1:]
        template = "def FUNCTION():\n    CODE"
        (made,) = statements(template, at, FUNCTION=identifier, CODE=code)
        assert isinstance(made, ast.FunctionDef)
        names = [f"v_{variable}" for variable in sorted(assigned if not isolated else self.linker.assigned)]
        if names and isolated:
            # an assignment that never runs makes each name local, so that none is read from outside (semantics 1.1)
            hidden: list[ast.expr] = [place(ast.Name(one, ast.Store()), at) for one in names]
            made.body.insert(
                0, place(ast.If(constant(False, at), [place(ast.Assign(hidden, constant(None, at)), at)], []), at)
            )
        elif names:
            made.body.insert(0, place(ast.Nonlocal(names), at))
        self.emit(made)
        return identifier


def describe_statement(node: Statement) -> str:
    """A statement in a few words for traces: `var $x`, `db.add "user"`."""
    from xsrun.syntax.nodes import Name

    if isinstance(node.target, Name):
        return f"{node.name} {node.target.text}"
    root = root_of(node.target) if node.target is not None else None
    return f"{node.name} ${root}" if root is not None else node.name


def is_true(node: Expression | None) -> bool:
    """Is a node the literal `true`?"""
    return isinstance(node, Literal) and node.value is True
