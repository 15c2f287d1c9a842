"""How many arguments a filter takes, as the engine counts them: too few fail when reached, surplus ones are ignored."""

from __future__ import annotations

from xsrun.registry import Builtin, Parameter
from xsrun.syntax.nodes import Expression, FilterCall, ListLiteral, Literal


def lacking_arguments(record: Builtin, node: FilterCall) -> str | None:
    """The engine's text for a call with too few arguments, and how many there are to be; None when it has enough."""
    parameters, given = record.arguments, len(node.arguments)
    needed = sum(parameter.required for parameter in parameters)
    if given >= needed or not record.counted:
        return None
    count = str(needed) if needed == len(parameters) else f"{needed} to {len(parameters)}"
    if any(parameter.variadic for parameter in parameters):
        count = f"at least {needed}"
    return f"Too few arguments: the filter `{node.name}` takes {count}, not {given}"


def _nothing(parameter: Parameter) -> Expression:
    """What stands for an argument that was left out: an empty list, or null."""
    return ListLiteral([]) if parameter.type == "array" else Literal(None)


def without_surplus(record: Builtin, node: FilterCall) -> FilterCall:
    """The call with the arguments that the filter reads: none beyond, and empty ones where the engine counts none."""
    parameters, arguments = record.arguments, node.arguments
    if len(arguments) > len(parameters) and not any(parameter.variadic for parameter in parameters):
        arguments = arguments[: len(parameters)]
    elif not record.counted:
        needed = [parameter for parameter in parameters if parameter.required]
        arguments = [*arguments, *(_nothing(parameter).at(node, node) for parameter in needed[len(arguments) :])]
    if arguments is node.arguments or len(arguments) == len(node.arguments):
        return node
    return FilterCall(node.operand, node.name, arguments, node.disabled).at(node, node)
