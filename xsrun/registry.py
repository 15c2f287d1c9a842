"""The one record of every builtin of the language: statements, filters, query filters and input filters.

Two kinds of builtin share the record. A *value builtin* is a typed Python function that takes values and gives one;
its parameters are read from its signature, its documentation and examples from its docstring. A *form* decides what
runs and when: it is given tree nodes and the compiler, and leaves code. Dispatch, argument binding, suggestions,
`xsrun docs` and `xsrun support` all read the record. The registry alone imports the modules that hold builtins, by
name, one namespace or family at a time, when a program first uses it: a program without JOSE never loads jwcrypto.

Declaring a value builtin::

    @filter("substr")
    def substr(value: str, start: int, length: int | None = None) -> str:
        \"\"\"Part of a text, counted in characters.

        >>> "hello"|substr:1:3
        "ell"
        \"\"\"

The annotation of a parameter says what the engine converts an argument to before the call, and what it refuses
(`xsrun.values.conversion.as_text` and its neighbours): `str` text, `int` int, `float` a number, `bool` bool,
`list[Value]` a list, `dict[str, Value]` an object, the two joined by `|` either, `Value` anything; with `| None` a null
passes as it is. A first parameter named `context` receives the run's context, a keyword-only one named `environment`
the object of `$var` and `$input`. A name that is a Python keyword takes a trailing underscore.

In an example of a statement the code is a list of statements (continued lines begin with `...`) and the expectation
is the object of the variables it bound; `...` as a value in an expectation stands for anything.
"""

from __future__ import annotations

import importlib
import keyword
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from xsrun.language import catalogue
from xsrun.language.catalogue import Kind as Kind
from xsrun.records import record

if TYPE_CHECKING:
    from xsrun.values.conversion import Value

#: What of its first argument the result of a filter may be or hold, as far as it is known (see `Builtin`).
Gives = Literal["member", "members"]
#: The keyword by which a value builtin asks for `$var` and `$input` of the running program.
ENVIRONMENT = "environment"
_SCALAR_TYPES = frozenset(("str", "bytes", "int", "float", "bool", "None"))
Function = TypeVar("Function", bound=Callable[..., Any])


class Parameter(NamedTuple):
    """One parameter of a value builtin. `type` is a word of the language; `nullable` lets null pass unconverted."""

    name: str
    type: str
    required: bool
    default: Value
    nullable: bool
    variadic: bool = False


class Example(NamedTuple):
    """An expression or statement list, and the JSON text of what it gives (empty: it only has to run)."""

    source: str
    result: str


@record
class Builtin:
    """What is known about one statement or filter that xsrun implements.

    Parameters of forms, and of functions that take any attribute (`**attributes`), come from the catalogue, as do the
    other spellings of a name. It is read when they are asked for: a program whose code is in the cache never needs it.
    """

    kind: Kind
    name: str
    function: Callable[..., Any]
    form: bool = False
    #: the header names a variable or path; its value is the parameter `target`, and the function returns its new one
    updates: bool = False
    #: a form that changes the container at its header in place
    changes_target: bool = False
    #: "member": the filter gives one of the members of the piped value, or something new without any of it; "members":
    #: also the piped value itself, or a new container with some of its members. None: it may be anything
    gives: Gives | None = None
    unavailable: str | None = None
    elementwise: bool = False
    _signature: tuple[tuple[Parameter, ...], bool] | None = None
    _documentation: tuple[str, tuple[Example, ...]] | None = None

    def _read_signature(self) -> tuple[tuple[Parameter, ...], bool]:
        if self._signature is None:
            takes_any = self.form or self.function.__code__.co_flags & 0x08
            listed = catalogue.parameters(self.kind, self.name) if takes_any else None
            if listed is None:
                self._signature = read_parameters(self.function)
            else:
                self._signature = tuple(Parameter(*parameter) for parameter in listed), False
        return self._signature

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The attributes of a statement, or the piped value and the arguments of a filter; of a form, no piped one."""
        return self._read_signature()[0]

    @property
    def wants_context(self) -> bool:
        return self._read_signature()[1]

    @property
    def wants_environment(self) -> bool:
        """Does the function take what a lambda sees of the program, by the keyword `environment`?"""
        code = self.function.__code__
        return ENVIRONMENT in code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]

    @property
    def gives_scalar(self) -> bool:
        """Does the function say that it gives a text, a number, a boolean or null: nothing that holds a value?"""
        result = self.function.__annotations__.get("return", "")
        names = result.split(" | ") if isinstance(result, str) else [getattr(result, "__name__", "")]
        return _SCALAR_TYPES.issuperset(names)

    @property
    def aliases(self) -> tuple[str, ...]:
        """The other spellings of the name."""
        return catalogue.aliases(self.kind, self.name)

    @property
    def module(self) -> str:
        return self.function.__module__

    @property
    def documentation(self) -> str:
        """The docstring without its examples; the first line is the summary."""
        return self._parsed()[0]

    @property
    def summary(self) -> str:
        return self.documentation.partition("\n")[0]

    @property
    def examples(self) -> tuple[Example, ...]:
        return self._parsed()[1]

    def _parsed(self) -> tuple[str, tuple[Example, ...]]:
        if self._documentation is None:
            self._documentation = parse_docstring(self.function.__doc__ or "")
        return self._documentation

    @property
    def signature(self) -> str:
        """How a filter is called, for messages: `substr:start:length?`."""
        parts = [self.name]
        for parameter in self.parameters[1:] if not self.form else self.parameters:
            mark = "..." if parameter.variadic else "" if parameter.required else "?"
            parts.append(parameter.name.rstrip("_") + mark)
        return ":".join(parts)


def parse_docstring(text: str) -> tuple[str, tuple[Example, ...]]:
    """Split a docstring into its prose and its examples (`>>>` lines, `...` continuations, then the result)."""
    prose: list[str] = []
    examples: list[Example] = []
    source: list[str] = []
    result: list[str] = []

    def finish() -> None:
        if source:
            examples.append(Example("\n".join(source), "\n".join(result)))
        source.clear()
        result.clear()

    lines = text.strip("\n").splitlines()
    margin = min((len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()), default=0)
    for line in [lines[0].strip(), *(line[margin:] for line in lines[1:])] if lines else []:
        if line.startswith(">>>"):
            finish()
            source.append(line[4:])
        elif source and not result and (line == "..." or line.startswith("... ")):
            source.append(line[4:])
        elif source and line.strip():
            result.append(line)
        elif source:
            finish()
        else:
            prose.append(line.rstrip())
    finish()
    return "\n".join(prose).strip(), tuple(examples)


# Reading a signature -------------------------------------------------------------------------------------------------

_TYPE_OF_ANNOTATION = {
    "str": "text",
    "bytes": "text",
    "int": "int",
    "float": "number",
    "bool": "bool",
    "list": "list",
    "dict": "object",
}


def parameter_type(annotation: str | type) -> tuple[str, bool]:
    """The language's word for an annotation, and whether null passes: `int | None` is `("int", True)`."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    names = {part.strip() for part in re.sub(r"\[.*\]", "", re.sub(r"\[[^\[\]]*\]", "", text)).split("|")}
    nullable = "None" in names
    names.discard("None")
    if names == {"list", "dict"}:
        return "array", nullable
    if names == {"str", "bytes"}:
        return "text", nullable
    return (_TYPE_OF_ANNOTATION.get(names.pop(), "any") if len(names) == 1 else "any"), nullable


def read_parameters(function: Callable[..., Any]) -> tuple[tuple[Parameter, ...], bool]:
    """The parameters of a function, and whether its first one is the context. Without `inspect`, which is slow."""
    code = function.__code__
    count = code.co_argcount
    names = list(code.co_varnames[: count + code.co_kwonlyargcount])
    annotations = function.__annotations__
    defaults = function.__defaults__ or ()
    keyword_defaults = function.__kwdefaults__ or {}
    parameters = []
    for position, name in enumerate(names):
        offset = position - (count - len(defaults))
        if position < count:
            required, default = offset < 0, defaults[offset] if offset >= 0 else None
        else:
            required, default = name not in keyword_defaults, keyword_defaults.get(name)
        kind, nullable = parameter_type(annotations.get(name, "Value"))
        plain = name[:-1] if name.endswith("_") and keyword.iskeyword(name[:-1]) else name
        parameters.append(Parameter(plain, kind, required, default, nullable))
    if code.co_flags & 0x04:  # *arguments
        name = code.co_varnames[count + code.co_kwonlyargcount]
        kind, nullable = parameter_type(annotations.get(name, "Value"))
        parameters.append(Parameter(name, kind, False, None, nullable, variadic=True))
    wants_context = bool(names) and names[0] == "context"
    listed = (one for one in parameters[wants_context:] if one.name != ENVIRONMENT)
    return tuple(listed), wants_context


# Declaring -----------------------------------------------------------------------------------------------------------

_records: dict[Kind, dict[str, Builtin]] = {"statement": {}, "filter": {}, "query_filter": {}, "input_filter": {}}


def _declare(made: Builtin) -> None:
    table, name = _records[made.kind], made.name
    if name in table and table[name].function.__qualname__ != made.function.__qualname__:
        raise ValueError(f"{made.kind} {name} is declared twice: {table[name].module} and {made.module}")
    table[name] = made


def statement(name: str, *, updates: bool = False, unavailable: str | None = None) -> Callable[[Function], Function]:
    """Declare a statement that takes values. Its attributes are the parameters, its `as` binds the result.

    `updates`: the header names a variable or path, whose value is passed as the parameter `target`, and the function
    returns its new value. `unavailable`: why the statement only raises its documented error.
    """

    def declare(function: Function) -> Function:
        _declare(Builtin("statement", name, function, updates=updates, unavailable=unavailable))
        return function

    return declare


def statement_form(name: str, *, changes_target: bool = False) -> Callable[[Function], Function]:
    """Declare a statement form: `function(compiler, node)` emits code through the compiler.

    `changes_target`: it changes the list or object in the variable or path of its header where that is.
    """

    def declare(function: Function) -> Function:
        _declare(Builtin("statement", name, function, form=True, changes_target=changes_target))
        return function

    return declare


def filter(name: str, *, gives: Gives | None = None, elementwise: bool = False) -> Callable[[Function], Function]:
    """Declare a filter: the first parameter is the piped value, the others are the arguments.

    `gives` says what of the piped value the result may be or hold: see `Builtin`. `elementwise`: of a list it makes
    the list of what it gives for each element, lists in it likewise (evidence G6).
    """

    def declare(function: Function) -> Function:
        _declare(Builtin("filter", name, function, gives=gives, elementwise=elementwise))
        return function

    return declare


def filter_form(name: str) -> Callable[[Function], Function]:
    """Declare a filter form: `function(compiler, operand, call)` takes the compiled operand and the `FilterCall`
    node, and returns the code of the result."""

    def declare(function: Function) -> Function:
        _declare(Builtin("filter", name, function, form=True))
        return function

    return declare


def input_filter(name: str) -> Callable[[Function], Function]:
    """Declare an input filter: `function(value, *arguments)` returns the value to bind or raises `InputError`."""

    def declare(function: Function) -> Function:
        _declare(Builtin("input_filter", name, function))
        return function

    return declare


def query_filter(name: str, function: Callable[..., Any]) -> None:
    """Record a filter of database conditions; the database room declares both its SQL sides (see its operators)."""
    _declare(Builtin("query_filter", name, function, form=True))


# Looking up ----------------------------------------------------------------------------------------------------------

#: Modules of statement names without a namespace of their own.
_CONTROL = "xsrun.statements.control"
_NAMESPACE_MODULES = {
    "function": "xsrun.statements.call",
    "service": "xsrun.statements.call",
    "task": "xsrun.statements.workflow_calls",
    "tool": "xsrun.statements.call",
    "trigger": "xsrun.statements.workflow_calls",
    "middleware": "xsrun.statements.call",
    "addon": "xsrun.statements.call",
    "workflow_test": "xsrun.statements.workflow_calls",
    "await": "xsrun.statements.call",
    "var": _CONTROL,
    "foreach": _CONTROL,
}
_loaded: set[str] = set()


def module_of(kind: Kind, name: str) -> str | None:
    """The module that declares a builtin of this name, or None when the language has no such name."""
    if kind == "statement":
        namespace, dot, _ = name.partition(".")
        return _NAMESPACE_MODULES.get(namespace) or (f"xsrun.statements.{namespace}" if dot else _CONTROL)
    if kind == "query_filter":
        return "xsrun.database.operators"
    family = catalogue.family(kind, name)
    return f"xsrun.filters.{family}" if family else None


def _load(module: str | None) -> None:
    if module is None or module in _loaded:
        return
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
    _loaded.add(module)  # not before: another thread would take its builtins for missing while it is imported


def find(kind: Kind, name: str, module: str | None = None) -> Builtin | None:
    """The record of a builtin by name or alias, its module imported if need be; None if xsrun has none.

    A caller that knows the module spares the look into the catalogue.
    """
    table = _records[kind]
    record = table.get(name)
    if record is None:
        _load(module or module_of(kind, name))
        record = table.get(name)
    if record is None and kind != "statement":
        entry = catalogue.entry(kind, name)
        record = table.get(entry["name"]) if entry is not None else None
    return record


def find_statement(name: str) -> Builtin | None:
    return find("statement", name)


def find_filter(name: str) -> Builtin | None:
    return find("filter", name)


def every(kind: Kind) -> Iterator[Builtin]:
    """Every record of a kind, once each, in the catalogue's order, then those the catalogue lacks. Imports all."""
    names = catalogue.names(kind)
    for name in names:
        find(kind, name)
    seen: set[int] = set()
    for name in [*names, *_records[kind]]:
        record = _records[kind].get(name)
        if record is not None and id(record) not in seen:
            seen.add(id(record))
            yield record
