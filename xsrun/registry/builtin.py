"""The record of one builtin."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping

from xsrun.hints import TYPE_CHECKING, Any, Literal, NamedTuple
from xsrun.language import catalogue
from xsrun.language.catalogue import Kind
from xsrun.records import record
from xsrun.registry.signatures import ENVIRONMENT, Parameter, declared_parameters, read_parameters, with_spellings

if TYPE_CHECKING:
    from xsrun.registry.docstrings import Example

#: What of its first argument the result of a filter may be or hold, as far as it is known (see `Builtin`).
Gives = Literal["member", "members"]
#: What the result of a filter is, as far as generated code makes use of it (`xsrun.evaluator.inference`).
Result = Literal[
    "size", "int", "rounded", "text", "new text", "texts", "member", "same", "pushed", "merged", "at path", "with path"
]
#: Gives the code of one use of a filter in line, or None (`xsrun.evaluator.inlining.FilterUse`).
InliningRule = Callable[[Any], Any]
_SCALAR_TYPES = frozenset(("str", "bytes", "int", "float", "bool", "None"))


class StandIn(NamedTuple):
    """What stands on this machine for the outside service of a statement.

    `what` says it in a few words; `how` are the lines of the page about when the real service is asked, and what is
    different here, the same for all statements of the service.
    """

    what: str
    how: str = ""


@record
class Builtin:
    """What is known about one statement or filter that xsrun implements.

    Its parameters are those of the function, or of a form what its decorator declares. They are read when they are
    asked for: a program whose code is in the cache never needs them.
    """

    kind: Kind
    name: str
    function: Callable[..., Any]
    form: bool = False
    #: the parameters of a form, see `declared_parameters`
    declared: str | None = None
    #: the header names a variable or path; its value is the parameter `target`, and the function returns its new one
    updates: bool = False
    #: a form that changes the container at its header in place
    changes_target: bool = False
    #: "member": the filter gives one of the members of the piped value, or something new without any of it; "members":
    #: also the piped value itself, or a new container with some of its members. None: it may be anything
    gives: Gives | None = None
    #: what the result of a filter is
    result: Result | None = None
    #: the operator of arithmetic that does the same as the filter
    operator: str | None = None
    #: how the filter is done in line
    inline: InliningRule | None = None
    #: what stands for the outside service that the statement is for, unless the real one may be asked
    stand_in: StandIn | None = None
    #: of a list it makes the list of what it gives for each element, lists in it likewise (evidence G6)
    elementwise: bool = False
    #: documentation's other spellings of attributes: other -> the engine's
    spellings: Mapping[str, str] | None = None
    #: attributes that the engine takes as they are written and does not evaluate
    literal: frozenset[str] = frozenset()
    #: the only values that an attribute takes, where they can be listed: attribute -> values
    values: Mapping[str, Collection[str]] | None = None
    #: attributes that Xano's editor asks for although its engine does not
    editor_needs: frozenset[str] = frozenset()
    #: does the engine count the arguments of the filter? Otherwise it raises nothing without them (evidence G2)
    counted: bool = True
    #: the piped value may be a path that is missing, which the filter is there to deal with (semantics 1.2)
    takes_missing: bool = False
    #: exports give the filter more arguments than it reads (evidence G3)
    takes_surplus: bool = False
    _signature: tuple[tuple[Parameter, ...], bool] | None = None
    _attributes: tuple[Parameter, ...] | None = None
    _documentation: tuple[str, tuple[Example, ...]] | None = None

    def _read_signature(self) -> tuple[tuple[Parameter, ...], bool]:
        if self._signature is None:
            if self.declared is not None:
                self._signature = declared_parameters(self.declared), False
            else:
                parameters, wants_context = read_parameters(self.function)
                if self.spellings or self.literal:
                    parameters = with_spellings(parameters, self.spellings or {}, self.literal)
                self._signature = parameters, wants_context
        return self._signature

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The attributes of a statement, or the piped value and the arguments of a filter; of a form, no piped one."""
        return self._read_signature()[0]

    @property
    def arguments(self) -> tuple[Parameter, ...]:
        """The arguments of a filter: its parameters without the piped value."""
        return self.parameters if self.form else self.parameters[1:]

    @property
    def attributes(self) -> tuple[Parameter, ...]:
        """The attributes of a statement: its parameters without the value of the variable in its header."""
        if self._attributes is None:
            self._attributes = tuple(one for one in self.parameters if one.name != "target")
        return self._attributes

    def stood_for(self, names: Container[str]) -> frozenset[str]:
        """The attributes that others of these names, documentation's spellings, stand for."""
        return frozenset(first for one in self.attributes if one.name in names for first in one.stands_for)

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
            from xsrun.registry.docstrings import parse_docstring

            self._documentation = parse_docstring(self.function.__doc__ or "")
        return self._documentation

    @property
    def signature(self) -> str:
        """How a filter is called, for messages: `substr:start:length?`."""
        parts = [self.name]
        for parameter in self.arguments:
            mark = "..." if parameter.variadic else "" if parameter.required else "?"
            parts.append(parameter.name.rstrip("_") + mark)
        return ":".join(parts)
