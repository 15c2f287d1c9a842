"""What is said about types, without `import typing`, which takes longer than Python itself takes to start.

Modules that every start passes import these names from here. A type checker sees those of `typing`; while a program
runs they stand for themselves, since nobody asks what an annotation means.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers know it by its name

if TYPE_CHECKING:
    from typing import Any as Any
    from typing import Final as Final
    from typing import Generic as Generic
    from typing import Literal as Literal
    from typing import NamedTuple as NamedTuple
    from typing import NoReturn as NoReturn
    from typing import ParamSpec as ParamSpec
    from typing import Protocol as Protocol
    from typing import Self as Self
    from typing import TextIO as TextIO
    from typing import TypeVar as TypeVar
    from typing import TypeVarTuple as TypeVarTuple
    from typing import Union as Union
    from typing import Unpack as Unpack
    from typing import cast as cast
    from typing import dataclass_transform as dataclass_transform
    from typing import overload as overload
else:
    from collections import namedtuple

    Any = Final = NoReturn = Self = TextIO = object

    class _Of:
        """Whatever stands in brackets says nothing while a program runs."""

        __slots__ = ()

        def __class_getitem__(cls, _: object) -> type:
            return cls

    Generic = Literal = Protocol = Union = Unpack = _Of

    class TypeVar:
        def __init__(self, *_: object, **__: object) -> None:
            self.args = self.kwargs = object  # those of a ParamSpec

    ParamSpec = TypeVarTuple = TypeVar

    class _NamedTuples(type):
        """Makes the classes that are declared below `NamedTuple`."""

        def __new__(cls, name: str, bases: tuple[type, ...], members: dict[str, object]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, members)
            fields = list(members.pop("__annotations__", ()))
            defaults = [members.pop(field) for field in fields if field in members]
            made = namedtuple(name, fields, defaults=defaults, module=members["__module__"])
            for key, member in members.items():
                if key not in ("__module__", "__qualname__", "__slots__"):
                    setattr(made, key, member)
            return made

    class NamedTuple(metaclass=_NamedTuples): ...

    def cast(_: object, value: object) -> object:
        return value

    def overload(function: object) -> object:
        return function

    def dataclass_transform(**_: object) -> object:
        return overload
