"""What generated code may call: the functions that an environment declares, and the rendering they are called in."""

from __future__ import annotations

from collections.abc import Callable

import jinja2
from jinja2.runtime import Context as TemplateContext
from jinja2.sandbox import SandboxedEnvironment

from xsrun.errors import XanoScriptError
from xsrun.hints import Any, NamedTuple, Protocol
from xsrun.services.templates.values import plain, to_output
from xsrun.values.conversion import Value

#: A filter of the language: `(name) -> function of the piped value and the arguments`, or None.
FilterFinder = Callable[[str], Callable[..., Value] | None]


class TemplateRun(Protocol):
    """What is needed of `xsrun.running.context.Context`."""

    def now(self) -> int: ...

    def spend(self, steps: int) -> None: ...

    def check_size(self, size: int) -> None: ...


class Macro(NamedTuple):
    """A macro of the template: what writes it, and its parameters with their defaults."""

    write: Callable[[], str]
    parameters: tuple[str, ...]
    defaults: tuple[Value, ...]


class State:
    """One rendering: the run, the variables as they stand, and where the filters of the language are found."""

    __slots__ = ("find_filter", "macros", "run", "saved", "variables")

    def __init__(self, run: TemplateRun, variables: dict[str, Value], find_filter: FilterFinder) -> None:
        self.run = run
        self.variables = variables
        self.find_filter = find_filter
        self.saved: list[dict[str, Value]] = []
        self.macros: dict[str, Macro] = {}


def state_of(context: TemplateContext) -> State:
    """The rendering that a function is called in."""
    state: State = context.parent["state"]
    return state


class FunctionEnvironment(SandboxedEnvironment):
    """Jinja's sandbox. Every operation of a template is a filter of it; no attribute is read, nothing called."""

    def __init__(self, is_program_filter: Callable[[str], bool]) -> None:
        super().__init__(
            trim_blocks=True,  # as Twig, which drops the newline after a tag
            keep_trailing_newline=True,
            autoescape=False,
            optimized=False,  # nothing is computed before the run: `now` may be in it
            finalize=to_output,
            cache_size=0,
        )
        self.is_program_filter = is_program_filter
        self.filters.clear()
        self.tests.clear()
        self.globals.clear()

    def is_safe_callable(self, obj: Any) -> bool:
        """Only what Jinja itself puts into generated code may be called."""
        return isinstance(obj, jinja2.runtime.Macro)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return False

    def declare(
        self, name: str, function: Callable[..., Value], *, with_state: bool = False, raw: bool = False
    ) -> None:
        """A function for generated code. It sees null where something is undefined, unless it is `raw`."""

        def call(context: TemplateContext, *arguments: Value, **named: Value) -> Value:
            given = arguments if raw else tuple(map(plain, arguments))
            first = (state_of(context),) if with_state else ()
            try:
                return function(*first, *given, **{key: plain(value) for key, value in named.items()})
            except TypeError as error:  # the wrong number of arguments, or an unknown named one
                if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
                    raise
                raise XanoScriptError(f"Wrong arguments for the template's {name}.") from None

        self.filters[name] = jinja2.pass_context(call)

    def names_of(self, kind: str) -> list[str]:
        """The names of every filter, function or test, for suggestions."""
        return [name.partition(" ")[2] for name in self.filters if name.startswith(kind + " ")]
