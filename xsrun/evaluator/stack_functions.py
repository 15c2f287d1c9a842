"""A stack, or one expression, as a Python function.

`compile_stack` makes the two functions of a construct: `run(context, inputs)`, which takes inputs that are bound, and
`direct(context, depth, *inputs)`, which other code of the workspace calls with raw ones by position.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from types import CodeType

from xsrun.errors import LimitError
from xsrun.evaluator import base_cases, positions
from xsrun.evaluator.assignments import kinds_of
from xsrun.evaluator.changes import changes_of, owners_defined
from xsrun.evaluator.compiler import Compiler
from xsrun.evaluator.generated import tracebacks
from xsrun.evaluator.generated.linker import Compiled, Linker, link
from xsrun.evaluator.quasiquote import Position, constant, expression, name, place, statement_position, statements
from xsrun.evaluator.recursion import Recursion, base_case_of, calls
from xsrun.evaluator.scope import Scope
from xsrun.fields.declared import Declared
from xsrun.language.constructs import NO_CONSTRUCT, ConstructKey
from xsrun.names.bindings import changeable_variables
from xsrun.syntax.nodes import Expression, Located, Node, Statement
from xsrun.values.conversion import Value

#: The Python types of plain inputs (`Declared.plain_type`), whose values need no conversion.
_PYTHON_TYPES = {"int": "int", "text": "str", "bool": "bool"}


def input_prologue(scope: Scope, linker: Linker, at: Located, base_case: list[ast.stmt]) -> list[ast.stmt]:
    """Bind the inputs of a direct call: those that have their type already cost one test. `base_case` is what need not
    be asked where `bound` is None (see `base_cases`)."""
    code: list[ast.stmt] = []
    for position, (input_name, declared) in enumerate(scope.declared.items()):
        local = scope.inputs[input_name]
        record = linker.field(position)
        test = ""
        if declared.plain_type == "json":
            test = "if I is OMITTED or I is None or I.__class__ is str"
        elif declared.plain_type:
            python = _PYTHON_TYPES[declared.plain_type]
            test = f"if I.__class__ is not {python}" + (" or not I" if python == "str" and declared.required else "")
        binding = "I = bind_one(DECLARED, I, context)"
        template = f"{test}:\n    {binding}" if test else binding
        code.extend(statements(template, at, I=local, DECLARED=record))
    made = statements("if not bound:\n    CODE", at, CODE=code) if code else []
    return statements("if bound is not None:\n    CODE", at, CODE=[*made, *base_case]) if base_case else made


_SHELL = """
def direct(context, depth, bound=False):
    if depth > context.depth_limit:
        too_deep(context)
    context.budget -= 1
    if context.budget < 0:
        context.budget = tick(context)
    PROLOGUE
    CODE
def run(context, inputs, variables=None):
    return direct(context, context.depth, VALUES, bound=True)
"""


def define_functions(
    scope: Scope, preset: list[str], prologue: list[ast.stmt], code: list[ast.stmt], at: Located
) -> list[ast.stmt]:
    """The two functions of a stack: `direct`, which binds raw inputs given by position, and `run`, for bound ones.

    Both take the variables that are set before the first statement as well, `direct` after the inputs.
    """
    values = [expression("inputs.get(K, UNBOUND)", at, K=constant(key, at)) for key in scope.inputs]
    values += [expression("variables[K]", at, K=constant(variable, at)) for variable in preset]
    locals_ = [*scope.inputs.values(), *(f"v_{variable}" for variable in preset)]
    made = statements(_SHELL, at, PROLOGUE=prologue, CODE=code, VALUES=constant(None, at))
    direct, run = made
    assert isinstance(direct, ast.FunctionDef)
    assert isinstance(run, ast.FunctionDef)
    direct.args.args[2:2] = [place(ast.arg(local), at) for local in locals_]
    direct.args.defaults[0:0] = [name("OMITTED", at) for _ in locals_]
    invocation = run.body[0].value  # type: ignore[attr-defined]
    invocation.args[2:] = values
    return made


#: How many blocks inside one another CPython compiles.
_MOST_BLOCKS = 20


@contextmanager
def followed(filename: str, at: Located) -> Iterator[None]:
    """Turn what Python says of a program that is nested too deeply for its recursion into an error of that program."""
    try:
        yield
    except RecursionError:
        raise _nested_too_deeply(filename, at.line) from None


def _nested_too_deeply(filename: str, line: int | None) -> LimitError:
    hint = "put the inner part into a function of its own and call it with function.run"
    return LimitError("This is nested too deeply to be compiled.", hint=hint, file=filename, line=line)


def compile_module(module: ast.Module, filename: str) -> CodeType:
    """The code of generated functions. Raises LimitError for more blocks inside one another than CPython compiles."""
    tracebacks.remember(filename)
    with suppress(SyntaxError):
        return compile(module, filename, "exec", dont_inherit=True)
    try:
        return compile(positions.without_attempts(module), filename, "exec", dont_inherit=True)
    except SyntaxError as error:
        if _most_blocks(module) < _MOST_BLOCKS:
            raise
        refused = _nested_too_deeply(filename, error.lineno)
        refused.column = error.offset
        refused.end_line, refused.end_column = error.end_lineno, error.end_offset
        raise refused from None


def _most_blocks(module: ast.Module) -> int:
    """How many blocks stand inside one another at most; handlers of a `try` are two, its end is one more."""
    most = 0
    pending: list[tuple[ast.AST, int]] = [(module, 0)]
    while pending:
        node, depth = pending.pop()
        depth += isinstance(node, (ast.For, ast.While, ast.With))
        depth += 2 + bool(node.finalbody) if isinstance(node, ast.Try) else 0
        most = max(most, depth)
        pending.extend((child, depth) for child in ast.iter_child_nodes(node))
    return most


def compile_stack(
    items: Sequence[Node],
    response: Expression | None,
    filename: str,
    *,
    declared: list[Declared] | None = None,
    variables: Iterable[str] = (),
    signature: Callable[[str, str], list[Declared] | None] | None = None,
    trace: bool = False,
    owner: ConstructKey = NO_CONSTRUCT,
    returns_variables: bool = False,
    at: Statement | None = None,
    show: Callable[[ast.Module], None] | None = None,
    measured: bool = False,
) -> Compiled:
    """Compile a list of statements and the response that follows it.

    `declared` are the inputs (`fields.declared.Declared`); `variables` are given to `run` besides, and have values
    before the first statement. `signature(kind, name)` tells the declared inputs of a construct that is called
    directly, or None when the call must go through the workspace. With `returns_variables` the function returns the
    object of the program's variables: what a bare list of statements is for. `show` is given the module that becomes
    code. `measured` code runs each line where it stands, for coverage. Raises XanoScriptSyntaxError for what only
    compiling can tell.
    """
    start = statement_position(at) if at is not None else Position()  # the header: code of its own spans one line
    with followed(filename, start):
        considered = [*items, response] if response is not None else items
        preset = list(variables)
        linker = Linker(changeable_variables(considered) | set(preset))
        scope = Scope(declared)
        scope.assigned, scope.changes = set(preset), changes_of(considered)
        scope.owners = scope.changes.variables & linker.assigned
        compiler = Compiler(scope, linker, filename, trace=trace, owner=owner)
        compiler.signature = signature
        # a debugger may give variables values of any kind; attached middleware is given inputs as they come
        if not trace:
            given = [] if owner.kind == "middleware" else declared or []
            compiler.recursion = _recursion_of(items, response, compiler, declared, measured)
            compiler.kinds = kinds_of(considered, given, preset, compiler.recursion)
        stack = _stack_code(compiler, items, response, start, returns_variables)
        prologue = input_prologue(scope, linker, start, base_cases.taken_from(stack, compiler.recursion))
        code = [*owners_defined(scope.owners, start), *stack]
        if compiler.manager is not None:
            code = [place(ast.With([ast.withitem(compiler.manager, None)], code), start)]
        module = ast.Module(define_functions(scope, preset, prologue, code, start), [])
        if show is not None:
            show(module)
        compiled = compile_module(module, filename)
    return Compiled(*link(compiled, linker, declared or []), compiled, linker)


def _recursion_of(
    items: Sequence[Node],
    response: Expression | None,
    compiler: Compiler,
    declared: list[Declared] | None,
    measured: bool,
) -> Recursion | None:
    """How a function calls itself, when nothing comes between; one of the same name may be another one."""
    kind, name, *_ = compiler.owner
    if kind != "function" or not any(calls(node, name) for item in items for node in item.walk()):
        return None
    is_found = compiler.signature is not None and compiler.signature(kind, name) is declared
    return Recursion(name, response, None if measured else base_case_of(items)) if is_found else None


def _stack_code(
    compiler: Compiler,
    items: Sequence[Node],
    response: Expression | None,
    start: Position,
    returns_variables: bool,
) -> list[ast.stmt]:
    """The statements, and what the function returns after them."""
    with compiler.collecting() as code:
        compiler.stack(items)
        if returns_variables:
            compiler.emit(place(ast.Return(compiler.environment(start)), start))
        elif response is not None:
            if compiler.trace:
                compiler.emit(
                    statements("context.trace.responds(LINE)", response, LINE=constant(response.line, response))
                )
            compiler.emit(place(ast.Return(compiler.value(response)), response))
        elif not code:
            compiler.emit(place(ast.Pass(), start))
    return code


def compile_expression(
    node: Expression,
    filename: str,
    variables: Iterable[str] = (),
    *,
    inputs: list[Declared] | None = None,
    elements: Iterable[str] = (),
) -> Callable[..., Value]:
    """Compile one expression into a function of the context, a dict that nothing reads, and the values of the given
    variables, inputs and elements (`this`, `index`, `parent`, `result`), in this order."""
    return compiled_expression(node, filename, variables, inputs=inputs, elements=elements).run


def compiled_expression(
    node: Expression,
    filename: str,
    variables: Iterable[str] = (),
    *,
    inputs: list[Declared] | None = None,
    elements: Iterable[str] = (),
) -> Compiled:
    """The same, with what is needed to make the function again from its code."""
    names = list(variables)
    linker = Linker(frozenset(names))
    scope = Scope(inputs)
    scope.assigned = set(names)
    compiler = Compiler(scope, linker, filename)
    around = {root: f"{root}_0" for root in elements}
    given = [*(f"v_{variable}" for variable in names), *scope.inputs.values(), *around.values()]
    if "this" in around:
        around["$"] = around["this"]
    with followed(filename, node), scope.element(around) if around else nullcontext():
        body = compiler.value(node)
        (definition,) = statements("def run(context, inputs):\n    return BODY", node, BODY=body)
        assert isinstance(definition, ast.FunctionDef)
        definition.args.args.extend(place(ast.arg(local), node) for local in given)
        code = compile_module(ast.Module([definition], []), filename)
    return Compiled(*link(code, linker, []), code, linker)
