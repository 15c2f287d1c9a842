"""What each code of a diagnostic means: title, why, an example and its repair.

The pages are the sections of codes.md beside this module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from xsrun.diagnostics.record import Severity, severity_of

_SECTION = re.compile(
    r"^## (XS\d{3}) (?P<title>.+)\n+(?P<why>(?:.|\n)*?)\n```xs wrong\n(?P<wrong>(?:.|\n)*?)```\n"
    r"```xs right\n(?P<right>(?:.|\n)*?)```$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Code:
    """One code. `example` shows the problem and `repair` what to write instead."""

    code: str
    title: str
    why: str
    example: str
    repair: str

    @property
    def severity(self) -> Severity:
        return severity_of(self.code)

    @property
    def page(self) -> str:
        """The reference page, as `xsrun docs` prints it."""
        wrong = "\n".join(f"    {line}".rstrip() for line in self.example.splitlines())
        right = "\n".join(f"    {line}".rstrip() for line in self.repair.splitlines())
        head = f"{self.code} ({self.severity}): {self.title}"
        return f"{head}\n\n{self.why}\n\nwrong:\n\n{wrong}\n\nright:\n\n{right}"


@cache
def all_codes() -> dict[str, Code]:
    """Every code in order."""
    text = Path(__file__).with_name("codes.md").read_text(encoding="utf-8")
    found = {}
    for match in _SECTION.finditer(text):
        code = match.group(1)
        why = " ".join(match.group("why").split())
        found[code] = Code(code, match.group("title"), why, match.group("wrong"), match.group("right"))
    return found


def code_of(code: str) -> Code | None:
    """A code by its name, in any case; None when there is none."""
    return all_codes().get(code.upper())


def page_of(code: str) -> str | None:
    """The reference page of a code; None when there is none."""
    found = code_of(code)
    return found.page if found is not None else None
