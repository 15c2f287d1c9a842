"""One page of the manual."""

from __future__ import annotations

from typing import NamedTuple, NotRequired, TypedDict

from xsrun.records import made, record
from xsrun.values.conversion import Value, to_json


class Part(TypedDict):
    """An attribute, argument or option. `default` is there for what may be left out and then has a value."""

    name: str
    type: str
    required: bool
    default: NotRequired[Value]
    values: NotRequired[list[str]]
    text: NotRequired[str]


class Shown(NamedTuple):
    """An example: its source, what comes of it (empty: it only has to run), and what stands before each of them."""

    source: str
    result: str = ""
    language: str = "xs"
    titles: tuple[str, str] = ("", "")


class PageDocument(TypedDict):
    """A page in the document of `--json`."""

    name: str
    kind: str
    form: str
    names: list[str]
    text: str
    parameters: list[Part]
    examples: list[dict[str, str]]
    note: str
    see_also: list[str]


@record
class Page:
    """One page. `about` is Markdown; `names` are its other spellings, `parts` attributes, arguments or options.

    `group` is the family among pages of its kind: the namespace of a statement, the category of a filter.
    """

    name: str
    kind: str
    about: str = ""
    form: str = ""
    names: list[str] = made(factory=list)
    parts: list[Part] = made(factory=list)
    examples: list[Shown] = made(factory=list)
    note: str = ""
    see: list[str] = made(factory=list)
    group: str = ""
    title: str = ""

    @property
    def summary(self) -> str:
        """The first sentence, or the title of what has one."""
        first = " ".join(self.about.strip().split("\n\n", 1)[0].split())
        return self.title or first.split(". ", 1)[0].rstrip(".")

    @property
    def parts_title(self) -> str:
        """What the parts are called."""
        if self.kind == "python":
            return "attributes" if self.form.startswith("class ") else "options"
        return {"statement": "attributes", "block": "attributes", "command": "options"}.get(self.kind, "arguments")

    def as_dict(self) -> PageDocument:
        """The page in the document of `--json`."""
        return {
            "name": self.name,
            "kind": self.kind,
            "form": self.form,
            "names": self.names,
            "text": self.about,
            "parameters": self.parts,
            "examples": [one_example(example) for example in self.examples],
            "note": self.note,
            "see_also": self.see,
        }


def one_example(example: Shown) -> dict[str, str]:
    """An example in the document of `--json`: of a diagnostic, what is wrong and its repair."""
    return {"source": example.source, "repair" if example.titles[1] == "right" else "result": example.result}


def described(part: Part) -> str:
    """What a part is: `int, optional, 5 unless given; one of a, b`."""
    words = [part["type"]] if part["type"] else []
    if not part["required"]:
        default = part.get("default")
        words.append("optional" if default is None else f"optional, {to_json(default)} unless given")
    values = part.get("values")
    return ", ".join(words) + (f"; one of {', '.join(values)}" if values else "")
