"""Reading programs: parsing, checking, loading a workspace, running its tests; each with its own twin.

    python tests/benchmarks/reading.py [--runs 7] [--json] [--corpus FOLDER --official FOLDER]

The twin of the parser is Python's own, written in C, over a program that does the same; of a run of unit tests, pytest
without plugins.
`--corpus` is a folder of public programs and `--official` the folder `language-server` of the official parser (see
`official_parser.mjs`): then `xsrun check` of all files is compared with a process of that parser that reads them. These
two are wall time, since `xsrun check` uses every processor; everything else is CPU time.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from startup import seconds
from timing import compare

from xsrun.syntax.parser import parser
from xsrun.syntax.source import Source

#: How often the body of the program stands in the texts that are parsed.
PARTS = 100
#: A 60-file workspace, as `xsrun run` loads it, and a suite of 1,000 tests.
FILES, TESTS = 60, 1000

PART = """    var $total { value = $input.items|map:$$.price|sum }
    conditional {
      if ($total > 100 && $input.member) {
        var.update $total { value = ($total * 0.9)|round:2 }
      }
      else {
        debug.log { value = "no discount for " ~ $input.name }
      }
    }
    foreach ($input.items) {
      each as $item {
        array.push $lines { value = {name: $item.name, price: $item.price} }
      }
    }
"""
PROGRAM = """function bill {{
  input {{
    text name
    bool member
    object[] items
  }}
  stack {{
    var $lines {{ value = [] }}
{parts}  }}
  response = $lines
}}
"""
TWIN_PART = """    total = sum(row["price"] for row in items)
    if total > 100 and member:
        total = round(total * 0.9, 2)
    else:
        print("no discount for " + name)
    for item in items:
        lines.append({"name": item["name"], "price": item["price"]})
"""
TWIN = """def bill(name, member, items):
    lines = []
{parts}    return lines
"""

FUNCTION = """function add_{number} {{
  input {{
    int a
    int b
  }}
  stack {{
    var $sum {{ value = $input.a + $input.b + {number} }}
  }}
  response = $sum
{tests}}}
"""
TEST = """  test "adds {number}" {{
    input = {{a: {number}, b: 2}}
    expect.to_equal ($response) {{
      value = {sum}
    }}
  }}
"""
TWIN_TEST = """def test_adds_{part}_{number}():
    assert add_{part}(a={number}, b=2) == {sum}
"""


def suite(folder: Path) -> tuple[Path, Path]:
    """A workspace of 1,000 unit tests in ten functions, and the same as a module of pytest tests."""
    workspace = folder / "suite"
    workspace.mkdir()
    twin = []
    for part in range(10):
        sums = [(number, number + 2 + part) for number in range(TESTS // 10)]
        tests = "".join(TEST.format(number=number, sum=total) for number, total in sums)
        text = FUNCTION.format(number=part, tests=tests)
        (workspace / f"add_{part}.xs").write_text(text, encoding="utf-8")
        twin.append(f"def add_{part}(a, b):\n    return a + b + {part}\n")
        twin += [TWIN_TEST.format(part=part, number=number, sum=total) for number, total in sums]
    module = folder / "test_suite.py"
    module.write_text("\n\n".join(twin), encoding="utf-8")
    return workspace, module


def many_files(folder: Path) -> Path:
    """A workspace of 60 files; what runs is the first."""
    workspace = folder / "many"
    workspace.mkdir()
    body = PROGRAM.format(parts=PART * 3)
    (workspace / "f0.xs").write_text(FUNCTION.format(number=0, tests=""), encoding="utf-8")
    for number in range(1, FILES):
        text = body.replace("function bill", f"function bill_{number}")
        (workspace / f"f{number}.xs").write_text(text, encoding="utf-8")
    return workspace


def row(name: str, ours: float, plain: float, twin: str) -> dict[str, Any]:
    return {"name": name, "xsrun": ours, "python": plain, "ratio": ours / plain, "twin": twin}


def parsing(runs: int) -> dict[str, Any]:
    text, twin = PROGRAM.format(parts=PART * PARTS), TWIN.format(parts=TWIN_PART * PARTS)
    lines = text.count("\n")

    def ours() -> None:
        parser().parse(Source(text), "document")

    return row(f"parse {lines:,} lines", *compare(ours, lambda: ast.parse(twin), runs), "Python's parser in C")


def processes(runs: int, commands: dict[str, list[str]], environment: dict[str, str]) -> dict[str, float]:
    """Median CPU seconds of each command; they take turns, and the first round fills the caches."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs + 1):
        for name, words in commands.items():
            taken[name].append(seconds(words, environment))
    return {name: statistics.median(times[1:]) for name, times in taken.items()}


def measure(runs: int, corpus: Path | None = None, official: Path | None = None) -> list[dict[str, Any]]:
    """Seconds of each piece of work and of its twin, and their ratio."""
    rows = [parsing(runs)]
    run = [sys.executable, "-m", "xsrun"]
    call = ["--input", "a=1", "--input", "b=2"]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        workspace, module = suite(folder)
        many = many_files(folder)
        alone = folder / "alone"
        alone.mkdir()
        shutil.copy(many / "f0.xs", alone / "f0.xs")
        caches = {"XSRUN_CACHE": str(folder / "cache"), "PYTHONPYCACHEPREFIX": str(folder / "modules")}
        environment = {**os.environ, **caches}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = (
            "1"  # the plugins of this project's own tests cost as much again
        )
        bare = ["-p", "no:cacheprovider", "-q"]
        found = processes(
            runs,
            {
                "tests": [*run, "test", str(workspace)],
                "pytest": [sys.executable, "-m", "pytest", *bare, str(module)],
                "many": [*run, "run", "function:add_0", "--workspace", str(many), *call],
                "alone": [*run, "run", "function:add_0", "--workspace", str(alone), *call],
            },
            environment,
        )
    rows.append(row(f"run {TESTS:,} unit tests", found["tests"], found["pytest"], "pytest without plugins"))
    rows.append(row(f"run in a workspace of {FILES} files", found["many"], found["alone"], "in one of a single file"))
    return rows + everything(corpus, official, runs) if corpus and official else rows


def everything(corpus: Path, official: Path, runs: int) -> list[dict[str, Any]]:
    """`xsrun check` of all public programs, cold and again, beside one process of the official parser; wall time.

    Cold is as on a fresh machine: nothing is kept of any program. The tables of the grammar are part of an installed
    package; in a checkout they are made once, and kept.
    """
    files = sorted(str(path) for path in corpus.rglob("*.xs") if path.is_file() and "node_modules" not in path.parts)
    folders = sorted({str(corpus / Path(file).relative_to(corpus).parts[0]) for file in files})
    check = [sys.executable, "-m", "xsrun", "check", *folders]
    taken: dict[str, list[float]] = {"official": [], "cold": [], "again": []}
    with tempfile.TemporaryDirectory() as folder:
        listed, cache = Path(folder, "files.txt"), Path(folder, "cache")
        listed.write_text("\n".join(files), encoding="utf-8")
        read = ["node", str(Path(__file__).with_name("official_parser.mjs")), str(official), str(listed)]
        wall([sys.executable, "-m", "xsrun", "check", files[0]], cache)
        for _ in range(runs):
            for kept in cache.iterdir():
                if kept.name != "grammar":
                    shutil.rmtree(kept)
            for name, command in (("official", read), ("cold", check), ("again", check)):
                taken[name].append(wall(command, cache))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    twin = "the official parser"
    return [
        row(f"check {len(files):,} public files, cold", medians["cold"], medians["official"], twin),
        row(f"check {len(files):,} public files again", medians["again"], medians["official"], twin),
    ]


def wall(words: list[str], cache: Path) -> float:
    """Wall seconds of one command; `xsrun check` ends with 1, since the files hold errors."""
    environment = {**os.environ, "XSRUN_CACHE": str(cache)}
    started = time.perf_counter()
    done = subprocess.run(words, env=environment, capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(words[:4])} failed:\n{done.stderr.decode()}")
    return time.perf_counter() - started


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=7)
    options.add_argument("--json", action="store_true")
    options.add_argument("--corpus", type=Path, metavar="FOLDER")
    options.add_argument("--official", type=Path, metavar="FOLDER")
    choice = options.parse_args()
    rows = measure(choice.runs, choice.corpus, choice.official)
    if choice.json:
        print(json.dumps(rows))
        return
    for one in rows:
        times = f"{one['xsrun'] * 1000:9.1f} ms  {one['python'] * 1000:8.1f} ms"
        print(f"{one['name']:<38} {times}  {one['ratio']:6.2f}x of {one['twin']}")


if __name__ == "__main__":
    main()
