"""The pages of what is neither a statement nor a filter: the sections of the Markdown files beside this module."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from xsrun.hints import NamedTuple

_SECTION = re.compile(r"^## (?P<names>[^(\n]+) \((?P<kind>[a-z ]+)\)\n(?P<body>(?:(?!^## ).*\n?)*)", re.MULTILINE)
_SEE = re.compile(r"^See also: (?P<names>[^\0]+?)\.?\Z", re.MULTILINE)
_FENCE = re.compile(r"^```(\w+)\n((?:(?!^```$).*\n)*)^```$", re.MULTILINE)

#: The files beside this module, in the order of their sections.
FILES = ("pages", "blocks", "operators", "topics")


class Topic(NamedTuple):
    """A page: its names, what it is about ("construct", "block", "type", "operator", "topic", "error code"), its text,
    its examples and the names of the pages that the line `See also: ...` at its end tells.

    An example is the language of its fence ("xs", "field", "json") and its lines.
    """

    names: tuple[str, ...]
    kind: str
    text: str
    examples: tuple[tuple[str, str], ...]
    see: tuple[str, ...] = ()


@cache
def topics() -> tuple[Topic, ...]:
    """Every page in order."""
    folder = Path(__file__).parent
    texts = [(folder / f"{name}.md").read_text(encoding="utf-8") for name in FILES]
    found = []
    for section in (one for text in texts for one in _SECTION.finditer(text)):
        body = section["body"]
        examples = tuple((fence[1], fence[2].rstrip("\n")) for fence in _FENCE.finditer(body))
        prose = _FENCE.sub("", body).strip()
        also = _SEE.search(prose)
        see = tuple(also["names"].replace("\n", " ").split(", ")) if also else ()
        prose = prose[: also.start()].rstrip() if also else prose
        names = section["names"].split(", " if ", " in section["names"] else None)
        found.append(Topic(tuple(names), section["kind"], prose, examples, see))
    return tuple(found)


def topic_names(kind: str) -> list[str]:
    """The names of all pages of one kind."""
    return [name for topic in topics() if topic.kind == kind for name in topic.names]


def topics_of(name: str) -> list[Topic]:
    """The pages with this name, in any case."""
    return [topic for topic in topics() if name.casefold() in map(str.casefold, topic.names)]
