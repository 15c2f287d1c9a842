"""`xsrun format`: format files in place."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

from xsrun.cli.arguments import show_error
from xsrun.cli.differences import print_difference
from xsrun.cli.named import STDIN
from xsrun.errors import UsageError, XanoScriptError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", default=["."], help="files and folders (default: this folder); - is stdin")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when something would change")
    parser.add_argument("--diff", action="store_true", help="change nothing; print what would change")


def run(options: argparse.Namespace) -> int:
    """Format; a file with errors is reported and left alone: the exit status is then 1, of one not to be written 2."""
    from xsrun.workspace.loader import matching

    options.paths = matching(options.paths)
    piped = options.paths == ["-"]
    sources = collect(options.paths)
    changed = refused = unwritten = 0
    for name, text in sources.items():
        made = formatted(name, text)
        if made is None:
            refused += 1
            continue
        if piped and not (options.check or options.diff):
            if isinstance(sys.stdout, io.TextIOWrapper):
                sys.stdout.reconfigure(encoding="utf-8")  # source text, which is UTF-8 everywhere
            print(made, end="")
            return 0
        if made != text:
            try:
                deliver(name, text, made, options)
                changed += 1
            except UsageError as error:
                show_error(error)
                unwritten += 1
    would = "would be " if options.check or options.diff else ""
    if not piped:
        unchanged = len(sources) - changed - refused - unwritten
        counts = {
            f"{would}changed": changed,
            "already formatted": unchanged,
            "with errors": refused,
            "that cannot be written": unwritten,
        }
        print(summary(counts), file=sys.stderr)
    return 2 if unwritten else 1 if refused or (options.check and changed) else 0


def collect(paths: list[str]) -> dict[str, str]:
    """The texts below some files and folders by name as given, of `-` alone the standard input.

    Raises UsageError when there is none.
    """
    from xsrun.workspace.loader import find_files, read_source, read_standard_input

    if paths == ["-"]:
        return {STDIN: read_standard_input()}
    sources: dict[str, str] = {}
    for given in paths:
        path = Path(given).expanduser()
        if path.is_dir():
            sources |= {file.as_posix(): read_source(file) for file in find_files(path)}
        elif path.exists():
            sources[path.as_posix()] = read_source(path)
        else:
            raise UsageError(f"no such file or folder: {given}")
    if not sources:
        raise UsageError(f"there is no .xs file in {', '.join(paths)}")
    return sources


def formatted(name: str, text: str) -> str | None:
    """The formatted text of a file, or None after reporting why it cannot be formatted."""
    from xsrun.syntax.format.formatter import format_source

    try:
        return format_source(text, name)
    except XanoScriptError as error:
        show_error(error, {name: text})
        return None


def deliver(name: str, text: str, made: str, options: argparse.Namespace) -> None:
    """Write a changed file, or say what would change in it."""
    if options.diff:
        print_difference(name, text, made)
    elif options.check:
        print(f"would change {name}")
    else:
        from xsrun.workspace.loader import write_source

        write_source(Path(name), made)
        print(f"formatted {name}", file=sys.stderr)


def summary(counts: dict[str, int]) -> str:
    """How many files there were of each sort; of the first also when there was none."""
    first = next(iter(counts))
    shown = ", ".join(f"{count} {what}" for what, count in counts.items() if count or what == first)
    return f"files: {shown}"
