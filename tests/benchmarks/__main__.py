"""All benchmarks in one run, as one table.

    python tests/benchmarks [--runs 15] [--only NAME] [--corpus FOLDER [--official FOLDER]] [--json] [--write]

Or `python -m tests.benchmarks`. Everything is measured against a twin: plain Python, sqlite3, a bare endpoint of the
same server, an empty Python program; and beside FastAPI and other programs that start quickly, where these are
installed (`pip install --group peers`). Medians of CPU time, both sides taking turns. `--corpus` is a folder with
clones of public programs: it adds the heaviest exercises (see `exercises.py`), and, with the official parser's folder,
the check of all files (see `reading.py`). `--write` writes the table into the manual's guide `speed`, where the one of
the last time stands, and a few of its rows into README.md. `--growth` measures something else: how work grows (see
`growth.py`).
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import os
import platform
import re
import statistics
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
README, GUIDE = ROOT / "README.md", ROOT / "xsrun" / "manual" / "guides" / "speed.md"
#: What stands around the table in README.md and in the guide.
BEGIN, END = "<!-- benchmarks: python tests/benchmarks --write -->", "<!-- /benchmarks -->"
GROWTH_BEGIN, GROWTH_END = "<!-- growth: python tests/benchmarks --growth --write -->", "<!-- /growth -->"
#: Of start-up, what README.md shows.
STARTED = (
    *("eval '1 + 1', beside node", "eval '1 + 1', beside deno", "eval '1 + 1', beside starlark-pyo3"),
    *("check a small file again, beside ruff", "run one unit test, beside pytest"),
)
#: The rows that README.md shows, by how they begin.
SHOWN = (
    "| programs: nested scalar loops |",
    "| the ten heaviest public exercises |",
    "| database statements: get |",
    "| requests: db.get, in memory |",
    "| requests: db.get, in memory, beside FastAPI |",
    "| reading: run 1,000 unit tests |",
    *(f"| start-up: {name} |" for name in STARTED),
)
#: module -> (what it measures, what it is compared with, whether its geometric mean says enough)
GROUPS = {
    "evaluator": ("programs", "Python", False),
    "exercises": ("the ten heaviest public exercises", "Python", True),
    "filters": ("the twenty most used filters", "Python", True),
    "database": ("database statements", "sqlite3", False),
    "server": ("requests", "a Starlette endpoint", False),
    "reading": ("reading", "", False),
    "checking": ("checking", "", False),
    "startup": ("start-up", "`python -c pass`", False),
}

#: The clone of xanojustin/xs-generator among the public programs.
EXERCISES = "xanojustin+xs-generator"

Row = dict[str, Any]


def measure(module: str, runs: int, corpus: Path | None, official: Path | None) -> list[Row] | None:
    """The rows of one script; None when something it needs is not there."""
    try:
        script = importlib.import_module(module)
        if module == "exercises":
            return script.measure(corpus / EXERCISES, runs) if corpus is not None else None
        rows: list[Row] = script.measure(runs, corpus, official) if module == "reading" else script.measure(runs)
    except ImportError as error:
        print(f"{module}: left out, {error}", file=sys.stderr)
        return None
    return rows


def mean_of(rows: list[Row]) -> float:
    return statistics.geometric_mean(row["ratio"] for row in rows)


def machine() -> str:
    """The day, and what the figures were measured on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    today = datetime.date.today().isoformat()
    implementation = platform.python_implementation()
    python = "Python" if implementation == "CPython" else implementation
    return f"{today}, {python} {platform.python_version()}, {platform.system()} {platform.machine()}, {cores} cores"


def time_of(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def plain_table(results: dict[str, list[Row]]) -> str:
    lines = []
    for module, rows in results.items():
        title, twin, _ = GROUPS[module]
        lines.append(f"{title}, against {twin}" if twin else title)
        for row in rows:
            times = f"{time_of(row['xsrun']):>9} {time_of(row['python']):>9}"
            lines.append(f"  {row['name']:<42} {times} {row['ratio']:7.2f}x {row.get('twin', '')}".rstrip())
        lines.append(f"  {'geometric mean':<62} {mean_of(rows):7.2f}x")
    return "\n".join(lines)


def markdown_table(results: dict[str, list[Row]]) -> str:
    lines = ["| what | xsrun | compared with | ratio |", "|---|---|---|---|"]
    for module, rows in results.items():
        title, twin, short = GROUPS[module]
        if short:
            best, worst = min(row["ratio"] for row in rows), max(row["ratio"] for row in rows)
            lines.append(f"| {title} | | {twin} | {mean_of(rows):.1f} ({best:.1f} to {worst:.1f}) |")
            continue
        for row in rows:
            shown = f"{row.get('twin', twin)}, {time_of(row['python'])}"
            lines.append(f"| {title}: {row['name']} | {time_of(row['xsrun'])} | {shown} | {row['ratio']:.1f} |")
    return "\n".join(lines)


def write(results: dict[str, list[Row]]) -> None:
    """Put the table between its marks in the guide, and the rows that are shown between those in README.md."""
    table = markdown_table(results)
    how = "Medians of one run, CPU time, limits on; the public files in wall time."
    put(GUIDE, f"{table}\n\n{machine()}. {how}")
    put(README, excerpt(table))


def excerpt(table: str) -> str:
    """The rows of the table that README.md shows; one that was not measured stays away."""
    lines = table.splitlines()
    return "\n".join([*lines[:2], *(line for line in lines if line.startswith(SHOWN))])


def put(path: Path, table: str, begin: str = BEGIN, end: str = END) -> None:
    """Write a text between the marks of a file."""
    text = path.read_text(encoding="utf-8")
    changed, count = re.subn(
        f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: f"{begin}\n{table}\n{end}", text, flags=re.DOTALL
    )
    if count != 1:
        raise SystemExit(f"{path.name} has no place for the table: it stands between {begin} and {end}")
    path.write_text(changed, encoding="utf-8")


def growth(names: list[str], runs: int, small: bool, as_json: bool, writes: bool) -> int:
    """The growth table; the exit status is 1 when something grows faster than it may."""
    script = importlib.import_module("growth")
    print(machine(), file=sys.stderr)
    rows = script.measure(names, runs, small)
    if as_json:
        print(json.dumps({"machine": machine(), "growth": rows}))
    if writes:
        put(GUIDE, f"{script.markdown_table(rows, time_of)}\n\n{machine()}.", GROWTH_BEGIN, GROWTH_END)
    return 0 if small else int(any(row["fault"] for row in rows))


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parent))  # the scripts import each other by name, as when they run alone
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, help="samples of each side: 15, of the growth table 3")
    options.add_argument("--only", action="append", choices=list(GROUPS), help="measure only this; may be repeated")
    options.add_argument("--corpus", type=Path, metavar="FOLDER", help="clones of public programs, as OWNER+NAME")
    options.add_argument("--official", type=Path, metavar="FOLDER", help="the folder of the official parser")
    options.add_argument("--json", action="store_true")
    options.add_argument("--write", action="store_true")
    options.add_argument("--load", action="store_true", help="servers of 1 and 2 processes beside Starlette's, alone")
    options.add_argument("--growth", action="store_true", help="n, 10 n and 100 n of many workloads, alone")
    options.add_argument(
        "--workload", action="append", default=[], metavar="NAME", help="of the growth table, only this"
    )
    options.add_argument("--small", action="store_true", help="of the growth table: tiny sizes, to see that it works")
    choice = options.parse_args()
    if choice.growth:
        sys.exit(growth(choice.workload, choice.runs or 3, choice.small, choice.json, choice.write))
    choice.runs = choice.runs or 15
    if choice.load:
        importlib.import_module("load").report([1, 2], 16, choice.runs, 2.0, choice.json)
        return
    results = {}
    for module in choice.only or GROUPS:
        rows = measure(module, choice.runs, choice.corpus, choice.official)
        if rows:
            results[module] = rows
    if choice.json:
        print(json.dumps({"machine": machine(), "results": results}))
        return
    print(machine())
    print(plain_table(results))
    if choice.write:
        write(results)


if __name__ == "__main__":
    main()
