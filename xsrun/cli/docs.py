"""`xsrun docs`: the reference of a construct, type, statement, filter or error code, offline."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, TypedDict

from xsrun.errors import UsageError
from xsrun.records import made, record
from xsrun.registry import Builtin, Kind
from xsrun.values.conversion import to_json

if TYPE_CHECKING:
    from xsrun.diagnostics.codes import Code

#: What is in the catalogue, by the title of its list.
KINDS: dict[str, Kind] = {
    "statements": "statement",
    "filters": "filter",
    "query_filters": "query_filter",
    "input_filters": "input_filter",
}
TOPICS = {"constructs": "construct", "types": "type", "error_codes": "error code"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", nargs="?", help="a construct, type, statement, filter or error code; none lists all names"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def run(options: argparse.Namespace) -> int:
    if options.name is None:
        print(to_json(all_names()) if options.json else overview())
        return 0
    pages = find_pages(options.name)
    if not pages:
        raise unknown(options.name)
    if options.json:
        print(to_json({"pages": [page.as_dict() for page in pages]}))
    else:
        print("\n\n".join(page.text() for page in pages))
    return 0


class Part(TypedDict):
    """An attribute or argument."""

    name: str
    type: str
    required: bool


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


@record
class ReferencePage:
    """One page. `names` are all spellings, `parts` the attributes or arguments, `examples` (source, result)."""

    name: str
    kind: str
    form: str
    about: str
    names: list[str] = made(factory=list)
    parts: list[Part] = made(factory=list)
    examples: list[tuple[str, str]] = made(factory=list)
    note: str = ""

    def as_dict(self) -> PageDocument:
        """The page in the document of `--json`."""
        return {
            "name": self.name,
            "kind": self.kind,
            "form": self.form,
            "names": self.names,
            "text": self.about,
            "parameters": self.parts,
            "examples": [{"source": source, "result": result} for source, result in self.examples],
            "note": self.note,
        }

    def text(self) -> str:
        """The page as people read it."""
        lines = [f"{self.name} ({self.kind})", *([f"  {self.form}"] if self.form else [])]
        if self.names:
            lines.append(f"  also written: {', '.join(self.names)}")
        if self.about:
            lines += ["", *self.about.splitlines()]
        if self.parts:
            lines += ["", "attributes" if self.kind == "statement" else "arguments"]
            for part in self.parts:
                lines.append(f"  {part['name']}: {part['type']}{'' if part['required'] else ', optional'}")
        if self.note:
            lines += ["", self.note]
        elif self.examples:
            lines += ["", "examples"]
            for source, result in self.examples:
                lines += [f"  {line}".rstrip() for line in source.splitlines()]
                lines += [f"    {line}" for line in result.splitlines()]
        return "\n".join(lines)


def all_names() -> dict[str, list[str]]:
    """Every name that has a page, by the title of its list."""
    from xsrun.diagnostics.codes import all_codes
    from xsrun.language import catalogue
    from xsrun.language.catalogue.pages import topic_names

    listed = {title: topic_names(kind) for title, kind in TOPICS.items() if title != "error_codes"}
    listed |= {title: catalogue.names(kind) for title, kind in KINDS.items()}
    return {**listed, "error_codes": topic_names("error code"), "diagnostics": list(all_codes())}


def overview() -> str:
    """The names of everything, statements by namespace and filters by family."""
    from xsrun.language import catalogue

    lines = []
    for title, names in all_names().items():
        lines.append(title.replace("_", " "))
        groups: dict[str, list[str]] = {}
        for name in names:
            group = ""
            if title == "statements":
                group = name.partition(".")[0] if "." in name else "control"
            elif title in KINDS:
                group = catalogue.category(KINDS[title], name)
            groups.setdefault(group, []).append(name)
        ordered = sorted(groups.items()) if title == "statements" else groups.items()
        lines.extend(f"  {f'{group}: ' if group else ''}{' '.join(group_names)}" for group, group_names in ordered)
    return "\n".join(lines)


def find_pages(name: str) -> list[ReferencePage]:
    """The pages of everything that bears this name."""
    from xsrun import registry
    from xsrun.language import catalogue
    from xsrun.language.catalogue.pages import topics_of

    pages = []
    plain = name.removeprefix("|")
    for kind in KINDS.values():
        found = registry.find(kind, plain)
        if found is not None or catalogue.entry(kind, plain) is not None:
            pages.append(builtin_page(kind, plain, found))
    for topic in topics_of(name):
        shown = next(one for one in topic.names if one.casefold() == name.casefold())
        others = [one for one in topic.names if one != shown]
        about = topic.text + (f"\nThe same page tells of {', '.join(others)}." if others else "")
        pages.append(ReferencePage(shown, topic.kind, "", about, examples=[(text, "") for _, text in topic.examples]))
    return pages + diagnostic_pages(name)


def builtin_page(kind: Kind, name: str, found: Builtin | None) -> ReferencePage:
    """One statement or filter: form, what it does, attributes or arguments, examples."""
    from xsrun.language import catalogue

    entry = catalogue.entry(kind, name)
    statement = catalogue.entry("statement", name) if kind == "statement" else None
    word = kind.replace("_", " ")
    if found is None:
        return ReferencePage(entry["name"] if entry else name, word, "", "", note="not implemented in this version")
    page = ReferencePage(
        found.name,
        word,
        statement["header"] if statement is not None else f"|{found.signature}",
        found.documentation,
        names=list(found.aliases),
        parts=[
            {"name": part.name, "type": part.type, "required": part.required}
            for part in (found.attributes if kind == "statement" else found.arguments)
        ],
    )
    if found.unavailable:
        page.note = f"not available on this machine: {found.unavailable}"
    else:
        page.examples = [(example.source, example.result) for example in found.examples]
    return page


def diagnostic_pages(name: str) -> list[ReferencePage]:
    """What a diagnostic's code means, with an example and its repair."""
    from xsrun.diagnostics.codes import code_of

    found = code_of(name)
    return [DiagnosticPage(found)] if found is not None else []


class DiagnosticPage(ReferencePage):
    """The page of a diagnostic, which shows what is wrong beside what is right."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.code, code.severity, code.title, code.why, examples=[(code.example, code.repair)])
        self._shown = code.page

    def as_dict(self) -> PageDocument:
        ((wrong, right),) = self.examples
        return {**super().as_dict(), "examples": [{"source": wrong, "repair": right}]}

    def text(self) -> str:
        return self._shown


def unknown(name: str) -> UsageError:
    """Nothing has this name; what may be meant, also by words of other languages."""
    from xsrun.diagnostics.suggest import nearest
    from xsrun.language.constructs import FOREIGN_KINDS
    from xsrun.language.types import FOREIGN_TYPES

    lower = name.lower()
    close = FOREIGN_TYPES.get(lower) or FOREIGN_KINDS.get(lower)
    close = close or nearest(name, [known for names in all_names().values() for known in names])
    return UsageError(f"nothing is called `{name}`", hint=f"did you mean `{close}`?" if close else "see xsrun docs")
