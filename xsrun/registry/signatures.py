"""The parameters of a builtin: read from the signature of a function, or from what the decorator of a form declares."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping

from xsrun.hints import TYPE_CHECKING, Any, NamedTuple
from xsrun.lazy_regex import pattern

if TYPE_CHECKING:
    from xsrun.values.conversion import Value

#: The keyword by which a value builtin asks for `$var` and `$input` of the running program.
ENVIRONMENT = "environment"


class Parameter(NamedTuple):
    """An attribute of a statement or an argument of a filter.

    `type` is a word of the language, or the name of a form's own notation; `nullable` lets null pass unconverted.
    """

    name: str
    type: str
    required: bool
    default: Value = None
    nullable: bool = True
    #: takes all arguments that follow
    variadic: bool = False
    #: may stand in the braces more than once
    repeatable: bool = False
    #: the engine takes it as it is written and does not evaluate it
    literal: bool = False
    #: the parameters that this one, another spelling found in documentation, stands for
    stands_for: tuple[str, ...] = ()
    #: a text may be bytes that are not UTF-8
    takes_bytes: bool = False


#: Attributes that every statement takes.
COMMON = (
    Parameter("description", "text", False, literal=True),
    Parameter("disabled", "bool", False, literal=True),
    Parameter("mock", "object", False, literal=True),
)
COMMON_ATTRIBUTES = frozenset(one.name for one in COMMON)

# Functions -----------------------------------------------------------------------------------------------------------

_TYPE_OF_ANNOTATION = {
    "str": "text",
    "bytes": "text",
    "int": "int",
    "float": "number",
    "bool": "bool",
    "list": "list",
    "dict": "object",
}


#: What stands in brackets in an annotation: the innermost, and what is around that.
_INNER, _OUTER = pattern(r"\[[^\[\]]*\]"), pattern(r"\[.*\]")


def parameter_type(annotation: str | type) -> tuple[str, bool]:
    """The language's word for an annotation, and whether null passes: `int | None` is `("int", True)`."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    plain = text if "[" not in text else _OUTER.sub("", _INNER.sub("", text))
    names = {part.strip() for part in plain.split("|")}
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
        annotation = annotations.get(name, "Value")
        kind, nullable = parameter_type(annotation)
        plain = name[:-1] if name.endswith("_") and keyword.iskeyword(name[:-1]) else name
        takes_bytes = "bytes" in str(annotation)
        parameters.append(Parameter(plain, kind, required, default, nullable, takes_bytes=takes_bytes))
    if code.co_flags & 0x04:  # *arguments
        name = code.co_varnames[count + code.co_kwonlyargcount]
        kind, nullable = parameter_type(annotations.get(name, "Value"))
        parameters.append(Parameter(name, kind, False, None, nullable, variadic=True))
    wants_context = bool(names) and names[0] == "context"
    listed = (one for one in parameters[wants_context:] if one.name != ENVIRONMENT)
    return tuple(listed), wants_context


def with_spellings(
    parameters: tuple[Parameter, ...], spellings: Mapping[str, str], literal: frozenset[str]
) -> tuple[Parameter, ...]:
    """The parameters of a function of which some are other spellings of others, or are not evaluated.

    What has another spelling needs a default in Python, and is nevertheless required: in one of its spellings.
    """
    wanted = frozenset(spellings.values())
    return tuple(
        one._replace(
            required=one.required or one.name in wanted,
            stands_for=(spellings[one.name],) if one.name in spellings else (),
            literal=one.name in literal,
        )
        for one in parameters
    )


# Forms ---------------------------------------------------------------------------------------------------------------

_WORD = pattern(r"(?P<names>\w+(?:\|\w+)*)(?P<optional>\??)(?P<repeatable>\*?)(?:: (?P<type>\w+))?")
#: Types of a form's attributes that are looked at as they are written.
_EVALUATED = frozenset(("any", "condition"))


def declared_parameters(text: str) -> tuple[Parameter, ...]:
    """The parameters of a form, as its decorator declares them: `"data|value, ttl?, output?: list, sort?*: sort"`.

    `?` marks what may be left out, `*` what may stand more than once, `a|b` two spellings of one parameter, the second
    found in documentation. Without a type it takes any value. Raises ValueError for a text that is not so.
    """
    found: dict[str, Parameter] = {}
    for word in text.split(", ") if text else ():
        match = _WORD.fullmatch(word)
        if match is None:
            raise ValueError(f"not the declaration of a parameter: {word!r} in {text!r}")
        first, *others = match["names"].split("|")
        kind, repeatable = match["type"] or "any", bool(match["repeatable"])
        literal = kind not in _EVALUATED
        found[first] = Parameter(first, kind, not match["optional"], None, True, False, repeatable, literal)
        for other in others:
            before = found[other].stands_for if other in found else ()
            found[other] = Parameter(other, kind, False, literal=literal, stands_for=(*before, first))
    return tuple(found.values())
