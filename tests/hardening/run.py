#!/usr/bin/env python3
"""Run hostile programs with the installed xsrun, each in a process of its own.

    python tests/hardening/run.py [--cases FILE] [--only TEXT] [--patience TIMES]

A case passes when the program ends within `seconds` (of the processor, and in wall time `--patience` times as much, so
that a busy machine changes nothing), stays under `memory` MB, shows no internal fault and no Python
traceback, its exit status is one of `exit`, and its output holds `shows` and not `hides`; the file `absent` is not
made. Exit status: 0 when all pass.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

CASES = Path(__file__).with_name("cases.jsonl")
FAULTS = ("Traceback (most recent call last)", "nternal error in xsrun")
#: how long a look at the memory lasts, in seconds
LOOK = 0.05
#: how many times longer than its own time a program may take on a busy machine
PATIENCE = 6
#: what a process may map at most; V8 reserves more than that without using it
ADDRESSES = 4 << 30

Case = dict[str, Any]


def read_cases(path: Path = CASES) -> list[Case]:
    """The cases of a file, one JSON object a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def perform(case: Case, patience: float = PATIENCE) -> str | None:
    """What is wrong, or None."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for relative, text in case["files"].items():
            path = folder / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        output = folder.joinpath(".output")
        with output.open("wb") as written, start(case, folder, written) as process:
            peak = follow(process, case["seconds"], patience)
        if process.returncode < 0 and peak is None:
            return f"not over after {case['seconds']} s"
        shown = output.read_text(encoding="utf-8", errors="replace")
        made = case.get("absent") and folder.joinpath(case["absent"]).exists()
        return f"made the file {case['absent']}" if made else judged(case, process.returncode, peak or 0, shown)


def start(case: Case, folder: Path, written: Any) -> subprocess.Popen[bytes]:
    """The program of a case, begun in its folder."""
    words = [word.replace("{folder}", str(folder)) for word in case["command"]]
    return subprocess.Popen(
        [sys.executable, "-m", "xsrun", *words],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "XSRUN_CACHE": str(folder / ".cache")},
        stdin=subprocess.DEVNULL,
        stdout=written,
        stderr=subprocess.STDOUT,
        preexec_fn=None if case.get("javascript") else bound_addresses,
    )


def bound_addresses() -> None:
    """Keep a program that takes memory without end from taking all of the machine's."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))


def follow(process: subprocess.Popen[bytes], seconds: float, patience: float) -> int | None:
    """Wait for a process; returns the most memory it was seen to hold in MB, or None when it had to be ended."""
    peak = 0
    for _ in range(round(seconds * patience / LOOK)):
        try:
            process.wait(LOOK)
        except subprocess.TimeoutExpired:
            peak = max(peak, peak_of(process.pid))
        else:
            return peak
        if processor_time(process.pid) > seconds:
            break
    process.kill()
    return None


def peak_of(process: int) -> int:
    """The most memory that a process has held so far, in MB; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return max((int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM")), default=0)


def processor_time(process: int) -> float:
    """How long a process has run, in seconds of the processor; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def judged(case: Case, status: int, peak: int, shown: str) -> str | None:
    """What is wrong with how a case ended, or None."""
    fault = next((line for line in shown.splitlines() if any(fault in line for fault in FAULTS)), None)
    if peak > case["memory"]:
        return f"{peak} MB, allowed {case['memory']}"
    if fault is not None:
        return fault[:160]
    if status not in case["exit"]:
        return f"exit {status}: {shown[-160:]}"
    if case.get("shows") and case["shows"] not in shown:
        return f"does not show {case['shows']!r}: {shown[-160:]}"
    if case.get("hides") and case["hides"] in shown:
        return f"shows {case['hides']!r}"
    return None


def main() -> int:
    """Run the chosen cases and print those that end wrong."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--cases", type=Path, default=CASES)
    options.add_argument("--only", default="")
    options.add_argument("--patience", type=float, default=PATIENCE)
    chosen = options.parse_args()
    cases = [case for case in read_cases(chosen.cases) if chosen.only in case["id"]]
    passed = 0
    for case in cases:
        wrong = perform(case, chosen.patience)
        passed += wrong is None
        if wrong is not None:
            print(f"{case['id']}: {wrong}")
    print(f"{passed}/{len(cases)} hostile programs end as they should")
    return 0 if passed == len(cases) else 1


if __name__ == "__main__":
    sys.exit(main())
