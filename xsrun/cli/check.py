"""`xsrun check`: report every problem of some files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from xsrun.cli.output import use_color
from xsrun.errors import UsageError
from xsrun.runtime.values import to_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", default=["."], help="files and folders (default: this folder)")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def collect(paths: list[str]) -> dict[str, str]:
    """The texts below some files and folders by name as given. Raises UsageError when there is none."""
    from xsrun.workspace.loader import find_files, read_source

    sources = {}
    for given in paths:
        path = Path(given).expanduser()
        if path.is_dir():
            for file in find_files(path):
                sources[file.as_posix()] = read_source(file)
        elif path.exists():
            sources[path.as_posix()] = read_source(path)
        else:
            raise UsageError(f"no such file or folder: {given}")
    if not sources:
        raise UsageError(f"there is no .xs file in {', '.join(paths)}")
    return sources


def run(options: argparse.Namespace) -> int:
    from xsrun.analysis import check_sources

    sources = collect(options.paths)
    diagnostics = check_sources(sources)
    errors = sum(diagnostic.severity == "error" for diagnostic in diagnostics)
    warnings = sum(diagnostic.severity == "warning" for diagnostic in diagnostics)
    if options.json:
        print(to_json({"diagnostics": [diagnostic.as_dict() for diagnostic in diagnostics]}))
        return 1 if errors else 0
    if diagnostics:
        from xsrun.diagnostics.render import render_all

        print(render_all(diagnostics, sources, color=use_color(sys.stdout)))
    files = f"{len(sources)} file{'' if len(sources) == 1 else 's'}"
    found = f"{errors} error{'' if errors == 1 else 's'}, {warnings} warning{'' if warnings == 1 else 's'}"
    print(f"{files} checked: {found if diagnostics else 'no problems'}", file=sys.stderr)
    return 1 if errors else 0
