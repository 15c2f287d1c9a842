"""The environment that Twig templates are compiled in and run in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import jinja2
from jinja2.runtime import Context as TemplateContext

from xsrun.errors import XanoScriptError
from xsrun.services.templates.functions import FunctionEnvironment, Macro, State, state_of
from xsrun.services.templates.lexer import TwigLexer
from xsrun.services.templates.syntax import TwigCodeGenerator, TwigParser
from xsrun.services.templates.values import UNDEFINED, entries, is_true, member, plain
from xsrun.values.conversion import Value


class TwigEnvironment(FunctionEnvironment):
    """An environment with Twig's syntax."""

    code_generator_class = TwigCodeGenerator

    def __init__(self, is_program_filter: Callable[[str], bool]) -> None:
        super().__init__(is_program_filter)
        self._twig_lexer = TwigLexer(self)

    @property
    def lexer(self) -> TwigLexer:
        return self._twig_lexer

    def template_of(self, text: str) -> jinja2.Template:
        """A Twig template ready to run. Raises jinja2.TemplateSyntaxError."""
        return self.from_string(TwigParser(self, text).parse())

    # What generated code calls -------------------------------------------------------------------------------------

    def arrow(
        self, context: TemplateContext, names: tuple[str, ...], body: Callable[[], Value]
    ) -> Callable[..., Value]:
        """An arrow function: its parameters hide the variables of the same names while it runs."""
        state = state_of(context)

        def call(*arguments: Value) -> Value:
            outer = state.variables
            state.variables = {**outer, **dict(zip(names, arguments, strict=False))}
            try:
                return plain(body())
            finally:
                state.variables = outer

        return call

    def coalesce(self, value: Value, otherwise: Callable[[], Value]) -> Value:
        """`??`: the right side where the left is null or undefined."""
        return otherwise() if value is None or value is UNDEFINED else value

    def elvis(self, value: Value, otherwise: Callable[[], Value]) -> Value:
        """`?:`: the right side where the left is false."""
        return value if is_true(value) else otherwise()


# Variables and loops -------------------------------------------------------------------------------------------------


def read_name(state: State, _subject: Value, name: str) -> Value:
    """A variable of the template, or of the program by its `$name`."""
    if name in state.variables:
        return state.variables[name]
    if name == "_context":
        return dict(state.variables)
    if name.startswith("$"):
        return member(state.variables.get("$var"), name[1:])
    return UNDEFINED


def read_member(_state: State, value: Value, key: Value) -> Value:
    return member(value, plain(key))


def set_name(state: State, value: Value, name: str) -> None:
    state.variables[name] = value


def enter(state: State, values: Value, only: bool) -> None:
    """`{% with %}`: variables that are gone at its end."""
    given = values if values.__class__ is dict else {}
    state.saved.append(state.variables)
    state.variables = {**({} if only else state.variables), **given}


def leave(state: State, _subject: Value) -> None:
    state.variables = state.saved.pop()


def loop(
    state: State, values: Value, key_name: str | None, value_name: str, test: Callable[..., Value] | None
) -> Iterator[None]:
    """The passes of `{% for %}`. What the body sets stays only if it was there before (as in Twig)."""
    pairs, count = entries(plain(values)), len(values) if values.__class__ in (list, dict) else 0
    if test is not None:
        passing = [(key, item) for key, item in pairs if is_true(test(item, key))]
        pairs, count = iter(passing), len(passing)
    variables, parent = state.variables, dict(state.variables)
    own = {"loop", value_name, key_name}
    for position, (key, item) in enumerate(pairs):
        state.run.spend(1)
        if key_name is not None:
            variables[key_name] = key
        variables[value_name] = item
        variables["loop"] = {
            "index": position + 1,
            "index0": position,
            "revindex": count - position,
            "revindex0": count - position - 1,
            "first": position == 0,
            "last": position == count - 1,
            "length": count,
            "parent": parent,
        }
        yield
    kept = {name: variables[name] for name in parent if name in variables and name not in own}
    variables.clear()
    variables.update(parent | kept)


def define_macro(
    state: State, macro: Callable[[], str], described: tuple[str, tuple[str, ...]], *defaults: Value
) -> None:
    name, parameters = described
    state.macros[name] = Macro(macro, parameters, defaults)


def call_macro(state: State, _subject: Value, name: str, *arguments: Value, **named: Value) -> str:
    """What a macro writes; it sees its parameters only, and the values of the program."""
    macro = state.macros.get(name)
    if macro is None:
        raise XanoScriptError(f"The template has no macro `{name}` before this place.")
    given = dict(zip(macro.parameters, arguments, strict=False))
    values = dict(zip(macro.parameters, macro.defaults, strict=True)) | given | named
    outer = state.variables
    state.run.spend(1)
    state.variables = {key: value for key, value in outer.items() if key.startswith("$")} | values
    try:
        return str(macro.write())
    finally:
        state.variables = outer


def program_filter(state: State, value: Value, name: str, *arguments: Value) -> Value:
    """A filter of the language, as it works in programs."""
    function = state.find_filter(name)
    if function is None:
        raise XanoScriptError(f"Unknown filter `{name}` in a template.")
    return function(value, *arguments)


def declare_structure(environment: TwigEnvironment) -> None:
    """Names, members, tags."""
    for name, function, raw in (
        ("name", read_name, True),
        ("member", read_member, True),
        ("set", set_name, False),
        ("enter", enter, False),
        ("leave", leave, False),
        ("loop", loop, False),
        ("define macro", define_macro, False),
        ("call macro", call_macro, False),
        ("program filter", program_filter, False),
    ):
        environment.declare(name, function, with_state=True, raw=raw)
