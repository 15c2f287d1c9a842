"""`xsrun docs`: the reference of a statement, filter, type or error code, offline."""

from __future__ import annotations

import argparse
from typing import Any

from xsrun.errors import UsageError
from xsrun.registry import Builtin, Kind

KINDS: tuple[Kind, ...] = ("statement", "filter", "query_filter", "input_filter")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="a statement, a filter, an error code; none lists all names")


def run(options: argparse.Namespace) -> int:
    if options.name is None:
        print(overview())
        return 0
    pages = find_pages(options.name)
    if not pages:
        raise unknown(options.name)
    print("\n\n".join(pages))
    return 0


def overview() -> str:
    """The names of all statements and filters, by namespace and family."""
    from xsrun import catalogue

    lines = ["statements"]
    namespaces: dict[str, list[str]] = {}
    for name in catalogue.names("statement"):
        namespaces.setdefault(name.partition(".")[0] if "." in name else "control", []).append(name)
    lines.extend(f"  {namespace}: {' '.join(names)}" for namespace, names in sorted(namespaces.items()))
    for title, kind in (("filters", "filter"), ("query filters", "query_filter"), ("input filters", "input_filter")):
        families: dict[str, list[str]] = {}
        for name in catalogue.names(kind):
            entry = catalogue.entry(kind, name)
            families.setdefault(entry["category"] if entry else "", []).append(name)
        lines.append(title)
        lines.extend(f"  {family}: {' '.join(names)}" for family, names in families.items())
    return "\n".join(lines)


def find_pages(name: str) -> list[str]:
    """The pages of every builtin and code of this name."""
    from xsrun import catalogue, registry

    pages = []
    plain = name.removeprefix("|")
    for kind in KINDS:
        entry = catalogue.entry(kind, plain)
        record = registry.find(kind, plain)
        if entry is not None or record is not None:
            pages.append(page(kind, plain, entry, record))
    code_page = error_code_page(name.upper())
    if code_page:
        pages.append(code_page)
    return pages


def page(kind: str, name: str, entry: dict[str, Any] | None, record: Builtin | None) -> str:
    """One builtin: form, what it does, attributes or arguments, examples."""
    title = kind.replace("_", " ")
    shown = entry["name"] if entry else name
    lines = [f"{shown} ({title})"]
    if kind == "statement" and entry:
        lines.append(f"  {entry['header']}")
    elif record is not None:
        lines.append(f"  |{record.signature}")
    if record is not None and record.aliases:
        lines.append(f"  also written: {', '.join(record.aliases)}")
    text = record.documentation if record is not None else (entry or {}).get("summary", "")
    if text:
        lines += ["", *text.splitlines()]
    parts = (entry or {}).get("attributes" if kind == "statement" else "args") or []
    parts = [part for part in parts if part["name"] not in ("description", "disabled", "mock")]
    if parts:
        lines += ["", "attributes" if kind == "statement" else "arguments"]
        for part in parts:
            what = part.get("value") or part.get("type")
            lines.append(f"  {part['name']}: {what}{'' if part['required'] else ', optional'}")
    if record is None:
        lines += ["", "not implemented in this version"]
    elif record.unavailable:
        lines += ["", f"not available on this machine: {record.unavailable}"]
    elif record.examples:
        lines += ["", "examples"]
        for example in record.examples:
            lines += [f"  {line}" for line in example.source.splitlines()]
            if example.result:
                lines += [f"    {line}" for line in example.result.splitlines()]
    return "\n".join(lines)


def error_code_page(code: str) -> str | None:
    """What a diagnostic's code means, with an example and its repair."""
    try:
        from xsrun.diagnostics.codes import page_of
    except ImportError:
        return None
    return page_of(code)


def unknown(name: str) -> UsageError:
    from xsrun import catalogue
    from xsrun.diagnostics.suggest import nearest

    names = [
        known for kind in ("statement", "filter", "query_filter", "input_filter") for known in catalogue.names(kind)
    ]
    close = nearest(name, names)
    return UsageError(f"nothing is called `{name}`", hint=f"did you mean `{close}`?" if close else "see xsrun docs")
