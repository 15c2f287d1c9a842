"""`check_sources`: parse every text, check each by itself, then all together."""

from __future__ import annotations

from collections.abc import Mapping

from xsrun.analysis import structure
from xsrun.diagnostics import Diagnostic
from xsrun.syntax.parser import parser
from xsrun.syntax.source import Source


def check(sources: Mapping[str, str]) -> list[Diagnostic]:
    """Every problem of the given texts, sorted by file and line."""
    found: list[Diagnostic] = []
    reader = parser()
    for name, text in sources.items():
        parsed = reader.parse(Source(text, name), "document")
        found += parsed.diagnostics
        found += structure.problems(parsed)
    return sorted(found, key=Diagnostic.sort_key)
