"""Start-up, as multiples of `python -c pass`: medians of CPU time, the commands taking turns.

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

SAMPLES = Path(__file__).parents[2] / "samples"
BASE = "python -c pass"


def commands(small: Path) -> dict[str, list[str]]:
    """Name -> words. The first is what all others are compared with."""
    run, jwe = [sys.executable, "-m", "xsrun", "run"], SAMPLES / "jwe"
    row = ["--input", "user_id=7", "--input", "card=4111"]
    return {
        BASE: [sys.executable, "-c", "pass"],
        "check a small file, cold": [sys.executable, "-m", "xsrun", "check", str(small)],
        "check a small file again": [sys.executable, "-m", "xsrun", "check", str(small)],
        "run a plain snippet": [*run, str(SAMPLES / "snippets" / "totals.xs")],
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
    """Median seconds of each command and its multiple of an empty Python program."""
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder, "small.xs")
        cache = Path(folder, "cache")
        environment = {**os.environ, "XSRUN_CACHE": str(cache), "PYTHONPYCACHEPREFIX": str(Path(folder, "modules"))}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        shutil.copy(SAMPLES / "shop" / "function" / "discount.xs", small)
        taken: dict[str, list[float]] = {name: [] for name in commands(small)}
        for number in range(runs + 1):
            for name, words in commands(small).items():
                if name.endswith("cold"):
                    small.write_text(f"{small.read_text(encoding='utf-8')}// {number}\n", encoding="utf-8")
                taken[name].append(seconds(words, environment))
    medians = {name: statistics.median(times[1:]) for name, times in taken.items()}  # the first run fills caches
    base = medians[BASE]
    return [
        {"name": name, "xsrun": one, "python": base, "ratio": one / base}
        for name, one in medians.items()
        if name != BASE
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
        print(f"{row['name']:<34} {row['xsrun'] * 1000:8.1f} ms  {row['ratio']:6.1f}x")


if __name__ == "__main__":
    main()
