"""What JavaScript mentions of the program's variables and inputs, so that nothing else is sent to it.

A program may hold megabytes that a lambda does not look at. Where each mention of `$var` names a member (`$var.x`,
`$var["x"]`), those members are sent; any other use of it, and code that may find it in a way of its own, gets all.
"""

from __future__ import annotations

import re
from functools import lru_cache

from xsrun.values.conversion import Value

_ROOTS = ("$var", "$input")
_MENTION = re.compile(r"(?<![\w$])(\$var|\$input)(?![\w$])")
_MEMBER = re.compile(r"""\s*(?:\?\.|\.)\s*([A-Za-z_$][\w$]*)|\s*(?:\?\.)?\[\s*(?:"([^"\\\n]*)"|'([^'\\\n]*)')\s*\]""")
#: Words that lead to a name without writing it, and escapes that write it otherwise.
_ELSEWHERE = re.compile(r"\b(?:eval|Function|constructor|global|globalThis|self|arguments|import)\b|\bthis\s*\[|\\[ux]")


def mentioned(code: str, scope: dict[str, Value]) -> dict[str, Value]:
    """The scope of a body with those variables and inputs alone that it can see."""
    seen = members(code) if code.__class__ is str else None  # code that is not is refused where it is sent
    if seen is None:
        return scope
    narrow = {root: _only(scope[root], seen.get(root, frozenset())) for root in _ROOTS if root in scope}
    return {**scope, **narrow}


@lru_cache(maxsize=256)
def members(code: str) -> dict[str, frozenset[str]] | None:
    """The members of each root that code reads; None when it may read any."""
    if _ELSEWHERE.search(code):
        return None
    found: dict[str, set[str]] = {}
    for mention in _MENTION.finditer(code):
        member = _MEMBER.match(code, mention.end())
        if member is None:
            return None
        found.setdefault(mention[1], set()).add(member[1] or member[2] or member[3] or "")
    return {root: frozenset(names) for root, names in found.items()}


def _only(values: Value, names: frozenset[str]) -> Value:
    if values.__class__ is not dict:
        return values
    return {name: value for name, value in values.items() if name in names}
