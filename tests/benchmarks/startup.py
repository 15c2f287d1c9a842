"""Start-up, as multiples of `python -c pass` and beside other programs: medians of CPU time, all taking turns.

    python tests/benchmarks/startup.py [--runs 15] [--json]

Python's own cache of compiled modules is on, as it is for an installed package, and every command has run before.
"Cold" means a file that xsrun has not seen yet.
"""

from __future__ import annotations

import argparse
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

import peers

SAMPLES = Path(__file__).parents[2] / "samples"
BASE = "`python -c pass`"


#: A program that stores a row and finds it, and a function with a test.
ROWS = """function "fruits" {
  input {
  }
  stack {
    db.add "fruit" { data = {name: "apple", price: 2} } as $added
    db.query "fruit" { where = $db.fruit.price > 1, return = {type: "list"} } as $found
  }
  response = $found
}
---
table "fruit" {
  auth = false
  schema {
    int id
    text name
    int price
  }
}
"""
TESTED = """function "add" {
  input {
    int a
    int b
  }
  stack {
  }
  response = $input.a + $input.b

  test "adds" {
    input = {a: 1, b: 2}
    expect.to_equal ($response) { value = 3 }
  }
}
"""


def commands(folder: Path, small: Path) -> dict[str, list[str]]:
    """Name -> words. The first is what all others are compared with."""
    xsrun, jwe = [sys.executable, "-m", "xsrun"], SAMPLES / "jwe"
    run = [*xsrun, "run"]
    row = ["--input", "user_id=7", "--input", "card=4111"]
    rows, tested = folder / "rows" / "rows.xs", folder / "tested" / "add.xs"  # what lies beside counts, too
    for file in (rows, tested):
        file.parent.mkdir(exist_ok=True)
    rows.write_text(ROWS, encoding="utf-8")
    tested.write_text(TESTED, encoding="utf-8")
    return {
        BASE: [sys.executable, "-c", "pass"],
        peers.EVALUATE: [*xsrun, "eval", "1 + 1"],
        "check a small file, cold": [*xsrun, "check", str(small)],
        peers.CHECK: [*xsrun, "check", str(small)],
        peers.TEST: [*xsrun, "test", str(tested)],
        "run a plain snippet": [*run, str(SAMPLES / "snippets" / "totals.xs")],
        "run a program with rows": [*run, str(rows)],
        "run the first sample (JOSE)": [*run, str(jwe / "jwe_encode.xs"), "--input", "secret_data=x"],
        "run the sample that stores rows": [*run, str(jwe / "store_card.xs"), *row],
    }


def seconds(words: list[str], environment: dict[str, str]) -> float:
    """CPU time of one command, in user and system mode; wall time where the system does not tell."""
    started = time.perf_counter()
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if not hasattr(os, "wait4"):
        problem, used = process.communicate()[1], time.perf_counter() - started
    else:
        assert process.stderr is not None
        problem = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        used = usage.ru_utime + usage.ru_stime
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(words)} failed:\n{problem.decode()}")
    return used


def measure(runs: int) -> list[dict[str, Any]]:
    """Median seconds of each command and its multiple of an empty Python program, and of a peer where it has one."""
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder, "small.xs")
        cache = Path(folder, "cache")
        modules = str(Path(folder, "modules"))
        environment = {**os.environ, "XSRUN_CACHE": str(cache), "PYTHONPYCACHEPREFIX": modules, "NO_COLOR": "1"}
        environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        shutil.copy(SAMPLES / "shop" / "function" / "discount.xs", small)
        beside = peers.found(Path(folder))
        started = commands(Path(folder), small) | {name: words for name, (_, _, words) in beside.items()}
        taken: dict[str, list[float]] = {name: [] for name in started}
        for number in range(runs + 1):
            for name, words in started.items():
                if name.endswith("cold"):
                    small.write_text(f"{small.read_text(encoding='utf-8')}// {number}\n", encoding="utf-8")
                taken[name].append(seconds(words, environment))
    medians = {name: statistics.median(times[1:]) for name, times in taken.items()}  # the first run fills caches
    rows = [(name, name, BASE, BASE) for name in medians if name != BASE and name not in beside]
    rows += [(f"{ours}, beside {peer}", ours, peer, does) for peer, (ours, does, _) in beside.items()]
    return [
        {"name": name, "twin": does, "xsrun": medians[ours], "python": medians[twin]}
        | {"ratio": medians[ours] / medians[twin]}
        for name, ours, twin, does in rows
    ]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=15)
    options.add_argument("--json", action="store_true")
    choice = options.parse_args()
    rows = measure(choice.runs)
    if choice.json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(f"{row['name']:<42} {row['xsrun'] * 1000:8.1f} ms  {row['ratio']:6.1f}x of {row['twin']}")


if __name__ == "__main__":
    main()
