"""The names of roots: what a path may begin with besides a variable of the program (semantics 1.1)."""

from __future__ import annotations

#: Names that a program cannot give to a variable of its own, in the documentation's order.
RESERVED = ("response", "output", "input", "auth", "env", "db", "error", "this", "result", "index", "parent", "toolset")
#: Roots that a statement can read but not change.
READ_ONLY = frozenset(("input", "env", "auth", "db"))
#: Roots that are never variables: those above, all variables (`$var`), an element (`$$`, `$`), and the caught error.
NOT_VARIABLES = READ_ONLY | {"var", "$", "", "error"}
#: Roots that belong to the element of a per-element expression around them, where there is one.
OF_ELEMENTS = ("this", "index", "parent", "result", "output")
#: Every root that need not be assigned before it is read.
ROOTS = NOT_VARIABLES | frozenset(RESERVED)
#: Variables that exist only in the stack of `util.post_process` (semantics 1.7).
POST_PROCESS = ("body", "headers", "status_code")
#: A function of exports that stands in a condition for a value of an addon.
ADDON_FUNCTION = "dbAddonAttr"
