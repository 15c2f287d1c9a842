"""The guides: pages that people read from the first line to the last, Markdown files in `guides/` beside this module.

A guide begins with `# Title`; its first paragraph says what it is for. Its name is that of its file. The blocks of
`console` in it are run by tests/test_manual.py, in order, in a folder of the guide's own.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from xsrun.lazy_regex import pattern
from xsrun.manual.page import Page

FOLDER = Path(__file__).with_name("guides")
#: The guides in the order in which they are read.
ORDER = (
    "first-steps",
    "install",
    "workspace",
    "command-line",
    "checks",
    "tests",
    "debugging",
    "editors",
    "debugger",
    "agents",
    "from-python",
    "serve",
    "console",
    "realtime",
    "several-processes",
    "cloud",
    "verify",
    "trust",
    "differences",
    "speed",
)


#: What is meant for the programs that write a part of a guide, and not for readers.
_REMARK = pattern(r"^<!--.*-->\n", re.MULTILINE)


@cache
def guides() -> tuple[Page, ...]:
    """Every guide in order."""
    return tuple(_guide(name) for name in ORDER)


def _guide(name: str) -> Page:
    text = _REMARK.sub("", (FOLDER / f"{name}.md").read_text(encoding="utf-8"))
    head, _, body = text.partition("\n")
    return Page(name, "guide", body.strip(), title=head.removeprefix("# ").strip())
