"""Which queries only compute: no database, no other machine, nothing to wait for, and nothing that stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsrun.syntax import nodes
from xsrun.workspace.construct import Construct

if TYPE_CHECKING:
    from xsrun.fields.declared import Declared
    from xsrun.workspace.workspace import Workspace

_STATEMENTS = frozenset(
    (
        "var", "var.update", "conditional", "if", "elseif", "else",
        "switch", "case", "default", "foreach", "foreach.remove", "remove",
        "for", "while", "each", "break", "continue", "try_catch",
        "try", "catch", "finally", "throw", "precondition", "return",
        "group", "stack", "debug.log", "util.get_env", "util.get_vars", "util.get_all_input",
        "util.get_input", "util.get_raw_input", "util.set_header",
    )
)  # fmt: skip
_NAMESPACES = ("math.", "text.", "object.", "array.")
_CALLS = frozenset(("function.run", "function.call"))
#: Filters that leave the process, may take seconds on a short text, or are slow on purpose.
_SLOW_FILTERS = ("lambda", "regex", "create_", "encrypt", "decrypt", "jw", "hmac", "password")
#: How deep calls are followed.
_DEPTH = 5


def only_computes(workspace: Workspace, construct: Construct, depth: int = _DEPTH) -> bool:
    """Does a construct, with all that it calls, only compute with what it is given?"""
    dispatcher = workspace.dispatcher
    if not depth or construct.node is None or construct.problems:
        return False
    if dispatcher is not None and dispatcher.around(construct) is not None:
        return False
    if any(one.type in ("password", "file") or _is_slow(one) for one in construct.declared):
        return False
    parts: list[nodes.Node] = [*construct.items, *([construct.response] if construct.response is not None else [])]
    return all(_allows(workspace, node, depth) for part in parts for node in part.walk())


def _is_slow(declared: Declared) -> bool:
    return any(name == "pattern" for name, _ in declared.filters) or any(map(_is_slow, declared.schema))


def _allows(workspace: Workspace, node: nodes.Node, depth: int) -> bool:
    if isinstance(node, nodes.FilterCall):
        return not node.name.startswith(_SLOW_FILTERS) or node.disabled
    if not isinstance(node, nodes.Statement):
        return True
    if node.name in _CALLS:
        if node.attribute("runtime_mode") is not None or node.attribute("async") is not None:
            return False
        function = workspace.lookup("function", node.label) if node.label else None
        return function is not None and only_computes(workspace, function, depth - 1)
    return node.name in _STATEMENTS or node.name.startswith(_NAMESPACES)
