"""How work grows: each workload with n, 10 n and 100 n of something, and the exponent of its CPU time.

    python tests/benchmarks --growth [--runs 3] [--workload NAME ...] [--small] [--json] [--write]

Each sample is a process of its own, so that the memory is that of one workload, and its garbage is collected as on the
command line. The exponent is the greater of those from 10 n to 100 n and from n to 100 n: 1 is work in proportion, 2
work in proportion to the square. Memory is the most that the process held above what it held before the work, with
100 n. What grows faster than it may is marked, unless a warning has told the program's author what to write instead.
"""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
from typing import Any

STEPS = (1, 10, 100)
Row = dict[str, Any]


def used() -> float:
    """CPU seconds of this process and of those that it waited for."""
    import resource

    usages = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak() -> int:
    """Bytes that this process held at most."""
    import resource

    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held * 1024


def sample(name: str, n: int) -> dict[str, Any]:
    """Seconds and bytes of one workload, in this process, and whether it was warned of."""
    from growing import WORKLOADS, warnings

    from xsrun.cli import collect_less_often

    collect_less_often()
    make = WORKLOADS[name].make
    make(3)()  # imports what is needed
    work = make(n)
    warnings.clear()
    held, before = peak(), used()
    work()
    return {"seconds": used() - before, "bytes": peak() - held, "told": bool(warnings)}


def in_a_process(name: str, n: int) -> dict[str, Any]:
    command = [sys.executable, __file__, name, str(n)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} with {n:,} failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure(names: list[str], runs: int, small: bool) -> list[Row]:
    """Medians of each workload at each size; `small` sizes show only that everything works."""
    from growing import WORKLOADS

    rows = []
    for name in names or WORKLOADS:
        workload = WORKLOADS[name]
        least = 1 if small else workload.least
        samples = [[in_a_process(name, least * step) for _ in range(runs)] for step in STEPS]
        few, more, most = (statistics.median(one["seconds"] for one in found) for found in samples)
        memory = statistics.median(one["bytes"] for one in samples[2])
        exponent = max(math.log10(most / more), math.log10(most / few) / 2)
        told = any(one["told"] for one in samples[2])
        row: Row = {"name": name, "n": least, "seconds": [few, more, most], "exponent": exponent, "bytes": memory}
        rows.append({**row, "told": told, "fault": exponent > workload.most and not told})
        print(plain(rows[-1]), file=sys.stderr, flush=True)
    return rows


def note(row: Row) -> str:
    """What is said of a row: a fault, or that a warning names what to write instead."""
    return "GROWS TOO FAST" if row["fault"] else "a warning tells" if row["told"] else ""


def plain(row: Row) -> str:
    times = " ".join(f"{seconds * 1000:10.2f}" for seconds in row["seconds"])
    memory = f"{row['bytes'] / 2**20:8.1f}"
    return f"{row['name']:<36} {row['n']:>7,} {times} {row['exponent']:7.2f} {memory}  {note(row)}".rstrip()


def markdown_table(rows: list[Row], time_of: Any) -> str:
    lines = ["| work | n | n | 10 n | 100 n | exponent | memory, MB | note |", "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        times = " | ".join(time_of(seconds) for seconds in row["seconds"])
        name = row["name"].replace("|", "\\|")
        memory = f"{row['bytes'] / 2**20:.0f}"
        lines.append(f"| {name} | {row['n']:,} | {times} | {row['exponent']:.2f} | {memory} | {note(row)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(json.dumps(sample(sys.argv[1], int(sys.argv[2]))))
