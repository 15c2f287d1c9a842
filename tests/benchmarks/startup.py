"""Start-up, as multiples of `python -c pass`: medians of runs one after another.

python tests/benchmarks/startup.py [--runs 15]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "samples"


def median_seconds(words: list[str], runs: int) -> float:
    """Median wall time of a command; the first run, which fills caches, is not counted."""
    times = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        times.append(time.perf_counter() - started)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(words)} failed:\n{done.stderr}")
    return statistics.median(times[1:])


def workloads(folder: Path) -> dict[str, list[str]]:
    small = folder / "small.xs"
    small.write_text((SAMPLES / "shop" / "function" / "discount.xs").read_text(encoding="utf-8"), encoding="utf-8")
    python = sys.executable
    run = [python, "-m", "xsrun", "run"]
    return {
        "python -c pass": [python, "-c", "pass"],
        "import lark": [python, "-c", "import lark"],
        "check a small file": [python, "-m", "xsrun", "check", str(small)],
        "run a plain snippet": [*run, str(SAMPLES / "snippets" / "totals.xs")],
        "run the first sample (JOSE)": [*run, str(SAMPLES / "jwe" / "jwe_encode.xs"), "--input", "secret_data=x"],
        "run the sample that stores rows": [
            *run,
            str(SAMPLES / "jwe" / "store_card.xs"),
            "--input",
            "user_id=7",
            "--input",
            "card=4111",
        ],
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=15)
    choice = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = 0.0
        for name, words in workloads(Path(folder)).items():
            seconds = median_seconds(words, choice.runs)
            base = base or seconds
            print(f"{name:<34} {seconds * 1000:8.1f} ms  {seconds / base:6.1f}x")


if __name__ == "__main__":
    main()
