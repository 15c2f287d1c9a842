"""Measure xsrun on a folder of XanoScript: how many files parse, check, and run, and what each failure is.

    python tests/corpus.py FOLDER [--check] [--jobs] [--show N]

It is how public collections are measured, outside of CI. Nothing below FOLDER is changed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from xsrun.api import Workspace, check
from xsrun.errors import XanoScriptError
from xsrun.running.context import Limits
from xsrun.syntax.parser import parser
from xsrun.syntax.source import Source
from xsrun.workspace.loader import find_files


def parse_all(files: list[Path], show: int) -> int:
    """Parse every file; print how many are accepted, and why the others are not."""
    refused = []
    characters = 0
    started = time.perf_counter()
    for file in files:
        text = file.read_text(encoding="utf-8-sig")
        characters += len(text)
        parsed = parser().parse(Source(text, str(file)), "document")
        errors = [found for found in parsed.diagnostics if found.severity == "error"]
        if errors:
            refused.append(errors[0])
    seconds = time.perf_counter() - started
    accepted = len(files) - len(refused)
    share = 100 * accepted / max(len(files), 1)
    size = f"{characters / 1e6:.2f} MB in {seconds:.1f} s"
    print(f"parse: {accepted} of {len(files)} files accepted ({share:.2f} %), {size}")
    for error in refused[:show]:
        print(f"  {error.file}:{error.line}:{error.column}: {error.message}")
    return len(refused)


def check_all(folders: list[Path], show: int) -> None:
    """Check each folder as one workspace; print how many problems of which code."""
    codes: Counter[str] = Counter()
    errors = []
    started = time.perf_counter()
    for folder in folders:
        sources = {file.as_posix(): file.read_text(encoding="utf-8-sig") for file in find_files(folder)}
        for found in check(sources):
            codes[f"{found.severity} {found.code}"] += 1
            if found.severity == "error":
                errors.append(found)
    print(
        f"check: {time.perf_counter() - started:.1f} s; " + ", ".join(f"{n} {code}" for code, n in codes.most_common())
    )
    for error in errors[:show]:
        print(f"  {error.file}:{error.line}:{error.column}: {error.code} {error.message}")


def run_jobs(folders: list[Path], show: int) -> None:
    """Run every `run.job` once; print how the runs ended."""
    outcomes: Counter[str] = Counter()
    failures = []
    started = time.perf_counter()
    for folder in folders:
        with Workspace.load(folder, limits=Limits(seconds=20)) as workspace:
            for job in [c for c in workspace.constructs if c.kind == "run.job"]:
                result = workspace.run(job.name, kind="run.job", file=job.file)
                error = result.error
                outcomes["ended" if error is None else type(error).__name__] += 1
                if error is not None:
                    failures.append(f"{folder.name}/{error.file}:{error.line}: {type(error).__name__}: {error}")
    seconds = time.perf_counter() - started
    print(
        f"jobs: {sum(outcomes.values())} run in {seconds:.1f} s; " + ", ".join(f"{n} {k}" for k, n in outcomes.items())
    )
    for failure in failures[:show]:
        print(f"  {failure}")


def workspaces_below(folder: Path) -> list[Path]:
    """The folders to take as workspaces: those that hold a run.job's `run.xs`, else the folders directly below."""
    inner = sorted(
        {path.parent.parent if path.parent.name == "run" else path.parent for path in folder.rglob("run*.xs")}
    )
    return inner or sorted(path for path in folder.iterdir() if path.is_dir() and find_files(path))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--check", action="store_true", help="check each folder below as one workspace")
    options.add_argument("--jobs", action="store_true", help="run every run.job")
    options.add_argument("--show", type=int, default=20, help="how many failures to print (default: 20)")
    choice = options.parse_args()
    try:
        files = find_files(choice.folder)
        refused = parse_all(files, choice.show)
        if choice.check:
            check_all(sorted(path for path in choice.folder.iterdir() if path.is_dir()), choice.show)
        if choice.jobs:
            run_jobs(workspaces_below(choice.folder), choice.show)
    except XanoScriptError as error:
        print(error, file=sys.stderr)
        return 2
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
