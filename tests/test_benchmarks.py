"""The growth table of the benchmarks: every workload runs, and what grows too fast is told. No time is looked at."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).with_name("benchmarks")
sys.path.insert(0, str(FOLDER))  # the scripts import each other by name, as when they run alone
growth: Any = importlib.import_module("growth")
growing: Any = importlib.import_module("growing")


@pytest.mark.parametrize("name", growing.WORKLOADS)
def test_each_workload_runs(name: str) -> None:
    growing.WORKLOADS[name].make(2)()


def test_the_command_measures_growth() -> None:
    words = ["--growth", "--small", "--runs", "1", "--workload", "|map", "--json"]
    done = subprocess.run([sys.executable, str(FOLDER), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["growth"]
    assert (row["name"], row["n"], len(row["seconds"])) == ("|map", 1, 3)
    assert min(row["seconds"]) > 0


@pytest.mark.parametrize(
    ("power", "told", "note"), [(1.05, False, ""), (1.2, False, "GROWS TOO FAST"), (2, True, "a warning tells")]
)
def test_what_grows_too_fast_is_told(power: float, told: bool, note: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(_: str, n: int) -> dict[str, Any]:
        return {"seconds": n**power / 1e6, "bytes": 2**20 * n / 10_000, "told": told}

    monkeypatch.setattr(growth, "in_a_process", measured)
    (row,) = growth.measure(["|push"], 1, False)
    assert row["exponent"] == pytest.approx(power)
    assert (row["bytes"], growth.note(row)) == (100 * 2**20, note)
    assert growth.markdown_table([row], str).splitlines()[2].startswith(r"| \|push | 10,000 | ")
