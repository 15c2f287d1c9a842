"""Records: small classes of named values, declared as with `dataclasses`, whose import takes longer than a whole run.

    @record
    class Point:
        x: int
        y: int = 0
        tags: list[str] = made(factory=list)

A record has slots, takes its values by position or by name, is equal to one of its class with equal values, and calls
`__post_init__` if it has one. `@record(frozen=True)` gives one that can be a key and is not to be changed,
`@record(identity=True)` one that is equal to nothing but itself. A record may continue another one without defaults.
"""

from __future__ import annotations

from collections.abc import Callable

from xsrun.hints import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, dataclass_transform, overload

Class = TypeVar("Class", bound=type)
Made = TypeVar("Made")


if TYPE_CHECKING:

    class _Record(Protocol):
        __match_args__: tuple[str, ...]


class _Factory(Generic[Made]):
    """The default of a value that is made anew for every record."""

    def __init__(self, make: Callable[[], Made]) -> None:
        self.make = make


def made(*, factory: Callable[[], Made]) -> Made:
    """The default of a value that a call makes, for each record its own."""
    return _Factory(factory)  # type: ignore[return-value]


_UNSET: Any = object()


def unset(*, init: bool) -> Any:
    """A value that `__post_init__` sets; nobody gives it, and equality does not ask for it. `init` must be False."""
    assert not init
    return _UNSET


def _values(one: _Record) -> tuple[Any, ...]:
    return tuple([getattr(one, name) for name in one.__match_args__])


def _repr(self: _Record) -> str:
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({shown})"


def _equal(self: _Record, other: _Record) -> bool:
    return _values(self) == _values(other) if other.__class__ is self.__class__ else NotImplemented


def _hash(self: _Record) -> int:
    return hash(_values(self))


def _initializer(names: list[str], defaults: dict[str, Any], after: bool) -> Callable[..., None]:
    """`__init__` with the values as parameters."""
    body = []
    for name in names:
        make = isinstance(defaults.get(name), _Factory)
        body.append(f"self.{name} = " + (f"_{name}.make() if {name} is _{name} else {name}" if make else name))
    body += ["self.__post_init__()"] if after else []
    parameters = [f"{name}=_{name}" if name in defaults else name for name in names]
    namespace = {f"_{name}": default for name, default in defaults.items()}
    exec(f"def __init__({', '.join(['self', *parameters])}):\n " + "\n ".join(body or ["pass"]), namespace)
    initializer: Callable[..., None] = namespace["__init__"]
    return initializer


def _make(cls: Class, frozen: bool, identity: bool) -> Class:
    slots = list(cls.__annotations__)
    defaults = {name: cls.__dict__[name] for name in slots if name in cls.__dict__}
    inherited = list(getattr(cls, "__match_args__", ()))
    names = [*inherited, *(name for name in slots if defaults.get(name) is not _UNSET)]
    left_out = {*slots, "__dict__", "__weakref__"}
    namespace = {name: value for name, value in vars(cls).items() if name not in left_out}
    given = {name: default for name, default in defaults.items() if name in names}
    namespace["__init__"] = _initializer(names, given, "__post_init__" in namespace)
    namespace.update({"__slots__": tuple(slots), "__match_args__": tuple(names)})
    namespace.setdefault("__repr__", _repr)
    if not identity:
        namespace.update({"__eq__": _equal, "__hash__": _hash if frozen else None})
    return type(cls)(cls.__name__, cls.__bases__, namespace)


@overload
def record(cls: Class) -> Class: ...


@overload
def record(*, frozen: bool = False, identity: bool = False) -> Callable[[Class], Class]: ...


@dataclass_transform(field_specifiers=(made, unset))
def record(
    cls: Class | None = None, *, frozen: bool = False, identity: bool = False
) -> Class | Callable[[Class], Class]:
    """Make a class with annotations a record."""
    return _make(cls, frozen, identity) if cls is not None else lambda given: _make(given, frozen, identity)


def replace(one: Made, **changes: Any) -> Made:
    """A record like another with some values changed."""
    values = {name: getattr(one, name) for name in one.__match_args__}  # type: ignore[attr-defined]
    return one.__class__(**{**values, **changes})
