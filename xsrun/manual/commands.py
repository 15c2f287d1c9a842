"""The pages of the command line, made from the parsers of its commands."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence

from xsrun.manual.page import Page, Part, Shown


def command_page(parser: argparse.ArgumentParser) -> Page:
    """The page of one command."""
    name = parser.prog.removeprefix("xsrun ")
    given: Sequence[tuple[str, str]] = getattr(parser, "examples", ())
    text = "\n".join(f"$ {command}\n    # {about}" for command, about in given)
    examples = [Shown(text, "", "console")] if text else []
    return Page(
        name,
        "command",
        "\n\n".join(filter(None, (parser.description, parser.epilog))),
        " ".join(parser.format_usage().removeprefix("usage: ").split()),
        parts=list(parts_of(parser)),
        examples=examples,
    )


def pages_of(parsers: Mapping[str, argparse.ArgumentParser]) -> Iterator[Page]:
    """The pages of some commands; one whose first argument is an action has a page for each of them."""
    for parser in parsers.values():
        yield command_page(parser)
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for below in action.choices.values():
                    yield command_page(below)


def parts_of(parser: argparse.ArgumentParser) -> Iterator[Part]:
    """The arguments and options of a command, as its help tells of them."""
    for action in parser._actions:
        if isinstance(action, (argparse._SubParsersAction, argparse._HelpAction)) or action.help == argparse.SUPPRESS:
            continue
        metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
        takes = "" if action.nargs == 0 else metavar
        name = ", ".join(action.option_strings) or metavar
        required = action.required or (not action.option_strings and action.nargs not in ("?", "*"))
        part: Part = {"name": name, "type": takes if action.option_strings else "", "required": required}
        part["text"] = (action.help or "").replace("%%", "%")
        yield part
