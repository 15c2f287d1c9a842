"""The pages of constructs, types of fields and error codes: the sections of pages.md beside this module."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

_SECTION = re.compile(r"^## (?P<names>[^(\n]+) \((?P<kind>[a-z ]+)\)\n(?P<body>(?:(?!^## ).*\n?)*)", re.MULTILINE)
_FENCE = re.compile(r"^```(\w+)\n((?:(?!^```$).*\n)*)^```$", re.MULTILINE)


class Topic(NamedTuple):
    """A page: its names, what it is about ("construct", "type", "error code"), its text and its examples.

    An example is the language of its fence ("xs", "field", "json") and its lines.
    """

    names: tuple[str, ...]
    kind: str
    text: str
    examples: tuple[tuple[str, str], ...]


@cache
def topics() -> tuple[Topic, ...]:
    """Every page in order."""
    text = Path(__file__).with_name("pages.md").read_text(encoding="utf-8")
    found = []
    for section in _SECTION.finditer(text):
        body = section["body"]
        examples = tuple((fence[1], fence[2].rstrip("\n")) for fence in _FENCE.finditer(body))
        prose = _FENCE.sub("", body).strip()
        found.append(Topic(tuple(section["names"].split()), section["kind"], prose, examples))
    return tuple(found)


def topic_names(kind: str) -> list[str]:
    """The names of all pages of one kind."""
    return [name for topic in topics() if topic.kind == kind for name in topic.names]


def topics_of(name: str) -> list[Topic]:
    """The pages with this name, in any case."""
    return [topic for topic in topics() if name.casefold() in map(str.casefold, topic.names)]
