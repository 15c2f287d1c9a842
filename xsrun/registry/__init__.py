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
(`xsrun.values.conversion.as_text` and its neighbours): `str` text, which a statement wants in UTF-8 (`str | bytes`
takes any), `int` int, `float` a number, `bool` bool, `list[Value]` a list, `dict[str, Value]` an object, the two
joined by `|` either, `Value` anything; with `| None` a null passes as it is. A first parameter named `context`
receives the run's context, a keyword-only one named `environment` the object of `$var` and `$input`. A name that is a
Python keyword takes a trailing underscore.

In an example of a statement the code is a list of statements (continued lines begin with `...`) and the expectation
is the object of the variables it bound; `...` as a value in an expectation stands for anything.
"""

from __future__ import annotations

from xsrun.language.catalogue import Kind
from xsrun.registry.builtin import Builtin, Gives, StandIn
from xsrun.registry.declaring import filter, filter_form, input_filter, query_filter, statement, statement_form
from xsrun.registry.finding import every, find, find_filter, find_function, find_statement
from xsrun.registry.signatures import COMMON, COMMON_ATTRIBUTES, ENVIRONMENT, Parameter, parameter_type

__all__ = [
    "COMMON",
    "COMMON_ATTRIBUTES",
    "ENVIRONMENT",
    "Builtin",
    "Gives",
    "Kind",
    "Parameter",
    "StandIn",
    "every",
    "filter",
    "filter_form",
    "find",
    "find_filter",
    "find_function",
    "find_statement",
    "input_filter",
    "parameter_type",
    "query_filter",
    "statement",
    "statement_form",
]
